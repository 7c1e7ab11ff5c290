"""``demand_daily`` brought up to date: only days that something touched are computed, only rows that differ written.

Read: the lake, the shops file. Written: demand_daily and its mark, in the writer's transaction.

The mark holds the snapshot it was computed from, up to when availability was known, and a digest of what was given: the
shops' places and time zones, the cancelled statuses, the shape of the lake's tables, this code's version. Where any of
that is another one, the snapshot is no longer kept, or very many days were touched, all days are computed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

from bp_assets.config import ShopsFile
from bp_assets.forecasting import places
from bp_assets.forecasting.changes import days_touched, kept, links, scope_of_days, snapshot, ties
from bp_assets.forecasting.demand_facts import CALENDAR, CLOCK
from bp_assets.forecasting.demand_rows import KEY, rows_of_all_days, rows_of_days
from bp_assets.forecasting.store import STANDING, settle
from bp_assets.lake.frames import Change, LakeMark, Writer

COMPUTED = "demand_computed"  # temporary, of the connection
VERSION = 1  # raised with every change to what the SQL computes
MOST_DAYS = 366  # touched at once, as by a first pull of the account: then all days are computed
DAY = timedelta(days=1)
_COMBINATION = KEY.replace("web", "sales_channel_kind")


@dataclass(frozen=True, slots=True)
class Done:
    """``days``: the days computed, ``None`` where it was all of them; ``change``: rows written and deleted."""

    days: list[date] | None
    change: Change


def refresh(writer: Writer, shops: ShopsFile, now: datetime, *, all_days: bool = False) -> Done:
    """Bring the table up to date with the lake as the transaction sees it."""
    connection, old = writer.connection, writer.mark("demand_daily")
    seen = writer.mark("availability_history")
    until = seen.as_of if seen else datetime.fromtimestamp(0, UTC)
    standing = snapshot(connection)
    with places.lent(connection, shops):
        given = _given(connection, shops)
        mark = {"snapshot": standing, "until": until.isoformat(), "given": given}
        parameters = places.parameters(shops)
        days: list[date] | None = None
        if old and not all_days and old.mark["given"] == given and kept(connection, old.mark["snapshot"]):
            touched = sorted(_touched(connection, shops, old, until, standing, parameters))
            days = touched if len(touched) <= MOST_DAYS else None
        change = _computed(writer, days, parameters | {"until": until, "as_of": now})
    writer.set_mark("demand_daily", mark, now, high_water=until if seen else None)
    return Done(days, change)


def _given(connection: DuckDBPyConnection, shops: ShopsFile) -> str:
    """A digest of everything beside the orders and receipts that the rows depend on."""
    cancelled = connection.execute("select status_id from cancelled_statuses order by 1").fetchall()
    shop_places = [(shop.key, shop.warehouse_id, shop.channel_id, shop.time_zone) for shop in shops.shops]
    shape = connection.execute("select shape from lake_version").fetchall()
    told = (VERSION, shape, cancelled, shop_places, sorted(places.parameters(shops).items()))
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _touched(
    connection: DuckDBPyConnection,
    shops: ShopsFile,
    old: LakeMark,
    until: datetime,
    standing: int,
    parameters: dict[str, Any],
) -> set[date]:
    links(connection)
    ties(connection)
    days = set()
    if standing != old.mark["snapshot"]:
        days = days_touched(connection, old.mark["snapshot"], standing, parameters)
    before = datetime.fromisoformat(old.mark["until"])
    if until > before:
        # Availability is known for longer: the day on which it ended goes on, and days were added.
        zones = {places.account_zone(shops), *(shop.time_zone for shop in shops.shops)}
        first = min(before.astimezone(ZoneInfo(zone)).date() for zone in zones)
        last = max(until.astimezone(ZoneInfo(zone)).date() for zone in zones)
        days |= _with_stock_history(connection, first, last)
    return days


def _with_stock_history(connection: DuckDBPyConnection, first: date, last: date) -> set[date]:
    """The days of a range; from the first one with any history on, which is long after the first of all instants."""
    begun = connection.execute("select min(from_instant) from availability_history").fetchone()
    if not begun or begun[0] is None:
        return set()
    first = max(first, begun[0].astimezone(UTC).date() - DAY)
    return {first + DAY * number for number in range((last - first).days + 1)}


def _computed(writer: Writer, days: list[date] | None, parameters: dict[str, Any]) -> Change:
    """Compute the days, and store the rows that differ. ``None`` computes all."""
    connection = writer.connection
    if days is None:
        empty = connection.execute("select not exists (from demand_daily)").fetchone() == (True,)
        compute_all(connection, parameters, into="demand_daily" if empty else "")
        if empty:
            return _counted(connection)
        connection.execute(f"create or replace temp table {STANDING} as select * from demand_daily")
        return settle(writer, "demand_daily", COMPUTED)
    if not days:
        return Change()
    wanted = set(days)
    for _ in range(2):  # once more at most: days on which nothing was sold change nothing for others
        _compute_days(connection, sorted(wanted), parameters)
        more = _first_sales_moved(connection, parameters["until"]) - wanted
        if not more:
            break
        wanted |= more
    return settle(writer, "demand_daily", COMPUTED)


def _counted(connection: DuckDBPyConnection) -> Change:
    row = connection.execute("select count(*) from demand_daily").fetchone()
    return Change(written=row[0] if row else 0)


def compute_all(connection: DuckDBPyConnection, parameters: dict[str, Any], into: str = "") -> None:
    """Put the rows of all days into a table, or make the temporary ``demand_computed``; ``places.lent`` surrounds it.

    ``parameters``: those of ``places.parameters``, ``until`` (up to when availability is known) and ``as_of``.
    """
    links(connection)
    _compute(connection, rows_of_all_days(), *_span(connection, parameters), parameters, into)


def _compute(
    connection: DuckDBPyConnection, query: str, first: date, last: date, given: dict[str, Any], into: str = ""
) -> None:
    """Run the query of the rows; its days are from ``first`` to ``last``."""
    connection.execute(CALENDAR, {"first": first - DAY, "last": last + DAY, "zone": given["zone"]})
    connection.execute(CLOCK)
    told = {name: given[name] for name in ("zone", "discount", "as_of")}
    edges = {"first_us": first - DAY, "last_us": last + 2 * DAY}
    told |= {name: _microseconds(datetime(day.year, day.month, day.day, tzinfo=UTC)) for name, day in edges.items()}
    told |= {"until_us": _microseconds(given["until"])}
    target = f"insert into {into} by name" if into else f"create or replace temp table {COMPUTED} as"
    connection.execute(f"{target} {query} order by day", told)


def _microseconds(instant: datetime) -> int:
    return (instant - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def _span(connection: DuckDBPyConnection, parameters: dict[str, Any]) -> tuple[date, date]:
    """First and last day that any row can have, generously."""
    row = connection.execute(
        """
        select min(first)::date, max(last)::date from (
            select min(coalesce(placed_on, created_on, as_of)) as first,
                   max(coalesce(placed_on, created_on, as_of)) as last from orders
            union all select min(business_date), max(business_date) from pos_transactions
            union all select min(from_instant), $until from availability_history
        )
        """,
        {"until": parameters["until"]},
    ).fetchone()
    today = parameters["as_of"].date()
    first, last = row if row and row[0] else (today, today)
    return first - 2 * DAY, max(last, first) + 2 * DAY


def _compute_days(connection: DuckDBPyConnection, days: list[date], parameters: dict[str, Any]) -> None:
    connection.execute(
        "create or replace temp table demand_days as select unnest($days::date[]) as day", {"days": days}
    )
    connection.execute(
        f"create or replace temp table {STANDING} as "
        "select d.* from demand_daily d semi join demand_days t on t.day = d.day"
    )
    scope_of_days(connection)
    _compute(connection, rows_of_days(), days[0], days[-1], parameters)


def _first_sales_moved(connection: DuckDBPyConnection, until: datetime) -> set[date]:
    """Days of no stock between an old and a new first sale of some product somewhere: their rows come or go."""
    connection.execute(
        f"""
        create or replace temp table demand_firsts as
        select {_COMBINATION}, min(day) filter (not anew) as stored, min(day) filter (anew) as computed from (
            select *, true as anew from {COMPUTED} where units_sold > 0
            union all
            select *, false from {STANDING} where units_sold > 0
        ) group by all having stored is distinct from computed
        """
    )
    if connection.execute("select exists (from demand_firsts)").fetchone() == (False,):
        return set()
    rows = connection.execute(
        f"""
        with elsewhere as (
            select {_COMBINATION}, min(day) as day from demand_daily d
            semi join demand_firsts t using ({_COMBINATION})
            anti join demand_days s on s.day = d.day
            where units_sold > 0 group by all
        ),
        moved as (
            select t.product_id, t.warehouse_id, least(t.stored, e.day) as before, least(t.computed, e.day) as after
            from demand_firsts t left join elsewhere e using ({_COMBINATION})
        ),
        ranges as (
            select product_id, warehouse_id, least(before, after) as low,
                   case when before is null or after is null then cast($until as date) + 1
                        else greatest(before, after) end as high
            from moved where before is distinct from after
        )
        select distinct unnest(generate_series(
            greatest(r.low, cast(h.from_instant as date) - 1),
            least(r.high, cast(least(coalesce(h.to_instant, $until), $until) as date) + 1),
            interval 1 day))::date
        from ranges r
        join availability_history h on h.product_id = r.product_id and h.warehouse_id = r.warehouse_id
        where h.on_hand <= 0
        """,
        {"until": until},
    ).fetchall()
    return {row[0] for row in rows}
