"""What the tuples of a resource's decode function must be, so that they stand in their tables unchanged. Pure: no I/O.

Frames take almost anything, and change it: a number that is too big becomes null, a text that looks like a number one.
So every value is looked at before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from bp_assets.extraction.resource import Resource
from bp_assets.extraction.splits import id_of
from bp_assets.lake.columns import Column
from bp_assets.lake.fit import polars_type
from bp_assets.lake.tables import BY_NAME

INSTANT = pl.Datetime("us", "UTC")
_KINDS: dict[str, type] = {"VARCHAR": str, "BOOLEAN": bool, "DATE": date, "TIMESTAMPTZ": datetime}
_BITS = {"BIGINT": 63, "INTEGER": 31, "SMALLINT": 15}


@dataclass(frozen=True, slots=True)
class TableLayout:
    """Where a decoded tuple's parts stand, and what they must be: ``ranges`` are those of its numbers."""

    name: str
    schema: dict[str, pl.DataType]
    id_at: int
    key_at: tuple[int, ...]
    required: tuple[tuple[int, str], ...]
    kinds: tuple[tuple[int, str, type], ...]
    ranges: tuple[tuple[int, str, Decimal | int], ...]


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
        """Why these rows can't stand in their tables, or an empty text. Frames take almost anything, and change it."""
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
        if value is not None and type(value) is not kind:
            return f"{table.name}.{name} is a {type(value).__name__}, not a {kind.__name__}"
    if None in row:
        for place, name in table.required:
            if row[place] is None:
                return f"{table.name}.{name} is missing"
    for place, name, most in table.ranges:
        value = row[place]
        if value is not None and not -most < value < most:
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
