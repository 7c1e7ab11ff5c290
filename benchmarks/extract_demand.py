"""How long demand_daily takes over five years of 5,000 products in 20 places, as a whole and for one more day.

Read: nothing. Written: a lake in a temporary folder, with a PostgreSQL of its own. A part of ``bench_extract.py``:

    python -m benchmarks.bench_extract demand

The books are made inside DuckDB, straight into the lake: 20 warehouses, half of them shops with tills whose receipts
were posted; three rows an order, one order in twenty a credit on an earlier one; each product in each place runs out
about once a year for some days. One more day brings a day's orders and receipts, goods that come back up to two months
after they were sold, edits of half of the last days' orders, and the day's stock. The lake is that of the product: two
threads, a gigabyte of memory. Both ways must come to the same.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.bench_reconciliation import shops_file
from benchmarks.figures import Figures
from bp_assets.config.home import Home
from bp_assets.forecasting import demand
from bp_assets.lake.connect import MEMORY, THREADS, Lake
from bp_assets.lake.frames import Change
from bp_assets.lake.migrate import migrate
from bp_assets.ledger import cluster
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.server import lake_catalogue_dsn

FULL_SECONDS, DAY_SECONDS, QUERY_SECONDS = 10.0, 1.0, 2.0
PAGE = Path(__file__).parents[1] / "docs" / "analysts.md"
PRODUCTS, PLACES, DAYS = 5_000, 20, 1_826
ORDERS = 250_000
START = datetime(2021, 11, 20, tzinfo=UTC)
END = START + timedelta(days=DAYS)

# Order n: placed in order of time, so that numbers grow with it as they do in the ERP.
_ORDERS = """
create or replace temp table made as
select n, (hash(n) % {places})::BIGINT as place, hash(n, 1) % 20 = 0 and n > {late} as credit,
       timestamptz '{start}' + to_microseconds(((n - {first}) * {step})::BIGINT) as placed_on
from range({first}, {last}) t(n)
"""
_FILL = (
    """insert into orders by name
    select n as order_id, case when credit then 'SC' else 'SO' end as order_type,
           case when credit then n - 1 - (hash(n, 2) % {late})::BIGINT end as parent_order_id, 'R' || n as reference,
           3 as status_id, 'Invoiced' as status, placed_on, placed_on as created_on, place + 1 as channel_id,
           place + 1 as warehouse_id, 'EXC' as price_mode, 'GBP' as currency, 10 as net_total, 2 as tax_total,
           12 as total, false as is_drop_ship, placed_on as as_of
    from made order by n""",
    """insert into order_rows by name
    select n * 10 + i as order_row_id, n as order_id, (hash(n, i, 3) % {products})::BIGINT + 1001 as product_id,
           '' as product_name, 'SKU' || (hash(n, i, 3) % {products}) as product_sku, 1 + hash(n, i) % 3 as quantity,
           8 + (hash(n, i, 4) % 3)::INTEGER as net, 2 as tax, 'GBP' as currency, '4000' as nominal_code,
           8 as list_price, false as bundle_parent, false as bundle_child, placed_on as as_of
    from made, range(3) r(i) order by n, i""",
    """insert into pos_transactions by name
    select 'file_drop-shop' || place || '-' || lpad(n::varchar, 9, '0') as sale_id, 'shop' || place as shop,
           'R' || n as receipt_number, 'pos' as channel, 'verified' as state, '' as reason_code, '' as message,
           placed_on as sold_at, cast(timezone('Europe/London', placed_on) as date) as business_date,
           'GBP' as currency, 'file_drop' as source, n::varchar as source_id, placed_on as captured_at, 1 as attempts,
           placed_on as verified_at
    from made where place < {places} / 2 order by n""",
    """insert into posted_orders by name
    select n as order_id, case when credit then 'SC' else 'SO' end as document,
           'file_drop-shop' || place || '-' || lpad(n::varchar, 9, '0') as sale_id, '' as external_ref, 10 as net,
           2 as tax, 12 as total, 'GBP' as currency, placed_on, placed_on as as_of
    from made where place < {places} / 2 order by n""",
    """insert into pos_lines by name
    select 'file_drop-shop' || place || '-' || lpad(n::varchar, 9, '0') as sale_id, i::varchar as line_id,
           'shop' || place as shop, cast(timezone('Europe/London', placed_on) as date) as business_date, 'item' as type,
           credit as returned, 'SKU' || (hash(n, i, 3) % {products}) as sku, '' as description,
           case when credit then -1 else 1 end as quantity, 0 as discount, '' as till_tax, 8 as net, 2 as tax,
           10 as gross, 'GBP' as currency, false as ship_later,
           case when credit then 'file_drop-shop' || place || '-' ||
                lpad((n - 1 - (hash(n, 2) % {late})::BIGINT)::varchar, 9, '0') end as original_sale_id
    from made, range(3) r(i) where place < {places} / 2 order by n, i""",
)
_PRODUCTS = """insert into products by name
    select n + 1001 as product_id, 'SKU' || n as sku, '' as name, 'LIVE' as status, true as stock_tracked,
           false as bundle, timestamptz '{start}' as as_of
    from range({products}) t(n)"""
# One span without stock a year, of up to a week, and one with stock after it.
_HISTORY = """insert into availability_history by name
    with spans as (
        select p + 1001 as product_id, w + 1 as warehouse_id, y, timestamptz '{start}'
               + to_hours((y * 8760 + hash(p, w, y) % 8000)::BIGINT) as ran_out,
               (hash(p, w, y, 1) % 168 + 1)::BIGINT as hours
        from range({products}) a(p), range({places}) b(w), range(5) c(y)
    ),
    changes as (
        select product_id, warehouse_id, timestamptz '{start}' as from_instant, 5 as on_hand from spans where y = 0
        union all select product_id, warehouse_id, ran_out, 0 from spans
        union all select product_id, warehouse_id, ran_out + to_hours(hours), 5 from spans
    )
    select product_id, warehouse_id, from_instant, lead(from_instant) over place as to_instant, on_hand as in_stock,
           0 as allocated, on_hand, from_instant as as_of
    from changes window place as (partition by product_id, warehouse_id order by from_instant)
    order by from_instant"""
# What a day does to what was there before: half of the orders of the last three days were edited.
_EDITED = """update order_rows set quantity = quantity + 1 where order_id in (
    select order_id from orders where order_id >= {first} - {late} / 20 and hash(order_id, 9) % 2 = 0)"""
LATE_DAYS = 60  # goods come back up to so many days after they were sold


def filled(lake: Lake, orders: int) -> None:
    """Five years of books."""
    step = DAYS * 86_400_000_000 / orders
    words = {
        "start": START, "first": 0, "last": orders, "step": step, "places": PLACES, "products": PRODUCTS,
        "late": LATE_DAYS * orders // DAYS,
    }  # fmt: skip
    with lake.transaction() as writer:
        run = writer.connection.execute
        run(_ORDERS.format(**words))
        for statement in (*_FILL, _PRODUCTS, _HISTORY):
            run(statement.format(**words))
        writer.set_mark("availability_history", {}, END)


def one_more_day(lake: Lake, orders: int) -> None:
    """The next day's orders, receipts and stock; returns of things sold up to a month before; some orders edited."""
    a_day = orders // DAYS
    words = {
        "start": END, "first": orders, "last": orders + a_day, "step": 86_400_000_000 / a_day, "places": PLACES,
        "products": PRODUCTS, "late": LATE_DAYS * a_day,
    }  # fmt: skip
    with lake.transaction() as writer:
        run = writer.connection.execute
        run(_ORDERS.format(**words))
        for statement in _FILL:
            run(statement.format(**words))
        run(_EDITED.format(**words))
        writer.set_mark("availability_history", {}, END + timedelta(days=1))


def timed(lake: Lake, now: datetime, *, all_days: bool = False) -> tuple[float, demand.Done]:
    started = time.perf_counter()
    done = lake.write(lambda writer: demand.refresh(writer, shops_file(), now, all_days=all_days))
    return time.perf_counter() - started, done


def measured(lake: Lake, orders: int, figures: Figures) -> None:
    filled(lake, orders)
    figures.say(f"{orders:,} orders, {3 * orders:,} rows, {PRODUCTS:,} products x {PLACES} places, {DAYS:,} days; "
                f"{THREADS} threads, {MEMORY} of memory")  # fmt: skip
    whole, first = timed(lake, END)
    figures.note("rows of demand_daily", first.change.written, "rows")
    figures.add("all days", whole, "s", most=FULL_SECONDS)
    one_more_day(lake, orders)
    day, done = timed(lake, END + timedelta(days=1))
    if done.days is None:
        raise AssertionError("one more day must not compute all days")
    figures.note("days that it touched", len(done.days), "days")
    figures.note("rows written", done.change.written, "rows")
    figures.add("one more day", day, "s", most=DAY_SECONDS)
    again, checked = timed(lake, END + timedelta(days=1), all_days=True)
    figures.note("all days once more", again, "s")
    if checked.change != Change(0, 0):
        raise AssertionError(f"day by day and all at once disagree: {checked.change}")
    quiet, _ = timed(lake, END + timedelta(days=1))
    figures.note("nothing new", quiet, "s")
    figures.add("slowest query of docs/analysts.md", slowest_query(lake), "s", most=QUERY_SECONDS)


def slowest_query(lake: Lake) -> float:
    """Seconds of the slowest of the queries that analysts are shown."""
    slowest = 0.0
    for query in re.findall(r"^```sql\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        started = time.perf_counter()
        lake.read(query)
        slowest = max(slowest, time.perf_counter() - started)
    return slowest


def run(options: argparse.Namespace) -> Figures:
    """Measure it with so many orders as ``options`` says."""
    os.environ.pop("TILLBRIDGE_DATABASE_URL", None)  # never a database that somebody uses
    figures = Figures("demand")
    with tempfile.TemporaryDirectory(prefix="tillbridge-bench-") as folder:
        home = Home(Path(folder) / "home")
        home.root.mkdir()
        try:
            with Ledger.open(home):
                lake = Lake(home, lake_catalogue_dsn(home))
                migrate(lake)
                measured(lake, options.orders, figures)
        finally:
            cluster.stop(home.postgres)
    return figures
