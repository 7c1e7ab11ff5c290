"""A sale's way into the tables: taken, posted, read back, counted, published; each step only for what changed."""

from __future__ import annotations

import duckdb

from bp_assets.jobs import FINANCE_TABLES, POSTED_TABLES, TILL_TABLES
from tests.orchestration.house import House


def test_sales_are_posted_read_back_and_reconciled(house: House) -> None:
    house.drop("1001", "1002", "1003")
    house.run("post_sales")
    assert house.ledger_rows("select state, count(*) from tillbridge.postings group by 1") == [("posted", 3)]
    house.run("refresh_products")
    house.run("read_back")
    for t in (*TILL_TABLES, *POSTED_TABLES, *FINANCE_TABLES[:-1]):
        print(t, house.rows(f"select count(*) from {t}"))
    print(house.rows("select * from sales_reconciliation"), house.rows("select * from daily_takings"))
    print(house.rows("select state, count(*) from pos_transactions group by 1"))
    with house.requests() as again:
        r = house.run("read_back")
    print(dict(again))
    for e in r.get_asset_materialization_events(): print(e.asset_key, {k:v.value for k,v in e.materialization.metadata.items() if 'column' not in k})
