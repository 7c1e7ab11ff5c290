"""How long sales take on their way, per shop and hour: the rows of ``posting_latency``.

Read: pos_transactions, the shops file (time zones), what changed in the ledger. Written: nothing; the asset stores it.

A sale counts in the hour in which its receipt reached us: that instant is from our own clock and never missing, while a
till's clock may stand in another year. Hours are those of the shop's clock, kept as instants, so that the hour in which
clocks go back is two rows. Spans are measured in microseconds and sorted as they are: a till whose clock is ahead gives
negative ones, which are counted and shown, and which move no percentile but those they belong to.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

from bp_assets.config import ShopsFile
from bp_assets.framing import lent
from bp_assets.lake.frames import mark
from bp_assets.ledger.changes import changes
from bp_assets.ledger.connection import Ledger

TABLE = "posting_latency"
SPANS = (
    ("sold_to_captured", "sold_at", "captured_at"),
    ("captured_to_sent", "captured_at", "sent_at"),
    ("captured_to_posted", "captured_at", "posted_at"),
    ("sold_to_posted", "sold_at", "posted_at"),
    ("posted_to_verified", "posted_at", "verified_at"),
)
# Understood and meant for the ERP; what was set aside on purpose or could not be read has no way to take, and what goes
# into a summary waits for the close of its day on purpose.
MEANT = "state not in ('excluded', 'quarantined') and posted_as is distinct from 'summary'"
PERCENTILES = (("p50", "quantile_disc({}, 0.5)"), ("p95", "quantile_disc({}, 0.95)"), ("max", "max({})"))
# Microseconds to seconds without a float in between, rounded to the thousandth.
_SECONDS = "({}::DECIMAL(18,0) * 0.000001)::DECIMAL(18,3)"

# The full hour of the shop's clock as an instant: the local time since that hour is taken off the instant itself.
_HOUR = "captured_at - (timezone(zone, captured_at) - date_trunc('hour', timezone(zone, captured_at)))"


def span(start: str, end: str) -> str:
    """A span of time in microseconds, in SQL; null until both its ends are known."""
    return f"epoch_us({end}) - epoch_us({start})"


def seconds(microseconds: str) -> str:
    """Microseconds in seconds, in SQL."""
    return _SECONDS.format(microseconds)


_MEASURED = ", ".join(f"{span(start, end)} as {name}" for name, start, end in SPANS)
_SUMMED = ",\n       ".join(
    f"{seconds(function.format(name))} as {name}_{percentile}_seconds"
    for name, _, _ in SPANS
    for percentile, function in PERCENTILES
)
_SQL = f"""
with placed as (
    select t.*, coalesce(z.zone, 'UTC') as zone from pos_transactions t left join shop_zones z on z.shop = t.shop
    where {MEANT} and ($since is null or captured_at >= $since)
),
measured as (
    select shop, zone, {_HOUR} as hour_start, sent_at, posted_at, verified_at, {_MEASURED} from placed
)
select shop, hour_start, timezone(zone, hour_start)::date as local_date,
       extract(hour from timezone(zone, hour_start))::integer as local_hour,
       count(*) as sales, count(sent_at) as sent, count(posted_at) as posted, count(verified_at) as verified,
       count(*) filter (sold_to_captured < 0) as sold_after_captured,
       {_SUMMED}
from measured {{among}}
group by shop, zone, hour_start
order by shop, hour_start
"""
_AMONG = "semi join touched_hours using (shop, hour_start)"
_HOURS = f"""
select distinct shop, {_HOUR} as hour_start
from (select a.*, coalesce(z.zone, 'UTC') as zone from arrivals a left join shop_zones z on z.shop = a.shop)
"""


@dataclass(frozen=True, slots=True)
class Touched:
    """``hours`` (shop, hour_start) are to be computed; ``None``: all. ``mark`` goes with the rows."""

    hours: pl.DataFrame | None
    mark: dict[str, Any]


def touched(reading: DuckDBPyConnection, ledger: Ledger, shops: ShopsFile, *, all_hours: bool) -> Touched:
    """The hours of sales that the lake received since the table was last computed. Other time zones touch them all."""
    sales, followed = mark(reading, "pos_transactions"), mark(reading, TABLE)
    zones = hashlib.sha256(repr(sorted(_zones(shops).items())).encode()).hexdigest()[:16]
    new = {"sales": sales.mark if sales else 0, "zones": zones}
    if all_hours or followed is None or followed.mark["zones"] != zones:
        return Touched(None, new)
    found = changes(ledger, "postings", followed.mark["sales"], columns=["shop", "captured_at"])
    if found.complete:
        return Touched(None, new)
    return Touched(_hours(reading, shops, found.rows), new)


def latency(
    connection: DuckDBPyConnection, shops: ShopsFile, as_of: datetime, hours: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The rows of ``hours`` (``None``: of all) in the columns of ``posting_latency``; one without sales has none."""
    if hours is None:
        with lent(connection, {"shop_zones": _zone_frame(shops)}):
            found = connection.execute(_SQL.format(among=""), {"since": None}).pl()
    else:
        with lent(connection, {"shop_zones": _zone_frame(shops), "touched_hours": hours}):
            found = connection.execute(_SQL.format(among=_AMONG), {"since": hours["hour_start"].min()}).pl()
    return found.with_columns(pl.lit(as_of).alias("as_of"))


def _hours(reading: DuckDBPyConnection, shops: ShopsFile, arrivals: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {"shop": pl.String(), "captured_at": pl.Datetime("us", "UTC")}
    frame = pl.DataFrame(arrivals, schema=schema, orient="row")
    with lent(reading, {"shop_zones": _zone_frame(shops), "arrivals": frame}):
        return reading.execute(_HOURS).pl()


def _zones(shops: ShopsFile) -> dict[str, str]:
    return {shop.key: shop.time_zone for shop in shops.shops}


def _zone_frame(shops: ShopsFile) -> pl.DataFrame:
    return pl.DataFrame(list(_zones(shops).items()), schema={"shop": pl.String(), "zone": pl.String()}, orient="row")
