"""From run to run: the next one takes over without a gap; a run that is told to stop finishes its wave."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from bp_assets.ledger.locks import poster_lock
from bp_assets.posting import linger
from bp_assets.posting.stopping import signals_as_event
from bp_assets.posting.turns import BACKLOG_WAVE
from tests.posting.house import House
from tests.posting.lingering import folders, lingering, posted, seconds, sell, states, until


@pytest.fixture
def shops(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("TILLBRIDGE_HOME", str(tmp_path))
    folders(house, tmp_path)
    return house


def test_the_next_run_takes_over_without_a_gap(shops: House, tmp_path: Path) -> None:
    """Sales come all the time; the first run makes way in the second half of its time, to one that waits."""
    with lingering(shops, 4.0) as first:
        until(lambda: first.rounds)
        with lingering(shops, 60.0, wait_seconds=20.0) as second:
            for number in range(40):
                sell(tmp_path, "leeds", number)
                time.sleep(0.1)
            until(posted(shops, "leeds", 40))
            ended = first.join()
            assert second.locked.is_set() and not second.ended
            assert (ended.made_way, ended.busy_elsewhere, ended.lock_lost) == (True, False, False)
            later = second.end()
    assert ended.posted > 0 and later.posted > 0
    assert ended.posted + later.posted == 40
    assert seconds(shops, "leeds")[-1] < 2.0
    assert len({one["externalRef"] for one in shops.books()["orders"]}) == len(shops.books()["orders"]) == 40


def test_a_run_that_nobody_waits_for_stays_to_its_end(shops: House) -> None:
    with lingering(shops, 1.0) as run:
        ended = run.join()
    assert (ended.made_way, ended.busy_elsewhere) == (False, False)


def test_a_run_that_trades_stays_over_for_the_next_one_that_is_late(shops: House, tmp_path: Path) -> None:
    with lingering(shops, 0.5, overstay_seconds=30.0) as first:
        sell(tmp_path, "leeds", 1)
        until(posted(shops, "leeds", 1))
        time.sleep(0.6)  # its time is over
        assert not first.ended
        with lingering(shops, 0.5, wait_seconds=20.0) as second:
            assert first.join().made_way
            assert not second.join().busy_elsewhere


def test_a_run_that_waits_for_another_gives_up_in_time_or_when_it_is_told(shops: House) -> None:
    with poster_lock(shops.ledger, shops.shops.erp.account) as lock:
        assert lock is not None
        assert not lock.wanted()
        with lingering(shops, 60.0, wait_seconds=1.0) as patient, lingering(shops, 60.0, wait_seconds=60.0) as told:
            until(lock.wanted)
            assert patient.join().busy_elsewhere
            assert told.end().busy_elsewhere
        until(lambda: not lock.wanted())


def test_a_run_ends_at_its_limit_and_when_it_is_told_though_a_backlog_is_left(shops: House, tmp_path: Path) -> None:
    """Within the wave in hand, and without a sale left half way."""
    sell(tmp_path, "leeds", *range(5 * BACKLOG_WAVE))
    linger.take_all(shops.ledger, shops.shops)
    with lingering(shops, 60.0) as run:
        until(lambda: states(shops, "leeds").get("sending"))
        ended = run.end()
    assert states(shops, "leeds") == {"posted": ended.posted, "pending": 5 * BACKLOG_WAVE - ended.posted}
    assert 0 < ended.posted <= 2 * BACKLOG_WAVE
    with lingering(shops, 0.01) as run:
        assert run.join().posted == BACKLOG_WAVE


def test_a_signal_is_an_event_while_work_is_in_hand_and_is_passed_on_after_it() -> None:
    came: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: came.append("passed on"))
    try:
        with signals_as_event() as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop.wait(5)
            came.append("work done")
        assert came == ["work done", "passed on"]
        with signals_as_event(pass_on=lambda: False) as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop.wait(5)
        assert len(came) == 2
        os.kill(os.getpid(), signal.SIGTERM)
        until(lambda: len(came) == 3)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    events: list[threading.Event] = []

    def work() -> None:
        with signals_as_event() as stop:
            events.append(stop)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not events[0].is_set()
