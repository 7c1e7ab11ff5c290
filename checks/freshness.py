"""How long ago each table was brought up to date, against what its freshness contract allows (lake/freshness.py).

Read: lake_marks (table_name, as_of, oldest). Written: nothing. A quiet shop makes no table stale: ``as_of`` is when
the source was last asked, not when it last changed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from duckdb import DuckDBPyConnection

from bp_assets.domain.findings import Finding
from bp_assets.jobs import PULLED_TABLES
from bp_assets.lake.freshness import FRESHNESS, Freshness
from bp_assets.lake.tables import TABLES
from checks.context import CheckContext, age, found

NAME = "freshness"


def freshness(
    connection: DuckDBPyConnection, context: CheckContext, tables: Collection[str] | None = None
) -> list[Finding]:
    """One finding per stale table of ``tables`` (default: all that have a contract)."""
    query = "select table_name, max(as_of), max(oldest) from lake_marks group by table_name"
    marks = {name: (as_of, oldest) for name, as_of, oldest in connection.execute(query).fetchall()}
    # Tables that are computed from whatever is there are no sign that the account was ever pulled.
    begun = any(table in marks for table in PULLED_TABLES)
    findings: list[Finding] = []
    for table in (t.name for t in TABLES if t.name in FRESHNESS and (tables is None or t.name in tables)):
        contract = FRESHNESS[table]
        if table in marks or begun or not contract.once_begun:
            findings += _judged(table, contract, *marks.get(table, (None, None)), context.now)
    return findings


def _judged(
    table: str, contract: Freshness, as_of: datetime | None, oldest: datetime | None, now: datetime
) -> list[Finding]:  # fmt: skip
    if as_of is None:
        words = f"{table} was never refreshed."
        every = f"refreshed every {age(contract.within)}"
        return [found(NAME, "never_filled", {}, words, place=table, expected=every, actual="never refreshed")]
    if now - as_of > contract.within:
        old, limit = age(now - as_of), age(contract.within)
        words = f"{table} is {old} old; it should be refreshed every {limit}."
        return [found(NAME, "stale", {}, words, place=table, expected=f"at most {limit} old", actual=f"{old} old")]
    if contract.reread and oldest and now - oldest > contract.reread + contract.within:
        old, limit = age(now - oldest), age(contract.reread)
        words = f"{table} has rows that were last read {old} ago; all of them are read again within {limit}."
        expected, actual = f"every row read within {limit}", f"last read {old} ago"
        return [found(NAME, "old_rows", {}, words, place=table, expected=expected, actual=actual)]
    return []
