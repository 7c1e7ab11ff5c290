"""The five instants of a sale: each is set once, at its moment, by the ledger's clock, and outlives every retry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.inbox import decode_again, take, undecoded
from bp_assets.ledger.postings import (
    Posting,
    defer,
    mark_posted,
    mark_verified,
    park,
    postings_of,
    requeue,
    set_unknown,
)
from bp_assets.ledger.recording import Decoded, Excluded, Quarantined, record
from bp_assets.ledger.steps import Intent, Outcome, intend, settle
from tests.ledger.receipts import Paper, sale, waiting

ID = sale("1").sale_id
BEFORE = datetime(2026, 3, 2, 11, tzinfo=UTC)


def arrive(ledger: Ledger, content: bytes, at: datetime) -> int:
    """A version of receipt 1 that came at an instant; its inbox row."""
    take(ledger, "leeds", [Paper("1", content)])
    row = undecoded(ledger)[0].inbox_id
    with ledger.begin() as connection:
        change = sa.text("update tillbridge.inbox set received_at = :at where inbox_id = :row")
        connection.execute(change, {"at": at, "row": row})
    return row


def posting(ledger: Ledger) -> Posting:
    return postings_of(ledger, [ID])[ID]


def test_captured_is_when_the_receipt_came_however_late_it_was_decoded(ledger: Ledger) -> None:
    record(ledger, [Decoded(arrive(ledger, b"a", BEFORE), sale("1"))])
    assert posting(ledger).captured_at == BEFORE


def test_a_receipt_that_is_understood_later_was_captured_when_it_first_came(ledger: Ledger) -> None:
    record(ledger, [Quarantined(arrive(ledger, b"a", BEFORE), "malformed", "no total")])
    decode_again(ledger, [ID])
    record(ledger, [Quarantined(undecoded(ledger)[0].inbox_id, "malformed", "still no total")])
    record(ledger, [Decoded(arrive(ledger, b"b", BEFORE + timedelta(hours=2)), sale("1"))])
    assert (posting(ledger).state, posting(ledger).captured_at) == ("pending", BEFORE)


def test_two_versions_decoded_together_count_from_the_first(ledger: Ledger) -> None:
    first = arrive(ledger, b"a", BEFORE)
    take(ledger, "leeds", [Paper("1", b"b")])
    second = undecoded(ledger)[1].inbox_id
    record(ledger, [Quarantined(first, "malformed", "no total"), Decoded(second, sale("1"))])
    assert (posting(ledger).state, posting(ledger).captured_at) == ("pending", BEFORE)


def test_an_open_basket_becomes_a_sale_when_its_closed_version_comes(ledger: Ledger) -> None:
    record(ledger, [Excluded(arrive(ledger, b"a", BEFORE), "not_closed", "parked")])
    closed = BEFORE + timedelta(hours=2)
    record(ledger, [Decoded(arrive(ledger, b"b", closed), sale("1"))])
    assert (posting(ledger).state, posting(ledger).captured_at) == ("pending", closed)


def test_sent_posted_and_verified_stay_what_they_first_were(ledger: Ledger) -> None:
    waiting(ledger, "1")
    order = Intent(ID, "SO", "order", "ref", "POST", "/order", {})
    assert (posting(ledger).sent_at, posting(ledger).posted_at, posting(ledger).verified_at) == (None, None, None)
    settle(ledger, [Outcome(intend(ledger, [order])[order.key], "failure", 503)])
    sent = posting(ledger).sent_at
    assert sent is not None and sent >= posting(ledger).captured_at
    defer(ledger, ID, BEFORE, "busy")
    settle(ledger, [Outcome(intend(ledger, [order])[order.key], "failure", 400)])
    park(ledger, ID, "erp_refused", "no")
    requeue(ledger)
    step = intend(ledger, [order])[order.key]
    settle(ledger, [Outcome(step, "unknown")])
    set_unknown(ledger, [ID], "no reply")
    settle(ledger, [Outcome(step, "success", 200, "7")], posted=[ID])
    posted = posting(ledger).posted_at
    assert posting(ledger).sent_at == sent and posted is not None and posted > sent
    set_unknown(ledger, [ID], "looked at again")
    mark_posted(ledger, [ID])
    assert posting(ledger).posted_at == posted
    mark_verified(ledger, [ID])
    verified = posting(ledger).verified_at
    mark_verified(ledger, [ID])
    assert verified is not None and verified > posted
    assert (posting(ledger).sent_at, posting(ledger).posted_at, posting(ledger).verified_at) == (sent, posted, verified)
