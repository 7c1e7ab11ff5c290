"""People at work on an order that we have not finished, and locked books: nothing doubles, nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bp_assets.ledger.postings import requeue
from tests.posting.house import House
from tests.posting.receipts import IDS
from tests.posting.test_faults import ROUTES, one_by_one

SOLD = "leeds 1\n2 COAT 120.00 20%\ncard 120.00"
COAT, LEEDS = IDS["COAT"], 3


def half_way(house: House, step: str = "SO payment:1") -> tuple[str, int]:
    """A sale whose order stands in the ERP, and neither payment nor goods: both were refused once."""
    one_by_one(house)
    for route in (ROUTES["SO payment:1"], ROUTES["SO goods_out"]):
        house.fault("error", route, status=400, count=1)
    sale_id = house.take(SOLD)
    house.post()
    house.heal()
    assert house.state(sale_id) == "rejected: erp_refused"
    return sale_id, house.order(sale_id)["orderId"]


def pay(house: House, order: int, amount: str, method: str = "CARD") -> None:
    body = {
        "paymentMethodCode": method, "paymentType": "RECEIPT", "orderId": order, "currencyIsoCode": "GBP",
        "amountPaid": amount, "paymentDate": "2026-11-20T09:00:00Z",
    }  # fmt: skip
    house.api("POST", "/accounting-service/customer-payment", body)


def ship(house: House, order: int, quantity: int) -> None:
    goods = [{"productId": COAT, "salesOrderRowId": house.row_id(order, 10), "quantity": quantity}]
    note = {"releaseDate": "2026-11-21T09:00:00Z", "warehouseId": LEEDS, "transfer": False, "products": goods}
    (note_id,) = house.api(
        "POST", f"/warehouse-service/order/{order}/goods-note/goods-out", {"warehouses": [note], "priority": False}
    )
    event = {"events": [{"eventCode": "SHW", "occured": "2026-11-21T10:00:00Z", "eventOwnerId": 4}]}
    house.api("POST", f"/warehouse-service/goods-note/goods-out/{note_id}/event", event)


def goes_on(house: House, sale_id: str) -> str:
    requeue(house.ledger, [sale_id])
    house.post()
    return house.state(sale_id)


def shipped(house: House) -> int:
    return -sum(quantity for product, _, quantity, _ in house.moves() if product == COAT)


def test_an_order_paid_by_hand_as_the_receipt_says_is_not_paid_again(house: House) -> None:
    sale_id, order = half_way(house)
    pay(house, order, "120.00")
    assert goes_on(house, sale_id) == "posted"
    assert (house.order(sale_id)["paid"], shipped(house)) == ("120.00", 2)
    assert house.verify().differing == 1  # it has another reference than ours: somebody should know
    assert f"payment SO-{sale_id}-p1: expected 120.00, the ERP has none" in house.posting(sale_id).message


def test_an_order_paid_otherwise_by_hand_is_parked_and_nothing_is_sent(house: House) -> None:
    sale_id, order = half_way(house)
    pay(house, order, "100.00", "CASH")
    assert goes_on(house, sale_id) == "rejected: changed_in_erp"
    assert house.posting(sale_id).message == (
        f"order {order}: it has payments that are not ours (CASH 100.00) and not all of the receipt's"
    )
    assert (house.order(sale_id)["paid"], shipped(house)) == ("100.00", 0)
    pay(house, order, "20.00", "CASH")
    assert goes_on(house, sale_id) == "rejected: changed_in_erp"
    assert house.order(sale_id)["paid"] == "120.00"


def test_an_order_shipped_by_hand_is_not_shipped_again(house: House) -> None:
    sale_id, order = half_way(house)
    ship(house, order, 2)
    assert goes_on(house, sale_id) == "posted"
    assert (house.order(sale_id)["paid"], shipped(house)) == ("120.00", 2)
    assert house.verify().verified == 1


def test_an_order_shipped_in_part_by_hand_is_parked_and_goes_on_when_all_is_shipped(house: House) -> None:
    sale_id, order = half_way(house)
    ship(house, order, 1)
    assert goes_on(house, sale_id) == "rejected: changed_in_erp"
    assert "a part of its goods is on goods-out notes: " in house.posting(sale_id).message
    assert shipped(house) == 1
    ship(house, order, 1)
    assert goes_on(house, sale_id) == "posted"
    assert (house.order(sale_id)["paid"], shipped(house)) == ("120.00", 2)
    assert house.verify().verified == 1


def test_an_order_finished_by_hand_in_every_way_is_taken_as_it_is(house: House) -> None:
    sale_id, order = half_way(house)
    pay(house, order, "120.00")
    ship(house, order, 2)
    house.api("POST", f"/order-service/sales-order/{order}/close", {"taxDate": "2026-11-20T12:00:00.000Z"})
    sent = house.sent()
    assert goes_on(house, sale_id) == "posted"
    assert house.sent() == sent


EDITS: dict[str, tuple[Callable[[House, int], Any], str]] = {
    "cancelled": (
        lambda house, order: house.api("PUT", f"/order-service/order/{order}/status", {"orderStatusId": 5}),
        "order {order} was cancelled (Canceled SO)",
    ),
    "a row deleted": (
        lambda house, order: house.control("DELETE", f"orders/{order}/rows/{house.row_id(order, 10)}"),
        "order {order} has no row for 2 of 'COAT'",
    ),
    "a quantity changed": (
        lambda house, order: house.control("POST", f"orders/{order}/rows/{house.row_id(order, 10)}", quantity="1"),
        "order {order} has no row for 2 of 'COAT'",
    ),
}


@pytest.mark.parametrize("kind", EDITS)
def test_an_order_changed_by_hand_is_parked_and_nothing_more_is_sent(house: House, kind: str) -> None:
    edit, why = EDITS[kind]
    sale_id, order = half_way(house)
    edit(house, order)
    sent = house.sent()
    assert goes_on(house, sale_id) == "rejected: changed_in_erp"
    assert (house.posting(sale_id).message, house.sent()) == (why.format(order=order), sent)


def test_an_order_that_vanished_is_not_made_again(house: House) -> None:
    sale_id, order = half_way(house)
    house.control("DELETE", f"orders/{order}")
    sent = house.sent()
    requeue(house.ledger, [sale_id])
    states = []
    for _ in range(8):  # it may only not be readable yet: it is given some tries, each after a longer pause
        house.later(minutes=5)
        house.post()
        states.append(house.state(sale_id))
    assert states == ["pending"] * 5 + ["rejected: changed_in_erp"] * 3
    assert (house.posting(sale_id).message, house.sent()) == (f"order {order} is no longer in the ERP", sent)


def test_a_sale_of_a_locked_period_is_parked_before_anything_is_sent(house: House) -> None:
    house.control("POST", "switches", locked_until="2026-11-20")
    sale_id = house.take(SOLD)
    other = house.take("leeds 2\n1 COAT 60.00 20%\ncard 60.00", business_date="2026-11-21")
    assert house.post().posted == 1
    assert (house.state(sale_id), house.state(other)) == ("rejected: closed_period", "posted")
    assert house.posting(sale_id).message == "the books are locked until 2026-11-20; its day is 2026-11-20"
    assert house.attempts(sale_id) == []
    house.control("POST", "switches", locked_until="")
    assert goes_on(house, sale_id) == "posted"


def test_a_period_locked_between_order_and_close_parks_the_sale_with_that_reason(house: House) -> None:
    poster = house.poster()
    assert poster.catalogue.locked_until is None
    house.control("POST", "switches", locked_until="2026-12-31", locked_close_refused=True)
    sale_id = house.take(SOLD)
    poster.post_due()
    assert house.state(sale_id) == "rejected: closed_period"
    assert house.posting(sale_id).message.startswith("SO close: the ERP refused: ")
    house.control("POST", "switches", locked_until="")
    assert goes_on(house, sale_id) == "posted"
    assert (house.order(sale_id)["paid"], shipped(house)) == ("120.00", 2)
    assert house.verify().verified == 1
