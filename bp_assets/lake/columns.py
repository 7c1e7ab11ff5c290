"""One column of a table that people read, with its type and its words. Read: nothing. Written: nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """``type`` is DuckDB's. ``references`` names ``table.column`` whose values it takes."""

    name: str
    type: str
    description: str
    nullable: bool = False
    references: str = ""


def col(name: str, type_: str, description: str, *, nullable: bool = False, references: str = "") -> Column:
    """A column, written short: the lists in ``tables.py`` are read by people."""
    return Column(name, type_, description, nullable, references)


def shop_day(*, key: bool = False) -> tuple[Column, Column]:
    """Shop and trading day, alike in every table; as part of a key the day is never null."""
    return (
        col("shop", "VARCHAR", "Shop key of the shops file."),
        col("business_date", "DATE", "Trading day in the shop's time zone.", nullable=not key),
    )
