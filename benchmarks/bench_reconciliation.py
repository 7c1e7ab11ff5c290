"""How long one reconciliation of a million receipts takes, and how that compares with comparing them one by one.

Read: nothing. Written: nothing but the figures on the screen. Exit 1 where the million takes longer than ``LIMIT``.

    python -m benchmarks.bench_reconciliation [--receipts 1000000]

The set is made inside DuckDB: 20 shops, a year, 97 % verified, the rest in every other state, some read only after a
posting was cut short. The baseline is the loop one would write first: a dictionary of ERP orders and one ``Decimal``
addition per receipt and column. It runs on a tenth of the same set, in the same process, and both results are compared.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb

from bp_assets.config import ShopsFile, loads
from bp_assets.finance.reconciliation import reconciliation
from bp_assets.lake.tables import PUBLISHED

LIMIT = 2.0
AS_OF = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
SHOPS = 20
_HEAD = """
[erp]
base_url = "http://127.0.0.1"
account = "bench"
app_ref = "bench"
integration_instance_id = 1
currency = "GBP"
[nominal_codes]
discount = "1"
shipping = "1"
service_charge = "1"
tip = "1"
gift_card = "1"
rounding = "1"
fee = "1"
deposit = "1"
adjustment = "1"
[tax_map]
"20" = "T20"
[tender_map]
card = "CARD"
"""
_SHOP = """
[[shops]]
key = "shop{n}"
name = "Shop {n}"
warehouse_id = {id}
channel_id = {id}
price_list_id = 2
walk_in_contact_id = 200
time_zone = "Europe/London"
[shops.feed]
kind = "file_drop"
folder = "drop/{n}"
prices_include_tax = true
default_tender = "card"
columns = {{ receipt = "r", sold_at = "t", quantity = "q", unit_price = "p" }}
"""


def shops_file() -> ShopsFile:
    return loads(_HEAD + "".join(_SHOP.format(n=n, id=n + 1) for n in range(SHOPS)))


def filled(receipts: int) -> duckdb.DuckDBPyConnection:
    """An in-memory lake of that many receipts with one or two lines each, and the ERP's orders for them."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    for table in PUBLISHED:
        columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
        connection.execute(f"create table {table.name} ({columns})")
    connection.execute(f"""
        create temp table seed as
        select n, 'file_drop-shop' || (n % {SHOPS}) || '-' || lpad(n::varchar, 9, '0') as sale_id,
               'shop' || (n % {SHOPS}) as shop, date '2026-01-01' + ((n // {SHOPS}) % 365)::int as day,
               ((hash(n) % 9000) + 100)::BIGINT * (case when n % 23 = 0 then -1 else 1 end) as net_minor,
               case when n % 100 < 97 then 'verified'
                    else ['pending', 'sending', 'unknown', 'posted', 'rejected', 'excluded', 'quarantined']
                         [1 + (n // 100) % 7] end as state
        from range({receipts}) t(n)
    """)  # fmt: skip
    # 0.01 and 0.002 are exact decimals: no money is ever divided.
    connection.execute("""
        insert into pos_transactions by name
        select sale_id, shop, 'R' || n as receipt_number, 'sale' as kind, 'pos' as channel, state, '' as reason_code,
               '' as message, day::timestamp + interval 12 hour as sold_at,
               case when state = 'quarantined' then null else day end as business_date,
               case when state <> 'quarantined' then (net_minor * 0.01::DECIMAL(3,2))::DECIMAL(18,4) end as net,
               case when state <> 'quarantined' then (net_minor * 0.002::DECIMAL(4,3))::DECIMAL(18,4) end as tax,
               net + tax as gross, 'GBP' as currency, 1 as line_count, 'file_drop' as source, n::varchar as source_id,
               day::timestamp + interval 12 hour as captured_at, 1 as attempts
        from seed
    """)
    connection.execute("""
        insert into pos_lines by name
        select sale_id, i::varchar as line_id, shop, business_date, 'item' as type, net < 0 as returned, 'SKU' as sku,
               '' as description, 1 as quantity, 0 as discount, '' as till_tax, 20 as tax_rate, true as tax_inclusive,
               case when i = 1 then net else 0 end as net, case when i = 1 then tax else 0 end as tax,
               case when i = 1 then gross else 0 end as gross, currency, false as ship_later
        from pos_transactions, range(1, 3) t(i) where state <> 'quarantined'
    """)
    connection.execute("""
        insert into posted_orders by name
        select row_number() over () as order_id, case when gross < 0 then 'SC' else 'SO' end as document, sale_id,
               sale_id as external_ref, abs(net) as net, abs(tax) as tax, abs(gross) as total, currency,
               captured_at as placed_on, captured_at as as_of
        from pos_transactions
        where state in ('verified', 'posted') or (state = 'rejected' and attempts = 1 and hash(sale_id) % 2 = 0)
    """)
    return connection


def one_by_one(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, date], tuple[int, Decimal, Decimal]]:
    """Count, till gross and ERP gross per shop and day, the way one would write it first."""
    erp: dict[str, Decimal] = defaultdict(Decimal)
    for sale, document, total in connection.execute("select sale_id, document, total from posted_orders").fetchall():
        erp[sale] += -total if document == "SC" else total
    days: dict[tuple[str, date], tuple[int, Decimal, Decimal]] = {}
    rows = connection.execute(
        "select sale_id, shop, business_date, captured_at, gross from pos_transactions"
    ).fetchall()
    for sale, shop, day, captured, gross in rows:
        key = (shop, day or captured.date())
        count, till, there = days.get(key, (0, Decimal(0), Decimal(0)))
        days[key] = (count + 1, till + (gross or 0), there + erp.get(sale, Decimal(0)))
    return days


def timed(receipts: int) -> tuple[float, float, int]:
    """Seconds of the reconciliation (best of three), seconds of the loop (0 where not run), rows made."""
    connection, shops = filled(receipts), shops_file()
    took = []
    for _ in range(3):
        start = time.perf_counter()
        frame = reconciliation(connection, shops, AS_OF)
        took.append(time.perf_counter() - start)
    if frame["unexplained_gross"].sum() != 0:
        raise AssertionError("the set has no unexplained money, the reconciliation found some")
    loop = 0.0
    if receipts <= 100_000:
        start = time.perf_counter()
        slow = one_by_one(connection)
        loop = time.perf_counter() - start
        fast = {
            (row["shop"], row["business_date"]): (row["till_count"], row["till_gross"], row["erp_gross"])
            for row in frame.iter_rows(named=True)
        }
        if fast != slow:
            raise AssertionError("the reconciliation and the loop disagree")
    return min(took), loop, frame.height


def main() -> int:
    parser = argparse.ArgumentParser(description="Times the reconciliation of many receipts.")
    parser.add_argument("--receipts", type=int, default=1_000_000, help="how many receipts (default 1000000)")
    receipts = parser.parse_args().receipts
    small = min(100_000, receipts)
    fast, loop, _ = timed(small)
    whole, _, rows = timed(receipts)
    print(f"{small:>9,} receipts: reconciliation {fast:.2f} s, one by one {loop:.2f} s, {loop / fast:.1f} times faster")
    print(f"{receipts:>9,} receipts: reconciliation {whole:.2f} s, {rows:,} rows of shop and day")
    if whole > LIMIT:
        print(f"too slow: {whole:.2f} s is more than {LIMIT:.0f} s")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
