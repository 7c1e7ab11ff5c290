"""How far each shop's till was read, how the till does, and when to ask it again after it failed.

Read and written: ``marks``. A mark only ever moves in the transaction that stores what was read (``inbox.take``).

``state``: ``ok`` (the till answered when it was last asked), ``failing`` (it did not; it is asked again soon) or
``resting`` (it failed too often in a row: it is left alone until ``next_ask_at``, then asked once). ``state_since`` is
since when it is ``ok``, or since its first failure in a row. ``error`` says why in words, ``error_kind`` in one:
``no_access``, ``unreachable``, ``bad_answer``, ``no_answer`` (asked, and silent beyond its time) or ``reader_failed``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.schema import marks

_NONE = sa.text("'null'::jsonb")  # a shop that was asked but never answered has no mark yet
OK, FAILING, RESTING = "ok", "failing", "resting"


@dataclass(frozen=True, slots=True)
class Mark:
    """One shop's mark. ``mark`` is the till's own JSON value, ``None`` before the first answer."""

    shop: str
    mark: Any
    moved_at: datetime
    asked_at: datetime | None
    error: str
    failures: int
    next_ask_at: datetime | None
    state: str
    state_since: datetime
    last_success_at: datetime | None
    error_kind: str


def _well() -> dict[str, Any]:
    """What a till's answer sets; earlier failures are forgotten."""
    now = sa.func.now()
    return {
        "asked_at": now,
        "last_success_at": now,
        "error": "",
        "error_kind": "",
        "failures": 0,
        "next_ask_at": None,
        "state": OK,
    }


def _since(state: str) -> sa.ColumnElement[Any]:
    """``state_since`` after a till became ``state``: the moment only moves between well and not well."""
    same = marks.c.state == OK if state == OK else marks.c.state != OK
    return sa.case((same, marks.c.state_since), else_=sa.func.now())


def move_mark(connection: sa.Connection, shop: str, mark: Any) -> None:
    """Within the caller's transaction: the till answered up to ``mark``."""
    new = {"mark": mark, "moved_at": sa.func.now(), **_well()}
    insert = pg.insert(marks).values(shop=shop, **new)
    change = insert.on_conflict_do_update(index_elements=["shop"], set_={**new, "state_since": _since(OK)})
    connection.execute(change)


@retrying
def mark_of(ledger: Ledger, shop: str) -> Any:
    """The shop's mark as its till gave it, or ``None``."""
    with ledger.begin() as connection:
        return connection.scalar(sa.select(marks.c.mark).where(marks.c.shop == shop))


@retrying
def mark_row(ledger: Ledger, shop: str) -> Mark | None:
    """All that is known of the shop's till, or ``None`` if it was never asked."""
    query = sa.select(*(marks.c[name] for name in Mark.__dataclass_fields__)).where(marks.c.shop == shop)
    with ledger.begin() as connection:
        row = connection.execute(query).one_or_none()
    return Mark(*row) if row else None


@retrying
def all_marks(ledger: Ledger) -> list[Mark]:
    """Every shop that was ever asked, by name."""
    query = sa.select(*(marks.c[name] for name in Mark.__dataclass_fields__)).order_by(marks.c.shop)
    with ledger.begin() as connection:
        return [Mark(*row) for row in connection.execute(query)]


@retrying
def asked(ledger: Ledger, shop: str) -> None:
    """The till answered that nothing is new: no failure, mark unmoved."""
    new = _well()
    insert = pg.insert(marks).values(shop=shop, mark=_NONE, **new)
    with ledger.begin() as connection:
        connection.execute(
            insert.on_conflict_do_update(index_elements=["shop"], set_={**new, "state_since": _since(OK)})
        )


@retrying
def ask_failed(
    ledger: Ledger,
    shop: str,
    error: str,
    next_ask_at: datetime | None = None,
    *,
    kind: str = "unreachable",
    state: Literal["failing", "resting"] = "failing",
) -> int:
    """The till did not answer: note why and when to ask again; returns the failures in a row. The mark stays."""
    new: dict[str, Any] = {"asked_at": sa.func.now(), "next_ask_at": next_ask_at, "state": state}
    new |= {"error": error.replace("\x00", ""), "error_kind": kind}
    insert = pg.insert(marks).values(shop=shop, mark=_NONE, failures=1, **new)
    change = insert.on_conflict_do_update(
        index_elements=["shop"], set_={**new, "failures": marks.c.failures + 1, "state_since": _since(state)}
    ).returning(marks.c.failures)
    with ledger.begin() as connection:
        return int(connection.scalar(change) or 0)
