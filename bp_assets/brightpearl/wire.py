"""JSON as the ERP speaks it, without a float anywhere: amounts come in as ``Decimal`` and go out as plain numbers.

An answer of two hundred orders is a megabyte of text and ten of Python's objects. Whoever reads many of them takes it
apart into sealed records and opens one after the other: that keeps little in memory, and what is at work in the
processor's cache. Read: bytes of an answer. Written: bytes of a request.
"""

from __future__ import annotations

import functools
import json
import re
import secrets
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

# The standard encoder can't write a Decimal as a number. It is written as a string between two marks that no outside
# text can contain (drawn anew in each process), and the quotes and marks are removed afterwards.
_MARK = secrets.token_hex(16)
_MARKED = re.compile(f'"{_MARK}(-?[0-9.]+){_MARK}"')


_DECODE = msgspec.json.Decoder(float_hook=Decimal).decode
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_RECORDS = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Sealed:
    """One record of an answer whose text was not read yet."""

    __slots__ = ("_raw", "_value")

    def __init__(self, raw: msgspec.Raw) -> None:
        self._raw = raw
        self._value: Any = _DECODE  # stands for: not read

    @property
    def text(self) -> str:
        """As it came."""
        return bytes(self._raw).decode("utf-8", "replace")

    @property
    def value(self) -> Any:
        """The record as :func:`loads` gives it; what that refuses is its text. Kept until :meth:`close`."""
        if self._value is _DECODE:
            try:
                self._value = _DECODE(self._raw)
            except (ValueError, RecursionError):  # stricter than loads: half of a surrogate pair
                self._value = _patiently(bytes(self._raw))
        return self._value

    def close(self) -> None:
        """Let go of the value; the text stays."""
        self._value = _DECODE


class Joined(Sealed):
    """A record and what other answers say of the same thing, put together whenever it is opened.

    ``add`` is pure: a record, and what one other answer says, as one record.
    """

    __slots__ = ("_add", "_parts")

    def __init__(self, parts: Sequence[Any], add: Callable[[Any, Any], Any]) -> None:
        self._parts, self._add, self._value = parts, add, _DECODE

    @property
    def text(self) -> str:
        """All as they came, as a list."""
        return f"[{', '.join(map(text_of, self._parts))}]"

    @property
    def value(self) -> Any:
        if self._value is _DECODE:
            self._value = functools.reduce(self._add, map(opened, self._parts))
        return self._value

    def close(self) -> None:
        self._value = _DECODE
        for one in self._parts:
            close(one)


def opened(value: Any) -> Any:
    """A sealed record's value; anything else is what it is."""
    return value.value if isinstance(value, Sealed) else value


def close(value: Any) -> None:
    """Let go of a sealed record's value."""
    if isinstance(value, Sealed):
        value.close()


def text_of(record: Any) -> str:
    """A record's JSON, for people."""
    if isinstance(record, Sealed):
        return record.text
    if record is None:
        return "null"
    return dumps(record if isinstance(record, dict | list) else {"value": record}).decode()


def all_opened(payload: Any) -> Any:
    """A list or a map of records, with none of them sealed."""
    if type(payload) is dict:
        return {key: opened(one) for key, one in payload.items()}
    return [opened(one) for one in payload] if type(payload) is list else payload


def loads_sealed(raw: bytes) -> Any:
    """As :func:`loads`, but what ``response`` holds, a list or a map of records, is :class:`Sealed`."""
    try:
        members = _MEMBERS(raw)
        return {name: _sealed(one) if name == "response" else loads(bytes(one)) for name, one in members.items()}
    except (ValueError, RecursionError):
        return loads(raw)


def _sealed(response: msgspec.Raw) -> Any:
    first = bytes(memoryview(response)[:1])
    if first == b"[":
        return [Sealed(one) for one in _RECORDS(response)]
    if first == b"{":
        return {key: Sealed(one) for key, one in _MEMBERS(response).items()}
    return loads(bytes(response))


def _patiently(raw: bytes) -> Any:
    try:
        return loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


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
