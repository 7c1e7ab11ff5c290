"""One column of a table that people read, with its type and its words. Read: nothing. Written: nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """``type`` is DuckDB's. ``references`` names ``table.column`` whose values it takes.

    A ``loose`` reference may lead nowhere: the ERP deletes products, orders and contacts, and its history goes on
    naming them. ``personal`` marks what tells of a person: a name, an address, a telephone number.
    """

    name: str
    type: str
    description: str
    nullable: bool = False
    references: str = ""
    loose: bool = False
    personal: bool = False


def col(
    name: str,
    type_: str,
    description: str,
    *,
    nullable: bool = False,
    references: str = "",
    loose: bool = False,
    personal: bool = False,
) -> Column:
    """A column, written short: the lists of tables are read by people."""
    return Column(name, type_, description, nullable, references, loose, personal)


def opt(
    name: str, type_: str, description: str, *, references: str = "", loose: bool = False, personal: bool = False
) -> Column:  # fmt: skip
    """A column that may be null."""
    return Column(name, type_, description, True, references, loose, personal)


def shop_day(*, key: bool = False) -> tuple[Column, Column]:
    """Shop and trading day, alike in every table; as part of a key the day is never null."""
    return (
        col("shop", "VARCHAR", "Shop key of the shops file."),
        col("business_date", "DATE", "Trading day in the shop's time zone.", nullable=not key),
    )
