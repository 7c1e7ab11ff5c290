"""Findings stand in a table: first seen kept, gone when the cause is gone, other checks and tables left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from bp_assets.domain.findings import Finding
from checks.store import any_stored, store_findings
from tests.builders import NOW, Books

WAITING = Finding(
    check="unposted_sales", kind="pending", shop="leeds", receipt_number="1001", sale_id="sale-1001",
    business_date=date(2026, 11, 20), expected="verified", actual="pending; nothing was sent yet",
    difference_minor=1234, currency="GBP", owner="data", message="It waits.",
)  # fmt: skip
STALE = Finding(
    check="freshness", kind="stale", shop="", receipt_number="", sale_id="", business_date=None, expected="new",
    actual="old", place="products",
)  # fmt: skip
LATER = NOW + timedelta(hours=1)


def test_a_finding_is_stored_with_its_money_in_main_units(books: Books) -> None:
    store_findings(books.connection, "unposted_sales", [WAITING], NOW)
    assert books.sql("select * from findings") == [
        ("unposted_sales", "pending", "pending|sale-1001", "leeds", date(2026, 11, 20), "1001", "sale-1001", "",
         "verified", "pending; nothing was sent yet", Decimal("12.3400"), "GBP", "data", "It waits.", NOW, NOW)
    ]  # fmt: skip


def test_a_finding_that_stays_keeps_when_it_was_first_seen_even_if_its_figures_move(books: Books) -> None:
    store_findings(books.connection, "unposted_sales", [WAITING], NOW)
    moved = replace(WAITING, actual="pending; last step SO order, try 1: unknown")
    store_findings(books.connection, "unposted_sales", [moved], LATER)
    assert books.sql("select actual, first_seen, last_seen from findings") == [(moved.actual, NOW, LATER)]


def test_a_finding_disappears_with_its_cause_and_other_checks_keep_theirs(books: Books) -> None:
    store_findings(books.connection, "unposted_sales", [WAITING], NOW)
    store_findings(books.connection, "freshness", [STALE], NOW)
    store_findings(books.connection, "unposted_sales", [], LATER)
    assert books.sql("select check_name from findings") == [("freshness",)]
    assert not any_stored(books.connection, "unposted_sales")
    assert any_stored(books.connection, "freshness")


def test_a_check_that_ran_on_some_tables_leaves_findings_on_others(books: Books) -> None:
    broken = replace(STALE, check="contracts", kind="empty", place="pos_lines.sku")
    store_findings(books.connection, "contracts", [broken, replace(broken, place="prices.currency")], NOW)
    store_findings(books.connection, "contracts", [], LATER, ["pos_lines"])
    assert books.sql("select place from findings") == [("prices.currency",)]


def test_two_findings_about_the_same_thing_are_both_kept(books: Books) -> None:
    store_findings(books.connection, "unposted_sales", [WAITING, WAITING], NOW)
    assert books.sql("select finding_key from findings order by all") == [
        ("pending|sale-1001",), ("pending|sale-1001#2",),
    ]  # fmt: skip
