"""Postings: what waits to be sent, and the only ways in which a posting moves from state to state.

Read and written: ``postings``. Moving to the state a posting already has changes nothing but the words with it, so that
every function here may be repeated after a lost connection.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bp_assets.domain.reasons import reason
from bp_assets.domain.sale import Sale
from bp_assets.domain.states import State
from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.errors import IllegalTransition
from bp_assets.ledger.inbox import clean
from bp_assets.ledger.schema import postings
from bp_assets.ledger.trading_days import CHANNEL

_ON_ITS_WAY = {State.PENDING, State.SENDING, State.UNKNOWN}
# From where a posting may come to each state. ``verified`` and ``quarantined`` lead nowhere by themselves: the first is
# settled for good, the second is left only by a receipt that can be read (see recording.py).
MAY_COME_FROM: dict[State, set[State]] = {
    State.PENDING: {*_ON_ITS_WAY, State.REJECTED, State.EXCLUDED},
    State.SENDING: _ON_ITS_WAY,
    State.UNKNOWN: {State.SENDING, State.POSTED, State.PENDING},
    State.POSTED: {State.SENDING, State.UNKNOWN, State.PENDING},
    State.VERIFIED: {State.POSTED},
    State.REJECTED: {*_ON_ITS_WAY, State.POSTED},
    State.EXCLUDED: {State.PENDING, State.REJECTED},
    State.QUARANTINED: set(),
}


@dataclass(frozen=True)
class Posting:
    """One posting. ``sale`` is decoded when first asked for. Amounts are signed, in the smallest unit."""

    sale_id: str
    shop: str
    source: str
    state: str
    reason_code: str
    message: str
    attempts: int
    receipt_number: str
    kind: str | None
    business_date: date | None
    sold_at: datetime | None
    currency: str
    net_minor: int | None
    tax_minor: int | None
    gross_minor: int | None
    original_sale_id: str | None
    captured_at: datetime
    next_attempt_at: datetime | None
    sent_at: datetime | None
    posted_at: datetime | None
    verified_at: datetime | None
    role: str  # order, member or summary: see schema.py
    summary_id: str | None
    stock: str
    sale_json: str | None

    @cached_property
    def sale(self) -> Sale:
        """The decoded transaction.

        Raises:
            LookupError: the receipt was never understood, so there is none.
        """
        if self.sale_json is None:
            raise LookupError(f"{self.sale_id} is {self.state} ({self.reason_code}): there is no decoded sale")
        return Sale.model_validate_json(self.sale_json)


_NAMES = [name for name in Posting.__dataclass_fields__ if name != "sale_json"]
_QUERY = sa.select(*(postings.c[name] for name in _NAMES), sa.cast(postings.c.sale, sa.Text))


LONGEST_WAIT = timedelta(minutes=20)  # no attempt is put off further: a later moment was noted by a wrong clock
# Each shop's next sales, taken in turns: the first of every shop, the second of every shop, ... Every order by names
# the columns of the index ``postings_due``: a few of its rows are read per shop and never all that wait.
_OPEN = "state in ('pending', 'sending', 'unknown') and role <> 'member'"
_NEXT = "order by p.shop, p.sold_at, p.sale_id limit 1"
_IN_TURNS = sa.text(
    f"""
    with recursive shops as (
        (select p.shop from tillbridge.postings p where {_OPEN} {_NEXT})
        union all
        select (select p.shop from tillbridge.postings p where {_OPEN} and p.shop > s.shop {_NEXT})
        from shops s where s.shop is not null
    )
    select w.sale_id, row_number() over (partition by s.shop order by w.sold_at, w.sale_id) as turn, w.sold_at
    from shops s cross join lateral (
        select p.sale_id, p.sold_at from tillbridge.postings p
        where p.shop = s.shop and {_OPEN} and p.sale_id <> all(cast(:but as text[]))
            and p.shop <> all(cast(:but_shops as text[]))
            and (p.next_attempt_at is null or p.next_attempt_at <= coalesce(cast(:moment as timestamptz), now())
                or p.next_attempt_at > coalesce(cast(:moment as timestamptz), now()) + cast(:longest as interval))
        order by p.sold_at, p.sale_id limit :most
    ) w
    order by turn, w.sold_at, w.sale_id limit :most
    """
).columns(sale_id=sa.Text, turn=sa.BigInteger, sold_at=sa.DateTime(timezone=True))


@retrying
def due(
    ledger: Ledger,
    limit: int = 500,
    now: datetime | None = None,
    *,
    but: Sequence[str] = (),
    but_shops: Collection[str] = (),
) -> list[Posting]:
    """What is to be sent or looked up now: pending, sending and unknown whose time has come, ``but`` those sales and
    those shops. Members of a summary are never due: their summary is.

    Shops take turns, each with its oldest sale first: however much one shop has waiting, the first sale of every other
    shop stands before its second one.
    """
    turns = _IN_TURNS.bindparams(
        moment=now, longest=LONGEST_WAIT, but=list(but), but_shops=list(but_shops), most=limit
    ).subquery("turns")
    query = _QUERY.join(turns, turns.c.sale_id == postings.c.sale_id)
    return _read(ledger, query.order_by(turns.c.turn, turns.c.sold_at, turns.c.sale_id))


@retrying
def unverified(ledger: Ledger, limit: int = 1000, *, but_shops: Collection[str] = ()) -> list[Posting]:
    """Posted and not yet read back, longest waiting first; ``but_shops``: not those of these shops."""
    query = _QUERY.where(postings.c.state == "posted", postings.c.role != "member")
    query = query.where(postings.c.shop.not_in(list(but_shops)))
    query = query.order_by(postings.c.posted_at, postings.c.sale_id)
    return _read(ledger, query.limit(limit))


@retrying
def postings_of(ledger: Ledger, sale_ids: Sequence[str]) -> dict[str, Posting]:
    """The postings of these sales by ``sale_id``; ids we don't hold are missing."""
    return {posting.sale_id: posting for posting in _read(ledger, _QUERY.where(_one_of(sale_ids)))}


def _read(ledger: Ledger, query: sa.Select[Any]) -> list[Posting]:
    with ledger.begin() as connection:
        return [Posting(*row) for row in connection.execute(query)]


def read(ledger: Ledger, *conditions: sa.ColumnElement[bool], limit: int | None = None) -> list[Posting]:
    """The postings that meet every condition, oldest sale first."""
    query = _QUERY.where(*conditions).order_by(postings.c.sold_at, postings.c.sale_id)
    return _read(ledger, query.limit(limit))


def _one_of(sale_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    return postings.c.sale_id == sa.any_(sa.cast(list(sale_ids), pg.ARRAY(sa.Text)))


def move(connection: sa.Connection, sale_ids: Sequence[str], to: State, **values: Any) -> int:
    """Within the caller's transaction: these postings to ``to``; how many. All or none.

    Raises:
        IllegalTransition: one of them can't get there from where it stands, or is not in the ledger.
    """
    wanted = sorted(set(sale_ids))
    if not wanted:
        return 0
    query = sa.select(postings.c.sale_id, postings.c.state).where(_one_of(wanted)).order_by(postings.c.sale_id)
    states = {row.sale_id: row.state for row in connection.execute(query.with_for_update())}
    for sale_id in wanted:
        state = states.get(sale_id)
        if state is None:
            raise IllegalTransition(f"{sale_id} is not in the ledger, so it can't become {to}")
        if state != to and state not in MAY_COME_FROM[to]:
            raise IllegalTransition(f"{sale_id} is {state}: it can't become {to}")
    return connection.execute(sa.update(postings).where(_one_of(wanted)).values(state=to.value, **values)).rowcount


@retrying
def mark_posted(ledger: Ledger, sale_ids: Sequence[str]) -> int:
    """Every step of these sales succeeded."""
    with ledger.begin() as connection:
        return set_posted(connection, sale_ids)


def set_posted(connection: sa.Connection, sale_ids: Sequence[str]) -> int:
    """``mark_posted`` within the caller's transaction."""
    when = sa.func.coalesce(postings.c.posted_at, sa.func.now())
    return move(connection, sale_ids, State.POSTED, posted_at=when, next_attempt_at=None, reason_code="", message="")


@retrying
def mark_verified(ledger: Ledger, sale_ids: Sequence[str]) -> int:
    """Read back from the ERP and found equal."""
    when = sa.func.coalesce(postings.c.verified_at, sa.func.now())
    with ledger.begin() as connection:
        return move(connection, sale_ids, State.VERIFIED, verified_at=when, reason_code="", message="")


@retrying
def park(ledger: Ledger, sale_id: str, reason_code: str, message: str) -> None:
    """Rejected: it waits with its reason until somebody mends the cause and requeues it."""
    words = {"reason_code": reason(reason_code).code, "message": clean(message), "next_attempt_at": None}
    with ledger.begin() as connection:
        move(connection, [sale_id], State.REJECTED, **words)


@retrying
def defer(ledger: Ledger, sale_id: str, until: datetime, message: str, *, tried: bool = False) -> None:
    """Try again later: nothing is wrong with the sale, the ERP could not take it now. ``tried`` counts as an attempt
    where nothing was sent that would count.
    """
    values: dict[str, Any] = {"next_attempt_at": until, "message": clean(message), "reason_code": ""}
    if tried:
        values["attempts"] = postings.c.attempts + 1
    with ledger.begin() as connection:
        move(connection, [sale_id], State.PENDING, **values)


@retrying
def set_unknown(
    ledger: Ledger, sale_ids: Sequence[str], message: str = "", next_attempt_at: datetime | None = None
) -> int:
    """A reply was lost: it is looked up before anything is sent again, not before ``next_attempt_at``."""
    with ledger.begin() as connection:
        return move(connection, sale_ids, State.UNKNOWN, message=clean(message), next_attempt_at=next_attempt_at)


@retrying
def exclude(ledger: Ledger, sale_id: str, reason_code: str, message: str) -> None:
    """Deliberately not posted after all; only while nothing of it is on its way."""
    words = {"reason_code": reason(reason_code).code, "message": clean(message), "next_attempt_at": None}
    with ledger.begin() as connection:
        move(connection, [sale_id], State.EXCLUDED, **words)


@retrying
def requeue(
    ledger: Ledger, sale_ids: Sequence[str] | None = None, *, reason_code: str | None = None, shop: str | None = None
) -> int:
    """Rejected sales back to ``pending`` (``tillbridge retry``); how many receipts. Without arguments: all rejected.

    Named sales that are ``excluded`` come back too, since a rule of the shops file may have been wrong.

    Raises:
        IllegalTransition: a named sale is not in the ledger, or is settled or quarantined.
    """
    fresh: dict[str, Any] = {"attempts": 0, "next_attempt_at": None, "reason_code": "", "message": ""}
    with ledger.begin() as connection:
        if sale_ids is None:
            query = sa.select(postings.c.sale_id).where(postings.c.state == "rejected")
            if reason_code is not None:
                query = query.where(postings.c.reason_code == reason_code)
            if shop is not None:
                query = query.where(postings.c.shop == shop)
            sale_ids = list(connection.scalars(query))
        # Members go with their summary, which takes them along.
        summed_up = summaries_of(connection, sale_ids)
        together, alone = set(summed_up.values()), set(sale_ids) - set(summed_up)
        if move(connection, [*alone, *together], State.PENDING, **fresh):
            connection.execute(sa.text(f"notify {CHANNEL}"))
        # What a receipt moves is planned anew: a map may have been mended.
        anew = sa.update(postings).where(_one_of(sorted(alone)), postings.c.role == "member")
        connection.execute(anew.values(stock=""))
        receipts = sa.select(sa.func.count()).where(postings.c.role != "summary")
        chosen = sa.or_(_one_of(sorted(alone)), _members_of(sorted(together)))
        return int(connection.scalar(receipts.where(chosen)) or 0)


def summaries_of(connection: sa.Connection, sale_ids: Sequence[str]) -> dict[str, str]:
    """The summary of each member that has one, and of each summary itself."""
    own = sa.case((postings.c.role == "summary", postings.c.sale_id), else_=postings.c.summary_id).label("summary")
    query = sa.select(postings.c.sale_id, own).where(_one_of(sale_ids), own.is_not(None))
    return {row.sale_id: row.summary for row in connection.execute(query)}


def _members_of(summary_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    return postings.c.summary_id == sa.any_(sa.cast(list(summary_ids), pg.ARRAY(sa.Text)))


@retrying
def note(ledger: Ledger, sale_id: str, message: str) -> None:
    """Put words beside a posting without moving it: what was found different when it was read back."""
    with ledger.begin() as connection:
        connection.execute(sa.update(postings).where(postings.c.sale_id == sale_id).values(message=clean(message)))


@retrying
def postings_by_receipt(ledger: Ledger, receipt_number: str) -> list[Posting]:
    """All postings of a receipt number, over all shops; numbers repeat between tills, so there may be several."""
    return _read(ledger, _QUERY.where(postings.c.receipt_number == receipt_number).order_by(postings.c.sale_id))
