"""JSON as the ERP speaks it, without a float anywhere: amounts come in as ``Decimal`` and go out as plain numbers.

Read: bytes of an answer. Written: bytes of a request.
"""

from __future__ import annotations

import json
import re
import secrets
from decimal import Decimal
from typing import Any

# The standard encoder can't write a Decimal as a number. It is written as a string between two marks that no outside
# text can contain (drawn anew in each process), and the quotes and marks are removed afterwards.
_MARK = secrets.token_hex(16)
_MARKED = re.compile(f'"{_MARK}(-?[0-9.]+){_MARK}"')


def loads(raw: bytes | str) -> Any:
    """Parsed JSON; every number with a point is a ``Decimal``.

    Raises:
        ValueError: not JSON, or JSON's unofficial ``NaN`` and ``Infinity``.
    """
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def dumps(body: object) -> bytes:
    """``body`` as JSON; a ``Decimal`` becomes a number with exactly its digits: ``Decimal("20.00")`` -> ``20.00``.

    Raises:
        ValueError: a Decimal that is not finite. TypeError: anything else JSON has no word for, floats included.
    """
    _no_floats(body)
    text = json.dumps(body, default=_marked, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return _MARKED.sub(r"\1", text).encode()


def plain(body: Any) -> Any:
    """``body`` with Decimals as text: what may be stored in a JSON column for people to read."""
    if isinstance(body, dict):
        return {key: plain(value) for key, value in body.items()}
    if isinstance(body, list | tuple):
        return [plain(value) for value in body]
    return format(body, "f") if isinstance(body, Decimal) else body


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not a JSON number")


def _marked(value: object) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} can't be written as JSON")
    if not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    return f"{_MARK}{value:f}{_MARK}"


def _no_floats(body: object) -> None:
    if isinstance(body, float):
        raise TypeError("a float must not reach the ERP; use Decimal")
    if isinstance(body, dict):
        for value in body.values():
            _no_floats(value)
    elif isinstance(body, list | tuple):
        for value in body:
            _no_floats(value)
