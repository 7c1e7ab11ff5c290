"""Faults of the ERP and the network: whatever is lost, refused or late, the books hold each effect exactly once."""

from __future__ import annotations

import time

import httpx
import pytest

from bp_assets.brightpearl.auth import MemoryTokens, OAuth
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.pacing import RequestBudget
from bp_assets.ledger.postings import requeue
from bp_assets.posting.poster import Poster
from tests.posting.house import TOKEN, House
from tests.posting.receipts import IDS

MUG, TEA, COAT = (IDS[sku] for sku in ("MUG", "TEA", "COAT"))
# Everything a plan can hold: both documents, payments, goods both ways, a reservation.
EVERYTHING = "leeds 5\n1 COAT 60.00 20%\n2 TEA 4.20 5% later\n-1 MUG -6.00 20%\ncard 58.20"
ROUTES = {
    "SO order": "POST /order-service/sales-order",
    "SC order": "POST /order-service/sales-credit",
    "SO payment:1": "POST /accounting-service/customer-payment",
    "SO goods_out": "POST /warehouse-service/order/*/goods-note/goods-out",
    "SC goods_in:shop": "POST /warehouse-service/order/*/goods-note/goods-in",
    "SO reserve": "POST /warehouse-service/order/*/reservation/*",
    "SO ship": "POST /warehouse-service/goods-note/goods-out/*/event",
    "SO close": "POST /order-service/sales-order/*/close",
    "SC close": "POST /order-service/sales-credit/*/close",
}
ALL_STEPS = {*ROUTES, "SO payment:2", "SC payment:1"}


def one_by_one(house: House) -> None:
    """The multi-message is out of order: each step is a request of its own, so that a fault can hit just one."""
    house.fault("error", "POST /multi-message", status=404)


def assert_everything_stands_once(house: House, sale_id: str) -> None:
    """The ERP's own books: money, goods and reservation of ``EVERYTHING``, each exactly once."""
    order, credit = house.order(sale_id), house.order(sale_id, "SC")
    assert (order["net"], order["tax"], order["total"], order["paid"]) == ("54.00", "10.20", "64.20", "64.20")
    assert (credit["net"], credit["tax"], credit["total"], credit["paid"]) == ("5.00", "1.00", "6.00", "6.00")
    assert (order["invoiced"], credit["invoiced"]) == (True, True)
    assert sorted(house.moves()) == [(MUG, 3, 1, "goods-in"), (COAT, 3, -1, "goods-out")]
    (held,) = house.api("GET", f"/warehouse-service/order/{order['orderId']}/reservation")
    assert [row["quantity"] for row in held["orderRows"].values()] == [2]
    assert len(house.books()["orders"]) == 2
    done = [step for step, outcome in house.attempts(sale_id) if outcome == "success"]
    assert sorted(done) == sorted(ALL_STEPS)
    assert house.verify().verified == 1


@pytest.mark.parametrize("step", ROUTES)
def test_a_lost_reply_is_looked_up_and_the_step_is_not_sent_again(house: House, step: str) -> None:
    one_by_one(house)
    house.fault("lost_reply", ROUTES[step], count=1)
    sale_id = house.take(EVERYTHING)
    house.post()
    assert house.state(sale_id) == "unknown"
    assert f"{step.split()[1]}: POST /" in house.posting(sale_id).message
    assert (step, "unknown") in house.attempts(sale_id)
    assert house.post_all().posted == 1
    assert [one for one in house.attempts(sale_id) if one[0] == step] == [(step, "success")]
    assert_everything_stands_once(house, sale_id)


@pytest.mark.parametrize("step", ROUTES)
def test_a_failure_of_the_erp_itself_is_looked_up_and_the_step_sent_again_if_it_is_not_there(
    house: House, step: str
) -> None:
    one_by_one(house)
    house.fault("error", ROUTES[step], count=1, status=500)
    sale_id = house.take(EVERYTHING)
    house.post()
    assert house.state(sale_id) == "unknown"
    assert house.post_all().posted == 1
    assert [one for one in house.attempts(sale_id) if one[0] == step] == [(step, "failure"), (step, "success")]
    assert_everything_stands_once(house, sale_id)


@pytest.mark.parametrize("step", ["SO order", "SO goods_out", "SC goods_in:shop", "SO close"])
def test_a_gateway_that_gives_up_after_the_work_was_done_does_no_harm(house: House, step: str) -> None:
    one_by_one(house)
    house.fault("error", ROUTES[step], count=1, status=504, committed=True)
    sale_id = house.take(EVERYTHING)
    assert house.post_all().posted == 1
    assert [one for one in house.attempts(sale_id) if one[0] == step] == [(step, "success")]
    assert_everything_stands_once(house, sale_id)


@pytest.mark.parametrize("step", ["SO order", "SO payment:1", "SO goods_out", "SC goods_in:shop"])
def test_a_call_that_comes_through_after_it_was_looked_up_and_repeated_has_no_second_effect(
    house: House, step: str
) -> None:
    house.change(erp={"timeout_seconds": 0.4})
    one_by_one(house)
    house.fault("slow", ROUTES[step], count=1, seconds=1.5)
    sale_id = house.take(EVERYTHING)
    started = time.monotonic()
    house.post()
    assert house.state(sale_id) == "unknown"
    assert "ReadTimeout: sent, but no answer came back" in house.posting(sale_id).message
    house.change(erp={"timeout_seconds": 10})
    assert house.post_all().posted == 1
    time.sleep(max(0.0, started + 2.5 - time.monotonic()))  # the slow one lands in the dark: no answer tells of it
    assert_everything_stands_once(house, sale_id)


def test_a_lost_reply_to_a_whole_packed_request_settles_every_message_in_it(house: House) -> None:
    ids = [house.take(f"leeds {n}\n1 MUG 6.00 20%\ncard 6.00") for n in range(10)]
    house.fault("lost_reply", "POST /multi-message", count=1)
    assert (house.post().posted, {house.state(one) for one in ids}) == (0, {"unknown"})
    assert house.post_all().posted == 10
    assert [house.attempts(one)[0] for one in ids] == [("SO order", "success")] * 10
    assert sorted(one["total"] for one in house.books()["orders"]) == ["6.00"] * 10
    assert house.books()["messages"]["POST /order-service/sales-order"] == 10
    assert house.verify().verified == 10


def test_one_failing_message_of_a_packed_request_costs_only_its_own_sale_time(house: House) -> None:
    ids = [house.take(f"leeds {n}\n1 MUG 6.00 20%\ncard 6.00") for n in range(5)]
    house.fault("item_failure", "POST /accounting-service/customer-payment", count=1)
    summary = house.post()
    assert (summary.posted, summary.unknown) == (4, 1)
    house.later(seconds=5)
    assert house.post().posted == 1
    assert {house.state(one) for one in ids} == {"posted"}
    assert [one["paid"] for one in house.books()["orders"]] == ["6.00"] * 5
    assert house.verify().verified == 5


def test_a_cap_used_up_by_others_is_waited_for(house: House) -> None:
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    house.fault("throttle", "POST *", count=2)
    assert house.post().posted == 1
    assert house.books()["refused"] == 2
    assert [outcome for _, outcome in house.attempts(sale_id)] == ["success"] * 5


def test_an_erp_that_is_down_for_an_hour_costs_no_sale_anything(house: House) -> None:
    ids = [house.take(f"leeds {n}\n1 MUG 6.00 20%\ncard 6.00") for n in range(3)]
    house.fault("error", "*", status=503)
    for _ in range(13):
        summary = house.post()
        assert summary.down.endswith("HTTP 503: The account is currently unavailable")
        house.later(minutes=5)
    assert [(house.state(one), house.posting(one).attempts) for one in ids] == [("pending", 0)] * 3
    house.heal()
    assert house.post().posted == 3
    assert house.verify().verified == 3


def test_an_erp_that_goes_away_in_the_middle_is_waited_for_and_gone_on_with(house: House) -> None:
    poster = house.poster()
    house.take("leeds 2\n1 MUG 6.00 20%\ncard 6.00")
    assert poster.post_due().posted == 1
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00", sold_at=house.now())
    house.fault("error", "*", status=502)
    for _ in range(12):
        poster.post_due()
        assert house.state(sale_id) == "unknown"
        house.later(minutes=5)
    house.heal()
    assert poster.post_due().posted == 1
    assert house.posting(sale_id).attempts == 2
    assert [one["total"] for one in house.books()["orders"]] == ["6.00"] * 2


def test_an_erp_whose_writes_fail_for_an_hour_while_it_reads_parks_nothing(house: House) -> None:
    ids = [house.take(f"leeds {n}\n1 MUG 6.00 20%\ncard 6.00") for n in range(2)]
    house.fault("error", "POST *", status=500)
    for _ in range(12):
        house.post()
        house.later(minutes=5)
    assert [house.state(one) for one in ids] == ["unknown", "unknown"]
    assert house.posting(ids[0]).attempts > house.shops.posting.max_attempts
    house.heal()
    assert house.post().posted == 2
    assert house.verify().verified == 2


def test_a_sale_that_alone_keeps_failing_is_parked_and_later_posted_once(house: House) -> None:
    house.change(posting={"max_attempts": 3})
    one_by_one(house)
    house.fault("error", ROUTES["SO order"], shop=4, status=500)
    poison = house.take("london 1\n1 MUG 6.00 20%\ncard 6.00")
    for number in range(2, 8):
        house.take(f"leeds {number}\n1 MUG 6.00 20%\ncard 6.00")
        house.post()
        house.later(minutes=6)
    assert house.state(poison) == "rejected: too_many_attempts"
    assert house.posting(poison).message.startswith("tried 3 times, last: order: POST /order-service/sales-order")
    house.heal()
    requeue(house.ledger, reason_code="too_many_attempts")
    assert house.post().posted == 1
    assert len(house.books()["orders"]) == 7


def test_a_sale_that_fails_with_nothing_beside_it_is_parked_only_after_hours(house: House) -> None:
    house.change(posting={"max_attempts": 3})
    house.fault("error", "POST *", status=500)
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    states = []
    for _ in range(9):
        house.post()
        states.append(house.state(sale_id))
        house.later(hours=1)
    assert states == ["unknown"] * 6 + ["rejected: too_many_attempts"] * 3


def test_an_address_where_nobody_listens_is_one_clear_sentence(house: House) -> None:
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    house.change(erp={"base_url": "http://127.0.0.1:9"})
    assert "ConnectError: the ERP could not be reached; nothing was sent" in house.post().down
    assert (house.state(sale_id), house.attempts(sale_id)) == ("pending", [])


def test_wrong_credentials_blame_no_sale_and_are_said_once(house: House) -> None:
    ids = [house.take(f"leeds {n}\n1 MUG 6.00 20%\ncard 6.00") for n in range(12)]
    summary = house.poster("wrong-token").post_due()
    assert summary.down.startswith("the ERP refused the credentials (401: ")
    assert "TILLBRIDGE_ERP_TOKEN" in summary.down
    assert "wrong-token" not in summary.down
    assert (summary.parked, summary.calls, {house.state(one) for one in ids}) == (0, 0, {"pending"})
    assert house.post().posted == 12


def test_credentials_that_end_in_the_middle_stop_the_run_and_blame_no_sale(house: House) -> None:
    ids = [house.take(f"leeds {n}\n1 MUG 6.00 20%\ncard 6.00") for n in range(12)]
    one_by_one(house)
    house.fault("error", "POST /accounting-service/*", status=401)
    summary = house.post()
    assert summary.down.startswith("the ERP refused the credentials")
    assert summary.parked == 0
    assert {house.state(one) for one in ids} == {"pending"}
    house.heal()
    house.post_all()
    assert {house.state(one) for one in ids} == {"posted"}
    assert [one["paid"] for one in house.books()["orders"]] == ["6.00"] * 12


def test_a_token_that_expires_in_the_middle_is_renewed_without_a_sale_noticing(house: House) -> None:
    form = {
        "grant_type": "authorization_code", "code": "sandbox-code", "client_id": "tillbridge",
        "client_secret": "sandbox-secret", "redirect_uri": "https://tillbridge.example/oauth",
    }  # fmt: skip
    grant = httpx.post(f"{house.url}/oauth/token", data=form).raise_for_status().json()
    oauth = {"auth": "oauth", "dev_ref": "tillbridge-dev", "oauth_token_url": f"{house.url}/oauth/token"}
    house.change(erp=oauth)
    auth = OAuth(house.shops.erp, grant["refresh_token"], "sandbox-secret", MemoryTokens())
    house.fault("expire_token", "POST /multi-message", count=1)
    ids = [house.take(f"leeds {n}\n1 MUG 6.00 20%\ncard 6.00") for n in range(3)]
    with ErpClient(house.shops.erp, lane="posting", budget=RequestBudget(10_000, 0), auth=auth) as client:
        assert Poster(house.ledger, client, house.shops, now=house.now).post_due().posted == 3
        assert client.counts["posting", "POST /oauth/token"] == 2
    assert [len(house.attempts(one)) for one in ids] == [5, 5, 5]


HAND_PAID = {
    "transactionRef": "SO-{sale}-p1", "paymentMethodCode": "CARD", "paymentType": "RECEIPT", "orderId": "{order}",
    "currencyIsoCode": "GBP", "amountPaid": "6.00", "paymentDate": "2026-11-20T09:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize(
    ("step", "path", "body"),
    [
        ("SO payment:1", "/accounting-service/customer-payment", HAND_PAID),
        ("SO close", "/order-service/sales-order/{order}/close", {}),
    ],
)
def test_what_a_person_has_done_by_hand_since_is_found_and_not_done_again(
    house: House, step: str, path: str, body: dict[str, str]
) -> None:
    sale_id = house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    one_by_one(house)
    house.fault("error", ROUTES[step], count=1, status=400)
    house.post()
    assert house.state(sale_id) == "rejected: erp_refused"
    house.heal()
    order = house.order(sale_id)["orderId"]
    filled: dict[str, object] = {name: value.format(sale=sale_id, order=order) for name, value in body.items()}
    house.api("POST", path.format(order=order), {**filled, **({"orderId": order} if body else {})})
    requeue(house.ledger)
    assert house.post().posted == 1
    assert house.attempts(sale_id).count((step, "success")) == 1
    assert house.order(sale_id)["paid"] == "6.00"
    assert house.verify().verified == 1


def test_two_clients_with_the_same_token_do_not_confuse_each_other(house: House) -> None:
    """A read-back runs beside posting on the same account."""
    house.take("leeds 1\n1 MUG 6.00 20%\ncard 6.00")
    with ErpClient(house.shops.erp, TOKEN, lane="verify", budget=RequestBudget(10_000, 0)) as reader:
        assert reader.get("/order-service/order-search").response["metaData"]["resultsAvailable"] == 0
        assert house.post().posted == 1
        assert reader.get("/order-service/order-search").response["metaData"]["resultsAvailable"] == 1
