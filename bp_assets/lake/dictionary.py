"""The dictionary of tables for people: ``docs/tables.md``, made from ``tables.py``. Read: ``tables.py``.

Written: the file that is asked for.

    python -m bp_assets.lake.dictionary [FILE]
"""

from __future__ import annotations

import sys
from pathlib import Path

from bp_assets.lake.tables import TABLES, Table

FILE = Path(__file__).resolve().parents[2] / "docs" / "tables.md"
_GROUPS = {
    "erp": "What Brightpearl says",
    "tills": "What the tills say",
    "posting": "What was posted, as Brightpearl shows it",
    "finance": "For finance",
    "operations": "How it is running",
    "checks": "What the checks found",
}
_HEAD = """# Every table and column

Made from `bp_assets/lake/tables.py` by `python -m bp_assets.lake.dictionary`; a test holds the two together.

All tables stand in the lake (`tillbridge sql "select * from sales_reconciliation"`) and, copied at one moment, in
`finance.duckdb`, whose own table `published` says which moment. Money is in main units (pounds, not pennies) with its
`currency` beside it. Instants are in UTC; `business_date` is the trading day in the shop's own time zone. **Key**: no
two rows have the same. *May be null*: there are rows with nothing to say (ask with `is null`). A `sale_id` links
everything that belongs to one till transaction.
"""


def dictionary() -> str:
    """The whole text of ``docs/tables.md``.

    Raises:
        KeyError: a table stands in a group that has no title here.
    """
    groups: dict[str, list[Table]] = {}
    for table in TABLES:
        groups.setdefault(table.group, []).append(table)
    parts = [_HEAD, _contents(groups)]
    for group, tables in groups.items():
        parts.append(f"## {_GROUPS[group]}\n")
        parts += [_section(table) for table in tables]
    return "\n".join(parts)


def _contents(groups: dict[str, list[Table]]) -> str:
    lines = ["| | Tables |", "|---|---|"]
    for group, tables in groups.items():
        links = ", ".join(f"[{table.name}](#{table.name})" for table in tables)
        lines.append(f"| {_GROUPS[group]} | {links} |")
    return "\n".join(lines) + "\n"


def _section(table: Table) -> str:
    lines = [f"### {table.name}", "", table.description, ""]
    key = ", ".join(f"`{name}`" for name in table.key)
    lines += [f"Key: {key}. Source: {table.source}. Owner: {table.owner}.", ""]
    lines += ["| Column | Type | Meaning |", "|---|---|---|"]
    for column in table.columns:
        words = column.description.replace("|", "\\|")
        if column.references:
            other, name = column.references.split(".")
            words += f" → [{other}](#{other}).{name}"
        if column.nullable:
            words += " *May be null.*"
        lines.append(f"| `{column.name}` | {column.type} | {words} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the dictionary to the file named, by default ``docs/tables.md`` of the project."""
    file = Path(arguments[0]) if arguments else FILE
    file.write_text(dictionary(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
