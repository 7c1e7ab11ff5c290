"""What people see of a refresh under way, and the pure decisions before it: how much is read, what is asked first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bp_assets.extraction import assets
from bp_assets.extraction.listing import same, touched_since
from bp_assets.extraction.members import Members
from bp_assets.extraction.plan import Kind, Plan, State, kind_of, questions, share_due
from bp_assets.extraction.progress import Progress
from bp_assets.extraction.resources import ALL

BY_NAME = {resource.name: resource for resource in ALL}
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def progress(answered: Sequence[tuple[float, int]], planned: int) -> Progress:
    now = 0.0
    one = Progress("orders", planned=planned, phase="reading", clock=lambda: now)
    for now, count in answered:  # noqa: B007  # the clock reads it
        one.answered, one.rows = count, count * 460
        one.note()
    return one


def test_the_time_left_is_that_of_the_last_minutes_rate() -> None:
    slow_then_fast = [(0.0, 0), (100.0, 10), (130.0, 40), (160.0, 70)]
    one = progress(slow_then_fast, planned=190)
    assert one.seconds_left == 120.0
    assert one.line() == "orders: 70 of 190 requests, 32,200 rows, about 2 min left"
    assert progress([(0.0, 0)], planned=10).line() == "orders: 0 of 10 requests, 0 rows"
    assert progress([(0.0, 0), (1.0, 10)], planned=10).seconds_left == 0.0
    assert progress([(0.0, 0)], planned=0).line() == "orders: waiting for the first answer"


def test_a_run_that_the_request_cap_holds_up_says_so() -> None:
    one = progress([(0.0, 0), (60.0, 60)], planned=180)
    one.waits = lambda: True
    assert one.line() == "orders: 60 of 180 requests, 27,600 rows, about 2 min left, waiting for the request cap"
    assert Progress("orders", phase="reading", waits=lambda: True).line() == "orders: waiting for the request cap"
    listing = Progress("orders", sent=1, waits=lambda: True)
    assert listing.line() == "orders: listing, 1 request sent, 0 rows read, waiting for the request cap"


@pytest.mark.parametrize(
    ("held", "found", "wanted"),
    [
        ((NOON, NOON - HOUR), ["2026-11-25T11:00:00.000Z"], True),
        ((NOON, NOON - HOUR), ["2026-11-25T11:00:01.000Z"], False),
        ((NOON, NOON), ["2026-11-25T12:00:00.000Z"], False),  # read too soon after
        ((NOON, None), [None], False),  # just created: nothing says that it is the same
        ((NOON, None), ["2026-11-25T12:00:00.000Z"], False),
        ((NOON, False, None), [False, None], True),
        ((NOON, False, None), [True, None], False),
    ],
)
def test_what_a_search_shows_as_it_is_held_need_not_be_read(held: Any, found: list[Any], wanted: bool) -> None:
    assert same(held, found) is wanted


@pytest.mark.parametrize(
    ("at", "read_on", "wanted"),
    [
        (NOON - HOUR, NOON, False),
        (NOON + HOUR, NOON, True),
        (NOON - timedelta(seconds=5), NOON, True),  # two instants of asking, told in whole seconds
        (None, NOON, False),
        (NOON, None, True),
    ],
)
def test_what_was_touched_about_when_it_was_read_is_read_again(
    at: datetime | None, read_on: datetime | None, wanted: bool
) -> None:
    assert touched_since(at, read_on) is wanted


def test_a_run_tells_how_far_it_is_every_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    now = 100.0
    monkeypatch.setattr("bp_assets.extraction.assets.time.monotonic", lambda: now)
    tell = assets.every_few_seconds(said.append)
    for now in (100.5, 104.9, 105.0, 106.0, 110.1):  # noqa: B007  # the clock reads it
        tell(Progress("orders", sent=3))
    assert said == ["orders: listing, 3 requests sent, 0 rows read"] * 2


@pytest.mark.parametrize(
    ("name", "state", "full", "kind"),
    [
        ("orders", None, False, Kind.FULL),
        ("orders", State(1, {}, NOON - HOUR), False, Kind.CHANGES),
        ("orders", State(1, {}, NOON - HOUR), True, Kind.FULL),
        ("orders", State(0, {}, NOON - HOUR), False, Kind.FULL),  # described anew since
        ("products", State(1, {}, NOON - HOUR, contexts=(2,)), False, Kind.FULL),  # channel 2 is wanted no more
        ("orders", State(1, {}, NOON - 25 * HOUR), False, Kind.SWEEP),
        ("goods_movements", State(1, {}, NOON - 1000 * HOUR), False, Kind.CHANGES),  # never swept
        ("customer_payments", State(1, {}, NOON - 169 * HOUR), False, Kind.FULL),  # its listing is its records
        ("order_statuses", State(1, {}, NOON - HOUR), False, Kind.FULL),  # one request
        ("reservations", State(1, {}, NOON - HOUR), False, Kind.SWEEP),  # the lake lists them
    ],
)
def test_how_much_is_read(name: str, state: State | None, full: bool, kind: Kind) -> None:
    assert kind_of(BY_NAME[name], state, NOON, full=full) is kind


def test_the_question_that_waited_longest_is_asked_first_and_goes_back_with_an_overlap() -> None:
    changes = BY_NAME["orders"].changes
    assert changes is not None
    state = State(1, {"updatedOn": NOON, "createdOn": NOON - HOUR}, NOON - 9 * HOUR)
    assert questions(changes, state) == [
        ("createdOn", {"createdOn": "2026-11-25T10:50:00.000+00:00/"}),
        ("updatedOn", {"updatedOn": "2026-11-25T11:50:00.000+00:00/"}),
    ]
    never = replace(state, moments={})
    assert questions(changes, never)[0] == ("updatedOn", {"updatedOn": "2026-11-25T02:50:00.000+00:00/"})


def test_plans_and_states_are_read_as_they_were_written() -> None:
    plan = Plan("orders", Kind.SWEEP, NOON, NOON, "print", ("1-5,9",), (), ("1-9",), moments={"updatedOn": NOON})
    assert Plan.loads(plan.dumps()) == plan
    state = State(3, {"updatedOn": NOON}, NOON, ("id", "rows.*.net"), (2, 3))
    assert State.of_mark(state.as_mark()) == state
    older = {name: value for name, value in state.as_mark().items() if name != "contexts"}
    assert State.of_mark(older) == replace(state, contexts=())
    assert State.of_mark(NOON.isoformat()) is None  # somebody else's mark


def test_a_share_of_all_comes_to_its_turn_with_the_time_that_passed() -> None:
    assert share_due(24_000, 24 * HOUR, HOUR) == 1100
    assert share_due(24_000, 24 * HOUR, timedelta(0)) == 0
    assert share_due(1, 24 * HOUR, timedelta(seconds=1)) == 1


def test_members_are_known_by_their_path_and_ids_are_no_names() -> None:
    seen: Counter[str] = Counter()
    Members(learning=True).look({"id": 1, "rows": {"7": {"net": 1}, "8": {"net": 2}}, "tags": [{"a": 1}]}, seen)
    assert seen == {"id": 1, "rows": 1, "rows.*.net": 1, "tags": 1, "tags.a": 1}
    new: Counter[str] = Counter()
    members = Members(seen)
    for _ in range(2):
        members.look({"id": 1, "rows": {"9": {"net": 1, "gross": 2}}}, new)
    assert new == {"rows.*.gross": 2}
