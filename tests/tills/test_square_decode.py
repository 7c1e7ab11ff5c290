"""Square orders into sales: exact figures, from the shapes that Square documents."""

import copy
import json
from decimal import Decimal
from typing import Any

import pytest

from bp_assets.config import loads
from bp_assets.domain.sale import Kind, LineType, Sale
from bp_assets.tills.protocol import Decoded, Excluded, Quarantine, RawReceipt
from bp_assets.tills.square_decode import decode
from bp_assets.tills.square_receipt import Extras, raw_receipt
from tests.tills.shopping import TOML

SHOPS = loads(TOML)


def gbp(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "GBP"}


def content(order: dict[str, Any], **extra: Any) -> bytes:
    skus = {"VAR-SCARF": "SCARF", "VAR-BOOK": "BOOK", "VAR-HAT": "HAT"}
    return json.dumps({"order": order, "payments": {}, "refunds": {}, "skus": skus, "email": ""} | extra).encode()


def run(order: dict[str, Any], shop: str = "leeds", **extra: Any) -> Decoded:
    raw = RawReceipt("square", "square", order.get("id", "X"), content(order, **extra))
    return decode(raw, SHOPS.shop(shop), "GBP")


def sale(order: dict[str, Any], shop: str = "leeds", **extra: Any) -> Sale:
    outcome = run(order, shop, **extra)
    assert isinstance(outcome, Sale), outcome
    return outcome


def figures(one: Sale) -> tuple[int, int, int]:
    return one.net_minor, one.tax_minor, one.gross_minor


def vat(uid: str, applied: int, percentage: str = "20.0", kind: str = "INCLUSIVE") -> dict[str, Any]:
    return {"uid": uid, "name": "VAT", "percentage": percentage, "type": kind, "applied_money": gbp(applied)}


def item(uid: str, total: int, tax: int, tax_uid: str = "t20", **more: Any) -> dict[str, Any]:
    body = {
        "uid": uid,
        "name": uid,
        "quantity": "1",
        "item_type": "ITEM",
        "base_price_money": gbp(total),
        "total_money": gbp(total),
        "total_tax_money": gbp(tax),
    }
    if tax:
        body["applied_taxes"] = [{"uid": f"a{uid}", "tax_uid": tax_uid, "applied_money": gbp(tax)}]
    return body | more


def order(lines: list[dict], total: int, tax: int, **more: Any) -> dict[str, Any]:
    return {
        "id": "O1",
        "location_id": "LLEEDS",
        "state": "COMPLETED",
        "created_at": "2026-11-02T11:04:00Z",
        "closed_at": "2026-11-02T11:04:11Z",
        "taxes": [vat("t20", tax), vat("t5", 0, "5.0")],
        "line_items": lines,
        "tenders": [{"id": "P1", "type": "CARD", "amount_money": gbp(total)}],
        "total_money": gbp(total),
        "total_tax_money": gbp(tax),
    } | more


# -- the story of the fact sheet: sale in London, return and exchange in Leeds -----------------------------------------

SALE_A = {
    "id": "SQ-ORD-A", "location_id": "LLONDON", "state": "COMPLETED", "version": 4,
    "created_at": "2026-11-02T11:04:00Z", "updated_at": "2026-11-02T11:04:12Z", "closed_at": "2026-11-02T11:04:11Z",
    "taxes": [vat("t20", 720)],
    "discounts": [{"uid": "d1", "name": "10% off", "scope": "LINE_ITEM", "applied_money": gbp(480)}],
    "line_items": [
        {"uid": "l1", "name": "Scarf", "variation_name": "Red", "catalog_object_id": "VAR-SCARF", "item_type": "ITEM",
         "quantity": "2", "base_price_money": gbp(2400), "gross_sales_money": gbp(4800),
         "total_discount_money": gbp(480), "total_tax_money": gbp(720), "total_money": gbp(4320),
         "applied_taxes": [{"uid": "at1", "tax_uid": "t20", "applied_money": gbp(720)}],
         "applied_discounts": [{"uid": "ad1", "discount_uid": "d1", "applied_money": gbp(480)}]},
        {"uid": "l2", "name": "Book", "catalog_object_id": "VAR-BOOK", "item_type": "ITEM", "quantity": "1",
         "base_price_money": gbp(1000), "total_tax_money": gbp(0), "total_money": gbp(1000)},
    ],
    "tenders": [
        {"id": "PAY-1", "type": "CASH", "payment_id": "PAY-1", "amount_money": gbp(2000),
         "cash_details": {"buyer_tendered_money": gbp(2500), "change_back_money": gbp(500)}},
        {"id": "PAY-2", "type": "CARD", "payment_id": "PAY-2", "amount_money": gbp(3320),
         "card_details": {"status": "CAPTURED", "card": {"card_brand": "VISA", "last_4": "4242"}}},
    ],
    "total_money": gbp(5320), "total_tax_money": gbp(720), "total_discount_money": gbp(480),
}  # fmt: skip
RETURN_ENTRY = {
    "uid": "r1", "source_order_id": "SQ-ORD-A",
    "return_line_items": [
        {"uid": "rl1", "source_line_item_uid": "l1", "name": "Scarf", "catalog_object_id": "VAR-SCARF",
         "item_type": "ITEM", "quantity": "1", "gross_return_money": gbp(2400), "total_discount_money": gbp(240),
         "total_tax_money": gbp(360), "total_money": gbp(2160)}],
}  # fmt: skip
RETURN_B = {
    "id": "SQ-ORD-B", "location_id": "LLEEDS", "state": "COMPLETED", "created_at": "2026-11-05T15:19:40Z",
    "returns": [RETURN_ENTRY | {"return_taxes": [vat("rt1", 360)]}],
    "return_amounts": {"total_money": gbp(2160), "tax_money": gbp(360)},
    "net_amounts": {"total_money": gbp(-2160), "tax_money": gbp(-360)},
    "refunds": [{"id": "REF-1", "tender_id": "PAY-2", "amount_money": gbp(2160), "status": "APPROVED"}],
}  # fmt: skip
EXCHANGE_C = {
    "id": "SQ-ORD-C", "location_id": "LLEEDS", "state": "COMPLETED", "created_at": "2026-11-07T10:11:00Z",
    "taxes": [vat("t20", 500)],
    "line_items": [item("l1", 3000, 500, catalog_object_id="VAR-HAT")],
    "returns": [RETURN_ENTRY],
    "return_amounts": {"total_money": gbp(2160), "tax_money": gbp(360)},
    "net_amounts": {"total_money": gbp(840), "tax_money": gbp(140)},
    "tenders": [{"id": "PAY-3", "type": "CARD", "payment_id": "PAY-3", "amount_money": gbp(840)}],
}  # fmt: skip


def test_a_sale_with_line_discount_zero_rated_book_and_split_tender() -> None:
    payment = {"receipt_number": "AB12", "team_member_id": "ann", "device_details": {"device_name": "T1"}}
    one = sale(SALE_A, "london", payments={"PAY-1": payment}, email="a@b.example")
    assert figures(one) == (4600, 720, 5320)
    assert (one.kind, one.receipt_number, one.register_id, one.operator_id) == (Kind.SALE, "AB12", "T1", "ann")
    assert one.customer.email == "a@b.example"
    scarf, book = one.lines
    assert (scarf.sku, scarf.quantity, scarf.net_minor, scarf.rate) == ("SCARF", Decimal(2), 3600, Decimal(20))
    assert [(each.code, each.amount_minor) for each in scarf.discounts] == [("10% off", -480)]
    assert (scarf.unit_price, scarf.description) == (Decimal("24.00"), "Scarf Red")
    assert (book.sku, book.taxes, book.gross_minor) == ("BOOK", (), 1000)
    cash, card = one.tenders
    assert (cash.method, cash.amount_minor, cash.change_minor) == ("CASH", 2000, 500)
    assert (card.method, card.amount_minor, card.last4) == ("CARD", 3320, "4242")
    assert one.sale_id == "square-square-SQ-ORD-A"


def test_a_return_at_another_shop_names_order_and_line_it_came_from() -> None:
    one = sale(RETURN_B)
    assert figures(one) == (-1800, -360, -2160)
    assert (one.kind, one.original_source_id, one.shop) == (Kind.GOODS_RETURN, "SQ-ORD-A", "leeds")
    (line,) = one.lines
    assert (line.returned, line.quantity, line.rate) == (True, Decimal(-1), Decimal(20))
    assert (line.original.source_id, line.original.line_id, line.restock.place) == ("SQ-ORD-A", "l1", "shop")
    (refund,) = one.tenders
    assert (refund.amount_minor, refund.parent_tender_id, refund.method) == (-2160, "PAY-2", "CARD")


def test_an_exchange_is_one_sale_with_both_sides_even_without_return_taxes() -> None:
    one = sale(EXCHANGE_C)
    assert figures(one) == (700, 140, 840)
    assert (one.kind, one.exchange_group) == (Kind.EXCHANGE, "SQ-ORD-C")
    assert [(line.returned, line.net_minor, line.tax_minor) for line in one.lines] == [
        (False, 2500, 500),
        (True, -1800, -360),
    ]
    assert one.lines[1].rate == Decimal(20)


def test_a_cash_refund_is_told_by_the_refunds_api() -> None:
    one = sale(RETURN_B, refunds={"REF-1": {"destination_type": "CASH"}})
    assert [(tender.method, str(tender.type)) for tender in one.tenders] == [("CASH", "cash")]


def test_an_unlinked_return_has_no_original() -> None:
    unlinked = copy.deepcopy(RETURN_B)
    del unlinked["returns"][0]["source_order_id"]
    one = sale(unlinked)
    assert (one.original_source_id, one.lines[0].original, one.kind) == (None, None, Kind.GOODS_RETURN)


def test_a_damaged_return_goes_to_quarantine() -> None:
    damaged = copy.deepcopy(RETURN_B)
    damaged["returns"][0]["return_line_items"][0]["note"] = "Damaged seam"
    assert sale(damaged).lines[0].restock.place == "quarantine"


# -- whole-order parts ------------------------------------------------------------------------------------------------


def test_an_order_wide_discount_becomes_one_line_per_tax_rate_and_keeps_every_sum() -> None:
    def discounted(uid: str, total: int, tax: int, tax_uid: str, share: int) -> dict[str, Any]:
        applied = [{"uid": f"x{uid}", "discount_uid": "d", "applied_money": gbp(share)}]
        return item(uid, total, tax, tax_uid, applied_discounts=applied)

    lines = [
        discounted("a", 8991, 1498, "t20", 999),
        discounted("b", 1799, 300, "t20", 200),
        discounted("c", 945, 45, "t5", 105),
        discounted("d", 900, 0, "", 100),
    ]
    discounts = [{"uid": "d", "name": "Staff", "scope": "ORDER", "applied_money": gbp(1404)}]
    one = sale(order(lines, 12635, 1843, discounts=discounts))
    assert figures(one) == (10792, 1843, 12635)
    items = [line for line in one.lines if line.type is LineType.ITEM]
    assert [(line.gross_minor, line.tax_minor) for line in items] == [(9990, 1665), (1999, 333), (1050, 50), (1000, 0)]
    taken = [line for line in one.lines if line.type is LineType.DISCOUNT]
    assert [(line.rate, line.net_minor, line.tax_minor, line.gross_minor) for line in taken] == [
        (Decimal(20), -999, -200, -1199),
        (Decimal(5), -100, -5, -105),
        (None, -100, 0, -100),
    ]
    assert {line.description for line in taken} == {"Staff"}


def test_an_order_wide_discount_before_added_tax() -> None:
    applied = [{"uid": "x", "discount_uid": "d", "applied_money": gbp(100)}]
    line = item("a", 1080, 180, applied_discounts=applied)  # 10.00 less 1.00, plus 20 % of 9.00
    discounts = [{"uid": "d", "name": "Offer", "scope": "ORDER"}]
    taxes = [vat("t20", 180, kind="ADDITIVE")]
    one = sale(order([line], 1080, 180, discounts=discounts, taxes=taxes))
    assert [(each.net_minor, each.tax_minor) for each in one.lines] == [(1000, 200), (-100, -20)]
    assert one.prices_include_tax is False


def test_tip_service_charge_and_cash_rounding_stand_on_their_own_lines() -> None:
    charge = {"uid": "s1", "name": "Service", "total_money": gbp(600), "total_tax_money": gbp(100), "applied_taxes": [
        {"uid": "as", "tax_uid": "t20", "applied_money": gbp(100)}]}  # fmt: skip
    tenders = [{"id": "P1", "type": "CASH", "amount_money": gbp(2098), "tip_money": gbp(300)}]
    adjusted = {"name": "CASH_ROUNDING", "amount_money": gbp(-2)}
    whole = {"rounding_adjustment": adjusted, "total_tip_money": gbp(300), "service_charges": [charge]}
    one = sale(order([item("a", 1200, 200)], 2098, 300, tenders=tenders, **whole))
    assert [(str(line.type), line.net_minor, line.tax_minor) for line in one.lines] == [
        ("item", 1000, 200),
        ("service_charge", 500, 100),
        ("tip", 300, 0),
        ("rounding", -2, 0),
    ]
    assert one.outstanding_minor == 0
    assert (one.tenders[0].tip_minor, one.tenders[0].rounding_minor) == (300, -2)


def test_a_gift_card_sale_is_a_liability_line_without_tax() -> None:
    one = sale(order([item("g", 2500, 0, item_type="GIFT_CARD")], 2500, 0))
    assert [(line.type, line.taxes, line.net_minor) for line in one.lines] == [(LineType.GIFT_CARD_SALE, (), 2500)]


def test_a_refund_by_amount_is_refund_only_without_goods_or_tax() -> None:
    entry = {"uid": "r", "source_order_id": "SQ-ORD-A", "return_line_items": [
        {"uid": "c", "quantity": "1", "item_type": "CUSTOM_AMOUNT", "total_money": gbp(500)}]}  # fmt: skip
    body = RETURN_B | {"returns": [entry], "return_amounts": {"total_money": gbp(500)}}
    body |= {"net_amounts": {"total_money": gbp(-500), "tax_money": gbp(0)}}
    body |= {"refunds": [{"id": "R", "amount_money": gbp(500), "status": "APPROVED"}]}
    one = sale(body)
    assert (one.kind, figures(one)) == (Kind.REFUND_ONLY, (-500, 0, -500))
    assert (one.lines[0].type, one.lines[0].restock.place) == (LineType.ADJUSTMENT, "none")


def test_a_refund_without_any_return_entry_is_refund_only() -> None:
    body = {key: value for key, value in RETURN_B.items() if key not in ("returns", "return_amounts", "net_amounts")}
    one = sale(body)
    assert (one.kind, figures(one)) == (Kind.REFUND_ONLY, (-2160, 0, -2160))


def test_a_tender_called_other_goes_by_its_note() -> None:
    tenders = [{"id": "P", "type": "OTHER", "note": "Luncheon token", "amount_money": gbp(1200)}]
    one = sale(order([item("a", 1200, 200)], 1200, 200, tenders=tenders))
    assert [(tender.method, str(tender.type)) for tender in one.tenders] == [("Luncheon token", "other")]


def test_a_voided_card_tender_is_no_money() -> None:
    tenders = [
        {"id": "P1", "type": "CARD", "amount_money": gbp(1200), "card_details": {"status": "VOIDED"}},
        {"id": "P2", "type": "CASH", "amount_money": gbp(1200)},
    ]
    assert [one.tender_id for one in sale(order([item("a", 1200, 200)], 1200, 200, tenders=tenders)).tenders] == ["P2"]


# -- what is not posted -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "reason"), [("CANCELED", "void"), ("OPEN", "not_closed"), ("DRAFT", "not_closed")])
def test_a_basket_that_did_not_close_is_excluded_with_its_reason(state: str, reason: str) -> None:
    outcome = run(order([item("a", 1200, 200)], 1200, 200, state=state))
    assert isinstance(outcome, Excluded)
    assert (outcome.reason_code, outcome.sale.kind, outcome.sale.gross_minor) == (reason, Kind.VOID, 0)


@pytest.mark.parametrize("status", ["PENDING", "FAILED", "REJECTED"])
def test_a_refund_that_has_not_gone_through_is_not_posted(status: str) -> None:
    body = copy.deepcopy(RETURN_B)
    body["refunds"][0]["status"] = status
    outcome = run(body)
    assert isinstance(outcome, Quarantine) and outcome.reason_code == "refund_not_settled"
    assert f"REF-1 of 2160 is {status}" in outcome.message


def test_tenders_that_do_not_settle_are_quarantined_with_both_sums_and_the_money() -> None:
    body = order([item("a", 1200, 200)], 1200, 200, tenders=[{"id": "P", "type": "CASH", "amount_money": gbp(1100)}])
    outcome = run(body)
    assert isinstance(outcome, Quarantine)
    assert (outcome.reason_code, outcome.net_minor, outcome.gross_minor) == ("unbalanced", 1000, 1200)
    assert outcome.message == "Square order O1: tenders add up to 1100, lines to 1200 (GBP minor)"


def test_lines_that_do_not_make_the_total_are_quarantined() -> None:
    body = order([item("a", 1200, 200)], 1300, 200)
    outcome = run(body)
    assert (outcome.reason_code, "is 1200, the order says 1300" in outcome.message) == ("totals_differ", True)


def broken(path: str, value: Any) -> dict[str, Any]:
    body = order([item("a", 1200, 200)], 1200, 200)
    where: Any = body
    *parents, last = path.split(".")
    for name in parents:
        where = where[int(name)] if name.isdecimal() else where[name]
    where[last] = value
    return body


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("line_items.0.quantity", "NaN", "malformed"),
        ("line_items.0.quantity", "Infinity", "malformed"),
        ("line_items.0.total_money", {"amount": 12.0, "currency": "GBP"}, "bad_number"),
        ("line_items.0.total_money", {"amount": 1200, "currency": "EUR"}, "wrong_currency"),
        ("line_items", "none", "malformed"),
        ("line_items.0.applied_taxes.0.tax_uid", "gone", "malformed"),
        ("closed_at", "yesterday", "malformed"),
        ("closed_at", "2026-11-02T11:04:11", "malformed"),
        ("location_id", "LPARIS", "unknown_location"),
        ("taxes.0.percentage", "lots", "malformed"),
    ],
)
def test_a_broken_order_is_quarantined_by_reason_and_named(path: str, value: Any, reason: str) -> None:
    outcome = run(broken(path, value))
    assert isinstance(outcome, Quarantine), outcome
    assert outcome.reason_code == reason and "O1" in outcome.message


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'{"order": 3}', b'{"order": {"x": NaN}}', b"\xff"])
def test_content_that_is_no_order_is_quarantined(raw: bytes) -> None:
    outcome = decode(RawReceipt("square", "square", "O1", raw), SHOPS.shop("leeds"), "GBP")
    assert isinstance(outcome, Quarantine) and outcome.reason_code == "malformed"


def test_negative_zero_is_zero() -> None:
    one = sale(order([item("a", 0, 0, quantity="-0.0", base_price_money=gbp(0))], 0, 0, tenders=[]))
    assert str(one.lines[0].quantity) == "0"


def test_a_weighed_quantity_keeps_its_digits() -> None:
    one = sale(order([item("a", 1200, 200, quantity="0.345")], 1200, 200))
    assert one.lines[0].quantity == Decimal("0.345")


def test_ten_thousand_lines_are_one_sale() -> None:
    one = sale(order([item(f"l{n}", 120, 20) for n in range(10_000)], 1_200_000, 200_000))
    assert (len(one.lines), figures(one)) == (10_000, (1_000_000, 200_000, 1_200_000))


def test_the_business_day_is_the_shops_not_utcs() -> None:
    one = sale(order([item("a", 1200, 200)], 1200, 200, closed_at="2026-06-30T23:30:00Z"))
    assert one.business_date.isoformat() == "2026-07-01"


def test_half_an_emoji_in_a_name_costs_no_order() -> None:
    """JSON can name one half of a pair that no UTF-8 can hold; the order must not stop its shop."""
    raw = raw_receipt(order([item("l1", 1200, 200, name="Mug \ud83d")], 1200, 200), "square", Extras())
    outcome = decode(raw, SHOPS.shop("leeds"), "GBP")
    assert isinstance(outcome, Sale), outcome
    assert outcome.lines[0].description == "Mug ?"
