"""The request budget against a clock that only we move."""

import threading

import pytest

from bp_assets.brightpearl.answer import Answer, Kind
from bp_assets.brightpearl.errors import Throttled
from bp_assets.brightpearl.pacing import MARGIN, NoRoom, RequestBudget


class Clock:
    def __init__(self):
        self.now, self.slept = 1000.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(round(seconds, 3))
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


def budget_of(clock, per_minute=200, reserve_percent=10):
    return RequestBudget(per_minute, reserve_percent, clock, clock.sleep)


def said(remaining, period_ms):
    return Answer(200, {}, remaining, period_ms)


def one(budget, lane, remaining=None, period_ms=None):
    budget.take(lane)
    budget.landed(None if remaining is None else said(remaining, period_ms))


def test_posting_leaves_the_reserve_and_reading_a_quarter_more(clock):
    budget = budget_of(clock)
    assert (budget.floor("posting"), budget.floor("read")) == (20, 70)


def test_without_any_header_the_shops_file_limits_the_first_minute(clock):
    budget = budget_of(clock, per_minute=4, reserve_percent=0)
    for _ in range(4):
        one(budget, "posting")
    assert clock.slept == []
    one(budget, "posting")
    assert clock.slept == [60.0 + MARGIN]


def test_each_lane_waits_for_the_next_window_at_its_own_floor(clock):
    budget = budget_of(clock)
    one(budget, "read", 199, 30_000)
    one(budget, "posting", 70, 29_000)
    one(budget, "posting", 69, 28_000)
    assert clock.slept == []
    budget.take("read")
    assert clock.slept == [28.0 + MARGIN]
    assert clock.now == 1000 + 28 + MARGIN


def test_requests_on_their_way_count_against_what_is_left(clock):
    budget = budget_of(clock, reserve_percent=0)
    for _ in range(3):
        budget.take("posting")
    budget.landed(said(3, 5000))  # two of ours may not be in this figure yet
    budget.take("posting")
    assert clock.slept == []
    budget.take("posting")
    assert clock.slept == [5.0 + MARGIN]


def test_a_throttled_answer_closes_the_account_for_every_lane(clock):
    budget = budget_of(clock)
    budget.take("posting")
    budget.landed(Answer(503, {}, 0, 1500, kind=Kind.THROTTLED, wait_seconds=1.5))
    budget.take("posting")
    assert clock.slept == [1.5 + MARGIN]


def test_a_window_that_turned_early_is_taken_as_new(clock):
    budget = budget_of(clock)
    one(budget, "posting", 25, 1000)
    one(budget, "posting", 199, 60_000)
    for _ in range(100):
        one(budget, "posting")
    assert clock.slept == []


def test_the_floor_follows_the_cap_the_headers_show(clock):
    budget = budget_of(clock, per_minute=100_000)
    one(budget, "read", 199, 60_000)
    assert (budget.floor("posting"), budget.floor("read")) == (20, 70)
    for _ in range(500):
        one(budget, "read", 199, 60_000)
    assert clock.slept == []


def test_other_users_of_the_account_are_seen_through_the_header(clock):
    budget = budget_of(clock)
    one(budget, "posting", 199, 60_000)
    one(budget, "posting", 12, 40_000)
    budget.take("posting")
    assert clock.slept == [40.0 + MARGIN]


def test_a_lane_that_finds_no_room_for_many_windows_gives_up(clock):
    budget = RequestBudget(1, 0, clock, lambda seconds: None)
    budget.take("read")
    with pytest.raises(NoRoom):
        budget.take("read")
    assert issubclass(NoRoom, Throttled)


class Full(Exception):
    """Raised in place of sleeping: the window has no room left."""


def test_many_threads_never_take_more_than_the_cap(clock):
    def full(seconds):
        raise Full

    budget = RequestBudget(40, 0, clock, full)
    taken = []

    def work():
        try:
            while True:
                budget.take("posting")
                taken.append(1)
        except Full:
            return

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 40
