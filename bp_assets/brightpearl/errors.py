"""What a call to the ERP can end in. Three outcomes: success, failure, unknown.

*Failure* means the ERP did nothing: either for good (:class:`ErpRefused`, :class:`Unauthorised`) or for now
(:class:`Throttled`, :class:`ErpUnavailable`). *Unknown* (:class:`UnknownOutcome`) means a write may or may not have
happened: it must be looked up before anything is sent again. No message holds a token.
Read: nothing. Written: nothing.
"""

from __future__ import annotations

from enum import StrEnum

import httpx


class Outcome(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"
    UNKNOWN = "unknown"


class ErpError(Exception):
    """Any bad end of a call. ``outcome`` is failure or unknown; ``transient`` says whether trying later can help."""

    outcome = Outcome.FAILURE
    transient = False
    reason_code = "erp_refused"  # the row in ``domain.reasons`` that tells people what to do
    status: int | None = None
    code = ""


class ErpRefused(ErpError):
    """The ERP understood and refused; the same request will be refused again.

    ``code`` is the ERP's (``ORDC-024``) or ``HTTP-<status>`` where the answer carried none.
    """

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"the ERP refused: {code} {message} (HTTP {status})")
        self.code, self.message, self.status = code, message, status

    @property
    def elsewhere(self) -> bool:
        """Whether it was not the ERP that spoke: a proxy or a maintenance page that leads elsewhere or knows no such
        address. That says nothing of what was asked.
        """
        status = self.status or 0
        return self.code == f"HTTP-{status}" and (300 <= status < 400 or status in (404, 405, 410))


class Unauthorised(ErpError):
    """The credentials are missing, wrong or expired. Nothing was done; the message names what to do."""

    reason_code = "no_access"
    code = "HTTP-401"
    status = 401


class Throttled(ErpError):
    """The account's request cap is used up for ``seconds``. Nothing was done."""

    transient = True
    reason_code = "too_many_attempts"

    def __init__(self, seconds: float, status: int | None = 503) -> None:
        super().__init__(f"the ERP's request cap is used up; next window in {seconds:.1f} s")
        self.seconds, self.status = seconds, status


class ErpUnavailable(ErpError):
    """The ERP could not be reached or a read failed. Nothing was changed by this call."""

    transient = True
    reason_code = "too_many_attempts"

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class BadAnswer(ErpError):
    """A read was answered with something that can't be understood."""

    reason_code = "bad_answer"

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class UnknownOutcome(ErpError):
    """A write was sent and no readable answer came back: it may have been done. Look it up before sending again."""

    outcome = Outcome.UNKNOWN
    transient = True
    reason_code = "bad_answer"

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


READS = frozenset(("GET", "OPTIONS", "HEAD"))
# The connection was never made, or none was free: not a byte of the request has left.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
# The request itself is impossible; it fails before anything is sent and will fail again.
IMPOSSIBLE = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)


def from_transport(method: str, path: str, error: Exception) -> ErpError:
    """The meaning of an exception of httpx. Anything not known to be harmless is unknown for a write."""
    what = f"{method} {path}: {type(error).__name__}"
    if isinstance(error, IMPOSSIBLE):
        return ErpRefused("BAD-ADDRESS", f"{error}; check erp.base_url in the shops file", 0)
    if isinstance(error, NOT_SENT):
        return ErpUnavailable(f"{what}: the ERP could not be reached; nothing was sent")
    if method in READS:
        return ErpUnavailable(f"{what}: no answer")
    return UnknownOutcome(f"{what}: sent, but no answer came back")
