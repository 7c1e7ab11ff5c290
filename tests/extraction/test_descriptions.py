"""The descriptions against the lake: what a resource writes are columns of its tables, and no table has two writers."""

from __future__ import annotations

import pytest

from bp_assets.extraction.resources import ALL
from bp_assets.lake.freshness import FRESHNESS
from bp_assets.lake.tables import BY_NAME
from tests.extraction.decoding import RESOURCES

NAMES = sorted(RESOURCES)
WRITTEN = [(name, table) for name in NAMES for table in RESOURCES[name].tables]


@pytest.mark.parametrize(("name", "table"), WRITTEN)
def test_a_resource_fills_every_column_of_its_tables_that_may_not_be_null(name: str, table: str) -> None:
    rows = RESOURCES[name].tables[table]
    columns = [column.name for column in BY_NAME[table].columns]
    assert len(set(rows.columns)) == len(rows.columns)
    assert set(rows.columns) <= set(columns)
    assert rows.id in rows.columns
    unfilled = set(columns) - set(rows.columns) - {"as_of"}
    assert [column for column in columns if column in unfilled] == []


def test_no_table_is_written_by_two_resources() -> None:
    tables = [table for _, table in WRITTEN]
    assert len(set(tables)) == len(tables)


def test_a_resource_is_read_after_those_whose_tables_it_asks() -> None:
    read = {"warehouses"}  # the staging asset
    for one in ALL:
        assert set(one.after) <= read, one.name
        read.add(one.name)


@pytest.mark.parametrize("name", NAMES)
def test_a_resource_says_in_words_what_one_has_to_know(name: str) -> None:
    assert len(RESOURCES[name].traps) > 40
    assert RESOURCES[name].traps.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_what_no_filter_shows_is_read_again_within_three_days(name: str) -> None:
    """A resource without a change filter is read whole each time, or in turn."""
    one = RESOURCES[name]
    whole = one.get is None or "{ids}" not in one.get.path
    assert one.changes or whole or (one.rotate and one.rotate.total_seconds() <= 72 * 3600)


@pytest.mark.parametrize(("name", "table"), WRITTEN)
def test_a_table_is_promised_as_fresh_as_its_resource_is_read(name: str, table: str) -> None:
    assert FRESHNESS[table].every == RESOURCES[name].every
