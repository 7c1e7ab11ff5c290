"""Postings move from state to state only along the ways that are allowed."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bp_assets.domain.states import State
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.errors import IllegalTransition
from bp_assets.ledger.inbox import take, undecoded
from bp_assets.ledger.postings import (
    MAY_COME_FROM,
    defer,
    due,
    exclude,
    mark_posted,
    mark_verified,
    move,
    park,
    postings_of,
    requeue,
    set_unknown,
    unverified,
)
from bp_assets.ledger.recording import record_decoded
from tests.ledger.receipts import Paper, sale, waiting

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def put(ledger: Ledger, sale_id: str, state: State) -> None:
    with ledger.begin() as connection:
        change = sa.text("update tillbridge.postings set state = :state where sale_id = :id")
        connection.execute(change, {"state": state, "id": sale_id})


def state_of(ledger: Ledger, sale_id: str) -> tuple[str, str, str]:
    posting = postings_of(ledger, [sale_id])[sale_id]
    return posting.state, posting.reason_code, posting.message


@pytest.mark.parametrize(("start", "end"), list(itertools.product(State, State)), ids=lambda state: state.value)
def test_only_listed_ways_lead_from_state_to_state(ledger: Ledger, start: State, end: State) -> None:
    (sale_id,) = waiting(ledger, "1")
    put(ledger, sale_id, start)
    if start == end or start in MAY_COME_FROM[end]:
        with ledger.begin() as connection:
            assert move(connection, [sale_id], end) == 1
        assert state_of(ledger, sale_id)[0] == end
    else:
        with pytest.raises(IllegalTransition, match=f"{sale_id} is {start}: it can't become {end}"):  # noqa: SIM117  # the error ends the transaction
            with ledger.begin() as connection:
                move(connection, [sale_id], end)
        assert state_of(ledger, sale_id)[0] == start


def test_nothing_leaves_verified_and_nothing_but_posted_leads_there() -> None:
    assert MAY_COME_FROM[State.VERIFIED] == {State.POSTED}
    assert not any(State.VERIFIED in sources for sources in MAY_COME_FROM.values())
    assert not any(State.QUARANTINED in sources for sources in MAY_COME_FROM.values())


def test_due_is_ordered_by_the_time_of_sale(ledger: Ledger) -> None:
    take(ledger, "leeds", [Paper("late"), Paper("early"), Paper("same")])
    for row, minute in zip(undecoded(ledger), (30, 10, 10), strict=True):
        record_decoded(ledger, row.inbox_id, sale(row.source_id, sold_at=datetime(2026, 3, 2, 9, minute, tzinfo=UTC)))
    assert [posting.receipt_number for posting in due(ledger)] == ["Rearly", "Rsame", "Rlate"]
    assert [posting.receipt_number for posting in due(ledger, limit=1)] == ["Rearly"]


def test_shops_take_turns_however_much_one_of_them_has_waiting(ledger: Ledger) -> None:
    (york,) = waiting(ledger, "york", shop="york")
    waiting(ledger, *(str(number) for number in range(40)), shop="leeds")
    paris = waiting(ledger, "paris 1", "paris 2", shop="paris")
    with ledger.begin() as connection:
        later = "update tillbridge.postings set sold_at = sold_at + interval '1 hour' where shop <> 'leeds'"
        connection.execute(sa.text(later))
    found = [(posting.shop, posting.sale_id) for posting in due(ledger, limit=6)]
    assert [shop for shop, _ in found] == ["leeds", "paris", "york", "leeds", "paris", "leeds"]
    assert {sale_id for shop, sale_id in found if shop != "leeds"} == {york, *paris}
    assert [posting.shop for posting in due(ledger, limit=3, but=[york, paris[0]])] == ["leeds", "paris", "leeds"]


def test_a_deferred_sale_is_due_when_its_time_has_come(ledger: Ledger) -> None:
    (sale_id,) = waiting(ledger, "1")
    defer(ledger, sale_id, NOON, "the ERP is down")
    assert due(ledger, now=NOON - timedelta(seconds=1)) == []
    assert [posting.sale_id for posting in due(ledger, now=NOON)] == [sale_id]
    assert state_of(ledger, sale_id) == ("pending", "", "the ERP is down")


def test_a_parked_sale_waits_with_its_reason_and_is_not_due(ledger: Ledger) -> None:
    one, two = waiting(ledger, "1", "2")
    park(ledger, one, "tax_not_mapped", "no code for 12.5 %")
    assert state_of(ledger, one) == ("rejected", "tax_not_mapped", "no code for 12.5 %")
    assert [posting.sale_id for posting in due(ledger)] == [two]


def test_retry_brings_back_what_was_asked_for_and_nothing_else(ledger: Ledger) -> None:
    ids = waiting(ledger, "1", "2", "3")
    park(ledger, ids[0], "tax_not_mapped", "a")
    park(ledger, ids[1], "unknown_sku", "b")
    mark_posted(ledger, [ids[2]])
    assert requeue(ledger, reason_code="tax_not_mapped") == 1
    assert state_of(ledger, ids[0]) == ("pending", "", "")
    assert requeue(ledger) == 1
    assert state_of(ledger, ids[1])[0] == "pending"
    assert requeue(ledger) == 0
    with pytest.raises(IllegalTransition, match="is posted: it can't become pending"):
        requeue(ledger, [ids[2]])


def test_an_excluded_sale_comes_back_only_by_name(ledger: Ledger) -> None:
    (sale_id,) = waiting(ledger, "1")
    exclude(ledger, sale_id, "excluded_by_rule", "rule 3")
    assert requeue(ledger) == 0
    assert requeue(ledger, [sale_id]) == 1
    assert state_of(ledger, sale_id) == ("pending", "", "")


def test_posted_then_verified_keeps_the_first_instants(ledger: Ledger) -> None:
    (sale_id,) = waiting(ledger, "1")
    mark_posted(ledger, [sale_id])
    first = postings_of(ledger, [sale_id])[sale_id].posted_at
    mark_posted(ledger, [sale_id])
    assert [posting.sale_id for posting in unverified(ledger)] == [sale_id]
    assert mark_verified(ledger, [sale_id]) == 1
    posting = postings_of(ledger, [sale_id])[sale_id]
    assert (posting.state, posting.posted_at) == ("verified", first)
    assert unverified(ledger) == []


def test_one_illegal_move_leaves_the_whole_batch_as_it_was(ledger: Ledger) -> None:
    one, two = waiting(ledger, "1", "2")
    mark_posted(ledger, [one])
    with pytest.raises(IllegalTransition):
        mark_verified(ledger, [one, two])
    assert state_of(ledger, one)[0] == "posted"


def test_an_unknown_sale_is_named(ledger: Ledger) -> None:
    with pytest.raises(IllegalTransition, match="nowhere is not in the ledger"):
        mark_posted(ledger, ["nowhere"])


def test_a_lost_reply_is_due_again_after_its_pause(ledger: Ledger) -> None:
    (sale_id,) = waiting(ledger, "1")
    with ledger.begin() as connection:
        move(connection, [sale_id], State.SENDING)
    set_unknown(ledger, [sale_id], "no reply", NOON)
    assert due(ledger, now=NOON - timedelta(seconds=1)) == []
    assert [posting.state for posting in due(ledger, now=NOON)] == ["unknown"]
