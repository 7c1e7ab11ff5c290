"""How long ago each table was brought up to date, against what its freshness contract allows (lake/freshness.py).

Read: lake_marks (table_name, mark, as_of, rows). Written: nothing. A quiet shop makes no table stale: ``as_of`` is when
the source was last asked, not when it last changed.
"""

from __future__ import annotations

from collections.abc import Collection

from duckdb import DuckDBPyConnection

from bp_assets.domain.findings import Finding
from bp_assets.lake.freshness import FRESHNESS
from bp_assets.lake.tables import TABLES
from checks.context import CheckContext, age, found

NAME = "freshness"


def freshness(
    connection: DuckDBPyConnection, context: CheckContext, tables: Collection[str] | None = None
) -> list[Finding]:
    """One finding per stale table of ``tables`` (default: all that have a contract)."""
    marks = dict(connection.execute("select table_name, max(as_of) from lake_marks group by table_name").fetchall())
    begun = any(contract.once_begun and table in marks for table, contract in FRESHNESS.items())
    findings = []
    for table in (t.name for t in TABLES if t.name in FRESHNESS and (tables is None or t.name in tables)):
        contract, as_of = FRESHNESS[table], marks.get(table)
        limit = contract.within
        if as_of is None and contract.once_begun and not begun:
            continue
        if as_of is None:
            findings.append(
                found(
                    NAME,
                    "never_filled",
                    {},
                    f"{table} was never refreshed.",
                    place=table,
                    expected=f"refreshed every {age(limit)}",
                    actual="never refreshed",
                )
            )
        elif context.now - as_of > limit:
            old = age(context.now - as_of)
            findings.append(
                found(
                    NAME,
                    "stale",
                    {},
                    f"{table} is {old} old; it should be refreshed every {age(limit)}.",
                    place=table,
                    expected=f"at most {age(limit)} old",
                    actual=f"{old} old",
                )
            )
    return findings
