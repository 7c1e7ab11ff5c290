"""Findings kept as a table: when each was first seen, and gone when its cause is gone.

Read and written: ``findings``, in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

from bp_assets.domain.findings import Finding
from bp_assets.domain.money import from_minor
from bp_assets.lake.finance_tables import FINDINGS

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
    connection: DuckDBPyConnection,
    check: str,
    findings: Sequence[Finding],
    now: datetime,
    tables: Collection[str] | None = None,
) -> None:
    """``findings`` become all that stands in the table for ``check``; those still there keep their ``first_seen``.

    To be called inside a transaction. ``tables`` narrows this to findings about these tables (by their ``place``), for
    a check that ran on some only.
    """
    among, parameters = _among(check, tables)
    stored = connection.execute(f"select finding_key, first_seen from findings where {among}", parameters).fetchall()
    if stored:
        connection.execute(f"delete from findings where {among}", parameters)
    if findings:
        connection.register("findings_now", _frame(check, findings, dict(stored), now))
        names = ", ".join(column.name for column in FINDINGS.columns)
        connection.execute(f"insert into findings ({names}) select {names} from findings_now")
        connection.unregister("findings_now")


def any_stored(connection: DuckDBPyConnection, check: str, tables: Collection[str] | None = None) -> bool:
    """Whether findings of the check stand in the table: if not, and none were found, there is nothing to write."""
    among, parameters = _among(check, tables)
    return connection.execute(f"select 1 from findings where {among} limit 1", parameters).fetchone() is not None


def _among(check: str, tables: Collection[str] | None) -> tuple[str, dict[str, Any]]:
    parameters = {"check": check, "tables": None if tables is None else sorted(tables)}
    return "check_name = $check and ($tables is null or list_contains($tables, split_part(place, '.', 1)))", parameters


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
