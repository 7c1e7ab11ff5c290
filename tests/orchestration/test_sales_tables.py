"""A sale's way into the tables: taken, posted, read back, counted, published; each step only for what changed."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest

from bp_assets.jobs import POSTED_TABLES, SALES, TILL_TABLES
from tests.orchestration.house import House


@pytest.mark.slow
def test_sales_are_posted_read_back_reconciled_and_published(house: House) -> None:
    house.run("refresh_products")
    house.drop("1001", "1002", "1003")
    house.run("post_sales")
    assert house.ledger_rows("select state, count(*) from tillbridge.postings group by 1") == [("posted", 3)]

    house.run("read_back")
    tables = [*TILL_TABLES, *POSTED_TABLES, "posting_latency", "sales_reconciliation", "daily_takings"]
    counts = {table: house.rows(f"select count(*) from {table}")[0][0] for table in tables}
    assert counts == {
        "pos_transactions": 3, "pos_lines": 3, "pos_tenders": 3, "till_totals": 0, "receipt_versions": 3,
        "posting_log": 15, "posted_orders": 3, "posted_order_rows": 3, "posted_payments": 3, "posted_goods": 3,
        "posting_latency": 1, "sales_reconciliation": 1, "daily_takings": 2,
    }  # fmt: skip
    day = "select till_gross, erp_gross, difference_gross, verified_count, unsettled_count from sales_reconciliation"
    assert house.rows("select sales, sent, posted, verified from posting_latency") == [(3, 3, 3, 3)]
    expected = [(Decimal("36.0000"), Decimal("36.0000"), Decimal("0.0000"), 3, 0)]
    assert house.rows(day) == expected
    assert house.rows("select distinct external_ref = 'SO-' || sale_id from posted_orders") == [(True,)]
    with duckdb.connect(str(house.home.finance_file), read_only=True) as published:
        assert published.execute(day).fetchall() == expected


@pytest.mark.slow
def test_reading_back_again_costs_two_searches_and_writes_nothing(house: House) -> None:
    house.drop("1001", "1002")
    house.run("post_sales")
    house.run("read_back")
    with house.requests() as asked:
        again = house.run("read_back")
    assert asked == {"GET /order-service/order-search": 2}
    events = [event.materialization for event in again.get_asset_materialization_events()]
    names = {event.asset_key.to_user_string() for event in events}
    assert names == set(SALES)
    written = {
        event.asset_key.to_user_string(): event.metadata["rows_written"].value
        for event in events
        if "rows_written" in event.metadata
    }
    # The first reading's own requests are news to the table that counts requests, and to no other.
    assert {table for table, count in written.items() if count} <= {"erp_requests"}

    house.drop("1003", day="2026-11-21")
    house.run("post_sales")
    third = house.run("read_back")
    since = third.asset_materializations_for_node("sales_reconciliation")[0].metadata["computed_since"].value
    assert since == "2026-11-21"
    assert house.rows("select business_date::varchar, verified_count from sales_reconciliation order by 1") == [
        ("2026-11-20", 2), ("2026-11-21", 1),
    ]  # fmt: skip


@pytest.mark.slow
def test_an_order_changed_by_a_person_in_the_erp_is_found_without_a_hint(house: House) -> None:
    house.drop("1001")
    house.run("post_sales")
    house.run("read_back")
    ((order_id,),) = house.rows("select order_id from posted_orders")
    house.edit_order(order_id, channelId=2)
    house.run("read_back")
    assert house.rows("select channel_id from posted_orders") == [(2,)]


@pytest.mark.slow
def test_rejected_sales_are_posted_after_the_map_was_mended(house: House) -> None:
    text = house.config.read_text()
    house.config.write_text(text.replace('card = "CARD"', 'cash = "CASH"'))
    house.drop("1001")
    house.run("post_sales")
    state = "select state, reason_code from tillbridge.postings"
    assert house.ledger_rows(state) == [("rejected", "tender_not_mapped")]
    house.config.write_text(text)
    house.run("retry_rejected", retry_rejected_sales={"reason_code": "tender_not_mapped"})
    assert house.ledger_rows(state) == [("posted", "")]
    assert len(house.books()["orders"]) == 1


@pytest.mark.slow
def test_the_day_is_closed_with_the_tills_own_totals_and_every_check(house: House) -> None:
    house.run("refresh_all")
    house.drop("1001", "1002")
    house.run("post_sales")
    closed = house.run("close_day")
    day = "select till_says_count, till_says_gross, till_count from sales_reconciliation"
    said = house.rows(f"{day} where business_date = '2026-11-20'")
    assert said == [(2, Decimal("24.0000"), 2)]
    checks = {one.check_name: one.passed for one in closed.get_asset_check_evaluations()}
    assert {"conservation", "tax_mismatches", "unposted_sales", "return_drift", "stock_drift"} <= set(checks)
    assert [name for name, passed in checks.items() if not passed] == []
