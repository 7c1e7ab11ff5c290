"""Assets ``sales_reconciliation``, ``daily_takings`` and ``finance_file``. Read: the lake, the shops file.

Written: the two tables, and ``finance.duckdb``. Only days that something touched are computed; only rows that differ
are written; the file is published only if the lake moved.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime

import dagster as dg
import polars as pl
from duckdb import DuckDBPyConnection

from bp_assets import catalog
from bp_assets.config import ShopsFile
from bp_assets.finance.reconciliation import reconciliation
from bp_assets.finance.takings import takings
from bp_assets.finance.touched import touched
from bp_assets.lake.frames import Change, Writer
from bp_assets.lake.publish import publish
from bp_assets.resources import LakeResource, LedgerResource, ShopsResource
from bp_assets.telling import Said, told

Compute = Callable[[DuckDBPyConnection, ShopsFile, datetime, date | None], pl.DataFrame]


class Days(dg.Config):
    """``all_days``: compute every day anew, not only those that something touched."""

    all_days: bool = False


def _computed(
    context: dg.AssetExecutionContext,
    table: str,
    compute: Compute,
    config: Days,
    lake: LakeResource,
    ledger: LedgerResource,
    shops: ShopsResource,
) -> dg.MaterializeResult:
    """One finance table brought up to date. Days computed are held completely, so rows that went are deleted."""
    now, tables, file = datetime.now(UTC), lake.open(), shops.load()
    with tables.open() as reading:
        reading.execute("BEGIN")  # one snapshot for marks and rows
        found = touched(reading, ledger.open(), file, table, now, all_days=config.all_days)
        frame = None if found.nothing else compute(reading, file, now, found.since)

    def store(writer: Writer) -> Said:
        change = Change()
        if frame is not None:
            whole = found.since is None
            change = writer.replace(table, frame) if whole else writer.upsert(table, frame, within=("business_date",))
        writer.set_mark(table, found.mark, now)
        return Said.of(writer, table, change)

    since = "nothing changed" if found.nothing else str(found.since or "all days")
    return told(context, table, tables.write(store), computed_since=since)


@dg.asset(**catalog.attributes("sales_reconciliation"), retry_policy=catalog.RETRY)
def sales_reconciliation(
    context: dg.AssetExecutionContext, config: Days, lake: LakeResource, ledger: LedgerResource, shops: ShopsResource
) -> dg.MaterializeResult:
    return _computed(context, "sales_reconciliation", reconciliation, config, lake, ledger, shops)


@dg.asset(**catalog.attributes("daily_takings"), retry_policy=catalog.RETRY)
def daily_takings(
    context: dg.AssetExecutionContext, config: Days, lake: LakeResource, ledger: LedgerResource, shops: ShopsResource
) -> dg.MaterializeResult:
    return _computed(context, "daily_takings", takings, config, lake, ledger, shops)


@dg.asset(**catalog.finance_file_attributes(), retry_policy=catalog.RETRY)
def finance_file(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    tables = lake.open()
    done = publish(tables)
    file = tables.home.finance_file
    rows = "\n".join(f"| {table} | {count:,} |" for table, count in done.rows.items())
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(str(file)),
            "size_bytes": file.stat().st_size,
            "lake_snapshot": done.snapshot_id,
            "as_of": done.as_of.isoformat(timespec="seconds"),
            "renewed": done.renewed,
            "tables": dg.MetadataValue.md(f"| table | rows |\n|---|---:|\n{rows}"),
        }
    )
