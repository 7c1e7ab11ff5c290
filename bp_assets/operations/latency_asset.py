"""Asset ``posting_latency``: how long sales take on their way. Read: the lake, the ledger's changes, the shops file.

Written: the table, and in the materialisation's metadata a plot of the last day, the same in figures, and the last
hour's percentiles as numbers, which Dagster itself draws over time. Only hours that something touched are computed.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import polars as pl
from duckdb import DuckDBPyConnection

from bp_assets import catalog
from bp_assets.config import ShopsFile
from bp_assets.lake.frames import Change, Writer
from bp_assets.operations import latency_plot
from bp_assets.operations.latency import MEANT, PERCENTILES, TABLE, latency, seconds, span, touched
from bp_assets.resources import LakeResource, LedgerResource, ShopsResource
from bp_assets.telling import Said, together, told

_NAMED = (("arrival to ERP", "captured_at", "posted_at"), ("sale to ERP", "sold_at", "posted_at"))
_FIGURES = ", ".join(
    f"{seconds(function.format(span(start, end)))}" for _, start, end in _NAMED for _, function in PERCENTILES
)
_DAY = f"""
select coalesce(shop, 'all shops'), count(*), count(posted_at), {_FIGURES}
from pos_transactions where captured_at >= $1 and {MEANT}
group by grouping sets ((shop), ()) having count(*) > 0 order by grouping(shop) desc, 1
"""
_PLOTTED = """
select shop, hour_start, captured_to_posted_p50_seconds::double, captured_to_posted_p95_seconds::double,
       captured_to_posted_max_seconds::double
from posting_latency where hour_start >= $1 and posted > 0 order by 1, 2
"""


class Hours(dg.Config):
    """``all_hours``: compute every hour anew, not only those that something touched."""

    all_hours: bool = False


@dg.asset(**catalog.attributes(TABLE), retry_policy=catalog.RETRY)
def posting_latency(
    context: dg.AssetExecutionContext, config: Hours, lake: LakeResource, ledger: LedgerResource, shops: ShopsResource
) -> dg.MaterializeResult:
    now, tables, file = datetime.now(UTC), lake.open(), shops.load()
    with tables.open() as reading:
        reading.execute("BEGIN")  # one snapshot for marks and rows
        found = touched(reading, ledger.open(), file, all_hours=config.all_hours)
        quiet = found.hours is not None and found.hours.is_empty()
        frame = None if quiet else latency(reading, file, now, found.hours)

    def store(writer: Writer) -> Said:
        changes = []
        if frame is not None and found.hours is None:
            changes = [writer.replace(TABLE, frame)]
        elif frame is not None and found.hours is not None:
            gone = found.hours.join(frame, on=["shop", "hour_start"], how="anti")
            changes = [Change(deleted=writer.delete_keys(TABLE, gone)), writer.upsert(TABLE, frame)]
        writer.set_mark(TABLE, found.mark, now)
        return Said.of(writer, TABLE, *changes)

    said = tables.write(store)
    with tables.open() as reading:
        figures = shown(reading, file, now)
    return told(context, TABLE, said, hours_computed=_count(found.hours), **figures)


def _count(hours: pl.DataFrame | None) -> str:
    return "all" if hours is None else str(hours.height)


def shown(reading: DuckDBPyConnection, shops: ShopsFile, now: datetime) -> dict[str, Any]:
    """What the materialisation shows: plot and figures of the last day, percentiles of the last hour as numbers."""
    zones = {shop.time_zone for shop in shops.shops}
    zone = ZoneInfo(zones.pop()) if len(zones) == 1 else ZoneInfo("UTC")
    end = now.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    axis = latency_plot.Axis(end, zone, float(shops.posting.promise_seconds))
    rows = reading.execute(_PLOTTED, [axis.first]).fetchall()
    hours = [latency_plot.Hour(shop, start.astimezone(UTC), *figures) for shop, start, *figures in rows]
    day = reading.execute(_DAY, [now - timedelta(hours=latency_plot.HOURS)]).fetchall()
    last = {row[0]: row for row in reading.execute(_DAY, [now - timedelta(hours=1)]).fetchall()}
    metadata: dict[str, Any] = {
        "plot": dg.MetadataValue.md(latency_plot.markdown(hours, axis)),
        "last_24_hours": dg.MetadataValue.md(_table(day)),
    }
    if (whole := last.get("all shops")) is not None and whole[3] is not None:
        metadata["p50_seconds_last_hour"] = float(whole[3])
        metadata["p95_seconds_last_hour"] = float(whole[4])
    return metadata


def _table(rows: list[tuple[Any, ...]]) -> str:
    """The last day's figures as a markdown table."""
    spans = [head for name, _, _ in _NAMED for head in (f"{name}: p50", "p95", "slowest")]
    heads = ["shop", "sales", "posted", *spans]
    lines = ["| " + " | ".join(heads) + " |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    for shop, sales, posted, *figures in rows:
        cells = ["" if figure is None else together(latency_plot.words(float(figure))) for figure in figures]
        lines.append("| " + " | ".join([together(shop), str(sales), str(posted), *cells]) + " |")
    return "\n".join(lines) if rows else "Nothing arrived in the last 24 hours."
