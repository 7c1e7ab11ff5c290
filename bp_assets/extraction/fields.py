"""The fields of a record, told by column, kind and path, and read into plain tuples. Pure: nothing read or written.

A decode function says what its columns are made of (``need("order_id", whole, "id")``) and gets a tuple a record. What
the ERP leaves out, writes as null, as an empty text or as an empty list is nothing: :func:`need` refuses it,
:func:`may` takes its default. A value of another type than promised is taken where it means the same (``"7"`` for 7,
``12.5`` for ``"12.5"``), and is :class:`Unclear` where it does not. New members are passed over.

Half a million order rows go through here in a pull: each kind tries the usual form first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache
from typing import Any, Final

from bp_assets.brightpearl.reading import Unclear
from bp_assets.domain.money import parse_decimal

Kind = Callable[[Any], Any]
_BIGINT = 10**18
_INTEGER = 2**31
_DIGITS = re.compile(r"-?[0-9]{1,18}(\.0*)?\Z")


class _Needed:
    """Stands where there is no default."""


NEEDED: Final = _Needed()


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a tuple: ``path`` leads to its value in the record, ``default`` stands for nothing."""

    column: str
    kind: Kind
    path: tuple[str, ...]
    default: Any


def need(column: str, kind: Kind, *path: str) -> Field:
    """A column that must have a value."""
    return Field(column, kind, path, NEEDED)


def may(column: str, kind: Kind, *path: str, default: Any = None) -> Field:
    """A column that may be nothing."""
    return Field(column, kind, path, default)


class Fields:
    """The columns that a record fills, and how. ``given`` columns come first; whoever reads gives their values."""

    __slots__ = ("_read", "names")

    def __init__(self, *fields: Field, given: tuple[str, ...] = ()) -> None:
        self.names = (*given, *(field.column for field in fields))
        self._read = tuple((field.path[0], field.path[1:], field.kind, field.default) for field in fields)

    def of(self, record: Any, *given: Any) -> tuple[Any, ...]:
        """The values of ``record``, behind the given ones.

        Raises:
            Unclear: naming the path, and what is wrong there.
        """
        held, values = _object(record), list(given)
        for first, rest, kind, default in self._read:
            value = held.get(first)
            for name in rest:
                if not value:
                    break
                if type(value) is not dict:
                    raise Unclear(f"{_dotted(first, rest)}: a {type(value).__name__} where an object was expected")
                value = value.get(name)
            if not value and nothing(value):
                if default is NEEDED:
                    raise Unclear(f"{_dotted(first, rest)} is missing")
                values.append(default)
                continue
            try:
                values.append(kind(value))
            except (ValueError, TypeError, ArithmeticError) as why:
                raise Unclear(f"{_dotted(first, rest)}: {why}") from None
        return tuple(values)


def nothing(value: Any) -> bool:
    """Whether a falsy value says nothing: null, an empty text, list or object. A zero and ``false`` say something."""
    return value is None or value == "" or value == [] or value == {}


def entries(record: Any, name: str) -> Iterator[tuple[int, Any]]:
    """The member ``name``, a map by id: (id, value). Absent, null, ``{}`` and ``[]`` hold nothing.

    Raises:
        Unclear: it is something else, or a key is no id.
    """
    held = _object(record).get(name)
    if not held and nothing(held):
        return
    if type(held) is not dict:
        raise Unclear(f"{name} is a {type(held).__name__}, not a map")
    for key, value in held.items():
        if not (key.isascii() and key.isdigit() and len(key) <= 18):
            raise Unclear(f"{name} has the key {key!r}, which is no id")
        yield int(key), value


def items(record: Any, name: str) -> list[Any]:
    """The member ``name``, a list; absent, null and ``{}`` are an empty one.

    Raises:
        Unclear: it is something else.
    """
    held = _object(record).get(name)
    if not held and nothing(held):
        return []
    if type(held) is not list:
        raise Unclear(f"{name} is a {type(held).__name__}, not a list")
    return held


# The kinds. Each raises ValueError, TypeError or ArithmeticError for what it can't take. ------------------------------


def whole(value: Any) -> int:
    """A whole number, also as text or written ``7.0``; what a BIGINT holds."""
    if type(value) is not int:
        if type(value) is str and _DIGITS.match(value):
            value = Decimal(value)
        if not isinstance(value, Decimal) or not -_BIGINT < value < _BIGINT or value != int(value):
            raise ValueError(f"{value!r} is not a whole number")
        value = int(value)
    if not -_BIGINT < value < _BIGINT:
        raise ValueError(f"{value!r} is not a whole number")
    return int(value)


def integer(value: Any) -> int:
    """A whole number that an INTEGER holds: a position, a count."""
    found = whole(value)
    if not -_INTEGER <= found < _INTEGER:
        raise ValueError(f"{value!r} is too big")
    return found


def ref(value: Any) -> int | None:
    """The id of something else; the ERP writes 0 for none."""
    return whole(value) or None


def text(value: Any) -> str:
    """Text exactly as it came, markup and line breaks too; numbers as they are written, truth as the ERP writes it.

    Half of a surrogate pair can't be stored anywhere and is refused.
    """
    if type(value) is not str:
        if type(value) is bool:
            return "true" if value else "false"
        if not isinstance(value, int | Decimal):
            raise TypeError(f"a {type(value).__name__} is not text")
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if not value.isascii():
        value.encode()
    return value


def flag(value: Any) -> bool:
    """True or false, also as 0, 1 and as text."""
    if type(value) is bool:
        return value
    if value in (0, 1):
        return bool(value)
    if value in ("true", "false", "1", "0"):
        return value in ("true", "1")
    raise ValueError(f"{value!r} is neither true nor false")


def decimal(scale: int, digits: int = 18) -> Callable[[Any], Decimal]:
    """A kind: what a ``DECIMAL(digits, scale)`` holds exactly. More decimals than that are refused, not rounded."""
    usual = re.compile(rf"-?[0-9]{{1,{digits - scale}}}(\.[0-9]{{1,{scale}}})?\Z")
    unit, limit = Decimal(1).scaleb(-scale), Decimal(10) ** (digits - scale)

    def kind(value: Any) -> Decimal:
        if type(value) is str and usual.match(value):
            return Decimal(value)
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise TypeError(f"a {type(value).__name__} is not a number")
        found = parse_decimal(str(value))
        if not -limit < found < limit:
            raise ValueError(f"{value} is too big for {digits - scale} digits")
        with localcontext() as context:
            context.prec = 60
            held = found.quantize(unit, rounding=ROUND_HALF_UP)
        if held != found:
            raise ValueError(f"{value} has more than {scale} decimals")
        return held

    return kind


money = quantity = decimal(4)
exchange_rate = decimal(6)


@lru_cache(maxsize=4096)
def _instant(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{value!r} has no offset")
    return moment.astimezone(UTC)


def instant(value: Any) -> datetime:
    """An instant in UTC, whatever offset the ERP answers with. An order's instants are mostly one: they are kept."""
    if type(value) is not str:
        raise TypeError(f"a {type(value).__name__} is not a moment")
    return _instant(value)


def _object(record: Any) -> dict[str, Any]:
    if type(record) is not dict:
        raise Unclear(f"a {type(record).__name__} where an object was expected")
    return record


def _dotted(first: str, rest: tuple[str, ...]) -> str:
    return ".".join((first, *rest))
