"""Bad input from outside: odd answers, odd headers, clocks that jump, two posters at once, an older ledger."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from bp_assets.ledger.locks import poster_lock
from bp_assets.posting.linger import run
from sandbox.faults import ODDITIES
from tests.posting.house import House, empty
from tests.posting.receipts import IDS
from tests.posting.test_faults import EVERYTHING, ROUTES, assert_everything_stands_once, one_by_one

MUG, TEA, COAT = (IDS[sku] for sku in ("MUG", "TEA", "COAT"))


def take(house: House, count: int) -> list[str]:
    return [house.take(f"leeds {n}\n1 MUG 6.00 20%\ncard 6.00") for n in range(1, count + 1)]


def assert_once(house: House, sales: list[str]) -> None:
    books = house.books()
    assert sorted(one["externalRef"] for one in books["orders"]) == sorted(f"SO-{one}" for one in sales)
    assert {(one["paid"], one["shipped"], one["invoiced"]) for one in books["orders"]} == {("6.00", True, True)}
    assert len(books["stockMoves"]) == len(sales)
    assert house.verify().verified == len(sales)


# -- answers ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("how", ODDITIES)
def test_however_odd_each_answer_is_every_sale_is_posted_once(house: House, how: str) -> None:
    house.fault("odd_reply", "POST *", how=how)
    sales = take(house, 12)
    poster = house.poster()
    for _ in range(12):
        poster.post_due()
        house.later(minutes=6)
    assert {house.state(one) for one in sales} == {"posted"}
    house.heal()
    assert_once(house, sales)


def test_headers_that_make_no_sense_stop_no_request(house: House) -> None:
    house.fault("odd_reply", "*", how="absurd_headers")
    sales = take(house, 3)
    assert house.post().posted == 3
    house.heal()
    assert_once(house, sales)


# -- clocks -----------------------------------------------------------------------------------------------------------
def test_a_clock_that_was_hours_ahead_and_is_put_right_strands_no_sale(house: House) -> None:
    house.change(erp={"search_lag_seconds": 10})
    one_by_one(house)
    house.fault("lost_reply", ROUTES["SO order"], count=2)
    house.late = timedelta(hours=5)
    sales = take(house, 2)
    house.post()
    assert {house.state(one) for one in sales} == {"unknown"}
    house.late = timedelta()
    house.heal()
    assert house.post().posted == 2  # due at once, though its next attempt was noted for hours later
    assert_once(house, sales)


def test_an_absence_is_waited_for_once_more_after_a_clock_was_put_back(house: House) -> None:
    house.change(erp={"search_lag_seconds": 10})
    one_by_one(house)
    house.fault("error", ROUTES["SO order"], count=1, status=500)
    house.late = timedelta(hours=5)
    (sale_id,) = take(house, 1)
    house.post()
    with house.ledger.begin() as connection:  # the ledger's clock was as wrong
        connection.exec_driver_sql("update tillbridge.steps set done_at = done_at + interval '5 hours'")
    house.late = timedelta()
    assert (house.post().calls, house.state(sale_id)) == (0, "unknown")
    house.later(seconds=11)
    assert house.post().posted == 1
    assert_once(house, [sale_id])


def test_a_clock_that_jumps_ahead_doubles_nothing(house: House) -> None:
    house.fault("lost_reply", "POST *", count=3)
    sales = take(house, 3)
    for hours in (0, 9, 1, 30, 2):
        house.late = timedelta(hours=hours)
        house.post()
    assert_once(house, sales)


# -- two posters ------------------------------------------------------------------------------------------------------
def test_a_second_poster_started_by_hand_ends_at_once(house: House) -> None:
    take(house, 2)
    with poster_lock(house.ledger, house.shops.erp.account) as first:
        assert first is not None
        second = run(house.ledger, house.client(), house.shops, linger_seconds=0)
    assert (second.busy_elsewhere, second.calls, house.sent()) == (True, 0, 0)


def test_two_posters_without_the_lock_still_post_each_sale_once(house: House) -> None:
    """Nobody starts them so; but if a lock were ever lost, the ledger's keys and the ERP's handles hold."""
    sales = take(house, 25)
    posters = [house.poster() for _ in range(2)]
    started = threading.Barrier(2)

    def post(poster: Any) -> None:
        started.wait()
        try:
            poster.post_due()
        except Exception as error:  # whichever comes second may be refused by the ledger in any way
            ends.append(type(error).__name__)

    ends: list[str] = []
    threads = [threading.Thread(target=post, args=(poster,)) for poster in posters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(ends) <= {"OpenStep", "DoubleEffect", "IllegalTransition"}
    for _ in range(4):
        house.later(minutes=6)
        house.post()
    assert {house.state(one) for one in sales} == {"posted"}
    assert_once(house, sales)


# -- an older ledger --------------------------------------------------------------------------------------------------
BACKUPS = {
    "from before the sale": "",
    "with the intent of the order": "delete from tillbridge.steps where step <> 'order'",
    "with the order": "delete from tillbridge.steps where step <> 'order'",
    "with orders and intents of payments and goods": (
        "delete from tillbridge.steps where step <> 'order' and step !~ '^(payment|goods|reserve)'"
    ),
    "with all but the close": "delete from tillbridge.steps where step = 'close'",
}
OPENED = {
    "with the intent of the order": "update tillbridge.steps set outcome = null, erp_id = null, done_at = null",
    "with orders and intents of payments and goods": (
        "update tillbridge.steps set outcome = null, erp_id = null, done_at = null where step <> 'order'"
    ),
}


def restore(house: House, backup: str) -> None:
    """The ledger as it stood earlier; the ERP as it stands."""
    if not BACKUPS[backup]:
        empty(house.ledger)
        house.take(EVERYTHING)
        return
    with house.ledger.begin() as connection:
        connection.exec_driver_sql(BACKUPS[backup])
        if backup in OPENED:
            connection.exec_driver_sql(OPENED[backup])
        connection.exec_driver_sql("update tillbridge.postings set state = 'sending', posted_at = null")


SWITCHES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "payments are not refused": {"duplicate_payment_refused": False},
    "fresh orders answer 200": {"created_status": "200"},
    "closes are not refused": {"invoiced_close_refused": False},
}


@pytest.mark.parametrize("backup", BACKUPS)
def test_after_a_restore_the_erps_own_records_win_and_nothing_is_sent_twice(house: House, backup: str) -> None:
    sale_id = house.take(EVERYTHING)
    assert house.post().posted == 1
    sent = house.sent()
    restore(house, backup)
    assert house.post_all().posted == 1
    assert house.sent() == sent
    assert_everything_stands_once(house, sale_id)


@pytest.mark.parametrize("switch", SWITCHES)
def test_after_a_restore_a_repeated_order_is_recognised_whichever_way_the_erp_answers(
    house: House, switch: str
) -> None:
    """Sold long after the installation began: its order is sent again, and answered with the one that is there."""
    house.control("POST", "switches", **SWITCHES[switch])
    house.take("leeds 1\n1 TEA 2.10 5%\ncard 2.10")
    house.post()
    late = house.now() + timedelta(hours=3)
    sale_id = house.take(EVERYTHING, sold_at=late)
    assert house.post().posted == 1
    effects = (house.moves(), len(house.server.world.payments), len(house.books()["orders"]))
    with house.ledger.begin() as connection:
        for table in ("steps", "postings", "inbox"):
            key = "source_id = '5'" if table == "inbox" else f"sale_id = '{sale_id}'"
            connection.exec_driver_sql(f"delete from tillbridge.{table} where {key}")  # our own words
    house.change(tender_map={"card": "CASH"})  # not even the payment's own key protects it now
    assert house.take(EVERYTHING, sold_at=late) == sale_id
    assert house.post_all().posted == 1
    assert (house.moves(), len(house.server.world.payments), len(house.books()["orders"])) == effects
    assert [outcome for step, outcome in house.attempts(sale_id) if step == "SO order"] == ["success"]
