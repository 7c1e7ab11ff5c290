"""The reply of a handler and the JSON envelope around it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NamedTuple

from sandbox.erp.codes import BODY_NOT_JSON, INTERNAL, ApiError


def _number(value: object) -> int | float:
    """A decimal that a caller sent and reads back where the ERP only keeps it (a file ID, a journal ID)."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is not a JSON value")
    return int(value) if value == value.to_integral_value() else float(value)


# How every answer is written, as text.
json_text = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False, default=_number).encode


GATEWAY = {503: "The account is currently unavailable", 502: "Bad gateway", 504: "Gateway timeout"}


class Reply(NamedTuple):
    """HTTP status and the whole JSON body; ``text``, where there is one, is the body already written."""

    status: int
    body: dict[str, Any]
    text: str = ""

    def whole(self) -> dict[str, Any]:
        """A body of its own, that may be changed."""
        copy: dict[str, Any] = json.loads(self.text or json_text(self.body))
        return copy

    def payload(self) -> bytes:
        return _bytes(self.text) if self.text else encode(self.body)


def ok(value: Any, status: int = 200) -> Reply:
    return Reply(status, {"response": value})


def ok_text(value: str) -> Reply:
    """Success whose value is JSON text already: for the answers that are big."""
    return Reply(200, {}, f'{{"response":{value}}}')


def done() -> Reply:
    """Success without data: ``{}``."""
    return Reply(200, {})


def refused(error: ApiError) -> Reply:
    return Reply(error.status, {"errors": error.errors})


def failed(status: int) -> Reply:
    """A planted failure: a string body for gateway statuses, the error envelope otherwise."""
    if status in GATEWAY:
        return Reply(status, {"response": GATEWAY[status]})
    return Reply(status, refused(INTERNAL.error()).body)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # a lone surrogate in a text becomes a question mark


def encode(body: object) -> bytes:
    return _bytes(json_text(body))


def _no_constants(text: str) -> None:
    raise ValueError(f"{text} is not a JSON number")


def decode(raw: bytes) -> Any:
    """Parsed JSON with exact decimals; ``None`` for an empty body. Raises ``ApiError`` 400 for anything else."""
    if not raw.strip():
        return None
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_no_constants)
    except (ValueError, RecursionError) as why:
        raise BODY_NOT_JSON.error(why=why) from None
