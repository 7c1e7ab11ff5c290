"""Receipts that the till sent again with other content after they were taken; the first version stands.

Read: receipt_versions, pos_transactions. Written: nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime

from duckdb import DuckDBPyConnection

from bp_assets.domain.findings import Finding
from checks.context import CheckContext, found, receipt_of, rows

NAME = "changed_receipts"

_SQL = """
select v.sale_id, v.version, v.message, v.received_at, t.business_date, t.state, t.currency,
       coalesce(nullif(t.shop, ''), v.shop) as shop,
       coalesce(nullif(t.receipt_number, ''), v.receipt_number) as receipt_number,
       coalesce(f.received_at, t.captured_at) as first_at
from receipt_versions v
left join pos_transactions t on t.sale_id = v.sale_id
left join receipt_versions f on f.sale_id = v.sale_id and f.version = 1
where v.state = 'changed'
order by v.received_at, v.sale_id, v.version
"""


def changed_receipts(connection: DuckDBPyConnection, context: CheckContext) -> list[Finding]:
    """One finding per flagged version. A version whose sale is the same (``unchanged``) is none."""
    findings = []
    for row in rows(connection, _SQL):
        state = row["state"] or "not held"
        what = f" {row['message'].rstrip('.')}." if row["message"] else ""
        fact = (
            f"{receipt_of(row)} came again with other content as version {row['version']}; the first is {state}.{what}"
        )
        findings.append(
            found(
                NAME,
                "changed",
                row,
                fact,
                place=f"version {row['version']}",
                expected=f"as received {_minute(row['first_at'])}",
                actual=f"changed {_minute(row['received_at'])}",
            )
        )
    return findings


def _minute(instant: datetime | None) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if instant else "before"
