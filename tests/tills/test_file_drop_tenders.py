"""How a file drop's receipts were paid: rows of their own, columns, tips, change and rounding inside an amount."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.tills.dropping import fault, row, sale

PAID = {
    "columns": {"row_kind": "kind", "tender_method": "how", "tender_amount": "paid", "tender_change": "change"},
    "tender_row_kinds": ["PAY"],
    "line_row_kinds": ["ITEM"],
    "default_tender": None,
}


def pay(how: str, paid: str, **more: str) -> dict[str, str]:
    return row(kind="PAY", how=how, paid=paid, gross="", rate="", sku="", qty="", change="") | more


def test_tender_rows_settle_the_lines(tmp_path: Path) -> None:
    rows = [row(kind="ITEM"), pay("CASH", "5.00", change="15.00"), pay("Card", "7.00")]
    one = sale(tmp_path, *rows, **PAID)
    assert [(tender.method, str(tender.type), tender.amount_minor, tender.change_minor) for tender in one.tenders] == [
        ("CASH", "cash", 500, 1500),
        ("Card", "card", 700, 0),
    ]


def test_declared_tender_types_win_over_names(tmp_path: Path) -> None:
    one = sale(tmp_path, row(kind="ITEM"), pay("TOKEN", "12.00"), **PAID, tender_types={"token": "voucher"})
    assert [str(tender.type) for tender in one.tenders] == ["voucher"]


def test_tenders_that_do_not_settle_are_quarantined_with_both_sums(tmp_path: Path) -> None:
    one = fault(tmp_path, row(kind="ITEM"), pay("CASH", "11.00"), **PAID)
    assert one.reason_code == "unbalanced"
    assert one.message == "receipt R1: tenders add up to 1100, lines to 1200 (GBP minor)"
    assert (one.net_minor, one.tax_minor, one.gross_minor) == (1000, 200, 1200)


def test_a_row_kind_that_nobody_declared_is_quarantined(tmp_path: Path) -> None:
    one = fault(tmp_path, row(kind="FEE"), pay("CASH", "12.00"), **PAID)
    assert "kind is 'FEE'; declared are ITEM, PAY" in one.message


COLUMNS_PAID = {"columns": {"tender_method": "how", "tender_amount": "paid"}, "default_tender": None}


def test_tenders_in_columns_of_the_line_rows_add_up(tmp_path: Path) -> None:
    rows = [row(sku="A", how="CASH", paid="4.00"), row(sku="B", how="CARD", paid="20.00")]
    one = sale(tmp_path, *rows, **COLUMNS_PAID)
    assert sorted((tender.method, tender.amount_minor) for tender in one.tenders) == [("CARD", 2000), ("CASH", 400)]


def test_a_tender_repeated_on_every_row_is_one_tender(tmp_path: Path) -> None:
    rows = [row(sku=sku, how="CARD", paid="24.00") for sku in "AB"]
    assert [tender.amount_minor for tender in sale(tmp_path, *rows, **COLUMNS_PAID).tenders] == [2400]


def test_a_tender_id_tells_repetitions_from_two_tenders(tmp_path: Path) -> None:
    declared = {**COLUMNS_PAID, "columns": {**COLUMNS_PAID["columns"], "tender_id": "pid"}}
    rows = [row(sku=sku, how="CARD", paid="12.00", pid=pid) for sku, pid in (("A", "1"), ("B", "2"))]
    assert [tender.amount_minor for tender in sale(tmp_path, *rows, **declared).tenders] == [1200, 1200]


def test_a_tip_that_only_the_tender_tells_gets_its_line(tmp_path: Path) -> None:
    declared = {**PAID, "columns": {**PAID["columns"], "tender_tip": "tip"}}
    one = sale(tmp_path, row(kind="ITEM"), pay("CARD", "14.00", tip="2.00"), **declared)
    assert [(str(line.type), line.gross_minor) for line in one.lines] == [("item", 1200), ("tip", 200)]


@pytest.mark.parametrize(
    ("quantity", "lines", "paid", "rounding", "returned"),
    [
        ("1", "12.03", "12.05", "0.02", False),
        ("1", "12.02", "12.00", "-0.02", False),
        ("-1", "-12.02", "-12.00", "0.02", True),
    ],
)
def test_rounding_of_cash_that_only_the_tender_tells_gets_its_line_on_the_side_of_the_goods(
    tmp_path: Path, quantity: str, lines: str, paid: str, rounding: str, returned: bool
) -> None:
    declared = {**PAID, "columns": {**PAID["columns"], "tender_rounding": "rounded"}}
    goods = row(kind="ITEM", qty=quantity, gross=lines)
    one = sale(tmp_path, goods, pay("CASH", paid, rounded=rounding), **declared)
    amount = int(Decimal(rounding) * 100)
    told = [(str(line.type), line.gross_minor, line.returned) for line in one.lines]
    assert told[1:] == [("rounding", amount, returned)]
    assert (one.tenders[0].rounding_minor, one.outstanding_minor) == (amount, 0)


def test_a_tip_and_rounding_in_one_tender_get_a_line_each(tmp_path: Path) -> None:
    declared = {**PAID, "columns": {**PAID["columns"], "tender_tip": "tip", "tender_rounding": "rounded"}}
    one = sale(tmp_path, row(kind="ITEM"), pay("CASH", "14.05", tip="2.00", rounded="0.05"), **declared)
    assert [(str(line.type), line.gross_minor) for line in one.lines] == [("item", 1200), ("tip", 200), ("rounding", 5)]
