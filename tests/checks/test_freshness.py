"""freshness tells which tables are older than their cadence."""

from __future__ import annotations

from bp_assets.domain.findings import Finding
from bp_assets.extraction.resources import ALL
from bp_assets.jobs import FORECASTING_TABLES
from bp_assets.lake.freshness import FRESHNESS
from bp_assets.lake.tables import TABLES
from checks.context import CheckContext
from checks.freshness import freshness
from tests.builders import Books, minutes_ago


def refreshed(books: Books, table: str, minutes: int) -> None:
    books.put("lake_marks", table_name=table, mark="1", as_of=minutes_ago(minutes), rows=0)


def test_every_table_that_follows_a_source_has_a_contract() -> None:
    made_as_they_are_met = {"findings", "extraction_objects", "extraction_quarantine"}
    filled = {table.name for table in TABLES if not table.view} - made_as_they_are_met - {"table_dictionary"}
    assert set(FRESHNESS) == filled
    assert [name for name, contract in FRESHNESS.items() if contract.within <= contract.every] == []


def test_tables_within_their_cadence_are_not_found(books: Books, context: CheckContext) -> None:
    for table in FRESHNESS:
        refreshed(books, table, 30)
    assert freshness(books.connection, context) == []


def test_what_is_pulled_from_the_whole_account_is_due_once_that_was_begun(books: Books, context: CheckContext) -> None:
    for table, contract in FRESHNESS.items():
        if not contract.once_begun:
            refreshed(books, table, 1)
    for table in FORECASTING_TABLES:  # computed in every installation, from whatever is there
        refreshed(books, table, 1)
    assert freshness(books.connection, context) == []
    refreshed(books, "goods_movements", 1)
    found = freshness(books.connection, context, ["goods_movements", "orders", "products"])
    assert [(item.kind, item.place) for item in found] == [("never_filled", "orders")]


def test_rows_that_were_not_read_in_their_turn_are_found(books: Books, context: CheckContext) -> None:
    def brought_up_to_date(oldest_hours: int) -> list[tuple[str, str, str]]:
        books.sql("delete from lake_marks")
        books.put("lake_marks", table_name="prices", mark="1", as_of=minutes_ago(1), rows=9,
                  oldest=minutes_ago(oldest_hours * 60))  # fmt: skip
        found = freshness(books.connection, context, ["prices"])
        return [(item.kind, item.expected, item.actual) for item in found]

    assert brought_up_to_date(27) == []
    assert brought_up_to_date(28) == [("old_rows", "every row read within 24 hours", "last read 28 hours ago")]


def test_what_the_engine_does_is_what_the_contracts_promise() -> None:
    promised = [(name, FRESHNESS[name].every, FRESHNESS[name].reread) for one in ALL for name in one.tables]
    assert promised == [(name, one.every, one.rotate) for one in ALL for name in one.tables]
    assert len(promised) > 30


def test_a_stale_table_is_found_with_its_age_and_a_new_one_as_never_filled(books: Books, context: CheckContext) -> None:
    for table in FRESHNESS.keys() - {"prices"}:
        refreshed(books, table, 61 if table == "stock_levels" else 1)
    assert freshness(books.connection, context) == [
        Finding(
            check="freshness", kind="never_filled", shop="", receipt_number="", sale_id="", business_date=None,
            expected="refreshed every 3 hours", actual="never refreshed", place="prices", owner="data",
            message="prices was never refreshed. Materialise it once; if that fails, read the run's error.",
        ),
        Finding(
            check="freshness", kind="stale", shop="", receipt_number="", sale_id="", business_date=None,
            expected="at most 1 hour old", actual="1 hour 1 minute old", place="stock_levels", owner="data",
            message="stock_levels is 1 hour 1 minute old; it should be refreshed every 1 hour. "
            "Look whether its schedule is on and its last run succeeded; materialise it.",
        ),
    ]  # fmt: skip
    assert freshness(books.connection, context, ["products"]) == []
