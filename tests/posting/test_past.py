"""Orders this ledger knows nothing of: an account without an instance, a changed one, a ledger that began anew."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from bp_assets.ledger.instances import instances, used_since
from tests.posting.house import House, empty
from tests.posting.receipts import IDS
from tests.posting.test_faults import ROUTES, one_by_one

SEARCH = "GET /order-service/order-search"


def take(house: House, count: int) -> list[str]:
    return [house.take(f"leeds {n}\n1 TEA 2.10 5%\ncard 2.10") for n in range(1, count + 1)]


def assert_once(house: House, sales: list[str]) -> None:
    books = house.books()
    assert sorted(one["externalRef"] for one in books["orders"]) == sorted(f"SO-{one}" for one in sales)
    assert {(one["paid"], one["shipped"], one["invoiced"]) for one in books["orders"]} == {("2.10", True, True)}
    assert sum(move["reason"] == "goods-out" for move in books["stockMoves"]) == len(sales)
    assert house.verify().verified == len(sales)


def without_instance(house: House) -> None:
    house.shops = house.shops.model_copy(
        update={"erp": house.shops.erp.model_copy(update={"integration_instance_id": None})}
    )


def test_without_an_instance_each_order_is_looked_up_before_it_is_sent(house: House) -> None:
    without_instance(house)
    sales = take(house, 12)
    assert house.post().posted == 12
    assert house.books()["requests"][SEARCH] == 1
    assert all("installedIntegrationInstanceId" not in step.body for step in house.steps(sales[0]) if step.body)
    assert_once(house, sales)


@pytest.mark.parametrize("fault", [{"kind": "lost_reply"}, {"kind": "error", "status": 500}])
def test_without_an_instance_a_lost_order_is_sent_again_only_when_its_absence_can_be_believed(
    house: House, fault: dict[str, object]
) -> None:
    without_instance(house)
    house.change(erp={"search_lag_seconds": 60})
    one_by_one(house)
    poster = house.poster()
    assert poster.catalogue.products
    house.fault(route=ROUTES["SO order"], count=1, **fault)
    house.fault("search_lag", seconds=60)
    sales = take(house, 1)
    poster.post_due()
    house.later(seconds=30)
    sent = house.sent()
    assert (poster.post_due().calls, house.sent()) == (0, sent)
    house.control("DELETE", "faults")  # the search has caught up
    house.later(seconds=31)
    assert house.post().posted == 1
    assert_once(house, sales)


def test_without_an_instance_a_ledger_restored_to_nothing_takes_over_what_the_erp_has(house: House) -> None:
    without_instance(house)
    sales = take(house, 12)
    house.post()
    empty(house.ledger)
    take(house, 12)
    sent = house.sent()
    assert house.post().posted == 12
    assert house.sent() == sent
    assert house.attempts(sales[0]) == [
        (step, "success") for step in ("SO order", "SO payment:1", "SO goods_out", "SO ship", "SO close")
    ]
    assert {step.error for step in house.steps(sales[0])} == {"found in the ERP; nothing was sent"}
    assert_once(house, sales)


def test_a_new_ledger_under_another_instance_takes_over_what_stands_under_the_old_one(house: House) -> None:
    sales = take(house, 12)
    house.post()
    empty(house.ledger)
    house.change(erp={"integration_instance_id": 14})
    take(house, 12)
    sent = house.sent()
    assert house.post().posted == 12
    assert house.sent() == sent
    assert_once(house, sales)


def test_sales_from_before_a_changed_instance_are_looked_up_and_those_from_after_it_not(house: House) -> None:
    (old,) = take(house, 1)
    house.post()
    house.change(erp={"integration_instance_id": 14})
    known = house.books()["requests"][SEARCH]
    lately = datetime.now(UTC) + timedelta(hours=2)
    new = house.take("leeds 2\n1 TEA 2.10 5%\ncard 2.10", sold_at=lately)
    assert house.post().posted == 1
    assert house.books()["requests"][SEARCH] == known
    assert instances(house.ledger, "sandbox") == [13, 14]
    assert_once(house, [old, new])


def test_an_order_whose_reply_was_lost_is_sent_again_under_the_instance_it_was_first_sent_under(house: House) -> None:
    """The search hides it for too long: only under its old number does the ERP recognise it."""
    one_by_one(house)
    house.fault("lost_reply", ROUTES["SO order"], count=1)
    poster = house.poster()
    assert poster.catalogue.products
    house.fault("search_lag", seconds=3600)
    sales = take(house, 1)
    poster.post_due()
    house.change(erp={"integration_instance_id": 14})
    house.later(seconds=10)
    house.poster(catalogue=poster.catalogue).post_due()
    sent = [step.body["installedIntegrationInstanceId"] for step in house.steps(sales[0]) if step.step == "order"]
    assert sent == [13, 13]
    house.heal()
    house.post_all()
    assert_once(house, sales)


def test_two_hundred_unknown_orders_are_found_in_one_search(house: House) -> None:
    house.control("POST", "stock", productId=IDS["TEA"], warehouseId=3, quantity=200)
    sales = take(house, 200)
    house.post()
    with house.ledger.begin() as connection:  # as if every poster had died over its requests
        connection.exec_driver_sql("delete from tillbridge.steps where step <> 'order'")
        connection.exec_driver_sql("update tillbridge.steps set outcome = 'unknown', erp_id = null")
        connection.exec_driver_sql("update tillbridge.postings set state = 'unknown', posted_at = null")
    sent, requests = house.sent(), Counter(house.books()["requests"])
    assert house.poster(catalogue=house.poster().catalogue).post_due().posted == 200
    assert house.sent() == sent
    asked = Counter(house.books()["requests"]) - requests
    assert asked[SEARCH] == 1
    assert_once(house, sales)


def test_the_first_use_of_an_instance_is_noted_once(house: House) -> None:
    first = used_since(house.ledger, "sandbox", 13)
    assert used_since(house.ledger, "sandbox", 13) == first
    assert used_since(house.ledger, "sandbox", None) >= first
    assert instances(house.ledger, "sandbox") == [13, 0]
