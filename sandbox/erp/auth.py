"""Who may call: private-app tokens and OAuth bearer tokens; and the OAuth token service."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.world import World

EXPIRED = "Authorization token expired"


@dataclass(slots=True)
class Grant:
    """An access token and when it ends (milliseconds)."""

    ends: int


class OAuth:
    """Tokens of one world. Authorisation codes remember the redirect URI they were asked with."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._draw = random.Random(f"oauth-{world.seed}")
        self.access: dict[str, Grant] = {}
        self.refresh: set[str] = set()
        self.codes = {world.config.authorization_code: world.config.redirect_uri}

    def _token(self) -> str:
        return base64.b64encode(self._draw.randbytes(32)).decode()

    def consent(self, redirect_uri: str) -> str:
        """A fresh code, as if the account's owner had agreed on the consent page."""
        code = f"code-{self._draw.randbytes(8).hex()}"
        self.codes[code] = redirect_uri
        return code

    def expire_all(self) -> None:
        for grant in self.access.values():
            grant.ends = 0

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and body of a token request, as recorded for success, wrong client and wrong redirect URI."""
        config = self._world.config
        if (
            form.get("client_id") != config.app_ref
            or form.get("client_secret", config.client_secret) != config.client_secret
        ):
            return 400, {"error": "invalid_client"}
        grant = form.get("grant_type")
        if grant == "authorization_code":
            return self._by_code(form)
        if grant == "refresh_token":
            token = form.get("refresh_token", "")
            if token not in self.refresh:
                return 400, _invalid("Refresh token is not valid")
            if self._world.switches.rotate_refresh_tokens:
                self.refresh.discard(token)
                token = self._token()
                self.refresh.add(token)
            return 200, self._issue(token)
        return 400, {"error": "unsupported_grant_type"}

    def _by_code(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        code = form.get("code", "")
        if code not in self.codes:
            return 400, _invalid("Authorization code is not valid")
        if form.get("redirect_uri") != self.codes[code]:
            return 400, _invalid("Redirect uri does not match that used to request auth token")
        if code != self._world.config.authorization_code:  # the fixed code of the sandbox may be used again
            del self.codes[code]
        refresh = self._token()
        self.refresh.add(refresh)
        body = self._issue(refresh)
        names = ("access_token", "refresh_token")
        head = {name: body[name] for name in names}
        return 200, {**head, "installation_instance_id": str(self._world.config.instance_id), **body}

    def _issue(self, refresh: str) -> dict[str, Any]:
        access = self._token()
        life = self._world.switches.token_seconds
        self.access[access] = Grant(self._world.now_ms() + life * 1000)
        domain = f"{self._world.config.host}:{self._world.config.port}"
        return {
            "access_token": access,
            "refresh_token": refresh,
            "api_domain": domain,
            "token_type": "Bearer",
            "expires_in": life,
        }


def _invalid(why: str) -> dict[str, Any]:
    return {"error_description": why, "error": "invalid_grant"}


def refusal(world: World, account: str, headers: dict[str, str]) -> str | None:
    """Why a call is not let in (the 401 string), or ``None``. Only the bearer texts are recorded, the rest is ours."""
    config = world.config
    if account != config.account:
        return f"Invalid account: {account}"
    bearer = headers.get("authorization", "")
    if bearer.lower().startswith("bearer "):
        grant = world.oauth.access.get(bearer[7:].strip())
        if grant is None:
            return f"Invalid instance token: {bearer[7:].strip()}"
        if grant.ends <= world.now_ms():
            return EXPIRED
        if headers.get("brightpearl-app-ref") != config.app_ref or not headers.get("brightpearl-dev-ref"):
            return "Not authenticated: brightpearl-app-ref and brightpearl-dev-ref are required"
        return None
    if headers.get("brightpearl-app-ref") != config.app_ref:
        return "Not authenticated: unknown or missing brightpearl-app-ref"
    token, staff = headers.get("brightpearl-account-token"), headers.get("brightpearl-staff-token")
    if token == config.account_token or (token is None and staff == config.staff_token):
        return None
    return f"Invalid account token: {token or staff}" if token or staff else "Not authenticated"
