"""Decoding one record in a test, by its resource's own decode, into rows that are checked to fit the lake's tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl

from bp_assets.brightpearl import wire
from bp_assets.extraction.layout import Layout
from bp_assets.extraction.resource import Context, Resource
from bp_assets.extraction.resources import ALL
from bp_assets.lake.fit import fit
from bp_assets.lake.tables import BY_NAME

RESOURCES: dict[str, Resource] = {one.name: one for one in ALL}
READ_ON = datetime(2026, 11, 25, 12, tzinfo=UTC)

Row = dict[str, Any]


def decode(resource: str, object_id: int, record: Any, **lookups: Any) -> dict[str, list[Row]]:
    """The rows per table of one record. What can't stand in the lake as it is fails here."""
    described = RESOURCES[resource]
    decoded = described.decode(object_id, record, Context(READ_ON, lookups))
    assert set(decoded) == set(described.tables)
    found: dict[str, list[Row]] = {}
    for table in Layout(described).tables:
        found[table.name] = []
        if rows := decoded[table.name]:
            frame = table.frame([object_id] * len(rows), rows)
            fit(BY_NAME[table.name], frame.with_columns(pl.lit(READ_ON).dt.cast_time_unit("us").alias("as_of")))
            found[table.name] = frame.rows(named=True)
    return found


def answered(resource: str, payload: Any, asked: tuple[int, ...] = ()) -> dict[str, list[Row]]:
    """The rows per table of a whole answer, taken apart as the resource says."""
    described = RESOURCES[resource]
    assert described.get is not None
    found: dict[str, list[Row]] = {name: [] for name in described.tables}
    for object_id, record in described.get.split(payload, asked):
        assert object_id is not None
        for name, rows in decode(resource, object_id, record).items():
            found[name] += rows
    return found


def read(text: str | dict[str, Any] | list[Any]) -> Any:
    """JSON as the client reads it: every number with a point is a Decimal."""
    return wire.loads(text if isinstance(text, str) else json.dumps(text))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
