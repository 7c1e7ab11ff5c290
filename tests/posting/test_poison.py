"""A sale that breaks every request it is in: it is parted from the others, which go through, and alone is parked."""

from __future__ import annotations

import socket
from collections import Counter

import pytest

from bp_assets.config import ShopsFile
from bp_assets.domain.catalogue import Catalogue
from bp_assets.domain.sale import Sale
from bp_assets.ledger.instances import used_since
from bp_assets.ledger.postings import requeue
from bp_assets.posting import send, work
from bp_assets.posting.packing import packed, room
from bp_assets.posting.plan import Plan, Refusal, plan_sale
from bp_assets.posting.progress import Call, Known, next_calls
from tests.posting.house import House
from tests.posting.receipts import IDS
from tests.posting.test_faults import one_by_one
from tests.tills.hanging import answering

POISON = '"externalRef":"SO-file_drop-tills-7"'


def take(house: House, count: int) -> list[str]:
    return [house.take(f"leeds {n}\n1 TEA 2.10 5%\ncard 2.10") for n in range(1, count + 1)]


def company(house: House, sales: list[str], poison: str) -> list[int]:
    """How many sales each order request of the poison sale carried: intended at one instant, and failed with it."""
    orders = [step for one in sales for step in house.steps(one) if step.step == "order"]
    together = Counter(step.intended_at for step in orders if step.outcome != "success")
    return [together[step.intended_at] for step in house.steps(poison) if step.step == "order"]


def test_a_request_is_shared_with_fewer_after_each_try_and_with_nobody_in_the_end() -> None:
    assert [room(tries) for tries in range(6)] == [10, 5, 2, 1, 1, 1]
    calls = [Call(str(n), "SO", "order", "", "POST", "/x", {}) for n in range(17)]
    tries = {str(n): 0 if n < 12 else 1 if n < 15 else 9 for n in range(17)}
    groups = [[int(call.sale_id) for call in group] for group in packed(calls, tries)]
    assert groups == [[*range(10)], [10, 11], [12, 13, 14], [15], [16]]


@pytest.mark.parametrize("fault", [{"kind": "error", "status": 500}, {"kind": "error", "status": 504}])
def test_a_sale_that_fails_every_request_is_left_alone_and_parked_and_all_others_are_posted(
    house: House, fault: dict[str, object]
) -> None:
    house.fault(route="POST *", containing=POISON, **fault)
    sales = take(house, 20)
    poison = sales[6]
    assert house.post().posted == 10
    for n in range(21, 28):
        house.later(minutes=6)
        sales.append(house.take(f"leeds {n}\n1 TEA 2.10 5%\ncard 2.10"))  # the shop goes on selling
        house.post()  # each time a new run: what it knows, it knows from the ledger
    assert company(house, sales, poison) == [10, 5, 2, 1, 1, 1, 1, 1]
    assert house.state(poison) == "rejected: too_many_attempts"
    assert house.posting(poison).message.startswith(
        "tried 8 times, last: order: POST /order-service/sales-order: HTTP "
    )
    assert {house.state(one) for one in sales if one != poison} == {"posted"}
    assert len(house.books()["orders"]) == 26
    house.heal()
    requeue(house.ledger, [poison])
    assert house.post().posted == 1
    assert house.verify().verified == 27


def test_a_sale_whose_every_reply_is_lost_is_found_done_step_by_step_and_costs_the_others_only_time(
    house: House,
) -> None:
    house.fault("lost_reply", "POST *", containing="file_drop-tills-7")
    sales = take(house, 10)
    house.post_all()
    assert {house.state(one) for one in sales} == {"posted"}
    assert [one["paid"] for one in house.books()["orders"]] == ["2.10"] * 10
    assert len(house.moves()) == 10
    assert house.verify().verified == 10


def test_a_sale_for_which_the_whole_request_is_refused_is_parked_in_the_same_wave_as_the_others_are_posted(
    house: House,
) -> None:
    house.fault("error", "POST *", containing=POISON, status=400)
    sales = take(house, 10)
    summary = house.post()
    assert (summary.posted, summary.parked) == (9, 1)
    assert house.state(sales[6]) == "rejected: erp_refused"
    assert house.posting(sales[6]).message.startswith("SO order: the ERP refused: CMNU-003 ")
    requests = house.books()["requests"]
    # whole, 1-5, 6-10, 6-7, 8-10, and 6 and 7 alone; then the nine others three times
    assert (requests["POST /multi-message"], requests["POST /order-service/sales-order"]) == (5 + 4, 2)
    assert house.verify().verified == 9


def test_an_outage_touches_a_few_sales_only_and_the_backlog_comes_out_of_it_packed(house: House) -> None:
    poster = house.poster()
    assert poster.catalogue.products
    sales = take(house, 60)
    house.fault("error", "POST *", status=500)
    summary = poster.post_due()
    assert summary.down.startswith("POST /multi-message: HTTP 500: ")
    tried = Counter(house.posting(one).attempts for one in sales)
    assert tried[1] <= 40  # three requests are under way at once, and one more begins before the second one failed
    assert tried[0] == 60 - tried[1]
    house.later(minutes=6)
    assert poster.post_due().down
    assert Counter(house.posting(one).attempts for one in sales)[0] >= tried[0] - 10
    house.heal()
    house.later(minutes=6)
    assert poster.post_due().posted == 60
    assert house.books()["requests"]["POST /multi-message"] < 60
    assert house.verify().verified == 60


def long_ago(house: House) -> None:
    """The account's number is in use since long: the ERP recognises what it has, and nothing is looked up first."""
    erp = house.shops.erp
    used_since(house.ledger, erp.account, erp.integration_instance_id)
    with house.ledger.begin() as connection:
        connection.exec_driver_sql("update tillbridge.erp_instances set first_used_at = '2020-01-01'")


def elsewhere(talking: socket.socket) -> None:
    """What stands before the ERP while it is away: it knows no such address, or leads to a page that says so."""
    talking.sendall(b"HTTP/1.1 302 Found\r\nlocation: /maintenance\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


def test_a_page_in_place_of_the_erp_parks_nothing(house: House) -> None:
    long_ago(house)
    sales = take(house, 3)
    catalogue = house.poster().catalogue
    with answering(elsewhere) as url:
        there = house.shops
        house.change(erp={"base_url": url})
        assert house.poster(catalogue=catalogue).post_due().down
        house.shops = there
    assert {house.posting(one).state for one in sales} == {"pending"}
    assert house.post_all().posted == 3


def test_a_mistake_of_ours_in_one_sales_plan_or_calls_costs_no_other_sale(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sales = take(house, 3)

    def planning(sale: Sale, shops: ShopsFile, catalogue: Catalogue) -> Plan | Refusal:
        if sale.sale_id == sales[0]:
            raise KeyError("a place nobody thought of")
        return plan_sale(sale, shops, catalogue)

    def calling(plan: Plan, known: Known, shops: ShopsFile, catalogue: Catalogue) -> list[Call]:
        if plan.sale.sale_id == sales[1] and known.done:
            raise AssertionError("a step nobody thought of")
        return next_calls(plan, known, shops, catalogue)

    monkeypatch.setattr(work, "plan_sale", planning)
    monkeypatch.setattr(send, "next_calls", calling)
    assert house.post().posted == 1
    assert [house.state(one) for one in sales] == ["rejected: malformed", "rejected: erp_refused", "posted"]
    assert house.posting(sales[0]).message == "can't be planned: KeyError: 'a place nobody thought of'"
    monkeypatch.undo()
    assert requeue(house.ledger) == 2
    assert house.post().posted == 2
    assert len(house.books()["orders"]) == 3


@pytest.mark.parametrize("status", [400, 404])
def test_stock_that_cannot_be_asked_about_costs_the_sale_its_words_and_the_others_nothing(
    house: House, status: int
) -> None:
    house.control("POST", "stock", productId=IDS["COAT"], warehouseId=3, quantity=-100)
    house.fault("error", "GET /warehouse-service/product-availability*", status=status)
    short = house.take("leeds 1\n1 COAT 60.00 20%\ncard 60.00")
    sound = house.take("leeds 2\n1 TEA 2.10 5%\ncard 2.10")
    assert not house.post().down
    assert (house.state(short), house.state(sound)) == ("rejected: erp_refused", "posted")


def test_a_reservation_that_cannot_be_read_holds_up_its_own_sale_only(house: House) -> None:
    one_by_one(house)
    house.fault("lost_reply", "POST /warehouse-service/order/*/reservation/*", count=1)
    house.fault("error", "GET /warehouse-service/order/*/reservation", status=400)
    later = house.take("leeds 1\n1 COAT 60.00 20% later\ncard 60.00")
    house.post()
    assert house.state(later) == "unknown"
    house.later(minutes=6)
    sound = house.take("leeds 2\n1 TEA 2.10 5%\ncard 2.10")
    assert not house.post().down
    assert (house.state(later), house.state(sound)) == ("unknown", "posted")
    assert "reservation" in house.posting(later).message
    house.heal()
    assert house.post_all().posted == 1
