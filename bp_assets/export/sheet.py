"""One exported file, declared: its name, its columns in order, and the SQL that gives each of them. Pure.

A column has a type of its own, so that a file keeps its shape whatever the lake's column is. A personal column is empty
unless an export is made with contacts, and only then is anything of the schema ``personal`` read.
"""

from __future__ import annotations

from dataclasses import dataclass

MONEY = "DECIMAL(18,4)"


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name in the file, its SQL expression over the sheet's source, its type (DuckDB's)."""

    name: str
    sql: str
    type: str
    personal: bool = False

    def expression(self, hidden: bool = False) -> str:
        """What is selected. An empty text is no value: Brightpearl does not tell the two apart."""
        if hidden:
            value = f"CAST(NULL AS {self.type})"
        elif self.type == "VARCHAR":
            value = f"nullif(CAST({self.sql} AS VARCHAR), '')"
        else:
            value = f"CAST({self.sql} AS {self.type})"
        return f'{value} AS "{self.name}"'


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file of a set. ``reads`` names the lake's tables, ``source`` is what stands after FROM.

    ``key`` is one row's identity in SQL: rows are sorted by it, so it must be unique. ``personal_join`` is added to the
    source, and ``personal_reads`` to what is read, in an export with contacts; a ``personal`` sheet has no rows in any
    other.
    """

    name: str
    reads: tuple[str, ...]
    source: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    personal_join: str = ""
    personal_reads: tuple[str, ...] = ()
    personal: bool = False

    def needs(self, with_contacts: bool) -> tuple[str, ...]:
        """The tables that have to be filled before the file says anything."""
        if self.personal and not with_contacts:
            return ()
        return (*self.reads, *self.personal_reads) if with_contacts else self.reads

    def select(self, with_contacts: bool) -> str:
        """The query whose answer is the file, in its order."""
        if self.personal and not with_contacts:
            return f"SELECT {', '.join(field.expression(hidden=True) for field in self.fields)} WHERE false"
        fields = (field.expression(hidden=field.personal and not with_contacts) for field in self.fields)
        source = f"{self.source} {self.personal_join}" if with_contacts else self.source
        return f"SELECT {', '.join(fields)} FROM {source} ORDER BY {', '.join(self.key)}"


def text(name: str, sql: str, *, personal: bool = False) -> Field:
    return Field(name, sql, "VARCHAR", personal)


def whole(name: str, sql: str) -> Field:
    """A whole number; an id, say."""
    return Field(name, sql, "BIGINT")


def number(name: str, sql: str) -> Field:
    """Money or a quantity, always with four decimals."""
    return Field(name, sql, MONEY)


def flag(name: str, sql: str) -> Field:
    return Field(name, sql, "BOOLEAN")


def moment(name: str, sql: str) -> Field:
    """An instant, in UTC."""
    return Field(name, sql, "TIMESTAMPTZ")
