"""The fields of a record, told by column, kind and path, and read into plain tuples. Pure: nothing read or written.

A decode function says what its columns are made of (``need("order_id", whole, "id")``) and gets a tuple a record. What
the ERP leaves out, writes as null, as an empty text or as an empty list is nothing: :func:`need` refuses it,
:func:`may` takes its default. A value of another type than promised is taken where it means the same (``"7"`` for 7,
``12.5`` for ``"12.5"``), and is :class:`Unclear` where it does not. New members are passed over.

Half a million order rows go through here in a pull. So a set of fields is compiled once into a function without loops,
as dataclasses are, in which each kind tries the usual form first; and an amount in its usual form stays the text that
it came as, which frames turn into numbers a column at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any, Final

from bp_assets.brightpearl.reading import Unclear
from bp_assets.domain.money import parse_decimal

_BIGINT = 10**18
_INTEGER = 2**31
_DIGITS = re.compile(r"-?[0-9]{1,18}(\.0*)?\Z")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value is read as. ``take`` raises ValueError, TypeError or ArithmeticError for what it can't take.

    ``usual`` is an expression of a value ``v``: where it is true, the expression ``found`` is what ``take`` would give.
    Both may speak of a ``helper``.
    """

    take: Callable[[Any], Any]
    usual: str = "False"
    found: str = "v"
    helper: Any = None

    def __call__(self, value: Any) -> Any:
        return self.take(value)


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

    def of(self, value: Any) -> Any:
        """The column's value, by the long way. Raises: :class:`Unclear`."""
        if not value and nothing(value):
            if self.default is NEEDED:
                raise Unclear(f"{'.'.join(self.path)} is missing")
            return self.default
        try:
            return self.kind.take(value)
        except (ValueError, TypeError, ArithmeticError) as why:
            raise Unclear(f"{'.'.join(self.path)}: {why}") from None

    def within(self, value: Any) -> dict[str, Any]:
        """What stands on the way to the value: an object, or nothing. Raises: :class:`Unclear`."""
        if type(value) is dict:
            return value
        if not value and nothing(value):
            return {}
        raise Unclear(f"{'.'.join(self.path)}: a {type(value).__name__} where an object was expected")


def need(column: str, kind: Kind, *path: str) -> Field:
    """A column that must have a value."""
    return Field(column, kind, path, NEEDED)


def may(column: str, kind: Kind, *path: str, default: Any = None) -> Field:
    """A column that may be nothing."""
    return Field(column, kind, path, default)


class Fields:
    """The columns that a record fills, and how. ``given`` columns come first; whoever reads gives their values.

    ``of(record, *given)`` is the tuple of a record: the given values, then its own. It raises :class:`Unclear`, naming
    the path and what is wrong there.
    """

    __slots__ = ("names", "of")

    def __init__(self, *fields: Field, given: tuple[str, ...] = ()) -> None:
        self.names = (*given, *(field.column for field in fields))
        self.of: Callable[..., tuple[Any, ...]] = _compiled(fields)


def _compiled(fields: tuple[Field, ...]) -> Callable[..., tuple[Any, ...]]:
    """One function for these fields: each object on the way is looked up once, each usual value is tried in place."""
    names: dict[str, Any] = {"object_of": _object}
    lines = ["def of(record, *given):", " at = object_of(record).get"]
    places: dict[tuple[str, ...], str] = {(): "at"}
    for number, one in enumerate(fields):
        names |= {f"of_{number}": one.of, f"within_{number}": one.within, f"helper_{number}": one.kind.helper}
        for depth in range(1, len(one.path)):
            way = one.path[:depth]
            if way not in places:
                places[way] = f"at_{len(places)}"
                lines.append(f" {places[way]} = {places[way[:-1]]}({way[-1]!r})")
                lines.append(
                    f" {places[way]} = ({places[way]} if type({places[way]}) is dict "
                    f"else within_{number}({places[way]})).get"
                )
        lines.append(f" v = {places[one.path[:-1]]}({one.path[-1]!r})")
        usual, found = (text.replace("helper", f"helper_{number}") for text in (one.kind.usual, one.kind.found))
        other = f"of_{number}(v)"
        if one.default is not NEEDED:
            names[f"default_{number}"] = one.default
            other = f"default_{number} if v is None else {other}"
        lines.append(f" v{number} = {found} if {usual} else {other}")
    own = "".join(f"v{number}, " for number in range(len(fields)))
    lines.append(f" return (*given, {own})")
    exec("\n".join(lines), names)  # noqa: S102  # of descriptions in this package, never of what comes from outside
    return names["of"]


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


# The kinds. -----------------------------------------------------------------------------------------------------------


def _whole(value: Any) -> int:
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


def _integer(value: Any) -> int:
    """A whole number that an INTEGER holds: a position, a count."""
    found = _whole(value)
    if not -_INTEGER <= found < _INTEGER:
        raise ValueError(f"{value!r} is too big")
    return found


def _ref(value: Any) -> int | None:
    """The id of something else; the ERP writes 0 for none."""
    return _whole(value) or None


def _text(value: Any) -> str:
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


def _flag(value: Any) -> bool:
    """True or false, also as 0, 1 and as text."""
    if type(value) is bool:
        return value
    if value in (0, 1):
        return bool(value)
    if value in ("true", "false", "1", "0"):
        return value in ("true", "1")
    raise ValueError(f"{value!r} is neither true nor false")


def decimal(scale: int, digits: int = 18, *, as_it_came: bool = False) -> Kind:
    """What a ``DECIMAL(digits, scale)`` holds exactly. More decimals than that are refused, not rounded.

    ``as_it_came``: the usual text and whole numbers stay what they are, which a frame's column of decimals takes as
    well; not for those who reckon with it.
    """
    usual = re.compile(rf"-?[0-9]{{1,{digits - scale}}}(\.[0-9]{{1,{scale}}})?\Z").match
    unit, limit = Decimal(1).scaleb(-scale), Decimal(10) ** (digits - scale)

    def take(value: Any) -> Decimal:
        if type(value) is str and usual(value):
            return Decimal(value)
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise TypeError(f"a {type(value).__name__} is not a number")
        found = value if type(value) is Decimal and value.is_finite() else parse_decimal(str(value))
        if not -limit < found < limit:
            raise ValueError(f"{value} is too big for {digits - scale} digits")
        with localcontext() as context:
            context.prec = 60
            held = found.quantize(unit, rounding=ROUND_HALF_UP)
        if held != found:
            raise ValueError(f"{value} has more than {scale} decimals")
        return held

    if not as_it_came:
        return Kind(take)
    return Kind(take, f"type(v) is str and helper(v) or type(v) is int and {-limit} < v < {limit}", helper=usual)


_MOST_MOMENTS = 4096
_moments: dict[str, datetime] = {}  # an order's instants are mostly one, written the same way


def _moment(value: Any) -> datetime:
    """An instant in UTC, whatever offset the ERP answers with."""
    if type(value) is not str:
        raise TypeError(f"a {type(value).__name__} is not a moment")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{value!r} has no offset")
    if len(_moments) >= _MOST_MOMENTS:
        _moments.clear()
    _moments[value] = moment = moment.astimezone(UTC)
    return moment


whole = Kind(_whole, f"type(v) is int and {-_BIGINT} < v < {_BIGINT}")
integer = Kind(_integer, f"type(v) is int and {-_INTEGER} <= v < {_INTEGER}")
ref = Kind(_ref, f"type(v) is int and 0 <= v < {_BIGINT}", "v or None")
text = Kind(_text, "type(v) is str and v and v.isascii()")
flag = Kind(_flag, "v is True or v is False")
instant = Kind(_moment, "type(v) is str and v in helper", "helper[v]", _moments)
money = quantity = decimal(4, as_it_came=True)
exact = decimal(4)  # to reckon with
exchange_rate = decimal(6, as_it_came=True)


def _object(record: Any) -> dict[str, Any]:
    if type(record) is not dict:
        raise Unclear(f"a {type(record).__name__} where an object was expected")
    return record
