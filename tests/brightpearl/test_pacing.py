"""The request budget of one process against a clock that only we move; who may send is decided in test_sharing."""

import threading

import pytest

from bp_assets.brightpearl.answer import Answer, Kind
from bp_assets.brightpearl.errors import Throttled
from bp_assets.brightpearl.pacing import POLL_SECONDS, Memory, NoRoom, RequestBudget, Taken
from bp_assets.brightpearl.sharing import MARGIN


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def rest(self, turn, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


def budget_of(clock, per_minute=200, reserve_percent=10, store=None, **more):
    return RequestBudget(per_minute, reserve_percent, store=store, clock=clock, rest=clock.rest, **more)


def said(remaining, period_ms):
    return Answer(200, {}, remaining, period_ms)


def refusal(seconds):
    return Answer(503, {}, 0, round(seconds * 1000), kind=Kind.THROTTLED, wait_seconds=seconds)


def one(budget, lane, remaining=None, period_ms=None):
    taken = budget.take(lane)
    budget.landed(taken, None if remaining is None else said(remaining, period_ms))
    return taken


def test_without_any_header_the_shops_file_limits_the_first_minute(clock):
    budget = budget_of(clock, per_minute=4, reserve_percent=0)
    for _ in range(4):
        one(budget, "posting")
    assert clock.now == 1000.0
    one(budget, "posting")
    assert clock.now == pytest.approx(1060.5, abs=0.01)  # a minute after the slot of half a second


def test_what_the_header_leaves_is_waited_for_until_the_moment_it_names(clock):
    budget = budget_of(clock)
    one(budget, "posting", 199, 60_000)
    one(budget, "posting", 12, 40_000)  # another app took the rest, and some of the reserve
    budget.take("posting")
    assert clock.now == pytest.approx(1040 + MARGIN, abs=0.01)


def test_requests_on_their_way_count_against_what_is_left(clock):
    budget = budget_of(clock, reserve_percent=0)
    first, _, _ = (budget.take("posting") for _ in range(3))
    budget.landed(first, said(3, 5000))  # the other two may not be in this figure yet
    budget.take("posting")
    assert clock.now == 1000.0
    budget.take("posting")
    assert clock.now == pytest.approx(1005 + MARGIN, abs=0.01)


def test_an_older_answer_that_comes_late_changes_nothing(clock):
    budget = budget_of(clock, reserve_percent=0)
    late, quick = budget.take("posting"), budget.take("posting")
    budget.landed(quick, said(1, 5000))
    budget.landed(late, said(150, 5000))
    one(budget, "posting")
    one(budget, "posting")
    assert clock.now == pytest.approx(1005 + MARGIN, abs=0.01)


def test_a_refusal_pauses_everybody_who_shares_the_store_at_once(clock):
    store = Memory(clock)
    mine, other = budget_of(clock, store=store), budget_of(clock, store=store)
    mine.landed(mine.take("sweep"), refusal(7.5))
    other.take("posting")
    assert clock.now == pytest.approx(1007.5 + MARGIN, abs=0.01)


def test_what_ordinary_answers_said_is_handed_in_with_the_next_request_or_at_the_end(clock):
    store = Memory(clock)
    mine, other = budget_of(clock, store=store, reserve_percent=0), budget_of(clock, store=store, reserve_percent=0)
    one(mine, "posting", 0, 9000)
    one(other, "posting")
    assert clock.now == 1000.0
    mine.settle()
    other.take("posting")
    assert clock.now == pytest.approx(1009 + MARGIN, abs=0.01)


def test_a_lane_that_finds_no_room_for_ten_minutes_gives_up(clock):
    store = Memory(clock)
    other = budget_of(clock, store=store)
    taken = other.take("sweep")
    other.landed(taken, refusal(60))

    def rest(turn, seconds):
        clock.now += seconds
        other.landed(taken, refusal(60))  # the cap is used up again before we come to it

    budget = RequestBudget(store=store, clock=clock, rest=rest)
    with pytest.raises(NoRoom):
        budget.take("posting")
    assert clock.now == pytest.approx(1600, abs=61)
    assert issubclass(NoRoom, Throttled)


class Broken:
    """A store that is away."""

    def __init__(self, clock):
        self.inner, self.away = Memory(clock), False

    def change(self, act):
        if self.away:
            raise ConnectionError("away")
        self.inner.change(act)

    def look(self):
        return self.inner.look()


def test_a_store_that_is_away_stops_requests_but_loses_no_answer(clock):
    store = Broken(clock)
    budget = budget_of(clock, store=store, reserve_percent=0)
    taken = budget.take("posting")
    store.away = True
    with pytest.raises(ConnectionError):
        budget.take("posting")
    budget.landed(taken, refusal(3.0))
    budget.settle()
    store.away = False
    budget.take("posting")
    assert clock.now == pytest.approx(1003 + MARGIN, abs=0.01)


def test_a_visit_that_is_run_twice_grants_each_request_once(clock):
    class Twice(Memory):
        def change(self, act):
            text, now = self.look()
            act(text, now)  # the answer to this one's commit was lost before anything was kept
            super().change(act)

    budget = budget_of(clock, store=Twice(clock), per_minute=2, reserve_percent=0)
    assert budget.take("posting").place == 1
    assert budget.take("posting").place == 2


def test_many_threads_never_take_more_than_the_cap_and_wait_without_asking_all_the_time(clock):
    asked = []

    class Counting(Memory):
        def change(self, act):
            asked.append(1)
            super().change(act)

    class Full(Exception):
        """Raised in place of resting: there is no room left."""

    def full(turn, seconds):
        if not budget._busy:
            raise Full
        threading.Condition.wait(turn, 1)

    budget = RequestBudget(40, 0, store=Counting(clock), clock=clock, rest=full)
    taken = []

    def work():
        try:
            while True:
                taken.append(budget.take("posting").place)
        except Full:
            return

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 41))
    assert len(asked) <= 48


def test_eight_waiting_threads_ask_the_store_as_often_as_one():
    asked, done = [], threading.Event()

    class Counting(Memory):
        def change(self, act):
            asked.append(1)
            super().change(act)

    budget = RequestBudget(1, 0, minute=1.5, store=Counting())
    budget.take("posting")

    def work():
        budget.take("posting")
        done.set()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert done.wait(10)
    assert len(asked) <= 1 + 8 + 1.6 / POLL_SECONDS + 4


def test_spacing_is_answered_from_the_last_visit_while_that_is_fresh(clock):
    looked = []

    class Looking(Memory):
        def look(self):
            looked.append(1)
            return super().look()

    budget = budget_of(clock, store=Looking(clock))
    for _ in range(150):
        one(budget, "posting")
    clock.now += 0.5
    assert budget.spacing("posting", 6) == pytest.approx(60 * 6 / 33, abs=0.1)  # 30 left for a minute
    assert looked == []
    clock.now += 29.5
    assert budget.spacing("posting", 6) == pytest.approx(30 * 6 / 33, abs=0.1)
    assert looked == [1]


def test_nobody_sends_before_the_store_has_kept_it(clock):
    waiting, kept = threading.Event(), threading.Event()
    answered = []

    class Slow(Memory):
        def change(self, act):
            text, now = self.look()
            act(text, now)
            waiting.set()
            kept.wait(5)  # decided, but not yet committed
            super().change(act)

    budget = RequestBudget(10, 0, store=Slow(clock), clock=clock, rest=lambda turn, seconds: turn.wait(0.001))
    threads = [threading.Thread(target=lambda: answered.append(budget.take("posting").place)) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert waiting.wait(5)
    with budget._turn:
        budget._turn.notify_all()
    assert answered == []
    kept.set()
    for thread in threads:
        thread.join()
    assert sorted(answered) == [1, 2, 3]


def test_all_who_wait_are_told_at_once_that_the_store_is_away(clock):
    store = Broken(clock)
    budget = budget_of(clock, store=store)
    others = [Taken(0, clock.now), Taken(3, clock.now)]
    budget._queue += others
    store.away = True
    with pytest.raises(ConnectionError):
        budget.take("posting")
    assert [isinstance(one.error, ConnectionError) for one in others] == [True, True]
