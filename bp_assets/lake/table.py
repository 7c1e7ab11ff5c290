"""One table that people read: its columns, its key, its schema, its words. Read: nothing. Written: nothing.

Types are DuckDB's. Money stands in main units with its currency beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from bp_assets.lake.columns import Column, col

MAIN, PERSONAL = "main", "personal"

MONEY = "DECIMAL(18,4)"
QUANTITY = "DECIMAL(18,4)"
RATE = "DECIMAL(9,4)"
INSTANT = "TIMESTAMPTZ"
SECONDS = "DECIMAL(18,3)"

AS_OF = col("as_of", INSTANT, "When this row was last read from its source.")


@dataclass(frozen=True, slots=True)
class Table:
    """One table. ``key`` is unique and never null. ``group`` is Dagster's, ``source`` where it comes from.

    ``schema`` is the lake's: ``personal`` for whatever tells of a person, ``main`` for the rest. ``published`` tables
    are copied into ``finance.duckdb``. A ``view`` holds no rows of its own: it is that query.

    Raises:
        ValueError: a column with personal data outside the schema ``personal``, or a personal table to be published.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    group: str
    owner: str
    source: str
    schema: str = MAIN
    published: bool = True
    view: str = ""

    def __post_init__(self) -> None:
        told = [column.name for column in self.columns if column.personal]
        if self.schema != PERSONAL and told:
            raise ValueError(f"{self.name}.{told[0]} is personal data: it belongs into the schema {PERSONAL}")
        if told and set(told) & set(self.key):
            raise ValueError(f"{self.name}.{told[0]} is personal data: keys are shown by checks and logs")
        if self.schema == PERSONAL and self.published:
            raise ValueError(f"{self.name} is personal data: it is never published")

    @property
    def sql(self) -> str:
        """The name as SQL has it: ``"orders"``, ``"personal"."contacts"``."""
        return f'"{self.name}"' if self.schema == MAIN else f'"{self.schema}"."{self.name}"'

    @property
    def label(self) -> str:
        """The name as people write it: ``orders``, ``personal.contacts``."""
        return self.name if self.schema == MAIN else f"{self.schema}.{self.name}"

    def column(self, name: str) -> Column:
        """The column of a name.

        Raises:
            KeyError: no such column; the message lists those there are.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name!r}; it has {', '.join(c.name for c in self.columns)}")
