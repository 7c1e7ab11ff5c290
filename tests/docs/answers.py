"""The SQL of the docs and its documented answers. Read: ``docs/*.md``, ``README.md``. Written: the answers, on request.

A block marked ``sql`` is one query. The table right after it is its answer on the sample books of ``sample.py``;
``python -m tests.docs.answers`` writes the answers anew.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from tests.docs.sample import TODAY, sample

ROOT = Path(__file__).parents[2]
FILES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
_BLOCK = re.compile(r"```sql\n(?P<query>.*?)```\n(?:\n(?P<answer>(?:\|[^\n]*\n)+))?", re.DOTALL)
_INLINE = re.compile(r'tillbridge sql (?:--\S+ \S+ )*"(?P<query>[^"…]+)"')


@dataclass(frozen=True, slots=True)
class Query:
    """One query of the docs; ``answer`` is the table that follows it, empty where none does."""

    file: str
    line: int
    text: str
    answer: str


def queries(file: Path) -> list[Query]:
    """Every ``sql`` block of a file, and every query given to ``tillbridge sql`` in its text."""
    text = file.read_text(encoding="utf-8")
    name = file.relative_to(ROOT).as_posix()
    found = [
        Query(name, text.count("\n", 0, one.start()) + 1, one["query"], one["answer"] or "")
        for one in _BLOCK.finditer(text)
    ]
    inline = [
        Query(name, text.count("\n", 0, one.start()) + 1, one["query"].replace("\n", " "), "")
        for one in _INLINE.finditer(text)
    ]
    return found + inline


def answer(connection: DuckDBPyConnection, query: str) -> str:
    """The answer as the docs show it: one markdown table. "Today" is the day of the sample."""
    result = connection.execute(query.replace("current_date", TODAY))
    lines = ["| " + " | ".join(column[0] for column in result.description) + " |"]
    lines.append("|" + "---|" * len(result.description))
    lines += ["| " + " | ".join(_shown(value) for value in row) + " |" for row in result.fetchall()]
    return "\n".join(lines) + "\n"


def _shown(value: Any) -> str:
    """Money with two decimals, instants to the minute, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Decimal):
        return f"{value:.2f}" if value == round(value, 2) else f"{value.normalize():f}"
    return str(value).replace("|", "\\|")


def main() -> int:
    """Write every documented answer anew."""
    connection = sample().connection

    def with_answer(one: re.Match[str]) -> str:
        if one["answer"] is None:
            return one[0]
        return f"```sql\n{one['query']}```\n\n{answer(connection, one['query'])}"

    for file in FILES:
        text = file.read_text(encoding="utf-8")
        renewed = _BLOCK.sub(with_answer, text)
        if renewed != text:
            file.write_text(renewed, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
