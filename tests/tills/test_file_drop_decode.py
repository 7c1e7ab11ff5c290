"""Rows into sales: every declaration of a file drop, with exact figures, and every kind of bad row."""

from decimal import Decimal
from pathlib import Path

import pytest

from bp_assets.domain.sale import Kind, LineType, Sale
from bp_assets.tills.protocol import Decoded, Excluded
from tests.tills.dropping import fault, one_receipt, row, sale


def figures(one: Decoded) -> list[tuple[int, int, int]]:
    return [(line.net_minor, line.tax_minor, line.gross_minor) for line in one.lines]


# -- amounts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "inclusive", "values", "expected"),
    [
        ({}, True, {"gross": "12.00"}, (1000, 200, 1200)),
        ({"net": "net", "gross": None}, False, {"net": "10.00"}, (1000, 200, 1200)),
        ({"net": "net", "tax": "tax", "gross": None}, False, {"net": "10.00", "tax": "1.99"}, (1000, 199, 1199)),
        ({"tax": "tax"}, True, {"gross": "12.00", "tax": "1.99"}, (1001, 199, 1200)),
        ({"net": "net"}, True, {"net": "10.01", "gross": "12.00"}, (1001, 199, 1200)),
        ({"unit_price": "price", "gross": None}, True, {"price": "0.335", "qty": "3"}, (84, 17, 101)),
        ({"unit_price": "price", "gross": None}, False, {"price": "0.335", "qty": "3"}, (101, 20, 121)),
        ({"unit_price": "price", "gross": None}, False, {"price": "0.005", "qty": "1", "rate": "0"}, (1, 0, 1)),
        ({}, True, {"gross": "12.00", "rate": ""}, (1200, 0, 1200)),
        ({}, True, {"gross": "-0.00"}, (0, 0, 0)),
    ],
)
def test_two_figures_or_one_and_a_rate_make_a_line(
    tmp_path: Path, columns: dict, inclusive: bool, values: dict, expected: tuple[int, int, int]
) -> None:
    one = sale(tmp_path, row(**values), columns=columns, prices_include_tax=inclusive)
    assert figures(one) == [expected]
    assert [tender.amount_minor for tender in one.tenders] == ([expected[2]] if expected[2] else [])


def test_the_default_tax_rate_and_code_hold_where_the_row_has_none(tmp_path: Path) -> None:
    one = sale(tmp_path, row(rate=""), default_tax_rate=20, default_tax_code="STD")
    assert [(tax.code, tax.rate, tax.amount_minor, tax.inclusive) for tax in one.lines[0].taxes] == [
        ("STD", Decimal(20), 200, True)
    ]


def test_a_tax_without_a_rate_is_quarantined(tmp_path: Path) -> None:
    one = fault(tmp_path, row(rate="", tax="2.00"), columns={"tax": "tax"})
    assert (one.reason_code, "a tax of 200 without a tax rate" in one.message) == ("bad_number", True)


def test_figures_of_a_row_that_contradict_each_other_are_quarantined(tmp_path: Path) -> None:
    one = fault(tmp_path, row(net="10.00", tax="1.00"), columns={"net": "net", "tax": "tax"})
    assert one.message == "receipt R1: till.csv row 2: net 1000 + tax 100 is not gross 1200"


def test_a_line_discount_is_told_beside_the_amounts_that_contain_it(tmp_path: Path) -> None:
    one = sale(tmp_path, row(off="3.00"), columns={"discount": "off"})
    assert [(discount.amount_minor) for discount in one.lines[0].discounts] == [-300]
    assert figures(one) == [(1000, 200, 1200)]


# -- sides ------------------------------------------------------------------------------------------------------------


def back(one: Sale) -> list[tuple[bool, Decimal, int]]:
    return [(line.returned, line.quantity, line.gross_minor) for line in one.lines]


def test_returns_by_sign(tmp_path: Path) -> None:
    one = sale(tmp_path, row(qty="-2", gross="-24.00", was="R0"), columns={"original_receipt": "was"})
    assert (one.kind, back(one), one.original_source_id) == (Kind.GOODS_RETURN, [(True, Decimal(-2), -2400)], "R0")
    assert (one.lines[0].original.source_id, one.lines[0].restock.place) == ("R0", "shop")
    assert [tender.amount_minor for tender in one.tenders] == [-2400]


def test_returns_by_sign_of_the_quantity_with_amounts_that_have_none(tmp_path: Path) -> None:
    one = sale(tmp_path, row(qty="-2", gross="24.00"), amounts_are_signed=False)
    assert back(one) == [(True, Decimal(-2), -2400)]


def test_returns_by_the_prefix_of_the_receipt_number(tmp_path: Path) -> None:
    marker = {"by": "receipt_prefix", "prefix": "C"}
    prices = {"unit_price": "price", "gross": None}
    one = sale(tmp_path, row(no="C1", qty="-3", price="1.10"), columns=prices, returns=marker)
    assert (one.kind, back(one)) == (Kind.GOODS_RETURN, [(True, Decimal(-3), -330)])


def test_returns_by_a_column_with_positive_figures(tmp_path: Path) -> None:
    marker = {"by": "column", "column": "type", "values": ["RETURN"], "positive_quantities": True}
    rows = row(type="RETURN", qty="1", gross="12.00"), row(type="SALE", qty="1", gross="20.00")
    one = sale(tmp_path, *rows, returns=marker)
    assert one.kind is Kind.EXCHANGE and one.exchange_group == "R1"
    assert sorted(back(one)) == [(False, Decimal(1), 2000), (True, Decimal(-1), -1200)]
    assert [tender.amount_minor for tender in one.tenders] == [800]


def test_a_marked_return_with_a_positive_quantity_contradicts_itself(tmp_path: Path) -> None:
    one = fault(tmp_path, row(no="C1"), returns={"by": "receipt_prefix", "prefix": "C"})
    assert (one.reason_code, "the quantity 1 is positive" in one.message) == ("conflicting_rows", True)


def test_damaged_goods_go_where_the_map_says(tmp_path: Path) -> None:
    places = {"restock_values": {"BROKEN": "quarantine", "LOST": "none"}, "columns": {"restock": "state"}}
    rows = [row(qty="-1", gross="-12.00", state=state) for state in ("BROKEN", "LOST", "GOOD")]
    one = sale(tmp_path, *rows, **places)
    assert sorted(line.restock.place for line in one.lines) == ["none", "quarantine", "shop"]


# -- kinds of lines ---------------------------------------------------------------------------------------------------

TYPED = {
    "columns": {"line_type": "kind"},
    "line_types": {"DISC": "discount", "TIP": "tip", "CARD": "gift_card_sale", "ROUND": "rounding", "POST": "shipping"},
}


def test_line_types_by_column_and_by_sku(tmp_path: Path) -> None:
    rows = [
        row(kind="", sku="MUG"),
        row(kind="DISC", gross="-1.20", sku=""),
        row(kind="TIP", gross="2.00", rate="0", sku=""),
        row(kind="CARD", gross="25.00", rate="0", sku=""),
        row(kind="ROUND", gross="-0.02", rate="0", sku=""),
        row(kind="", sku="POST", gross="3.00"),
    ]
    one = sale(tmp_path, *rows, **TYPED)
    found = {str(line.type): (line.net_minor, line.tax_minor, len(line.taxes), line.returned) for line in one.lines}
    assert found == {
        "item": (1000, 200, 1, False),
        "discount": (-100, -20, 1, False),
        "tip": (200, 0, 0, False),
        "gift_card_sale": (2500, 0, 0, False),
        "rounding": (-2, 0, 0, False),
        "shipping": (250, 50, 1, False),
    }
    assert one.kind is Kind.SALE


def test_the_discount_of_a_receipt_that_only_takes_back_belongs_to_the_credit(tmp_path: Path) -> None:
    one = sale(tmp_path, row(kind="", qty="-1", gross="-12.00"), row(kind="DISC", qty="1", gross="1.20"), **TYPED)
    assert one.kind is Kind.GOODS_RETURN
    assert sorted((str(line.type), line.returned, line.gross_minor) for line in one.lines) == [
        ("discount", True, 120),
        ("item", True, -1200),
    ]


def test_money_back_without_goods_is_refund_only(tmp_path: Path) -> None:
    one = sale(tmp_path, row(kind="POST", qty="-1", gross="-3.00"), **TYPED)
    assert (one.kind, one.gross_minor, one.lines[0].type) == (Kind.REFUND_ONLY, -300, LineType.SHIPPING)


# -- times ------------------------------------------------------------------------------------------------------------


def test_local_times_are_the_shops_and_offsets_are_kept(tmp_path: Path) -> None:
    summer = sale(tmp_path, row(at="2026-07-01T00:30:00"))
    assert (summer.sold_at.isoformat(), summer.business_date.isoformat()) == ("2026-06-30T23:30:00+00:00", "2026-07-01")
    told = sale(tmp_path, row(at="2026-07-01T00:30:00+02:00"))
    assert (told.sold_at.isoformat(), told.business_date.isoformat()) == ("2026-06-30T22:30:00+00:00", "2026-06-30")


def test_a_time_format_is_obeyed(tmp_path: Path) -> None:
    one = sale(tmp_path, row(at="03/02/2026 14:05"), time_format="%d/%m/%Y %H:%M")
    assert one.sold_at.isoformat() == "2026-02-03T14:05:00+00:00"
    bad = fault(tmp_path, row(at="2026-02-03"), time_format="%d/%m/%Y %H:%M")
    assert bad.message == "receipt R1: till.csv row 2: at: '2026-02-03' is not a time in the form %d/%m/%Y %H:%M"


def test_the_hour_that_happens_twice_is_taken_the_first_time_and_noted(tmp_path: Path) -> None:
    one = sale(tmp_path, row(at="2026-10-25T01:30:00"))
    assert one.sold_at.isoformat() == "2026-10-25T00:30:00+00:00"
    assert one.notes == ("the local time 2026-10-25T01:30:00 happened twice (clocks went back); the first was taken",)


def test_the_hour_that_never_happens_is_moved_forward_and_noted(tmp_path: Path) -> None:
    one = sale(tmp_path, row(at="2026-03-29T01:30:00"))
    assert one.sold_at.isoformat() == "2026-03-29T01:30:00+00:00"  # 02:30 on the shop's clock
    assert one.notes == ("the local time 2026-03-29T01:30:00 did not exist (clocks went forward); moved forward",)


def test_a_rows_own_time_zone_counts_and_an_unknown_one_is_quarantined(tmp_path: Path) -> None:
    zoned = {"columns": {"time_zone": "tz"}}
    one = sale(tmp_path, row(tz="Europe/Paris"), **zoned)
    assert (one.sold_at.isoformat(), one.time_zone) == ("2026-11-20T09:00:00+00:00", "Europe/Paris")
    for name in ("Mars/Olympus", "../etc/passwd"):
        bad = fault(tmp_path, row(tz=name), **zoned)
        assert (bad.reason_code, repr(name) in bad.message) == ("unknown_time_zone", True)


def test_a_declared_business_date_wins_over_the_clock(tmp_path: Path) -> None:
    one = sale(tmp_path, row(at="2026-11-21T00:40:00", day="2026-11-20"), columns={"business_date": "day"})
    assert one.business_date.isoformat() == "2026-11-20"


@pytest.mark.parametrize("when", ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59"])
def test_a_time_that_no_sale_can_have_is_no_sale(tmp_path: Path, when: str) -> None:
    bad = fault(tmp_path, row(at=when))
    assert bad.message == f"receipt R1: till.csv row 2: at: '{when}' is no time of a sale: the year is {when[:4]}"


# -- one number, two transactions -------------------------------------------------------------------------------------


def test_one_number_at_two_times_is_a_conflict(tmp_path: Path) -> None:
    one = fault(tmp_path, row(), row(at="2026-11-20T16:00:00", gross="5.00"))
    assert one.reason_code == "conflicting_rows" and "two transactions under one number" in one.message
    assert one.gross_minor == 1700


def test_lines_keyed_in_within_some_minutes_are_one_basket_closed_at_the_last(tmp_path: Path) -> None:
    one = sale(tmp_path, row(), row(at="2026-11-20T10:01:00"))
    assert (one.sold_at.isoformat(), len(one.lines), len(one.notes)) == ("2026-11-20T10:01:00+00:00", 2, 1)


def test_one_number_at_two_registers_is_a_conflict(tmp_path: Path) -> None:
    one = fault(tmp_path, row(till="1"), row(till="2"), columns={"register": "till"})
    assert (one.reason_code, "has the register 1 and 2" in one.message) == ("conflicting_rows", True)


def test_the_receipts_own_total_is_held_against_its_lines(tmp_path: Path) -> None:
    stated = {"columns": {"stated_gross": "total"}}
    assert sale(tmp_path, row(total="12.00"), **stated).stated.gross_minor == 1200
    lost = fault(tmp_path, row(total="24.00"), **stated)
    assert (lost.reason_code, lost.gross_minor) == ("totals_differ", 1200)
    torn = fault(tmp_path, row(total="24.00"), row(total="12.00"), **stated)
    assert torn.reason_code == "conflicting_rows"


# -- bad values -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("qty", "NaN", "qty: 'NaN' is not a finite number"),
        ("qty", "two", "qty: 'two' is not a number"),
        ("qty", "", "qty is empty"),
        ("gross", "inf", "gross: 'inf' is not a finite number"),
        ("gross", "12,00", "gross: '12,00' is not a number"),
        ("gross", "1e999999999", "gross: '1e999999999' has more than 15 places"),
        ("rate", "-20", "the tax rate -20 is negative"),
        ("gross", "", "neither an amount nor a unit price"),
    ],
)
def test_a_bad_number_names_file_row_and_column(tmp_path: Path, column: str, value: str, words: str) -> None:
    one = fault(tmp_path, row(no="R0"), row(**{"no": "R0", column: value}))
    assert one.reason_code == "bad_number", one
    assert "till.csv row 3: " in one.message and words in one.message and "R0" in one.message


def test_another_currency_is_quarantined(tmp_path: Path) -> None:
    one = fault(tmp_path, row(cur="EUR"), columns={"currency": "cur"})
    assert one.reason_code == "wrong_currency"
    assert one.message == "receipt R1: till.csv row 2: the row is in EUR, the shop trades in GBP"


def test_what_can_still_be_read_of_a_bad_receipt_is_kept(tmp_path: Path) -> None:
    one = fault(tmp_path, row(), row(qty="two", gross="6.00"))
    assert (one.net_minor, one.tax_minor, one.gross_minor) == (1500, 300, 1800)
    assert (one.receipt_number, one.business_date.isoformat()) == ("R1", "2026-11-20")


def test_negative_zero_is_zero(tmp_path: Path) -> None:
    one = sale(tmp_path, row(qty="-0", gross="-0.00"))
    assert (str(one.lines[0].quantity), one.lines[0].returned, one.kind) == ("0", False, Kind.SALE)


def test_ten_thousand_lines_are_one_sale(tmp_path: Path) -> None:
    one = sale(tmp_path, *[row(sku=f"S{number}") for number in range(10_000)])
    assert (len(one.lines), one.gross_minor, len({line.line_id for line in one.lines})) == (10_000, 12_000_000, 10_000)


# -- excluded ---------------------------------------------------------------------------------------------------------


def test_a_voided_receipt_is_excluded_without_money(tmp_path: Path) -> None:
    one = one_receipt(tmp_path, [row(state="VOID")], void_column="state", void_values=["VOID"])
    assert isinstance(one, Excluded)
    assert (one.reason_code, one.sale.kind, one.sale.lines) == ("void", Kind.VOID, ())


def test_a_voided_line_is_left_out_of_its_receipt(tmp_path: Path) -> None:
    one = sale(tmp_path, row(state=""), row(state="VOID"), void_column="state", void_values=["VOID"])
    assert (len(one.lines), one.notes) == (1, ("1 voided row(s) left out",))


def test_a_receipt_that_a_rule_names_is_excluded_with_its_money_and_the_rules_reason(tmp_path: Path) -> None:
    rules = [{"column": "sku", "values": ["FLOAT"], "starts_with": "TEST", "reason": "training till"}]
    one = one_receipt(tmp_path, [row(sku="TEST-1"), row(sku="FLOAT")], exclude=rules)
    assert isinstance(one, Excluded)
    assert (one.reason_code, one.message, one.sale.gross_minor) == (
        "excluded_by_rule",
        "receipt R1: training till",
        2400,
    )
    assert isinstance(one_receipt(tmp_path, [row(sku="TEST-1"), row()], exclude=rules), Sale)


def test_a_receipt_worth_nothing_is_excluded_where_the_shop_says_so(tmp_path: Path) -> None:
    nothing = [row(gross="0"), row(qty="-4", gross="0")]
    one = one_receipt(tmp_path, nothing, zero_value_receipts="exclude")
    assert isinstance(one, Excluded) and one.reason_code == "zero_value"
    assert isinstance(one_receipt(tmp_path, nothing), Sale)


def test_customer_operator_session_and_order_reference_are_kept(tmp_path: Path) -> None:
    columns = {"customer_email": "mail", "customer_id": "cid", "operator": "who", "session": "z", "order_ref": "web"}
    columns |= {"ship_later": "later"}
    rows = (
        row(sku="A", mail="", cid="", who="ann", z="7", web="", later="yes"),
        row(sku="B", mail="a@b.example", cid="17850", who="ann", z="7", web="W1", later="no"),
    )
    one = sale(tmp_path, *rows, columns=columns)
    assert (one.customer.email, one.customer.source_id) == ("a@b.example", "17850")
    assert (one.operator_id, one.session_id, one.order_ref) == ("ann", "7", "W1")
    assert {line.sku: line.ship_later for line in one.lines} == {"A": True, "B": False}
