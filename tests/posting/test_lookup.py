"""Looking up what nobody knows: when an absence is believed, and what is recognised as being there already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.payments import Payment, payments_of
from bp_assets.brightpearl.reading import Misread
from bp_assets.ledger.steps import Intent, intend, open_steps
from bp_assets.posting import facts
from tests.posting.house import House
from tests.posting.test_faults import ROUTES, one_by_one


def test_an_absence_is_not_believed_before_the_search_can_have_caught_up(house: House) -> None:
    house.change(erp={"search_lag_seconds": 60})
    one_by_one(house)
    house.fault("lost_reply", ROUTES["SO order"], count=1)
    poster = house.poster()
    assert "MUG" in poster.catalogue.products
    house.fault("search_lag", seconds=60)
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    poster.post_due()
    house.later(seconds=10)
    sent = house.sent()
    summary = poster.post_due()
    assert (summary.posted, summary.calls, house.sent()) == (0, 0, sent)
    assert house.state(sale_id) == "unknown"
    assert house.posting(sale_id).message == "waits until the ERP's search can be believed"
    (waiting,) = open_steps(house.ledger)
    assert (house.posting(sale_id).next_attempt_at - waiting.done_at).total_seconds() == 60
    house.heal()  # the index has caught up
    house.later(seconds=51)
    assert house.post().posted == 1
    assert house.attempts(sale_id)[0] == ("SO order", "success")
    assert house.books()["requests"]["POST /order-service/sales-order"] == 1


def test_the_searchs_time_begins_when_the_reply_was_lost_not_when_the_call_was_intended(house: House) -> None:
    """A call may wait for its place in the cap, and be answered late: the ERP did it long after the intent."""
    house.change(erp={"search_lag_seconds": 4, "timeout_seconds": 10})
    one_by_one(house)
    house.fault("lost_reply", ROUTES["SO order"], count=1)
    house.fault("slow", ROUTES["SO order"], count=1, seconds=2.2)
    poster = house.poster()
    assert "MUG" in poster.catalogue.products
    house.fault("search_lag", seconds=60)
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    poster.post_due()
    (lost,) = open_steps(house.ledger)
    assert (lost.done_at - lost.intended_at).total_seconds() > 2
    house.later(seconds=3)  # past its turn, and past the lag as counted from the intent
    assert (poster.post_due().calls, house.state(sale_id)) == (0, "unknown")
    assert house.posting(sale_id).next_attempt_at == lost.done_at + timedelta(seconds=4)


def test_a_call_that_its_poster_died_over_is_lost_from_the_moment_it_is_found(house: House) -> None:
    house.change(erp={"search_lag_seconds": 60})
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    order = Intent(sale_id, "SO", "order", f"SO-{sale_id}", "POST", "/order-service/sales-order", {})
    intend(house.ledger, [order])
    house.later(minutes=10)
    assert (house.post().calls, house.state(sale_id)) == (0, "unknown")
    house.later(seconds=50)
    assert house.post().calls == 0
    house.later(seconds=11)
    assert house.post().posted == 1
    assert house.attempts(sale_id)[:2] == [("SO order", "failure"), ("SO order", "success")]


def test_an_absence_is_believed_once_the_search_has_had_its_time(house: House) -> None:
    house.change(erp={"search_lag_seconds": 60})
    one_by_one(house)
    house.fault("error", ROUTES["SO order"], count=1, status=500)
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    house.post()
    house.later(seconds=61)
    assert house.post().posted == 1
    assert house.attempts(sale_id)[:2] == [("SO order", "failure"), ("SO order", "success")]


def test_an_order_that_the_search_hides_for_too_long_is_still_not_made_twice(house: House) -> None:
    one_by_one(house)
    house.fault("lost_reply", ROUTES["SO order"], count=1)
    poster = house.poster()
    assert "MUG" in poster.catalogue.products
    house.fault("search_lag", seconds=3600)
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    poster.post_due()
    house.later(seconds=10)
    assert poster.post_due().posted == 1  # believed absent, sent again: the ERP answered with the order it had
    assert len(house.books()["orders"]) == 1
    assert house.order(sale_id)["paid"] == "6.00"


def test_a_payment_that_cant_be_read_is_not_taken_for_absent(house: House) -> None:
    """What is looked for may be the record that makes no sense: nothing is sent again until it does."""
    one_by_one(house)
    house.fault("lost_reply", ROUTES["SO payment:1"], count=1)
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    house.post()
    (paid,) = house.server.world.payments.values()
    paid.type = ""
    house.later(minutes=6)
    sent = house.sent()
    assert house.post().posted == 0
    assert (house.state(sale_id), house.sent()) == ("unknown", sent)
    assert house.posting(sale_id).message.endswith(f"customer-payment {paid.id}: paymentType is missing")
    paid.type = "RECEIPT"
    house.later(minutes=6)
    assert house.post().posted == 1
    assert house.order(sale_id)["paid"] == "6.00"


def test_a_payment_whose_tender_was_mapped_anew_while_its_reply_was_lost_is_not_paid_twice(house: House) -> None:
    one_by_one(house)
    house.fault("lost_reply", ROUTES["SO payment:1"], count=1)
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    house.post()
    house.change(tender_map={"card": "CASH"})
    assert house.post_all().posted == 1
    assert [one.method for one in house.server.world.payments.values()] == ["CARD"]
    assert house.order(sale_id)["paid"] == "6.00"
    assert house.verify().differing == 1


def test_records_that_name_no_order_or_a_strangers_stop_no_run(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose payment it is nobody knows: none of the orders read with it passes for verified."""
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    assert house.post().posted == 1
    strangers = [0, 4711]

    def told(client: ErpClient, ids: Iterable[int]) -> list[Payment | Misread]:
        real = payments_of(client, ids)
        return [*real, *(replace(real[0], order_id=order_id) for order_id in strangers)]

    monkeypatch.setattr(facts, "payments_of", told)
    assert house.verify().verified == 0
    assert house.posting(sale_id).message.endswith("the ERP has customer-payment : it names no order")
    strangers.remove(0)
    assert house.verify().verified == 1
