"""Whole posting runs: one poster per account, a lock that is lost, a PostgreSQL that is restarted under them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from bp_assets.brightpearl.pacing import Lane, Taken
from bp_assets.config.home import Home
from bp_assets.ledger import cluster
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.errors import LockLost
from bp_assets.ledger.locks import poster_lock
from bp_assets.ledger.steps import open_steps
from bp_assets.posting import linger
from bp_assets.posting.linger import Lingered
from sandbox.server import SandboxServer
from tests.posting.house import House, stock_the_range
from tests.posting.test_faults import ROUTES, one_by_one

MUG_SALE = "leeds {}\n1 MUG 6.00 20%\ncard 6.00"


@pytest.fixture
def run_house(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """The house with folders for its tills, since a whole run asks them too."""
    monkeypatch.setenv("TILLBRIDGE_HOME", str(tmp_path))
    for shop in house.shops.shops:
        (tmp_path / "drop" / shop.key).mkdir(parents=True)
    return house


def run(house: House, seconds: float = 0, **more: object) -> Lingered:
    return linger.run(house.ledger, house.client(), house.shops, linger_seconds=seconds, **more)  # type: ignore[arg-type]  # named by the tests


def until(true: Callable[[], object], seconds: float = 20) -> None:
    """Waits for an event in another thread or server."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def end_the_locks_connection(ledger: Ledger) -> None:
    with ledger.begin() as connection:
        kill = (
            "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory' and objsubid = 1"
            " and database = (select oid from pg_database where datname = current_database())"
        )
        assert connection.scalar(sa.text(kill)) == 1


def test_a_run_posts_what_waits_and_ends(run_house: House) -> None:
    sale_id = run_house.take(MUG_SALE.format(1))
    ended = run(run_house)
    assert (ended.rounds, ended.posted, ended.calls, ended.down, ended.lock_lost) == (1, 1, 5, "", False)
    assert run_house.state(sale_id) == "posted"


def test_a_second_run_on_the_account_does_nothing_while_the_first_is_busy(run_house: House) -> None:
    ids = [run_house.take(MUG_SALE.format(number)) for number in range(3)]
    with poster_lock(run_house.ledger, run_house.shops.erp.account) as lock:
        assert lock is not None
        ended = run(run_house)
        assert (ended.busy_elsewhere, ended.rounds, ended.posted) == (True, 0, 0)
        assert run_house.sent() == 0
    assert run(run_house).posted == 3
    assert {run_house.state(one) for one in ids} == {"posted"}


def test_of_two_runs_started_together_only_one_posts(run_house: House) -> None:
    for number in range(6):
        run_house.take(MUG_SALE.format(number))
    run_house.fault("slow", "GET /product-service/*", seconds=1, count=1)  # the one that has the lock keeps it a while
    ended: list[Lingered] = []
    runs = [threading.Thread(target=lambda: ended.append(run(run_house))) for _ in range(2)]
    for one in runs:
        one.start()
    for one in runs:
        one.join(60)
    assert sorted(one.busy_elsewhere for one in ended) == [False, True]
    assert sorted(one.posted for one in ended) == [0, 6]
    assert len(run_house.books()["orders"]) == 6


def test_a_sale_that_comes_while_a_run_lingers_is_posted_by_it(run_house: House) -> None:
    ended: list[Lingered] = []
    rounds: list[linger.Round] = []
    lingering = threading.Thread(target=lambda: ended.append(run(run_house, seconds=3, on_round=rounds.append)))
    lingering.start()
    until(lambda: rounds)
    assert rounds[0].quiet
    sale_id = run_house.take(MUG_SALE.format(1))
    lingering.join(60)
    assert (ended[0].posted, ended[0].lock_lost) == (1, False)
    assert run_house.state(sale_id) == "posted"


def test_a_run_that_loses_its_lock_stops_without_touching_what_another_may_own(run_house: House) -> None:
    one_by_one(run_house)
    sale_id = run_house.take(MUG_SALE.format(1))
    run_house.fault("slow", ROUTES["SO order"], seconds=1.5, count=1)
    ended: list[Lingered] = []
    posting = threading.Thread(target=lambda: ended.append(run(run_house)))
    posting.start()
    until(lambda: open_steps(run_house.ledger))
    end_the_locks_connection(run_house.ledger)
    posting.join(60)
    assert (ended[0].lock_lost, ended[0].posted) == (True, 0)
    assert run_house.state(sale_id) == "sending"  # not handed back: it may be in another poster's hands by now
    assert run_house.attempts(sale_id) == [("SO order", "success")]
    assert "POST /accounting-service/customer-payment" not in run_house.books()["requests"]
    assert run(run_house).posted == 1
    assert run_house.order(sale_id)["paid"] == "6.00"


def test_an_erp_that_failed_is_asked_for_little_before_posting_goes_on(
    run_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its products may be a hundred requests, more than half of a minute's."""
    monkeypatch.setattr(linger, "_FIRST_REST", 0.1)
    sales = [run_house.take(MUG_SALE.format(number)) for number in range(20)]
    run_house.fault("error", "POST *", status=500)
    rounds: list[linger.Round] = []
    ended: list[Lingered] = []
    stop = threading.Event()
    more = {"seconds": 60, "on_round": rounds.append, "stop": stop}
    lingering = threading.Thread(target=lambda: ended.append(run(run_house, **more)))
    lingering.start()
    until(lambda: any(one.posted.down for one in rounds))
    run_house.heal()
    until(lambda: {run_house.state(one) for one in sales} == {"posted"})
    stop.set()
    lingering.join(20)
    assert ended[0].posted == 20
    assert run_house.books()["requests"]["GET /product-service/product-search"] == 1


def test_a_run_that_idles_ends_when_its_lock_is_lost(run_house: House) -> None:
    ended: list[Lingered] = []
    rounds: list[linger.Round] = []
    lingering = threading.Thread(target=lambda: ended.append(run(run_house, seconds=60, on_round=rounds.append)))
    lingering.start()
    until(lambda: rounds)
    end_the_locks_connection(run_house.ledger)
    lingering.join(20)
    assert not lingering.is_alive()
    assert (ended[0].lock_lost, ended[0].down) == (True, "")


def test_a_poster_whose_lock_is_gone_before_it_sends_anything_sends_nothing(run_house: House) -> None:
    sale_id = run_house.take(MUG_SALE.format(1))
    run_house.fault("slow", "GET /product-service/*", seconds=1, count=1)
    ended: list[Lingered] = []
    posting = threading.Thread(target=lambda: ended.append(run(run_house)))
    posting.start()
    until(lambda: run_house.books()["requests"])
    end_the_locks_connection(run_house.ledger)
    posting.join(60)
    assert ended[0].lock_lost
    assert (run_house.state(sale_id), run_house.attempts(sale_id), run_house.sent()) == ("pending", [], 0)


def test_a_request_that_waited_for_the_cap_while_the_lock_was_lost_is_not_sent(
    run_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait may last minutes; by then another poster may have looked the sale up, not found it and sent it."""
    sale_id = run_house.take(MUG_SALE.format(1))
    lost: list[str] = []

    def still_mine() -> None:
        if lost:
            raise LockLost("gone")

    poster = run_house.poster(still_mine=still_mine)
    take = poster.client.budget.take

    def wait(lane: Lane) -> Taken:
        lost.extend(step.step for step in open_steps(run_house.ledger))
        return take(lane)

    monkeypatch.setattr(poster.client.budget, "take", wait)
    with pytest.raises(LockLost):
        poster.post_due()
    assert (lost, run_house.attempts(sale_id), run_house.sent()) == (["order"], [("SO order", None)], 0)


def test_a_reader_that_fails_in_an_unforeseen_way_costs_its_own_shop_only(run_house: House) -> None:
    sale_id = run_house.take(MUG_SALE.format(1))
    leeds, london = run_house.shops.shops
    # The shops file refuses such a pattern; what else a reader may trip over nobody knows beforehand.
    spoilt = leeds.model_copy(update={"feed": leeds.feed.model_copy(update={"pattern": ""})})
    run_house.shops = run_house.shops.model_copy(update={"shops": (spoilt, london)})
    rounds: list[linger.Round] = []
    assert run(run_house, on_round=rounds.append).posted == 1
    assert run_house.state(sale_id) == "posted"
    assert [(shop.shop, shop.error) for shop in rounds[0].intake] == [
        ("leeds", "the reader failed with ValueError: Unacceptable pattern: ''"),
        ("london", ""),
    ]


@pytest.fixture
def own_house(erp: SandboxServer, server_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A house whose ledger has an embedded PostgreSQL of its own, so that it may be stopped."""
    monkeypatch.delenv("TILLBRIDGE_DATABASE_URL", raising=False)
    monkeypatch.setenv("TILLBRIDGE_HOME", str(server_path / "state"))
    with httpx.Client(base_url=erp.url) as http:
        http.post("/sandbox/reset").raise_for_status()
        stock_the_range(http)
    place = Home(server_path / "state")
    with Ledger.open(place) as ledger:
        house = House(ledger, erp)
        for shop in house.shops.shops:
            (place.root / "drop" / shop.key).mkdir(parents=True)
        yield house
        house.close()
    cluster.stop(place.postgres)
    cluster.release(place.postgres)


def test_a_postgresql_that_dies_between_any_two_requests_loses_nothing(own_house: House, server_path: Path) -> None:
    """It is stopped before every intent and every request; the run starts it again and goes on."""
    data = server_path / "state" / "postgres"
    stops: list[int] = []

    def stop() -> None:
        stops.append(1)
        cluster.stop(data)

    ids = [own_house.take(MUG_SALE.format(number)) for number in range(3)]
    assert own_house.poster(still_mine=stop).post_due().posted == 3
    assert len(stops) == 6  # twice for the orders, for payments and goods, for shipping and closing
    assert {own_house.state(one) for one in ids} == {"posted"}
    assert own_house.verify().verified == 3
    assert sorted(one["paid"] for one in own_house.books()["orders"]) == ["6.00"] * 3


def test_a_run_whose_postgresql_was_restarted_ends_and_the_next_one_finishes(
    own_house: House, server_path: Path
) -> None:
    data = server_path / "state" / "postgres"
    sale_id = own_house.take(MUG_SALE.format(1))
    one_by_one(own_house)
    own_house.fault("slow", ROUTES["SO order"], seconds=1.5, count=1)
    ended: list[Lingered] = []
    posting = threading.Thread(target=lambda: ended.append(run(own_house)))
    posting.start()
    until(lambda: open_steps(own_house.ledger))
    cluster.stop(data)
    posting.join(60)
    assert ended[0].lock_lost
    assert own_house.attempts(sale_id) == [("SO order", "success")]  # the answer was stored once the ledger was back
    assert run(own_house).posted == 1
    assert own_house.books()["requests"]["POST /order-service/sales-order"] == 1
    assert own_house.order(sale_id)["paid"] == "6.00"
