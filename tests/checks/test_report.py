"""What a person reads in the UI: verdict, severity, money, who acts, a table that a till's text can't break."""

from __future__ import annotations

from dataclasses import replace

import dagster as dg
import polars as pl

from bp_assets.domain.findings import Finding
from checks.report import SHOWN, frame_table, result, summary
from tests.checks.test_store import WAITING

UNLINKED = Finding(
    check="return_drift", kind="unlinked", shop="leeds", receipt_number="7", sale_id="sale-7", business_date=None,
    expected="a known original sale", actual="no original named", owner="shop", message="m",
)  # fmt: skip


def test_no_findings_pass() -> None:
    verdict = result("unposted_sales", [])
    assert (verdict.passed, verdict.description) == (True, "Nothing to report.")
    assert verdict.metadata["findings"].value == 0


def test_money_beyond_the_promise_fails_as_an_error_and_names_who_acts() -> None:
    verdict = result("unposted_sales", [WAITING, replace(WAITING, difference_minor=-34)])
    assert (verdict.passed, verdict.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert verdict.description == "2 findings: 2 pending; 12.68 GBP"
    assert verdict.metadata["money"].value == "12.68 GBP"
    assert verdict.metadata["who acts"].value == "data"
    assert verdict.metadata["explained in"].value == "docs/checks.md#unposted_sales"
    assert verdict.metadata["what to do"].value.startswith("- **pending** (data): Nothing of it was sent")


def test_a_parked_receipt_fails_as_a_warning_and_an_information_passes() -> None:
    parked = result("unposted_sales", [replace(WAITING, kind="rejected")])
    assert (parked.passed, parked.severity) == (False, dg.AssetCheckSeverity.WARN)
    told = result("return_drift", [UNLINKED])
    assert (told.passed, told.description) == (True, "1 finding: 1 unlinked")


def test_the_table_shows_the_first_twenty_and_says_where_the_rest_are() -> None:
    many = [replace(WAITING, receipt_number=str(number)) for number in range(SHOWN + 1)]
    shown = result("unposted_sales", many).metadata
    assert len(shown["first findings"].value.splitlines()) == 2 + SHOWN
    assert shown["all findings"].value == "select * from findings where check_name = 'unposted_sales'"


def test_a_tills_own_text_does_not_break_the_table() -> None:
    awkward = replace(WAITING, actual="a | b\nc")
    row = result("unposted_sales", [awkward]).metadata["first findings"].value.splitlines()[2]
    assert "| a \\| b c |" in row


def test_frames_and_currencies_read_plainly() -> None:
    frame = pl.DataFrame({"sku": ["MUG"], "till": ["2.5000"]}).with_columns(pl.col("till").cast(pl.Decimal(18, 4)))
    assert frame_table(frame) == "| sku | till |\n|---|---|\n| MUG | 2.5 |"
    yen = replace(WAITING, currency="JPY", difference_minor=500)
    assert summary("unposted_sales", [WAITING, yen]) == "2 findings: 2 pending; 12.34 GBP, 500 JPY"
