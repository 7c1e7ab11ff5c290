"""The meaning of one HTTP answer, as a pure function of status, headers and body.

The ERP's habits that decide here: 503 is throttling only if the body says "too many requests"; 401 and 503 carry a
plain string in ``response``; 404 with CMNC-404 is an empty list; bad input may come as 500 with a code whose fourth
letter is C (caller) or B (business), while U means the ERP itself failed.
Read: nothing. Written: nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bp_assets.brightpearl import wire
from bp_assets.brightpearl.errors import (
    READS,
    BadAnswer,
    ErpError,
    ErpRefused,
    ErpUnavailable,
    Throttled,
    Unauthorised,
    UnknownOutcome,
)

EMPTY_CODE = "CMNC-404"
UNSAID_WAIT = 15.0  # seconds, where a throttled answer names no moment
_LONGEST_PERIOD_MS = 600_000  # the window is a minute; anything beyond ten is a broken header
_MOST_REQUESTS = 10_000_000
_CALLER_CODE = re.compile(r"[A-Z]{3}[CB]-\d{3}$")


class Kind(StrEnum):
    OK = "ok"
    EMPTY = "empty"  # nothing found: success for a read, a refusal for a write
    REFUSED = "refused"
    UNAUTHORISED = "unauthorised"
    THROTTLED = "throttled"
    BROKEN = "broken"  # the ERP or something before it failed
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. ``body`` is the whole parsed JSON (``{}`` if none); ``response`` is its payload or ``None``.

    ``requests_remaining`` counts after this request; ``next_period_ms`` is milliseconds to the next window; both are
    ``None`` where the header was missing or absurd. ``ruid`` is the ERP's id of the request. ``asked_on`` is told
    by the reader alone: when this very attempt was sent, by its ``erp_clock``.
    """

    status: int
    body: dict[str, Any]
    requests_remaining: int | None = None
    next_period_ms: int | None = None
    ruid: str = ""
    kind: Kind = Kind.OK
    code: str = ""
    message: str = ""
    wait_seconds: float = 0.0
    asked_on: datetime | None = None

    @property
    def response(self) -> Any:
        return self.body.get("response")

    @property
    def empty(self) -> bool:
        """Nothing found, in any of the three ways the ERP says so: 404, ``[]`` and ``{}``."""
        return self.kind is Kind.EMPTY or self.response in (None, [], {})

    @property
    def new_id(self) -> int | None:
        """The id a creating POST answered with: a bare number, digits, ``{"id": n}`` or a list of one; else None."""
        value = self.response
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, dict):
            value = value.get("id")
        if isinstance(value, bool):
            return None
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
            value = int(value)
        return value if isinstance(value, int) and value > 0 else None

    def error(self, method: str, path: str, advice: str = "") -> ErpError | None:
        """The exception this answer means for a request of ``method``, or ``None`` if it succeeded."""
        read = method in READS
        where = f"{method} {path}: HTTP {self.status}"
        match self.kind:
            case Kind.OK:
                return None
            case Kind.EMPTY if read:
                return None
            case Kind.EMPTY | Kind.REFUSED:
                return ErpRefused(self.code, self.message, self.status)
            case Kind.UNAUTHORISED:
                return Unauthorised(
                    f"the ERP refused the credentials ({self.status}: {self.message}). {advice}".strip()
                )
            case Kind.THROTTLED:
                return Throttled(self.wait_seconds, self.status)
        if not read:
            return UnknownOutcome(f"{where}: {self.message}; it may have been done", self.status)
        if self.kind is Kind.BROKEN:
            return ErpUnavailable(f"{where}: {self.message}", self.status)
        return BadAnswer(f"{where}: {self.message}", self.status)


def classify(
    status: int,
    headers: Mapping[str, str],
    body: bytes | str,
    loads: Callable[[Any], Any] = wire.loads,
) -> Answer:
    """``Answer`` of a raw reply; never raises. ``headers`` names are matched in lower case.

    ``loads`` may be :func:`wire.loads_sealed`, for a body of bytes.
    """
    low = {name.lower(): value for name, value in headers.items()}
    parsed, fault = _parse(body, loads)
    kind, code, message = _meaning(status, parsed, fault, low)
    period = _whole(low.get("brightpearl-next-throttle-period"), _LONGEST_PERIOD_MS)
    retry_after = _whole(low.get("retry-after"), _LONGEST_PERIOD_MS // 1000)
    wait = 0.0
    if kind is Kind.THROTTLED:
        wait = period / 1000 if period is not None else float(retry_after or UNSAID_WAIT)
    return Answer(
        status=status,
        body=parsed or {},
        requests_remaining=_whole(low.get("brightpearl-requests-remaining"), _MOST_REQUESTS),
        next_period_ms=period,
        ruid=low.get("ruid", "")[:64],
        kind=kind,
        code=code,
        message=message,
        wait_seconds=wait,
    )


def _meaning(status: int, body: dict[str, Any] | None, fault: str, headers: Mapping[str, str]) -> tuple[Kind, str, str]:
    code, message = _first_error(body)
    said = body.get("response") if body else None
    text = message or (said if isinstance(said, str) else "")
    # A few clients met the phrase with status 200; a string there can't be the data of any resource we use.
    crowded = isinstance(said, str) and "too many requests" in said.lower()
    if status == 429 or (crowded and status in (200, 207, 503)):
        return Kind.THROTTLED, code or f"HTTP-{status}", text or "too many requests"
    if status in (401, 403):
        return Kind.UNAUTHORISED, code or f"HTTP-{status}", _without_token(text) or "not allowed"
    if 200 <= status < 300:
        if body is None:
            return Kind.UNREADABLE, f"HTTP-{status}", fault
        if code and "response" not in body:
            return Kind.REFUSED, code, message
        return Kind.OK, code, message
    if status == 404 and code == EMPTY_CODE:
        return Kind.EMPTY, code, message
    if status >= 500 and _CALLER_CODE.match(code):
        return Kind.REFUSED, code, message
    if status >= 500 or status == 408:
        return Kind.BROKEN, code or f"HTTP-{status}", text or "the ERP failed"
    if 300 <= status < 400:
        return Kind.REFUSED, f"HTTP-{status}", "the address redirects elsewhere; check erp.base_url in the shops file"
    if 400 <= status < 500:
        return Kind.REFUSED, code or f"HTTP-{status}", text or fault or "no reason given"
    return Kind.UNREADABLE, f"HTTP-{status}", f"{status} is no answer the ERP gives"


def _parse(raw: bytes | str, loads: Callable[[Any], Any]) -> tuple[dict[str, Any] | None, str]:
    """The JSON object, or ``None`` and what is wrong with it."""
    if not raw.strip():
        return None, "the answer is empty"
    try:
        parsed = loads(raw)
    except ValueError as why:  # includes text that is not UTF-8
        return None, f"the answer is not JSON ({why.__class__.__name__}), it begins {_beginning(raw)!r}"
    if not isinstance(parsed, dict):
        return None, f"the answer is a {type(parsed).__name__}, not an object"
    return parsed, ""


def _first_error(body: dict[str, Any] | None) -> tuple[str, str]:
    errors = body.get("errors") if body else None
    found = [e for e in errors if isinstance(e, dict)] if isinstance(errors, list) else []
    if not found:
        return "", ""
    code = str(found[0].get("code") or "NO-CODE")
    return code, "; ".join(str(e.get("message") or e.get("code") or "") for e in found)[:500]


def _without_token(text: str) -> str:
    """``Invalid instance token: <the token>`` without the token: messages end up in logs and tables."""
    return text.partition(":")[0].strip()[:100]


def _beginning(raw: bytes | str) -> str:
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return " ".join(text[:80].split())


def _whole(text: str | None, most: int) -> int | None:
    """A header's plain whole number of at most ``most``; ``None`` for anything else."""
    text = (text or "").strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        return None
    return int(text) if int(text) <= most else None
