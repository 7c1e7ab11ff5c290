"""What the tuples of a resource's decode function must be, so that they stand in their tables unchanged. Pure: no I/O.

Frames take almost anything, and change it: a number that is too big becomes null, a text that looks like a number one.
So every value's type is looked at before. Usually all rows of a table are as they must be, and that is seen a column at
a time; where one is not, :meth:`Layout.fault` says of each object what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import polars as pl

from bp_assets.extraction.resource import Resource
from bp_assets.extraction.splits import id_of
from bp_assets.lake.columns import Column
from bp_assets.lake.fit import polars_type
from bp_assets.lake.tables import BY_NAME

INSTANT = pl.Datetime("us", "UTC")
_KINDS: dict[str, type] = {"VARCHAR": str, "BOOLEAN": bool, "DATE": date, "TIMESTAMPTZ": datetime}
_EMPTY = type(None)
_AMOUNTS = {Decimal, str, int}
_BEGIN, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_BITS = {"BIGINT": 63, "INTEGER": 31, "SMALLINT": 15}


class Misfit(Exception):
    """Not all of these rows can stand in their table."""


@dataclass(frozen=True, slots=True)
class TableLayout:
    """Where a decoded tuple's parts stand, and what they must be: ``ranges`` are those of its numbers.

    An amount may also be a whole number, or its text in the usual form with the column's decimals at most.
    """

    name: str
    schema: dict[str, pl.DataType]
    id_at: int
    key_at: tuple[int, ...]
    required: tuple[tuple[int, str], ...]
    kinds: tuple[tuple[int, str, type], ...]
    ranges: tuple[tuple[int, str, Decimal | int], ...]

    def frame(self, owners: Sequence[int], rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
        """The rows as a frame of the table's types; ``owners`` are the objects that they belong to, row by row.

        Raises:
            Misfit: some can't stand there as they are.
        """
        try:
            columns = [
                _series(name, kind, type_, values)
                for (_, name, kind), type_, values in zip(
                    self.kinds, self.schema.values(), zip(*rows, strict=True), strict=True
                )
            ]
        except (ValueError, TypeError, OverflowError, ArithmeticError, pl.exceptions.PolarsError) as why:
            raise Misfit(f"{self.name}: {why}") from None
        if any(columns[place].null_count() for place, _ in self.required):
            raise Misfit(f"{self.name}: a value is missing")
        owner = pl.Series("", owners, pl.Int64())
        if not owner.equals(columns[self.id_at].cast(pl.Int64(), strict=False)):
            raise Misfit(f"{self.name}: a row belongs to another object")
        keys = [columns[place] for place in self.key_at]
        if pl.DataFrame(keys).is_duplicated().any() and pl.DataFrame([owner, *keys]).is_duplicated().any():
            raise Misfit(f"{self.name}: two rows of an object have the same key")
        return pl.DataFrame(columns)


def _series(name: str, kind: type, type_: pl.DataType, values: Sequence[Any]) -> pl.Series:
    """One column. Raises: ValueError, TypeError, OverflowError, polars' own."""
    there = set(map(type, values)) - {_EMPTY}
    if kind is Decimal and there <= _AMOUNTS:
        return _amounts(name, type_, values, there)
    if not there <= {kind}:
        raise TypeError(f"{name} has values of another type")
    if kind is datetime:
        return instants(name, values)
    return pl.Series(name, values, type_, strict=True)


def instants(name: str, values: Sequence[datetime | None]) -> pl.Series:
    """Instants as a column. By way of numbers, which polars takes from Python six times as fast."""
    since = [None if one is None else (one - _BEGIN) // _MICROSECOND for one in values]
    return pl.Series(name, since, pl.Int64()).cast(INSTANT)


def _amounts(name: str, type_: pl.DataType, values: Sequence[Any], there: set[type]) -> pl.Series:
    """Amounts of any of their forms. A cast of texts would round what has more decimals than the column."""
    if there <= {Decimal}:
        return pl.Series(name, values, type_, strict=True)
    if there == {int}:
        return pl.Series(name, values, pl.Int64(), strict=True).cast(type_)
    if there != {str}:
        values = [format(one, "f") if type(one) is Decimal else one if one is None else str(one) for one in values]
    texts = pl.Series(name, values, pl.String())
    if not texts.drop_nulls().str.contains(_amount(type_)).all():
        raise ValueError(f"{name} has a text that is no amount of its type")
    return texts.cast(type_)


@cache
def _amount(type_: pl.DataType) -> str:
    """What an amount of a decimal type looks like."""
    assert isinstance(type_, pl.Decimal)  # of amounts alone
    return rf"^-?[0-9]{{1,{type_.precision - type_.scale}}}(\.[0-9]{{1,{type_.scale}}})?$"


class Layout:
    """A resource's tables, worked out once: types, keys, what may not be null."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.tables = [self._table(name) for name in resource.tables]

    def _table(self, name: str) -> TableLayout:
        described, given = BY_NAME[name], self.resource.tables[name]
        columns = [described.column(column) for column in given.columns]
        places = {column: place for place, column in enumerate(given.columns)}
        missing = [c.name for c in described.columns if not c.nullable and c.name not in (*given.columns, "as_of")]
        if missing:
            raise ValueError(f"resource {self.resource.name}: {name}.{missing[0]} may not be null and is not decoded")
        return TableLayout(
            name,
            {column.name: polars_type(column.type) for column in columns},
            places[given.id],
            tuple(places[column] for column in described.key),
            tuple((places[column.name], column.name) for column in columns if not column.nullable),
            tuple((places[column.name], column.name, _kind(column)) for column in columns),
            tuple((places[c.name], c.name, most) for c in columns if (most := _most(c)) is not None),
        )

    def fault(self, object_id: int, decoded: Mapping[str, Sequence[tuple[Any, ...]]]) -> str:
        """Why these rows can't stand in their tables, or an empty text: what :meth:`TableLayout.frame` saw of many."""
        for table in self.tables:
            rows = decoded.get(table.name, ())
            for row in rows:
                if fault := _row_fault(object_id, table, row):
                    return fault
            if len(rows) > 1 and len({tuple(row[place] for place in table.key_at) for row in rows}) < len(rows):
                return f"two rows of {table.name} have the same key"
        strange = set(decoded) - set(self.resource.tables)
        return f"it has rows for {sorted(strange)[0]}, which is not among its tables" if strange else ""


def _row_fault(object_id: int, table: TableLayout, row: tuple[Any, ...]) -> str:
    if len(row) != len(table.schema):
        return f"a row of {table.name} has {len(row)} values, not {len(table.schema)}"
    for place, name, kind in table.kinds:
        value = row[place]
        if value is not None and type(value) is not kind and not (kind is Decimal and type(value) in _AMOUNTS):
            return f"{table.name}.{name} is a {type(value).__name__}, not a {kind.__name__}"
    if None in row:
        for place, name in table.required:
            if row[place] is None:
                return f"{table.name}.{name} is missing"
    for place, name, most in table.ranges:
        value = row[place]
        if type(value) is str and not re.search(_amount(table.schema[name]), value):
            return f"{table.name}.{name} is {value!r}, which is no amount of its type"
        if value is not None and not -most < Decimal(value) < most:
            return f"{table.name}.{name} is {value}, which is too big"
    if row[table.id_at] != object_id and id_of(row[table.id_at]) != object_id:
        return f"a row of {table.name} belongs to {row[table.id_at]!r}"
    return ""


def _kind(column: Column) -> type:
    if column.type in _BITS:
        return int
    return Decimal if column.type.startswith("DECIMAL") else _KINDS[column.type]


def _most(column: Column) -> Decimal | int | None:
    """What a number of this column stays below."""
    if column.type in _BITS:
        return int(2 ** _BITS[column.type])
    type_ = polars_type(column.type)
    return Decimal(10) ** (type_.precision - type_.scale) if isinstance(type_, pl.Decimal) else None
