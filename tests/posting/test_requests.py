"""How many requests the posting of many sales takes: counted by the ERP, exact, master data aside."""

from __future__ import annotations

from tests.posting.house import House, take_in
from tests.posting.receipts import sale

ORDERS, VERIFYING = "GET /order-service/order/{ids}", 4


def requests_of(house: House) -> dict[str, int]:
    """By route, without what a poster asks once: products, tax codes, the books' lock, two locations for each of two
    warehouses, and the orders from before its ledger began.
    """
    found = dict(house.books()["requests"])
    for route, count in {
        "GET /product-service/product-search": 1,
        "GET /accounting-service/tax-code": 1,
        "GET /accounting-service/accounting-period-lock": 1,
        "GET /order-service/order-search": 1,
        "GET /warehouse-service/warehouse/{id}/location/default": 2,
        "GET /warehouse-service/warehouse/{id}/location/quarantine": 2,
    }.items():
        assert found.pop(route) == count
    return found


def test_forty_sales_take_twenty_four_requests_from_receipt_to_verified(house: House) -> None:
    take_in(house.ledger, *(sale(f"leeds {1000 + n}\n1 BAG 12.00 20%\n1 MUG 6.00 20%\ncard 18.00") for n in range(40)))
    poster = house.poster()
    assert poster.post_due().posted == 40
    assert requests_of(house) == {"POST /multi-message": 20, ORDERS: 1}
    house.verify()  # reads master data again: a client of its own
    assert sum(house.books()["requests"].values()) == 8 + 21 + 7 + VERIFYING


def test_the_last_payments_of_a_round_travel_with_the_next_one(house: House) -> None:
    take_in(house.ledger, *(sale(f"leeds {1000 + n}\n1 MUG 12.00 20%\ncash 2.00\ncard 10.00") for n in range(4)))
    assert house.post().posted == 4
    # 4 orders; 4 notes and 6 payments; 2 payments, 4 shipments and 4 closes: never a request for two payments alone.
    assert requests_of(house) == {"POST /multi-message": 3, ORDERS: 1}


def test_in_a_backlog_a_return_waits_for_the_wave_after_its_original(house: House) -> None:
    house.change(posting={"batch_size": 3})
    sold = [sale(f"leeds {number}\n1 MUG 12.00 20%\ncard 12.00") for number in (1000, 1001)]
    back = sale("leeds 1002 of 1000\n-1 MUG -12.00 20%\ncard -12.00")
    take_in(house.ledger, *sold, back)
    waves: list[int] = []
    house.poster().post_due(lambda summary: waves.append(summary.posted))
    assert waves == [2, 3]
    assert house.order(back.sale_id, "SC")["paid"] == "12.00"


def test_a_wave_of_a_backlog_ends_where_its_orders_fill_their_requests(house: House) -> None:
    take_in(house.ledger, *(sale(f"leeds {1000 + n}\n1 MUG 12.00 20%\ncard 12.00") for n in range(25)))
    waves: list[int] = []
    house.poster().post_due(lambda summary: waves.append(summary.posted), choose=lambda due: due[:13])
    assert waves == [10, 20, 25]  # 13, 13 and 5 would take one request more for orders, and one more for shipping
