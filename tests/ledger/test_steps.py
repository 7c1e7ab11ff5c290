"""Steps: intent before, outcome after, one success for each effect."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.errors import DoubleEffect, IllegalTransition, OpenStep
from bp_assets.ledger.postings import mark_posted, park, postings_of
from bp_assets.ledger.steps import (
    Intent,
    Outcome,
    adopt,
    intend,
    open_steps,
    others_succeeded,
    settle,
    steps_of,
)
from tests.ledger.receipts import waiting


def order(sale_id: str, step: str = "order") -> Intent:
    return Intent(sale_id, "SO", step, f"ref:{sale_id}", "POST", "/order", {"total": "12.00"})


def test_an_intent_is_committed_with_its_sale_on_its_way(ledger: Ledger) -> None:
    one, two = waiting(ledger, "1", "2")
    ids = intend(ledger, [order(one), order(one, "payment:1"), order(two)])
    assert set(ids) == {(one, "SO", "order"), (one, "SO", "payment:1"), (two, "SO", "order")}
    step = steps_of(ledger, [two])[two][0]
    assert (step.step_id, step.attempt, step.outcome, step.body) == (ids[order(two).key], 1, None, {"total": "12.00"})
    posting = postings_of(ledger, [one])[one]
    assert (posting.state, posting.attempts) == ("sending", 1)
    assert posting.sent_at is not None
    assert [s.sale_id for s in open_steps(ledger)] == [one, one, two]
    assert [s.sale_id for s in open_steps(ledger, [two])] == [two]


def test_a_settled_sale_is_posted_in_the_same_moment(ledger: Ledger) -> None:
    (sale_id,) = waiting(ledger, "1")
    step_id = intend(ledger, [order(sale_id)])[order(sale_id).key]
    settle(ledger, [Outcome(step_id, "success", 200, "501")], posted=[sale_id])
    step = steps_of(ledger, [sale_id])[sale_id][0]
    assert (step.outcome, step.status, step.erp_id, step.open) == ("success", 200, "501", False)
    assert step.done_at is not None
    assert postings_of(ledger, [sale_id])[sale_id].state == "posted"
    assert open_steps(ledger) == []


def test_a_step_without_an_answer_is_not_intended_again_before_it_is_looked_up(ledger: Ledger) -> None:
    (sale_id,) = waiting(ledger, "1")
    step_id = intend(ledger, [order(sale_id)])[order(sale_id).key]
    with pytest.raises(OpenStep, match="attempt 1 has no known outcome"):
        intend(ledger, [order(sale_id)])
    settle(ledger, [Outcome(step_id, "unknown", error="time-out")])
    with pytest.raises(OpenStep):
        intend(ledger, [order(sale_id)])
    settle(ledger, [Outcome(step_id, "failure", error="looked up: not there")])
    again = intend(ledger, [order(sale_id)])[order(sale_id).key]
    assert [(s.step_id, s.attempt, s.outcome) for s in steps_of(ledger, [sale_id])[sale_id]] == [
        (step_id, 1, "failure"),
        (again, 2, None),
    ]


def test_a_step_that_succeeded_is_never_intended_again(ledger: Ledger) -> None:
    (sale_id,) = waiting(ledger, "1")
    step_id = intend(ledger, [order(sale_id)])[order(sale_id).key]
    settle(ledger, [Outcome(step_id, "success", 200, "501")])
    with pytest.raises(DoubleEffect, match="already succeeded as 501 in attempt 1"):
        intend(ledger, [order(sale_id), order(sale_id, "payment:1")])
    assert len(steps_of(ledger, [sale_id])[sale_id]) == 1


def test_the_database_itself_refuses_a_second_success(ledger: Ledger) -> None:
    (sale_id,) = waiting(ledger, "1")
    first = intend(ledger, [order(sale_id)])[order(sale_id).key]
    settle(ledger, [Outcome(first, "failure")])
    second = intend(ledger, [order(sale_id)])[order(sale_id).key]
    settle(ledger, [Outcome(second, "success", 200, "501")])
    with ledger.begin() as connection:  # as a mistake in our own code would leave it
        connection.execute(sa.text("update tillbridge.steps set outcome = null where step_id = :id"), {"id": first})
    with pytest.raises(DoubleEffect, match="second success"):
        settle(ledger, [Outcome(first, "success", 200, "502")])
    assert [s.outcome for s in steps_of(ledger, [sale_id])[sale_id]] == [None, "success"]


def test_a_known_outcome_is_not_overwritten_and_repeating_it_changes_nothing(ledger: Ledger) -> None:
    (sale_id,) = waiting(ledger, "1")
    step_id = intend(ledger, [order(sale_id)])[order(sale_id).key]
    settle(ledger, [Outcome(step_id, "success", 200, "501")])
    settle(ledger, [Outcome(step_id, "success", 200, "999")])
    assert steps_of(ledger, [sale_id])[sale_id][0].erp_id == "501"
    with pytest.raises(IllegalTransition, match="is a known success: it can't become failure"):
        settle(ledger, [Outcome(step_id, "failure")])
    with pytest.raises(IllegalTransition, match="there is no step 987654"):
        settle(ledger, [Outcome(987654, "success")])


def test_an_outcome_batch_is_all_or_nothing(ledger: Ledger) -> None:
    one, two = waiting(ledger, "1", "2")
    ids = intend(ledger, [order(one), order(two)])
    with pytest.raises(IllegalTransition):
        settle(ledger, [Outcome(ids[order(one).key], "success"), Outcome(987654, "success")])
    assert len(open_steps(ledger)) == 2


def test_nothing_is_intended_for_a_sale_that_is_settled_or_posted(ledger: Ledger) -> None:
    one, two = waiting(ledger, "1", "2")
    mark_posted(ledger, [one])
    park(ledger, two, "unknown_sku", "?")
    for sale_id, state in ((one, "posted"), (two, "rejected")):
        with pytest.raises(IllegalTransition, match=f"is {state}: it can't become sending"):
            intend(ledger, [order(sale_id)])
    assert steps_of(ledger, [one, two]) == {one: [], two: []}


def test_the_attempts_of_a_sale_count_its_ways_out_not_its_calls(ledger: Ledger) -> None:
    (sale_id,) = waiting(ledger, "1")
    first = intend(ledger, [order(sale_id)])[order(sale_id).key]
    settle(ledger, [Outcome(first, "success", 200, "501")])
    intend(ledger, [order(sale_id, "payment:1")])
    assert postings_of(ledger, [sale_id])[sale_id].attempts == 1


def test_a_batch_that_names_a_step_twice_is_refused(ledger: Ledger) -> None:
    (sale_id,) = waiting(ledger, "1")
    with pytest.raises(ValueError, match="twice in one batch"):
        intend(ledger, [order(sale_id), order(sale_id)])


def test_what_was_found_in_the_erp_stands_as_done_without_an_attempt_of_the_sale(ledger: Ledger) -> None:
    (sale_id,) = waiting(ledger, "1")
    for _ in range(2):
        adopt(ledger, [(order(sale_id), "501")])
    (step,) = steps_of(ledger, [sale_id])[sale_id]
    assert (step.attempt, step.outcome, step.erp_id) == (1, "success", "501")
    assert (postings_of(ledger, [sale_id])[sale_id].state, postings_of(ledger, [sale_id])[sale_id].attempts) == (
        "pending",
        0,
    )
    with pytest.raises(DoubleEffect):
        adopt(ledger, [(order(sale_id), "502")])


def test_what_was_found_does_not_settle_an_attempt_that_is_under_way(ledger: Ledger) -> None:
    (sale_id,) = waiting(ledger, "1")
    intend(ledger, [order(sale_id)])
    with pytest.raises(OpenStep):
        adopt(ledger, [(order(sale_id), "501")])


def test_whether_others_got_through_since_an_attempt_is_told_by_the_order_of_steps(ledger: Ledger) -> None:
    one, two = waiting(ledger, "1", "2")
    first = intend(ledger, [order(one)])[order(one).key]
    assert not others_succeeded(ledger, one, after=first)
    other = intend(ledger, [order(two)])[order(two).key]
    assert not others_succeeded(ledger, one, after=first)
    settle(ledger, [Outcome(other, "success", 201, "7")])
    assert others_succeeded(ledger, one, after=first)
    assert not others_succeeded(ledger, one, after=other)
    assert not others_succeeded(ledger, two, after=first)
