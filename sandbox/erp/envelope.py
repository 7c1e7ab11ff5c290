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


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False, default=_number).encode


GATEWAY = {503: "The account is currently unavailable", 502: "Bad gateway", 504: "Gateway timeout"}


class Reply(NamedTuple):
    """HTTP status and the whole JSON body."""

    status: int
    body: dict[str, Any]


def ok(value: Any, status: int = 200) -> Reply:
    return Reply(status, {"response": value})


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


def encode(body: object) -> bytes:
    return _encode(body).encode("utf-8", "replace")  # a lone surrogate in a text becomes a question mark


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
