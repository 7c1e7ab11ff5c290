"""What a person changed in the ERP is reported with expected and actual, and keeps the sale unverified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bp_assets.posting.verify import verify_posted
from tests.posting.house import House
from tests.posting.receipts import IDS

SOLD = "leeds 5\n1 COAT 60.00 20%\n1 TEA 2.10 5% later\n-1 MUG -6.00 20%\n-1 MUG -3.00 20% quarantine\ncard 53.10"


def row(sequence: int, code: str = "SO", **values: object) -> Callable[[House, str], None]:
    """A row edited by hand."""

    def edit(house: House, sale_id: str) -> None:
        order = house.order(sale_id, code)["orderId"]
        house.control("POST", f"orders/{order}/rows/{house.row_id(order, sequence)}", **values)

    return edit


def edited(**values: object) -> Callable[[House, str], None]:
    """An order edited by hand."""
    return lambda house, sale_id: house.control("POST", f"orders/{house.order(sale_id)['orderId']}", **values)


def extra_row(house: House, sale_id: str) -> None:
    order = house.order(sale_id)["orderId"]
    house.control("POST", f"orders/{order}/rows", name="Gift wrap", quantity="1", taxCode="T0", net="1.00", tax="0.00")


def dropped_row(house: House, sale_id: str) -> None:
    order = house.order(sale_id)["orderId"]
    house.control("DELETE", f"orders/{order}/rows/{house.row_id(order, 20)}")


def payments(house: House, sale_id: str, code: str = "SO") -> list[dict]:
    order = house.order(sale_id, code)["orderId"]
    found = house.api("GET", f"/accounting-service/customer-payment-search?orderId={order}&sort=paymentId.ASC")
    names = [column["name"] for column in found["metaData"]["columns"]]
    return [dict(zip(names, values, strict=True)) for values in found["results"]]


def payment_deleted(house: House, sale_id: str) -> None:
    house.api("DELETE", f"/accounting-service/customer-payment/{payments(house, sale_id)[0]['paymentId']}")


def paid(ref: str, amount: str) -> Callable[[House, str], None]:
    def pay(house: House, sale_id: str) -> None:
        body = {
            "transactionRef": ref, "paymentMethodCode": "CASH", "paymentType": "RECEIPT", "currencyIsoCode": "GBP",
            "amountPaid": amount, "paymentDate": "2026-11-20T09:00:00Z", "orderId": house.order(sale_id)["orderId"],
        }  # fmt: skip
        house.api("POST", "/accounting-service/customer-payment", {k: v for k, v in body.items() if v})

    return pay


def received(house: House, sale_id: str) -> tuple[int, dict]:
    """The note with the goods that went back on sale, and what stands on it."""
    credit = house.order(sale_id, "SC")["orderId"]
    notes = house.api("GET", f"/warehouse-service/order/{credit}/goods-note/goods-in")
    note = next(int(key) for key, note in notes.items() if not note["goodsMoved"][0]["quarantine"])
    return note, notes[str(note)]


def quarantined_instead(house: House, sale_id: str) -> None:
    note, was = received(house, sale_id)
    (moved,) = was["goodsMoved"]
    house.api("DELETE", f"/warehouse-service/goods-note/goods-in/{note}")
    goods = {name: moved[name] for name in ("productId", "purchaseOrderRowId", "quantity")}
    body = {"transfer": False, "warehouseId": 3, "goodsMoved": [{**goods, "destinationLocationId": 5}]}
    house.api("POST", f"/warehouse-service/order/{was['orderId']}/goods-note/goods-in", body)


def not_received(house: House, sale_id: str) -> None:
    house.api("DELETE", f"/warehouse-service/goods-note/goods-in/{received(house, sale_id)[0]}")


def unreserved(house: House, sale_id: str) -> None:
    house.api("DELETE", f"/warehouse-service/order/{house.order(sale_id)['orderId']}/reservation")


def gone(house: House, sale_id: str) -> None:
    house.control("DELETE", f"orders/{house.order(sale_id)['orderId']}")


def inside(change: Callable[[House, Any, Any], None]) -> Callable[[House, str], None]:
    """Something that only the ERP's own screens can change: of the order and of the credit."""

    def edit(house: House, sale_id: str) -> None:
        orders = house.server.world.orders.by_id
        change(house, *(orders[house.order(sale_id, code)["orderId"]] for code in ("SO", "SC")))

    return edit


def first_payment(house: House, order: Any) -> Any:
    return house.server.world.payments[order.payments[0]]


def note_of(house: House, order: Any) -> Any:
    world = house.server.world
    return world.goods_out[world.notes_by_order[order.id][0]]


def on_its_note(units: int) -> Callable[[House, Any, Any], None]:
    def change(house: House, order: Any, credit: Any) -> None:
        note = note_of(house, order)
        note.rows = {row: (product, units) for row, (product, _) in note.rows.items()}

    return change


DAY_MS = 86_400_000
EDITS: dict[str, tuple[Callable[[House, str], None], list[str]]] = {
    "net of a row": (row(10, net="49.00"), [
        "SO {so} net: expected 52.00, the ERP has 51.00", "SO {so} total: expected 62.10, the ERP has 61.10",
        "SO {so} row 10 net: expected 50.00, the ERP has 49.00",
    ]),
    "tax of a row": (row(10, tax="9.99"), [
        "SO {so} tax: expected 10.10, the ERP has 10.09", "SO {so} total: expected 62.10, the ERP has 62.09",
        "SO {so} row 10 tax: expected 10.00, the ERP has 9.99",
    ]),
    "tax code of a row": (row(20, taxCode="T0"), ["SO {so} row 20 tax code: expected T5, the ERP has T0"]),
    "net of a credit's row": (row(10, "SC", net="6.00"), [
        "SC {sc} net: expected 7.50, the ERP has 8.50", "SC {sc} total: expected 9.00, the ERP has 10.00",
        "SC {sc} row 10 net: expected 5.00, the ERP has 6.00",
    ]),
    "one row more": (extra_row, [
        "SO {so} number of rows: expected 2, the ERP has 3", "SO {so} net: expected 52.00, the ERP has 53.00",
        "SO {so} total: expected 62.10, the ERP has 63.10",
    ]),
    "one row less": (dropped_row, [
        "SO {so} number of rows: expected 2, the ERP has 1", "SO {so} net: expected 52.00, the ERP has 50.00",
        "SO {so} tax: expected 10.10, the ERP has 10.00", "SO {so} total: expected 62.10, the ERP has 60.00",
        "SO {so} rows: expected the planned rows, the ERP has order {so} has no row for 1 of 'TEA'",
    ]),
    "another product": (row(10, productId=IDS["BOOK"]), [
        "SO {so} rows: expected the planned rows, the ERP has order {so} has no row for 1 of 'COAT'",
    ]),
    "another quantity": (row(10, quantity="2"), [
        "SO {so} rows: expected the planned rows, the ERP has order {so} has no row for 1 of 'COAT'",
    ]),
    "a payment deleted": (payment_deleted, ["SO {so} payment SO-{sale}-p1: expected 53.10, the ERP has none"]),
    "a payment more": (paid("by hand", "5.00"), [
        "SO {so} payment by hand (CASH RECEIPT): expected none, the ERP has 5.00",
    ]),
    "a payment more without a reference": (paid("", "5.00"), [
        "SO {so} payment without reference (CASH RECEIPT): expected none, the ERP has 5.00",
    ]),
    "quarantine instead of the shop": (quarantined_instead, [
        "SC {sc} received of row 10: expected 1, the ERP has 0",
        "SC {sc} goods of row {row} at 5: expected none, the ERP has 1",
    ]),
    "goods not received": (not_received, ["SC {sc} received of row 10: expected 1, the ERP has 0"]),
    "a reservation given up": (unreserved, ["SO {so} reserved or sent of row 20: expected 1, the ERP has 0"]),
    "another channel": (edited(channelId=5), ["SO {so} channel: expected 2, the ERP has 5"]),
    "another warehouse": (edited(warehouseId=6), ["SO {so} warehouse: expected 3, the ERP has 6"]),
    "another receipt number": (edited(reference="77"), ["SO {so} reference: expected 5, the ERP has 77"]),
    "another external reference": (edited(externalRef="SO-x"), [
        "SO {so} external reference: expected SO-{sale}, the ERP has SO-x",
    ]),
    "no external reference": (edited(externalRef=""), [
        "SO {so} external reference: expected SO-{sale}, the ERP has ",
    ]),
    "another contact": (edited(contactId=301), ["SO {so} contact: expected 201, the ERP has 301"]),
    "another parent": (inside(lambda house, order, credit: setattr(credit, "parent_id", order.id)), [
        "SC {sc} parent order: expected 0, the ERP has {so}",
    ]),
    "another currency": (inside(lambda house, order, credit: setattr(order, "currency", "EUR")), [
        "SO {so} currency: expected GBP, the ERP has EUR",
    ]),
    "another amount paid": (inside(lambda house, order, credit: setattr(first_payment(house, order), "paid", 5000)), [
        "SO {so} payment SO-{sale}-p1: expected 53.10, the ERP has 50.00",
    ]),
    "another method": (inside(lambda house, order, credit: setattr(first_payment(house, order), "method", "CASH")), [
        "SO {so} payment SO-{sale}-p1: expected 53.10, the ERP has none",
        "SO {so} payment SO-{sale}-p1 (CASH RECEIPT): expected none, the ERP has 53.10",
    ]),
    "another currency paid": (
        inside(lambda house, order, credit: setattr(first_payment(house, order), "currency", "EUR")),
        ["SO {so} currency of payment SO-{sale}-p1: expected GBP, the ERP has EUR"],
    ),
    "a refund's amount": (inside(lambda house, order, credit: setattr(first_payment(house, credit), "paid", 1)), [
        "SC {sc} payment SC-{sale}-x: expected 9.00, the ERP has 0.01",
    ]),
    "the invoice taken back": (inside(lambda house, order, credit: setattr(order, "invoice", "")), [
        "SO {so} invoice: expected an invoice, the ERP has none",
    ]),
    "another tax date": (
        inside(lambda house, order, credit: setattr(order, "invoice_date", order.invoice_date + DAY_MS)),
        ["SO {so} tax date: expected 2026-11-20, the ERP has 2026-11-21"],
    ),
    "shipped elsewhere": (inside(lambda house, order, credit: setattr(note_of(house, order), "warehouse_id", 4)), [
        "SO {so} shipped of row 10: expected 1, the ERP has 0",
        "SO {so} goods of row {sold} at 4: expected none, the ERP has 1",
    ]),
    "more shipped": (inside(on_its_note(2)), ["SO {so} shipped of row 10: expected 1, the ERP has 2"]),
    "not shipped": (inside(lambda house, order, credit: note_of(house, order).done.pop("shipped")), [
        "SO {so} shipped of row 10: expected 1, the ERP has 0",
    ]),
    "the order gone": (gone, ["SO-{sale}: expected an order in the ERP, the ERP has none under its id"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", EDITS)
def test_a_change_made_by_hand_is_reported_and_keeps_the_sale_unverified(house: House, kind: str) -> None:
    edit, expected = EDITS[kind]
    sale_id, other = house.take(SOLD), house.take("london 6\n1 COAT 60.00 20%\ncard 60.00")
    house.post()
    ids = {"so": house.order(sale_id)["orderId"], "sc": house.order(sale_id, "SC")["orderId"], "sale": sale_id}
    ids["row"], ids["sold"] = house.row_id(ids["sc"], 10), house.row_id(ids["so"], 10)
    edit(house, sale_id)
    result = house.verify()
    assert (result.differing, result.verified) == (1, 1)
    assert house.posting(sale_id).message.split("; ") == [one.format(**ids) for one in expected]
    assert (house.state(sale_id), house.state(other)) == ("posted", "verified")


def test_a_change_taken_back_is_verified_the_next_time(house: House) -> None:
    sale_id = house.take(SOLD)
    house.post()
    row(10, taxCode="T1")(house, sale_id)
    assert house.verify().differing == 1
    row(10, taxCode="T20")(house, sale_id)
    assert house.verify().verified == 1
    assert (house.state(sale_id), house.posting(sale_id).message) == ("verified", "")


def test_the_same_payment_twice_is_seen_where_the_erp_lets_it_happen(house: House) -> None:
    house.control("POST", "switches", duplicate_payment_refused=False)
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    house.post()
    (was,) = payments(house, sale_id)
    world = house.server.world
    twin = world.payments[was["paymentId"]]
    world.payments[777] = type(twin)(**{name: getattr(twin, name) for name in twin.__slots__} | {"id": 777})
    world.orders.by_id[was["orderId"]].payments.append(777)
    assert house.verify().differing == 1
    assert house.posting(sale_id).message == (
        f"SO {was['orderId']} payment SO-{sale_id}-p1 (CARD RECEIPT): expected none, the ERP has 6.00"
    )


def test_an_invoice_that_accounting_has_not_made_yet_is_waited_for(house: House) -> None:
    house.control("POST", "switches", close_fails=True)
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    assert house.post().posted == 1
    waiting = house.verify()
    assert (waiting.waiting, waiting.verified, waiting.differing, house.state(sale_id)) == (1, 0, 0, "posted")
    house.control("POST", "switches", close_fails=False)
    assert house.verify().verified == 1


def test_a_payment_that_the_search_does_not_show_yet_is_no_difference(house: House) -> None:
    house.change(erp={"search_lag_seconds": 60})
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    poster = house.poster()
    assert poster.post_due().posted == 1
    house.fault("search_lag", seconds=60)
    early = verify_posted(house.ledger, house.client(), house.shops, poster.catalogue)
    assert (early.waiting, early.differing, house.posting(sale_id).message) == (1, 0, "")
    house.heal()
    assert house.verify().verified == 1


def test_an_invoice_that_never_comes_is_a_difference_that_says_why(house: House) -> None:
    poster = house.poster()
    assert poster.catalogue.locked_until is None
    house.control("POST", "switches", locked_until="2026-12-31")  # closed while we post: accepted, never done
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    assert poster.post_due().posted == 1
    assert house.verify().waiting == 1
    with house.ledger.begin() as connection:
        connection.exec_driver_sql("update tillbridge.postings set posted_at = posted_at - interval '16 minutes'")
    assert house.verify().differing == 1
    assert house.posting(sale_id).message.startswith(
        f"SO {house.order(sale_id)['orderId']} invoice: expected an invoice"
    )
    assert house.posting(sale_id).message.endswith("UTC: the period is locked until 2026-12-31")


def test_two_hundred_orders_are_verified_in_four_requests(house: House) -> None:
    house.control("POST", "stock", productId=IDS["TEA"], warehouseId=3, quantity=200)
    for number in range(200):
        house.take(f"leeds {number}\n1 TEA 2.10 5%\ncard 2.10")
    poster = house.poster()
    poster.post_due()
    client = house.client()
    assert verify_posted(house.ledger, client, house.shops, poster.catalogue).verified == 200
    assert {route: count for (_, route), count in client.counts.items()} == {
        "GET /order-service/order/{}": 1, "GET /accounting-service/customer-payment-search": 1,
        "GET /warehouse-service/order/{}/goods-note/goods-out": 1, "GET /order-service/order-search": 1,
    }  # fmt: skip


def test_rows_that_changed_places_are_recognised_by_their_money(house: House) -> None:
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\n1 COAT 60.00 20%\n1 MUG 5.00 20%\ncard 71.00")
    house.post()
    order = house.server.world.orders.by_id[house.order(sale_id)["orderId"]]
    for found, sequence in zip(order.rows.values(), (30, 10, 20), strict=True):
        found.sequence = sequence
    assert house.verify().verified == 1


def test_a_map_changed_since_does_not_move_what_was_posted(house: House) -> None:
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    house.post()
    mended = house.shops
    house.shops = house.shops.model_copy(update={"tender_map": {}})
    assert house.verify().verified == 0
    assert house.state(sale_id) == "posted"
    assert house.posting(sale_id).message == (
        "can't be verified: tender 1: no payment method is mapped to 'card'"
    )  # fmt: skip
    house.shops = mended
    assert house.verify().verified == 1


def test_what_was_read_back_is_handed_on_with_the_sale_it_belongs_to(house: House) -> None:
    sale_id = house.take(SOLD)
    house.post()
    result = house.verify()
    so, sc = house.order(sale_id)["orderId"], house.order(sale_id, "SC")["orderId"]
    assert result.sale_of_order == {so: (sale_id, "SO", f"SO-{sale_id}"), sc: (sale_id, "SC", f"SC-{sale_id}")}
    assert {order_id: facts.order.type for order_id, facts in result.facts.items() if facts.order} == {
        so: "SO",
        sc: "SC",
    }


def test_a_sale_posted_before_orders_were_to_be_closed_does_not_wait_for_an_invoice_for_ever(house: House) -> None:
    house.change(posting={"close_orders": False})
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    assert house.post().posted == 1
    house.change(posting={"close_orders": True})
    assert (house.verify().verified, house.state(sale_id)) == (1, "verified")
    assert house.order(sale_id)["invoiced"] is False
