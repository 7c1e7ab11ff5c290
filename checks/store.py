"""Findings kept as a table: when each was first seen, and gone when its cause is gone.

Read and written: ``findings``. All changes of one check are one transaction; another writer's conflict is tried again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import duckdb
import polars as pl

from bp_assets.domain.findings import Finding
from bp_assets.domain.money import from_minor
from bp_assets.lake.tables import FINDINGS

_ATTEMPTS = 5
_SCHEMA: dict[str, Any] = {
    "check_name": pl.String, "kind": pl.String, "finding_key": pl.String, "shop": pl.String, "business_date": pl.Date,
    "receipt_number": pl.String, "sale_id": pl.String, "place": pl.String, "expected": pl.String, "actual": pl.String,
    "difference": pl.Decimal(18, 4), "currency": pl.String, "owner": pl.String, "message": pl.String,
    "first_seen": pl.Datetime("us", "UTC"), "last_seen": pl.Datetime("us", "UTC"),
}  # fmt: skip


def finding_keys(findings: Sequence[Finding]) -> list[str]:
    """The identity of each finding within its check: what it is about, never what stands there or how long it waits."""
    keys: list[str] = []
    seen: dict[str, int] = {}
    for item in findings:
        about = item.sale_id or f"{item.shop} {item.business_date or ''}".strip()
        key = "|".join(part for part in (item.kind, about, item.place) if part)
        seen[key] = seen.get(key, 0) + 1
        keys.append(key if seen[key] == 1 else f"{key}#{seen[key]}")
    return keys


def store_findings(
    connection: duckdb.DuckDBPyConnection, check: str, findings: Sequence[Finding], now: datetime,
    tables: Collection[str] | None = None,
) -> None:  # fmt: skip
    """``findings`` become all that stands in the table for ``check``; those still there keep their ``first_seen``.

    ``tables`` narrows this to findings about these tables (by their ``place``), for a check that ran on some only.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _replace(connection, check, findings, now, tables)
        except duckdb.TransactionException:
            if attempt == _ATTEMPTS:
                raise
    return None


def _replace(
    connection: duckdb.DuckDBPyConnection, check: str, findings: Sequence[Finding], now: datetime,
    tables: Collection[str] | None,
) -> None:  # fmt: skip
    among = "check_name = $check and ($tables is null or list_contains($tables, split_part(place, '.', 1)))"
    parameters = {"check": check, "tables": None if tables is None else sorted(tables)}
    connection.execute("begin")
    try:
        known = dict(
            connection.execute(f"select finding_key, first_seen from findings where {among}", parameters).fetchall()
        )
        connection.execute(f"delete from findings where {among}", parameters)
        if findings:
            connection.register("findings_now", _frame(check, findings, known, now))
            names = ", ".join(column.name for column in FINDINGS.columns)
            connection.execute(f"insert into findings ({names}) select {names} from findings_now")
            connection.unregister("findings_now")
        connection.execute("commit")
    except BaseException:
        with suppress(duckdb.Error):  # a commit that failed has already ended the transaction
            connection.execute("rollback")
        raise


def _frame(check: str, findings: Sequence[Finding], known: dict[str, datetime], now: datetime) -> pl.DataFrame:
    rows = []
    for key, item in zip(finding_keys(findings), findings, strict=True):
        row = item.as_row()
        minor = row.pop("difference_minor")
        row.pop("check")
        row["difference"] = None if minor is None else from_minor(minor, item.currency)
        row |= {"check_name": check, "finding_key": key, "first_seen": known.get(key, now), "last_seen": now}
        rows.append(row)
    return pl.DataFrame(rows, schema=_SCHEMA)
