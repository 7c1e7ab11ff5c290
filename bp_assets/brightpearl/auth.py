"""Who we are to the ERP: the headers of a private app, or OAuth with refresh.

What to do is decided in pure functions (:func:`must_refresh`, :func:`refresh_form`, :func:`read_tokens`); the httpx
flow only carries it out. Refreshing is serialised through the token store, because a refresh token may work only once.
Read: environment variables named by the shops file. Written: new tokens, to the :class:`TokenStore`.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from bp_assets.brightpearl import wire
from bp_assets.brightpearl.errors import ErpUnavailable, Unauthorised
from bp_assets.config import Erp

EARLY_SECONDS = 60.0  # an access token this close to its end is renewed before use
_UNSAID_LIFE = 3600.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """``expires_at`` in seconds since 1970 UTC. The tokens never show in a repr."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float


class TokenStore(Protocol):
    """Where the newest tokens live, shared by all processes of the account."""

    def read(self, account: str) -> Tokens | None: ...

    def write(self, account: str, tokens: Tokens) -> None: ...

    def exclusive(self, account: str) -> AbstractContextManager[None]:
        """Only one holder at a time, over all processes: between reading a refresh token and storing its successor."""
        ...


class MemoryTokens:
    """A :class:`TokenStore` of one process, for tools and tests that need no memory beyond it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, Tokens] = {}

    def read(self, account: str) -> Tokens | None:
        return self._tokens.get(account)

    def write(self, account: str, tokens: Tokens) -> None:
        self._tokens[account] = tokens

    @contextmanager
    def exclusive(self, account: str) -> Iterator[None]:
        with self._lock:
            yield


def must_refresh(tokens: Tokens | None, now: float, refused: str | None = None) -> bool:
    """Whether a new access token is needed: none yet, (nearly) expired, or the very one that was just refused."""
    return tokens is None or now >= tokens.expires_at - EARLY_SECONDS or tokens.access_token == refused


def refresh_form(refresh_token: str, client_id: str, client_secret: str) -> dict[str, str]:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": client_id}
    return {**form, "client_secret": client_secret} if client_secret else form


def read_tokens(status: int, body: bytes, now: float, previous_refresh: str) -> Tokens:
    """The tokens of a token reply.

    Raises:
        Unauthorised: refused (400 ``invalid_grant``, ``invalid_client``, 401). ErpUnavailable: any other answer.
    """
    try:
        data = wire.loads(body)
    except ValueError:
        data = None
    said: Mapping[str, Any] = data if isinstance(data, dict) else {}
    access = said.get("access_token")
    if status == 200 and isinstance(access, str) and access:
        refresh = said.get("refresh_token")
        try:
            life = float(said.get("expires_in") or _UNSAID_LIFE)
        except (TypeError, ValueError):
            life = _UNSAID_LIFE
        return Tokens(access, refresh if isinstance(refresh, str) and refresh else previous_refresh, now + life)
    if 400 <= status < 500 and status not in (408, 429):
        raise Unauthorised(f"the ERP refused to renew the access token ({status}: {said.get('error') or 'no reason'})")
    raise ErpUnavailable(f"the ERP's token service did not answer properly (HTTP {status})", status)


class AccountToken(httpx.Auth):
    """A private app: its reference and the account token in two headers."""

    def __init__(self, app_ref: str, token: str, dev_ref: str = "", advice: str = "") -> None:
        self._headers = {"brightpearl-app-ref": app_ref, "brightpearl-account-token": token}
        if dev_ref:
            self._headers["brightpearl-dev-ref"] = dev_ref
        self.advice = advice

    def __repr__(self) -> str:
        return f"AccountToken(app_ref={self._headers['brightpearl-app-ref']!r})"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers.update(self._headers)
        yield request


class OAuth(httpx.Auth):
    """Bearer tokens. A 401 means nothing was done, so the request is repeated once with a fresh token, writes too."""

    def __init__(
        self,
        erp: Erp,
        refresh_token: str,
        client_secret: str = "",
        store: TokenStore | None = None,
        clock: Callable[[], float] = time.time,
        advice: str = "",
    ) -> None:
        self._account, self._app_ref, self._dev_ref = erp.account, erp.app_ref, erp.dev_ref
        self._url = erp.oauth_token_url or f"{erp.url}/{erp.account}/oauth/token"
        self._first_refresh, self._secret = refresh_token, client_secret
        self._store: TokenStore = store or MemoryTokens()
        self._clock, self.advice = clock, advice

    def __repr__(self) -> str:
        return f"OAuth(account={self._account!r}, app_ref={self._app_ref!r})"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        tokens = self._store.read(self._account)
        if tokens is None or must_refresh(tokens, self._clock()):
            tokens = yield from self._renewed(None)
        self.sign(request, tokens)
        response = yield request
        if response.status_code == 401:
            tokens = yield from self._renewed(tokens.access_token)
            self.sign(request, tokens)
            yield request

    def newest(self, send: Callable[[httpx.Request], httpx.Response], refused: str | None = None) -> Tokens:
        """Tokens that are good for a while, renewed through ``send`` if need be; ``refused`` is one that was not taken.

        It waits for others that renew, so an event loop calls it in a thread: its own tasks might be those others.

        Raises:
            Unauthorised, ErpUnavailable: as the flow; whatever ``send`` raises.
        """
        tokens = self._store.read(self._account)
        if tokens is not None and not must_refresh(tokens, self._clock(), refused):
            return tokens
        renewing = self._renewed(refused)
        try:
            request = next(renewing)
            while True:  # ends with the candidates, of which there are two
                request = renewing.send(send(request))
        except StopIteration as end:
            renewed: Tokens = end.value
            return renewed
        finally:
            renewing.close()

    def sign(self, request: httpx.Request, tokens: Tokens) -> None:
        request.headers["authorization"] = f"Bearer {tokens.access_token}"
        request.headers["brightpearl-app-ref"] = self._app_ref
        if self._dev_ref:
            request.headers["brightpearl-dev-ref"] = self._dev_ref

    def _renewed(self, refused: str | None) -> Generator[httpx.Request, httpx.Response, Tokens]:
        """Newest tokens; renewed by us unless somebody else did so while we waited for the lock."""
        with self._store.exclusive(self._account):
            stored = self._store.read(self._account)
            if stored is not None and not must_refresh(stored, self._clock(), refused):
                return stored
            # The stored token first: it is the newest. The one of the environment second: an operator may have put a
            # fresh one there after the stored one died.
            candidates = [stored.refresh_token] if stored else []
            if self._first_refresh and self._first_refresh not in candidates:
                candidates.append(self._first_refresh)
            failure: Unauthorised | None = None
            for refresh in candidates:
                form = refresh_form(refresh, self._app_ref, self._secret)
                response = yield httpx.Request("POST", self._url, data=form)
                response.read()
                try:
                    tokens = read_tokens(response.status_code, response.content, self._clock(), refresh)
                except Unauthorised as why:
                    failure = why
                    continue
                self._store.write(self._account, tokens)
                return tokens
        raise Unauthorised(f"{failure or 'there is no refresh token'}. {self.advice}")


def account_token(erp: Erp, token: str) -> AccountToken:
    return AccountToken(erp.app_ref, token, erp.dev_ref, token_advice(erp))


def auth_from_env(erp: Erp, store: TokenStore | None = None) -> AccountToken | OAuth:
    """The credentials that the shops file's ``erp`` table points to.

    Raises:
        Unauthorised: the environment variable is not set; the message names it.
    """
    name = erp.account_token_env if erp.auth == "account_token" else erp.refresh_token_env
    secret = os.environ.get(name, "").strip()
    if not secret and (erp.auth == "account_token" or store is None or store.read(erp.account) is None):
        raise Unauthorised(f"no credentials for the ERP account {erp.account!r}: set the variable {name}.")
    if erp.auth == "account_token":
        return account_token(erp, secret)
    return OAuth(erp, secret, os.environ.get(erp.client_secret_env, "").strip(), store, advice=token_advice(erp))


def token_advice(erp: Erp) -> str:
    """What a person does after a 401."""
    if erp.auth == "account_token":
        return f"Check the token in {erp.account_token_env}, and erp.account and erp.app_ref in the shops file."
    return (
        f"Authorise the app again and put its refresh token into {erp.refresh_token_env}; "
        "check erp.app_ref and erp.dev_ref in the shops file."
    )
