"""The plan: what one receipt becomes in the ERP, to the row and the penny, decided without asking anyone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bp_assets.config import ShopsFile
from bp_assets.domain.catalogue import Catalogue
from bp_assets.domain.sale import Kind, Sale
from bp_assets.posting.plan import Document, Plan, Refusal, plan_sale
from bp_assets.posting.progress import Known, next_calls, steps_of_plan
from bp_assets.posting.send import hash_fraction
from bp_assets.posting.work import plan_posting
from tests.posting.receipts import IDS, OPENED, catalogue, changed, sale, shops_file

SHOPS = shops_file()


def planned(receipt: str | Sale, shops: ShopsFile = SHOPS, **other: Any) -> Plan:
    sold = sale(receipt, **other) if isinstance(receipt, str) else receipt
    plan = plan_sale(sold, shops, catalogue())
    assert isinstance(plan, Plan), plan
    return plan


def refused(receipt: str, shops: ShopsFile = SHOPS, known: Catalogue | None = None, **other: Any) -> Refusal:
    plan = plan_sale(sale(receipt, **other), shops, known or catalogue())
    assert isinstance(plan, Refusal), plan
    return plan


def rows(document: Document) -> list[tuple[Any, ...]]:
    """(product or text, quantity, net, tax, tax code, nominal code) of each row."""
    return [
        (
            row.product.sku if row.product else row.name,
            str(row.quantity),
            row.net_minor,
            row.tax_minor,
            row.tax_code,
            row.nominal_code,
        )
        for row in document.rows
    ]


def paid(document: Document) -> list[tuple[str, str, int, str]]:
    return [(one.type, one.method, one.amount_minor, one.ref.removeprefix(document.ref)) for one in document.payments]


def steps(plan: Plan) -> list[str]:
    return [f"{code} {step}" for code, step in steps_of_plan(plan, close=True)]


def test_a_sale_of_mixed_rates_passes_net_and_tax_through_row_by_row() -> None:
    plan = planned("""
        leeds 1001
        2 MUG 12.00 20%
        1 TEA 4.20 5%
        1 BOOK 8.99 0%
        card 25.19
    """)
    (order,) = plan.documents
    assert (order.code, order.ref, order.original_sale_id) == ("SO", "SO-file_drop-tills-1001", None)
    assert rows(order) == [
        ("MUG", "2", 1000, 200, "T20", ""),
        ("TEA", "1", 400, 20, "T5", ""),
        ("BOOK", "1", 899, 0, "T0", ""),
    ]
    assert [row.sequence for row in order.rows] == [10, 20, 30]
    assert paid(order) == [("RECEIPT", "CARD", 2519, "-p1")]
    assert steps(plan) == ["SO order", "SO payment:1", "SO goods_out", "SO ship", "SO close"]


def test_the_tills_tax_is_never_recomputed() -> None:
    (order,) = planned("leeds 1\n1 MUG 10.00 20% tax 1.69\ncard 10.00").documents
    assert rows(order) == [("MUG", "1", 831, 169, "T20", "")]


def test_a_line_discount_stays_inside_its_line() -> None:
    (order,) = planned("leeds 1\n1 MUG 5.40 20%\ncard 5.40").documents
    assert rows(order) == [("MUG", "1", 450, 90, "T20", "")]


def test_basket_discounts_become_one_row_for_each_tax_code_after_all_others() -> None:
    (order,) = planned("""
        leeds 1
        discount -1.20 20% called Staff
        1 MUG 12.00 20%
        discount -0.21 5% called Staff
        1 TEA 4.20 5%
        discount -0.60 20% called Voucher
        card 14.19
    """).documents
    assert rows(order) == [
        ("MUG", "1", 1000, 200, "T20", ""),
        ("TEA", "1", 400, 20, "T5", ""),
        ("Staff, Voucher", "1", -150, -30, "T20", "4905"),
        ("Staff", "1", -20, -1, "T5", "4905"),
    ]
    assert [row.line_ids for row in order.rows] == [("2",), ("4",), ("1", "5"), ("3",)]


def test_money_that_is_no_product_goes_to_its_own_nominal_code() -> None:
    (order,) = planned("""
        leeds 1
        1 BOOK 5.00 0%
        tip 2.00
        shipping 3.60 20%
        service_charge 1.20 20%
        gift_card_sale 25.00
        rounding -0.03
        fee 0.50 0%
        deposit 10.00
        adjustment 1.00 0%
        cash 48.27
    """).documents
    assert rows(order)[1:] == [
        ("tip", "1", 200, 0, "T0", "2240"),
        ("shipping", "1", 300, 60, "T20", "4040"),
        ("service charge", "1", 100, 20, "T20", "4010"),
        ("gift card sale", "1", 2500, 0, "T0", "2230"),
        ("rounding", "1", -3, 0, "T0", "4909"),
        ("fee", "1", 50, 0, "T0", "4900"),
        ("deposit", "1", 1000, 0, "T0", "2250"),
        ("adjustment", "1", 100, 0, "T0", "4900"),
    ]
    assert [row.line_ids for row in order.moving()] == [("1",)]


def test_an_unknown_sku_is_a_row_with_the_tills_text_and_no_goods() -> None:
    plan = planned("leeds 1\n1 GNOME 9.00 20% called Gnome\ncard 9.00")
    assert rows(plan.documents[0]) == [("GNOME Gnome", "1", 750, 150, "T20", "")]
    assert steps(plan) == ["SO order", "SO payment:1", "SO close"]


def test_an_unknown_sku_is_refused_where_the_shops_file_says_so() -> None:
    strict = changed(SHOPS, posting={"unknown_sku": "reject"})
    assert refused("leeds 1\n1 GNOME 9.00 20%\ncard 9.00", strict) == Refusal(
        "unknown_sku", "line 1: the ERP has no single product with SKU 'GNOME'"
    )
    assert planned("leeds 1\ntip 9.00\ncard 9.00", strict).documents[0].rows[0].name == "tip"


def test_a_sku_that_two_products_share_is_not_guessed_at() -> None:
    assert planned("leeds 1\n1 TWIN 9.00 20%\ncard 9.00").documents[0].rows[0].product is None
    strict = changed(SHOPS, posting={"unknown_sku": "reject"})
    assert refused("leeds 1\n1 TWIN 9.00 20%\ncard 9.00", strict).reason_code == "unknown_sku"


def test_a_product_that_is_not_stock_tracked_keeps_its_row_and_moves_nothing() -> None:
    plan = planned("leeds 1\n0.5 BAG 0.10 20%\ncard 0.10")
    assert rows(plan.documents[0]) == [("BAG", "0.5", 8, 2, "T20", "")]
    assert "SO goods_out" not in steps(plan)


def test_a_fraction_of_a_stock_tracked_product_is_refused_before_anything_is_sent() -> None:
    assert refused("leeds 1\n0.345 MUG 2.00 20%\ncard 2.00") == Refusal(
        "fractional_stock", "line 1: 0.345 of MUG, which the ERP keeps in whole units"
    )
    assert planned("leeds 1\n2.000 MUG 2.00 20%\ncard 2.00").documents[0].rows[0].moves


def test_goods_sent_later_are_reserved_and_only_the_rest_is_handed_over() -> None:
    plan = planned("leeds 1\n1 MUG 6.00 20%\n1 COAT 60.00 20% later\ncard 66.00")
    order = plan.documents[0]
    assert [row.product.sku for row in order.moving() if row.product] == ["MUG"]
    assert [row.product.sku for row in order.reserved() if row.product] == ["COAT"]
    assert steps(plan)[2:] == ["SO goods_out", "SO reserve", "SO ship", "SO close"]


def test_a_split_tender_is_one_payment_each_net_of_change() -> None:
    (order,) = planned("leeds 1\n1 MUG 66.00 20%\ngift_card 20.00\ncard 30.00\ncash 20.00 change 4.00").documents
    assert paid(order) == [
        ("RECEIPT", "GIFTCARD", 2000, "-p1"),
        ("RECEIPT", "CARD", 3000, "-p2"),
        ("RECEIPT", "CASH", 1600, "-p3"),
    ]


def test_change_given_as_a_tender_of_its_own_is_money_out() -> None:
    (order,) = planned("leeds 1\n1 MUG 6.00 20%\ncash 10.00\ncash -4.00").documents
    assert paid(order) == [("RECEIPT", "CASH", 1000, "-p1"), ("PAYMENT", "CASH", 400, "-p2")]


def test_a_tender_mapped_to_unpaid_leaves_the_order_owed() -> None:
    (order,) = planned("leeds 1\n1 MUG 6.00 20%\naccount 4.00\ncash 2.00").documents
    assert paid(order) == [("RECEIPT", "CASH", 200, "-p2")]


def test_a_tender_of_nothing_is_no_payment() -> None:
    assert planned("leeds 1\n1 MUG 0.00 20%\ncard 0.00").documents[0].payments == ()


def test_a_return_is_a_credit_with_positive_amounts_that_knows_its_original() -> None:
    plan = planned("""
        leeds 1002 of 1001
        -1 MUG -6.00 20%
        -2 COAT -120.00 20% quarantine
        -1 BOOK -9.00 0% none
        cash -135.00
    """)
    (credit,) = plan.documents
    assert (credit.code, credit.ref) == ("SC", "SC-file_drop-tills-1002")
    assert credit.original_sale_id == "file_drop-tills-1001"
    assert rows(credit) == [
        ("MUG", "1", 500, 100, "T20", ""),
        ("COAT", "2", 10000, 2000, "T20", ""),
        ("BOOK", "1", 900, 0, "T0", ""),
    ]
    assert [(row.product.sku, row.place) for row in credit.moving() if row.product] == [
        ("MUG", "shop"),
        ("COAT", "quarantine"),
    ]
    assert paid(credit) == [("PAYMENT", "CASH", 13500, "-p1")]
    assert steps(plan) == ["SC order", "SC payment:1", "SC goods_in:quarantine", "SC goods_in:shop", "SC close"]


def test_a_returns_original_may_stand_on_its_lines_if_they_agree() -> None:
    agreed = planned("leeds 2\n-1 MUG -6.00 20% of 1\n-1 TEA -2.10 5% of 1\ncash -8.10")
    assert agreed.document("SC").original_sale_id == "file_drop-tills-1"
    mixed = planned("leeds 3\n-1 MUG -6.00 20% of 1\n-1 TEA -2.10 5% of 2\ncash -8.10")
    assert mixed.document("SC").original_sale_id is None


def test_a_reversed_discount_lowers_the_credit() -> None:
    (credit,) = planned("leeds 2\n-1 MUG -6.00 20%\ndiscount 0.60 20% back\ncash -5.40").documents
    assert rows(credit)[1] == ("Discount", "1", -50, -10, "T20", "4905")
    assert credit.total_minor == 540


def test_a_refund_without_goods_is_a_credit_that_moves_nothing() -> None:
    plan = planned("leeds 2\nadjustment -5.00 20% back\ncard -5.00", kind=Kind.REFUND_ONLY)
    assert rows(plan.document("SC")) == [("adjustment", "1", 417, 83, "T20", "4900")]
    assert steps(plan) == ["SC order", "SC payment:1", "SC close"]


def test_an_exchange_with_money_on_top_clears_what_came_back() -> None:
    plan = planned("leeds 5\n1 COAT 60.00 20%\n-1 MUG -6.00 20%\ncard 54.00")
    assert [document.ref for document in plan.documents] == ["SO-file_drop-tills-5", "SC-file_drop-tills-5"]
    assert paid(plan.document("SO")) == [("RECEIPT", "CARD", 5400, "-p1"), ("RECEIPT", "EXCHANGE", 600, "-x")]
    assert paid(plan.document("SC")) == [("PAYMENT", "EXCHANGE", 600, "-x")]


def test_an_exchange_with_money_back_clears_what_was_taken() -> None:
    plan = planned("leeds 5\n1 MUG 6.00 20%\n-1 COAT -60.00 20%\ncard -54.00")
    assert paid(plan.document("SO")) == [("RECEIPT", "EXCHANGE", 600, "-x")]
    assert paid(plan.document("SC")) == [("PAYMENT", "CARD", 5400, "-p1"), ("PAYMENT", "EXCHANGE", 600, "-x")]


def test_an_exchange_that_nets_to_nothing_is_cleared_whole() -> None:
    plan = planned("leeds 5\n1 MUG 6.00 20%\n-1 MUG -6.00 20%")
    assert paid(plan.document("SO")) == [("RECEIPT", "EXCHANGE", 600, "-x")]
    assert paid(plan.document("SC")) == [("PAYMENT", "EXCHANGE", 600, "-x")]
    assert plan.sale.gross_minor == 0


def test_an_exchange_paid_and_refunded_in_full_has_nothing_left_to_clear() -> None:
    plan = planned("leeds 5\n1 COAT 60.00 20%\n-1 MUG -6.00 20%\ncard 60.00\ncash -6.00")
    assert paid(plan.document("SO")) == [("RECEIPT", "CARD", 6000, "-p1")]
    assert paid(plan.document("SC")) == [("PAYMENT", "CASH", 600, "-p2")]


def test_an_exchange_clears_only_what_its_tenders_left_open_on_both_sides() -> None:
    plan = planned("leeds 5\n1 COAT 60.00 20%\n-1 MUG -6.00 20%\ncard 56.00\ncash -2.00")
    assert paid(plan.document("SO")) == [("RECEIPT", "CARD", 5600, "-p1"), ("RECEIPT", "EXCHANGE", 400, "-x")]
    assert paid(plan.document("SC")) == [("PAYMENT", "CASH", 200, "-p2"), ("PAYMENT", "EXCHANGE", 400, "-x")]


@pytest.mark.parametrize(
    ("receipt", "code", "message"),
    [
        (
            "1 MUG 6.00 17.5%\ncard 6.00",
            "tax_not_mapped",
            "line 1: the till charged unnamed at 17.5 %; no tax code is mapped to it",
        ),
        (
            "1 MUG 6.00 19%\ncard 6.00",
            "tax_not_mapped",
            "line 1: unnamed at 19 % is mapped to 'T19', which is no tax code of the ERP",
        ),
        ("1 MUG 6.00 20%\ncheque 6.00", "tender_not_mapped", "tender 1: no payment method is mapped to 'cheque'"),
        ("card 6.00", "empty", "the receipt has no lines"),
    ],
)
def test_what_the_maps_do_not_know_is_refused_with_the_values(receipt: str, code: str, message: str) -> None:
    shops = changed(SHOPS, tax_map={"19": "T19"})
    assert refused(f"leeds 1\n{receipt}", shops) == Refusal(code, message)


def test_a_line_without_tax_needs_a_code_too() -> None:
    known = replace(catalogue(), tax_rates={"T20": Decimal(20)})
    assert refused("leeds 1\ntip 1.00\ncard 1.00", known=known) == Refusal(
        "tax_not_mapped", "line 1: no tax is mapped to 'T0', which is no tax code of the ERP"
    )


def test_another_currency_than_the_shops_is_refused() -> None:
    assert refused("leeds 1\n1 MUG 6.00 20%\ncard 6.00", currency="EUR") == Refusal(
        "wrong_currency", "the receipt is in EUR, shop leeds in GBP"
    )


def test_a_currency_whose_payments_the_erp_can_not_hold_is_refused_before_the_order_is_made() -> None:
    assert refused("leeds 1\n1 MUG 6.00 20%\ncard 6.00", changed(SHOPS, erp={"currency": "KWD"}), currency="KWD") == (
        Refusal("wrong_currency", "KWD has 3 decimals; a payment in the ERP takes 2")
    )
    yen = changed(SHOPS, erp={"currency": "JPY"})
    assert planned("leeds 1\n1 MUG 6.00 20%\ncard 6.00", yen, currency="JPY").documents[0].total_minor == 600


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.CASH_MOVEMENT])
def test_what_never_was_a_sale_is_not_posted(kind: Kind) -> None:
    assert refused("leeds 1\n1 MUG 6.00 20%\ncard 6.00", kind=kind).reason_code == kind.value


def test_returned_goods_need_a_warehouse_that_the_erp_has() -> None:
    nowhere = replace(catalogue(), places={})
    assert refused("leeds 1\n-1 MUG -6.00 20%\ncard -6.00", known=nowhere) == Refusal(
        "unknown_location", "warehouse 3 of shop leeds is not in the ERP: nowhere to put what came back"
    )


def test_a_shop_that_left_the_shops_file_is_a_refusal_not_a_crash() -> None:
    class Held:
        shop, sale = "rome", None

    held: Any = Held()  # no more of a posting is looked at
    assert plan_posting(held, SHOPS, catalogue()) == Refusal(
        "unknown_location", "no shop 'rome' in the shops file; known: leeds, london"
    )


def test_very_long_texts_are_cut_to_what_the_erp_holds() -> None:
    plan = planned(f"leeds 1\n1 GNOME 9.00 20% called {'é' * 5000}\ncard 9.00", receipt_number="9" * 300)
    assert plan.documents[0].rows[0].name == "GNOME " + "é" * 244
    (call,) = next_calls(plan, Known(), SHOPS, catalogue())
    assert call.body["ref"] == "9" * 64


def test_the_order_body_is_what_the_erp_is_sent() -> None:
    plan = planned("leeds 1001\n2 MUG 12.00 20%\n1 GNOME 9.99 20% called Gnome\ncard 21.99")
    (call,) = next_calls(plan, Known(contact_id=301), SHOPS, catalogue())
    assert (call.method, call.path, call.handle) == ("POST", "/order-service/sales-order", "SO-file_drop-tills-1001")
    assert call.body["rows"] == [
        {"productId": IDS["MUG"], "quantity": "2", "taxCode": "T20", "net": "10.0000", "tax": "2.00"},
        {"name": "GNOME Gnome", "quantity": "1", "taxCode": "T20", "net": "8.3200", "tax": "1.67"},
    ]
    assert (call.body["externalRef"], call.body["installedIntegrationInstanceId"]) == ("SO-file_drop-tills-1001", 13)
    assert (call.body["channelId"], call.body["warehouseId"], call.body["priceModeCode"]) == (2, 3, "INC")


def test_payments_are_dated_when_they_were_taken_in_the_shops_zone() -> None:
    plan = planned("leeds 0\n1 MUG 6.00 20%\ncard 6.00")
    assert plan.documents[0].payments[0].paid_at == OPENED
    known = Known(done={("SO", "order"): "77"})
    payment = next(call for call in next_calls(plan, known, SHOPS, catalogue()) if call.step == "payment:1")
    assert payment.body["paymentDate"] == "2026-11-20T09:00:00.000+00:00"
    assert (payment.body["orderId"], payment.body["amountPaid"]) == (77, Decimal("6.00"))


def test_nothing_is_left_to_do_once_every_step_is_done() -> None:
    plan = planned("leeds 5\n1 COAT 60.00 20%\n-1 MUG -6.00 20%\ncard 54.00")
    known = Known(done=dict.fromkeys(steps_of_plan(plan, close=True), "9"), parent_id=0)
    assert next_calls(plan, known, SHOPS, catalogue()) == []


def test_pauses_are_spread_by_the_sale_alone() -> None:
    spread = [hash_fraction(f"file_drop-tills-{number}") for number in range(200)]
    assert spread == [hash_fraction(f"file_drop-tills-{number}") for number in range(200)]
    assert min(spread) < 0.1 < 0.9 < max(spread) < 1
