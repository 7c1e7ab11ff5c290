"""Steps: the intent of every ERP call, committed before it, and its outcome, committed after it.

Read: ``steps``. Written: ``steps`` and the state of the ``postings`` they belong to. A step whose last attempt has no
known outcome can't be intended again: it is looked up and settled first. At most one attempt of a step succeeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bp_assets.domain.states import State
from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.errors import DoubleEffect, IllegalTransition, OpenStep
from bp_assets.ledger.inbox import clean
from bp_assets.ledger.postings import move, set_posted
from bp_assets.ledger.schema import postings, steps

Key = tuple[str, str, str]
SUCCESS, FAILURE, UNKNOWN = "success", "failure", "unknown"
ADOPTED = "found in the ERP; nothing was sent"


@dataclass(frozen=True, slots=True)
class Intent:
    """One ERP call about to be made. ``handle`` is what makes a repetition recognisable there."""

    sale_id: str
    document: str  # SO or SC
    step: str
    handle: str
    method: str
    path: str
    body: Any = None

    @property
    def key(self) -> Key:
        return (self.sale_id, self.document, self.step)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: ``success``, ``failure`` (surely no effect) or ``unknown`` (look it up)."""

    step_id: int
    outcome: str
    status: int | None = None
    erp_id: str | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One attempt of one step as the ledger holds it. ``outcome`` is ``None`` between intent and answer."""

    step_id: int
    sale_id: str
    document: str
    step: str
    attempt: int
    handle: str
    method: str
    path: str
    body: Any
    intended_at: datetime
    outcome: str | None
    status: int | None
    erp_id: str | None
    error: str
    done_at: datetime | None

    @property
    def key(self) -> Key:
        return (self.sale_id, self.document, self.step)

    @property
    def open(self) -> bool:
        """Whether nobody knows yet what it did."""
        return self.outcome in (None, UNKNOWN)


_COLUMNS = [steps.c[name] for name in Step.__dataclass_fields__]


def intend(ledger: Ledger, intents: Sequence[Intent], now: datetime | None = None) -> dict[Key, int]:
    """Commit the intents of a batch of calls and set their postings to ``sending``; the step ids by key. All or none.

    ``now`` is the caller's clock, if it keeps one of its own.

    Raises:
        OpenStep: an earlier attempt has no known outcome: settle it first.
        DoubleEffect: the step already succeeded.
        IllegalTransition: the posting is not on its way (settled, excluded, quarantined, or posted).
    """
    # One instant per call: after a lost commit the repetition recognises its own rows by it.
    return _intend(ledger, intents, now or datetime.now(UTC))


@retrying
def _intend(ledger: Ledger, intents: Sequence[Intent], instant: datetime) -> dict[Key, int]:
    if len({intent.key for intent in intents}) != len(intents):
        raise ValueError("the same step is intended twice in one batch")
    ids = sorted({intent.sale_id for intent in intents})
    with ledger.begin() as connection:
        tries = sa.case((postings.c.state == "sending", postings.c.attempts), else_=postings.c.attempts + 1)
        when = sa.func.coalesce(postings.c.sent_at, sa.func.now())  # the ledger's clock, as in its other stamps
        move(
            connection,
            ids,
            State.SENDING,
            sent_at=when,
            attempts=tries,
            next_attempt_at=None,
            message="",
            reason_code="",
        )
        last = _last(connection, ids)
        done = {key: step.step_id for key, step in last.items() if step.outcome is None and step.intended_at == instant}
        rows = [_row(intent, last.get(intent.key), instant) for intent in intents if intent.key not in done]
        if rows:
            insert = sa.insert(steps).returning(steps.c.sale_id, steps.c.document, steps.c.step, steps.c.step_id)
            for sale_id, document, step_name, step_id in connection.execute(insert, rows):
                done[(sale_id, document, step_name)] = step_id
    return {intent.key: done[intent.key] for intent in intents}


def _last(connection: sa.Connection, sale_ids: list[str]) -> dict[Key, sa.Row[Any]]:
    """The last attempt of each step of these sales, without what was sent."""
    key = (steps.c.sale_id, steps.c.document, steps.c.step)
    query = sa.select(*key, steps.c.step_id, steps.c.attempt, steps.c.outcome, steps.c.erp_id, steps.c.intended_at)
    query = query.where(steps.c.sale_id == sa.any_(sa.cast(sale_ids, pg.ARRAY(sa.Text))))
    rows = connection.execute(query.distinct(*key).order_by(*key, steps.c.attempt.desc()))
    return {(row.sale_id, row.document, row.step): row for row in rows}


def _row(intent: Intent, last: sa.Row[Any] | None, instant: datetime) -> dict[str, Any]:
    named = f"step {intent.step} of {intent.document} {intent.sale_id}"
    if last is not None and last.outcome in (None, UNKNOWN):
        raise OpenStep(f"{named}: attempt {last.attempt} has no known outcome; look it up and settle it first")
    if last is not None and last.outcome == SUCCESS:
        raise DoubleEffect(f"{named} already succeeded as {last.erp_id} in attempt {last.attempt}")
    return {
        "sale_id": intent.sale_id, "document": intent.document, "step": intent.step, "handle": intent.handle,
        "method": intent.method, "path": intent.path, "body": intent.body, "intended_at": instant,
        "attempt": last.attempt + 1 if last else 1,
    }  # fmt: skip


@retrying
def adopt(ledger: Ledger, found: Sequence[tuple[Intent, str]]) -> None:
    """Commit effects that were found in the ERP without a call of ours: each intent with its id there. All or none.

    Repeating it changes nothing.

    Raises:
        OpenStep: an attempt of one of them has no known outcome: settle that.
        DoubleEffect: one of them succeeded already, as something else.
    """
    if not found:
        return
    with ledger.begin() as connection:
        last = _last(connection, sorted({intent.sale_id for intent, _ in found}))
        words = {"outcome": SUCCESS, "error": ADOPTED, "done_at": sa.func.now()}
        for intent, erp_id in found:
            known = last.get(intent.key)
            if known is None or (known.outcome, known.erp_id) != (SUCCESS, erp_id):
                row = _row(intent, known, datetime.now(UTC)) | {"erp_id": erp_id} | words
                connection.execute(sa.insert(steps).values(row))


@retrying
def settle(ledger: Ledger, outcomes: Sequence[Outcome], *, posted: Sequence[str] = ()) -> None:
    """Commit the outcomes of a batch of calls, and set sales that are complete with them to ``posted``. All or none.

    Repeating an outcome changes nothing. ``unknown`` may become anything; success and failure stay.

    Raises:
        DoubleEffect: a second success of the same step.
        IllegalTransition: a known outcome was to be replaced by another, or there is no such step.
    """
    with ledger.begin() as connection:
        query = sa.select(steps.c.step_id, steps.c.outcome, steps.c.sale_id, steps.c.step)
        query = query.where(steps.c.step_id == sa.any_(sa.cast([o.step_id for o in outcomes], pg.ARRAY(sa.BigInteger))))
        known = {row.step_id: row for row in connection.execute(query.order_by(steps.c.step_id).with_for_update())}
        new = [outcome for outcome in outcomes if _is_new(outcome, known.get(outcome.step_id))]
        if new:
            _write(connection, new)
        set_posted(connection, posted)


def _is_new(outcome: Outcome, known: sa.Row[Any] | None) -> bool:
    if outcome.outcome not in (SUCCESS, FAILURE, UNKNOWN):
        raise ValueError(f"{outcome.outcome!r} is no outcome")
    if known is None:
        raise IllegalTransition(f"there is no step {outcome.step_id}")
    if known.outcome in (SUCCESS, FAILURE) and known.outcome != outcome.outcome:
        named = f"step {known.step} of {known.sale_id} ({outcome.step_id})"
        raise IllegalTransition(f"{named} is a known {known.outcome}: it can't become {outcome.outcome}")
    return bool(known.outcome not in (SUCCESS, FAILURE))


def _write(connection: sa.Connection, outcomes: Sequence[Outcome]) -> None:
    change = sa.text(
        "update tillbridge.steps s set outcome = o.outcome, status = o.status, erp_id = o.erp_id, error = o.error, "
        "done_at = now() from unnest(cast(:ids as bigint[]), cast(:outcomes as text[]), cast(:statuses as int[]), "
        "cast(:erp_ids as text[]), cast(:errors as text[])) as o(id, outcome, status, erp_id, error) "
        "where s.step_id = o.id"
    )
    lists = {
        "ids": [o.step_id for o in outcomes],
        "outcomes": [o.outcome for o in outcomes],
        "statuses": [o.status for o in outcomes],
        "erp_ids": [o.erp_id for o in outcomes],
        "errors": [clean(o.error) for o in outcomes],
    }
    try:
        connection.execute(change, lists)
    except sa.exc.IntegrityError as error:
        if "steps_one_success" not in str(error.orig):
            raise
        detail = " ".join(str(error.orig).split())
        raise DoubleEffect(f"a second success of the same step was to be recorded: {detail}") from error


@retrying
def steps_of(ledger: Ledger, sale_ids: Sequence[str]) -> dict[str, list[Step]]:
    """Every attempt of every step of these sales, in the order they were made; an empty list where none was."""
    found: dict[str, list[Step]] = {sale_id: [] for sale_id in sale_ids}
    with ledger.begin() as connection:
        for step in _of(connection, list(found)):
            found[step.sale_id].append(step)
    return found


@retrying
def open_steps(ledger: Ledger, sale_ids: Sequence[str] | None = None) -> list[Step]:
    """Steps of which nobody knows what they did: intended without an answer, or ``unknown``; oldest first."""
    query = sa.select(*_COLUMNS).where(sa.or_(steps.c.outcome.is_(None), steps.c.outcome == UNKNOWN))
    if sale_ids is not None:
        query = query.where(steps.c.sale_id == sa.any_(sa.cast(list(sale_ids), pg.ARRAY(sa.Text))))
    with ledger.begin() as connection:
        return [Step(*row) for row in connection.execute(query.order_by(steps.c.step_id))]


@retrying
def clock_ahead(ledger: Ledger) -> timedelta:
    """How far the ledger's clock, by which outcomes are stamped, is ahead of this machine's; not at all, if it is less
    than a second: the question takes time too.
    """
    with ledger.begin() as connection:
        theirs: datetime = connection.scalars(sa.text("select clock_timestamp()")).one()
    ahead = theirs - datetime.now(UTC)
    return ahead if abs(ahead) > timedelta(seconds=1) else timedelta()


@retrying
def others_succeeded(ledger: Ledger, sale_id: str, after: int) -> bool:
    """Whether a call of another sale, intended later than the step ``after``, is known to have succeeded."""
    query = sa.select(steps.c.step_id).where(
        steps.c.step_id > after, steps.c.outcome == SUCCESS, steps.c.sale_id != sale_id
    )
    with ledger.begin() as connection:
        return connection.scalar(query.limit(1)) is not None


def _of(connection: sa.Connection, sale_ids: list[str]) -> list[Step]:
    query = sa.select(*_COLUMNS).where(steps.c.sale_id == sa.any_(sa.cast(sale_ids, pg.ARRAY(sa.Text))))
    return [Step(*row) for row in connection.execute(query.order_by(steps.c.step_id))]
