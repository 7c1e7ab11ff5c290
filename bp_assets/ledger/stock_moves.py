"""Stock of an end-of-day shop: what each receipt moves, and the requests that moved it.

Read and written: ``stock_moves``, ``stock_batches``, ``postings.stock``. A request's intent is committed before it is
sent, its outcome after it. A move is done once it has the number of its correction in the ERP, and never goes out
again; while its request has no known outcome it can't go into another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.errors import OpenStep
from bp_assets.ledger.inbox import clean
from bp_assets.ledger.postings import Posting, read
from bp_assets.ledger.schema import postings, stock_batches, stock_moves, trading_days

_OPEN = sa.or_(stock_batches.c.outcome.is_(None), stock_batches.c.outcome == "unknown")


class Move(NamedTuple):
    """One line's goods: out of the shop is negative. ``handle`` is the reason its correction carries in the ERP."""

    sale_id: str
    document: str
    sequence: int
    shop: str
    warehouse_id: int
    product_id: int
    sku: str
    quantity: int
    location_id: int
    handle: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A move that no request has yet; ``refusals`` counts the requests the ERP refused that held it."""

    move: Move
    refusals: int
    sold_at: datetime
    business_date: date
    closing: bool  # somebody asked for the day's close


@dataclass(frozen=True, slots=True)
class Batch:
    """A request of which nobody knows what it did. ``outcome`` is null between intent and answer."""

    batch_id: int
    shop: str
    warehouse_id: int
    intended_at: datetime
    outcome: str | None
    status: int | None
    error: str
    done_at: datetime | None
    moves: tuple[Move, ...]


_MOVE = [stock_moves.c[name] for name in Move._fields]
_NOT_LOOKED_AT = (postings.c.role == "member", postings.c.state == "pending", postings.c.stock == "")


@retrying
def unplanned(ledger: Ledger, limit: int, *, but_shops: Collection[str] = ()) -> list[Posting]:
    """Receipts for a summary whose stock nobody has looked at yet, oldest first; ``but_shops``: not of these shops."""
    others = postings.c.shop.not_in(list(but_shops))
    return read(ledger, *_NOT_LOOKED_AT, postings.c.summary_id.is_(None), others, limit=limit)


@retrying
def anything_waits(ledger: Ledger) -> bool:
    """Whether a receipt waits for its stock to be looked at, or to move."""
    waits = sa.select(postings.c.sale_id).where(
        postings.c.role == "member",
        postings.c.state == "pending",
        postings.c.summary_id.is_(None),
        postings.c.stock.in_(("", "moving")),
    )
    with ledger.begin() as connection:
        return bool(connection.scalar(sa.select(sa.exists(waits))))


@retrying
def plan_moves(ledger: Ledger, planned: Mapping[str, Sequence[Move]]) -> None:
    """Commit what each of these receipts moves. What an earlier plan of it has moved stays as it was moved."""
    rows = [move._asdict() for moves in planned.values() for move in moves]
    with ledger.begin() as connection:
        connection.execute(_waiting_rows(list(planned)))
        if rows:
            connection.execute(pg.insert(stock_moves).on_conflict_do_nothing(), rows)
        _settle_receipts(connection, list(planned))


def _waiting_rows(sale_ids: Sequence[str]) -> sa.Delete:
    """Moves of an earlier plan that no request ever had: they are planned anew."""
    return sa.delete(stock_moves).where(
        _sales(stock_moves.c.sale_id, sale_ids), stock_moves.c.note_id.is_(None), stock_moves.c.batch_id.is_(None)
    )


def _settle_receipts(connection: sa.Connection, sale_ids: Sequence[str]) -> None:
    """Set ``stock`` of receipts to what their moves say."""
    change = sa.text(
        "update tillbridge.postings p set stock = "
        "case when m.open > 0 then 'moving' when m.all > 0 then 'moved' else 'none' end "
        "from (select q.sale_id, count(s.sale_id) as all, count(s.sale_id) filter (where s.note_id is null) as open "
        "      from unnest(cast(:ids as text[])) as q(sale_id) left join tillbridge.stock_moves s using (sale_id) "
        "      group by q.sale_id) m "
        "where p.sale_id = m.sale_id and p.role = 'member' and p.state = 'pending'"
    )
    connection.execute(change, {"ids": list(sale_ids)})


@retrying
def waiting_moves(ledger: Ledger, shop: str, receipts: int) -> list[Waiting]:
    """What a shop's next requests carry: all moves of its oldest receipts that wait; those set aside are left out."""
    # The receipts alone first: a backlog's moves must not all be read for each of its requests.
    oldest = (
        sa.select(postings.c.sale_id, postings.c.sold_at, postings.c.business_date)
        .where(
            postings.c.shop == shop,
            postings.c.role == "member",
            postings.c.state == "pending",
            postings.c.summary_id.is_(None),
            postings.c.stock == "moving",
        )
        .order_by(postings.c.sold_at, postings.c.sale_id)
        .limit(receipts)
        .subquery()
    )
    both = oldest.join(stock_moves, stock_moves.c.sale_id == oldest.c.sale_id)
    day = sa.and_(trading_days.c.shop == shop, trading_days.c.business_date == oldest.c.business_date)
    query = (
        sa.select(
            *_MOVE,
            stock_moves.c.refusals,
            oldest.c.sold_at,
            oldest.c.business_date,
            trading_days.c.close_asked_at.is_not(None),
        )
        .select_from(both.outerjoin(trading_days, day))
        # Not "is null": before the first statistics are made, that would be looked up instead of the receipts.
        .where(stock_moves.c.note_id.is_(None), sa.func.coalesce(stock_moves.c.batch_id, 0) == 0)
        .order_by(oldest.c.sold_at, *(stock_moves.c[name] for name in ("sale_id", "document", "sequence")))
    )
    with ledger.begin() as connection:
        return [Waiting(Move(*row[: len(_MOVE)]), *row[len(_MOVE) :]) for row in connection.execute(query)]


@retrying
def shops_at_work(ledger: Ledger) -> dict[str, datetime | None]:
    """Shops with moves that are not done, and when each last sent a request; whoever waits longest comes first."""
    working = sa.select(stock_moves.c.shop).where(stock_moves.c.note_id.is_(None)).distinct().subquery()
    # One look into the index for each shop: the requests of all time are many.
    sent = sa.select(sa.func.max(stock_batches.c.intended_at)).where(stock_batches.c.shop == working.c.shop)
    last = sent.scalar_subquery().label("last")
    with ledger.begin() as connection:
        ordered = sa.select(working.c.shop, last).order_by(last.asc().nulls_first(), working.c.shop)
        return {row.shop: row.last for row in connection.execute(ordered)}


def begin_batch(
    ledger: Ledger, shop: str, warehouse_id: int, moves: Sequence[Move], body: Any, now: datetime | None = None
) -> int:
    """Commit the intent of one request; its id. ``now`` is the caller's clock, if it keeps one of its own.

    Raises:
        OpenStep: one of the moves is done, or in a request whose outcome nobody knows.
    """
    # One instant a call: after a lost commit the repetition recognises its own request by it.
    return _begin_batch(ledger, shop, warehouse_id, moves, body, now or datetime.now(UTC))


@retrying
def _begin_batch(
    ledger: Ledger, shop: str, warehouse_id: int, moves: Sequence[Move], body: Any, instant: datetime
) -> int:
    own = sa.select(stock_batches.c.batch_id).where(
        stock_batches.c.shop == shop, stock_batches.c.intended_at == instant
    )
    with ledger.begin() as connection:
        known = connection.scalar(own)
        if known is not None:
            return int(known)
        insert = sa.insert(stock_batches).returning(stock_batches.c.batch_id)
        row = {"shop": shop, "warehouse_id": warehouse_id, "body": body, "intended_at": instant}
        batch_id = int(connection.execute(insert, row).scalar_one())
        handles = [move.handle for move in moves]
        taken = sa.update(stock_moves).where(
            _sales(stock_moves.c.handle, handles), stock_moves.c.note_id.is_(None), stock_moves.c.batch_id.is_(None)
        )
        if connection.execute(taken.values(batch_id=batch_id)).rowcount != len(moves):
            raise OpenStep(f"stock of {shop}: a move is done or on its way already; nothing was sent")
    return batch_id


@retrying
def open_batches(ledger: Ledger, shop: str) -> list[Batch]:
    """A shop's requests without a known outcome, oldest first, with the moves that are not known to be done."""
    names = ("batch_id", "shop", "warehouse_id", "intended_at", "outcome", "status", "error", "done_at")
    query = sa.select(*(stock_batches.c[name] for name in names)).where(stock_batches.c.shop == shop, _OPEN)
    with ledger.begin() as connection:
        batches = connection.execute(query.order_by(stock_batches.c.batch_id)).all()
        ids = [row.batch_id for row in batches]
        held: dict[int, list[Move]] = {batch_id: [] for batch_id in ids}
        moves = sa.select(stock_moves.c.batch_id, *_MOVE).where(
            stock_moves.c.batch_id == sa.any_(sa.cast(ids, pg.ARRAY(sa.BigInteger))), stock_moves.c.note_id.is_(None)
        )
        for batch_id, *move in connection.execute(moves.order_by(stock_moves.c.handle)):
            held[batch_id].append(Move(*move))
    return [Batch(**row._mapping, moves=tuple(held[row.batch_id])) for row in batches]


@retrying
def lost(ledger: Ledger, batch_id: int, status: int | None, error: str) -> None:
    """Nobody knows what a request did: it is looked up before anything of it goes out again."""
    change = sa.update(stock_batches).where(stock_batches.c.batch_id == batch_id, _OPEN)
    with ledger.begin() as connection:
        connection.execute(change.values(outcome="unknown", status=status, error=clean(error), done_at=sa.func.now()))


@retrying
def settle_batch(
    ledger: Ledger, batch_id: int, notes: Mapping[str, int], *, status: int | None = None, error: str = "",
    refused: bool = False,
) -> None:  # fmt: skip
    """Commit what a request did: moves by handle with their corrections; the others are let go, to be sent again.

    ``refused`` counts against those that are let go. Repeating it changes nothing.
    """
    with ledger.begin() as connection:
        open_one = sa.select(stock_batches.c.batch_id).where(stock_batches.c.batch_id == batch_id, _OPEN)
        if connection.scalar(open_one.with_for_update()) is None:
            return
        _note(connection, notes)
        left = sa.update(stock_moves).where(stock_moves.c.batch_id == batch_id, stock_moves.c.note_id.is_(None))
        left_open = connection.execute(
            left.values(batch_id=None, refusals=stock_moves.c.refusals + (1 if refused else 0))
        ).rowcount
        outcome = "success" if not left_open else "failure"
        change = sa.update(stock_batches).where(stock_batches.c.batch_id == batch_id)
        connection.execute(change.values(outcome=outcome, status=status, error=clean(error), done_at=sa.func.now()))


@retrying
def found_in_erp(ledger: Ledger, notes: Mapping[str, int]) -> int:
    """Commit moves that the ERP turns out to have already, by handle; how many were new to us.

    What a ledger restored from a backup no longer knows is learnt this way, before it would go out twice.
    """
    with ledger.begin() as connection:
        return _note(connection, notes)


def _note(connection: sa.Connection, notes: Mapping[str, int]) -> int:
    if not notes:
        return 0
    change = sa.text(
        "update tillbridge.stock_moves m set note_id = n.note_id, moved_at = now() "
        "from unnest(cast(:handles as text[]), cast(:notes as bigint[])) as n(handle, note_id) "
        "where m.handle = n.handle and m.note_id is null returning m.sale_id"
    )
    parameters = {"handles": list(notes), "notes": list(notes.values())}
    touched = list(connection.scalars(change, parameters))
    _settle_receipts(connection, sorted(set(touched)))
    return len(touched)


@retrying
def known_notes(ledger: Ledger, notes: Sequence[int]) -> set[int]:
    """Which of these corrections of the ERP our moves were done by."""
    query = sa.select(stock_moves.c.note_id).where(
        stock_moves.c.note_id == sa.any_(sa.cast(list(notes), pg.ARRAY(sa.BigInteger)))
    )
    with ledger.begin() as connection:
        return set(connection.scalars(query))


def _sales(column: sa.ColumnElement[str], values: Sequence[str]) -> sa.ColumnElement[bool]:
    return column == sa.any_(sa.cast(list(values), pg.ARRAY(sa.Text)))
