"""A query's result brought into exactly the shape that ``lake/tables.py`` promises. Read, written: nothing."""

from __future__ import annotations

from bp_assets.lake.table import Table


def select_list(table: Table) -> str:
    """``name::TYPE as name, …`` for every column of ``table``, in its order: sums come out wider than they go in."""
    return ", ".join(f"{column.name}::{column.type} as {column.name}" for column in table.columns)
