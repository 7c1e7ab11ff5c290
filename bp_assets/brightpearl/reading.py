"""Tolerant decoding: a record that can't be understood becomes a :class:`Misread`, and the others go on.

Read: parsed JSON. Written: nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from bp_assets.brightpearl.answer import Answer
from bp_assets.brightpearl.errors import BadAnswer
from bp_assets.brightpearl.times import instant
from bp_assets.domain.money import parse_decimal

T = TypeVar("T")
_TOO_BIG = 10**18
_NOTHING: tuple[Any, ...] = (None, "")


@dataclass(frozen=True, slots=True)
class Misread:
    """A record of the ERP that we can't understand. ``id`` is as text, empty where even that is unreadable."""

    resource: str
    id: str
    reason: str
    raw: Any = field(repr=False)


class Unclear(ValueError):
    """A member is missing or of the wrong kind; the message names its path."""


class Record:
    """A JSON object with typed access. A member is named by its path: ``record.whole("assignment", "channelId")``.

    With a ``default`` an absent, null or empty member is that; without one it is :class:`Unclear`. A member that is
    there but of the wrong kind is always unclear.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: Any) -> None:
        if not isinstance(raw, dict):
            raise Unclear(f"a {type(raw).__name__} where an object was expected")
        self.raw: dict[str, Any] = raw

    def whole(self, *path: str, default: int | None = None) -> int:
        return self._typed(path, default, _whole)

    def text(self, *path: str, default: str | None = None) -> str:
        return self._typed(path, default, _text)

    def number(self, *path: str, default: Decimal | None = None) -> Decimal:
        return self._typed(path, default, _number)

    def flag(self, *path: str, default: bool | None = None) -> bool:
        return self._typed(path, default, _flag)

    def moment(self, *path: str) -> datetime | None:
        """An instant in UTC, or ``None`` where the ERP has none."""
        value = self._at(path)
        return None if value in _NOTHING else self._typed(path, None, lambda raw: instant(_text(raw)))

    def child(self, *path: str) -> Record:
        """An object; absent counts as empty."""
        value = self._at(path)
        return Record({} if value is None else value)

    def items(self, *path: str) -> list[Any]:
        """A list; absent counts as empty."""
        value = self._at(path)
        if value is None:
            return []
        if not isinstance(value, list):
            raise Unclear(f"{'.'.join(path)} is a {type(value).__name__}, not a list")
        return value

    def _at(self, path: tuple[str, ...]) -> Any:
        value: Any = self.raw
        for name in path:
            if value is None:
                return None
            if not isinstance(value, dict):
                raise Unclear(f"{'.'.join(path)}: {type(value).__name__} where an object was expected")
            value = value.get(name)
        return value

    def _typed(self, path: tuple[str, ...], default: T | None, kind: Callable[[Any], T]) -> T:
        value = self._at(path)
        if value in _NOTHING:
            if default is None:
                raise Unclear(f"{'.'.join(path)} is missing")
            return default
        try:
            return kind(value)
        except (ValueError, TypeError) as why:
            raise Unclear(f"{'.'.join(path)}: {why}") from None


def decode(resource: str, raw: Any, id_of: object, build: Callable[[Record], T]) -> T | Misread:
    """``build`` of one record, or why it failed."""
    try:
        return build(Record(raw))
    except (Unclear, ValueError, ArithmeticError) as why:
        return Misread(resource, "" if id_of is None else str(id_of), str(why), raw)


def record_of(resource: str, answer: Answer) -> Record:
    """The one object an answer consists of; nothing found is an empty one.

    Raises:
        BadAnswer: the payload is no object.
    """
    try:
        return Record(answer.response or {})
    except Unclear as why:
        raise BadAnswer(f"{resource}: {why}", answer.status) from None


def decode_list(resource: str, answer: Answer, id_name: str, build: Callable[[Record], T]) -> list[T | Misread]:
    """The records of an answer that is a list. Nothing found is ``[]``.

    Raises:
        BadAnswer: the payload is neither a list nor empty.
    """
    if answer.empty:
        return []
    if not isinstance(answer.response, list):
        raise BadAnswer(f"{resource}: a {type(answer.response).__name__} where a list was expected", answer.status)
    return decode_rows(resource, answer.response, id_name, build)


def decode_rows(resource: str, rows: Iterable[Any], id_name: str, build: Callable[[Record], T]) -> list[T | Misread]:
    return [decode(resource, raw, raw.get(id_name) if isinstance(raw, Mapping) else None, build) for raw in rows]


def decode_map(resource: str, answer: Answer, build: Callable[[int, Record], T]) -> list[T | Misread]:
    """The records of an answer that is a map by id. Nothing found is ``[]``. Raises as :func:`decode_list`."""
    if answer.empty:
        return []
    if not isinstance(answer.response, dict):
        raise BadAnswer(f"{resource}: a {type(answer.response).__name__} where a map was expected", answer.status)

    def one(key: str, raw: Any) -> T | Misread:
        return decode(resource, raw, key, lambda record: build(_whole(key), record))

    return [one(key, raw) for key, raw in answer.response.items()]


def _whole(value: Any) -> int:
    if isinstance(value, str):
        value = parse_decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"{value!r} is not a whole number")
    # The bound comes before int(): 1E+999999 is a short text, but no number anybody wants to hold.
    if not -_TOO_BIG < value < _TOO_BIG or value != int(value):
        raise ValueError(f"{value!r} is not a whole number")
    return int(value)


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(f"a {type(value).__name__} is not text")
    return str(value)


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(f"a {type(value).__name__} is not a number")
    return parse_decimal(str(value))


def _flag(value: Any) -> bool:
    if value in (0, 1, True, False):
        return bool(value)
    if value in ("true", "false"):
        return bool(value == "true")
    raise ValueError(f"{value!r} is neither true nor false")
