"""How far each shop's till was read, and when to ask it again after it failed.

Read and written: ``marks``. A mark only ever moves in the transaction that stores what was read (``inbox.take``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.schema import marks

_NONE = sa.text("'null'::jsonb")  # a shop that was asked but never answered has no mark yet


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


def move_mark(connection: sa.Connection, shop: str, mark: Any) -> None:
    """Within the caller's transaction: the till answered up to ``mark``; earlier failures are forgotten."""
    new = {"mark": mark, "moved_at": sa.func.now(), "asked_at": sa.func.now(), "error": "", "failures": 0}
    new["next_ask_at"] = None
    insert = pg.insert(marks).values(shop=shop, **new)
    connection.execute(insert.on_conflict_do_update(index_elements=["shop"], set_=new))


@retrying
def mark_of(ledger: Ledger, shop: str) -> Any:
    """The shop's mark as its till gave it, or ``None``."""
    with ledger.begin() as connection:
        return connection.scalar(sa.select(marks.c.mark).where(marks.c.shop == shop))


@retrying
def all_marks(ledger: Ledger) -> list[Mark]:
    """Every shop that was ever asked, by name."""
    query = sa.select(*(marks.c[name] for name in Mark.__dataclass_fields__)).order_by(marks.c.shop)
    with ledger.begin() as connection:
        return [Mark(*row) for row in connection.execute(query)]


@retrying
def asked(ledger: Ledger, shop: str) -> None:
    """The till answered that nothing is new: no failure, mark unmoved."""
    new = {"asked_at": sa.func.now(), "error": "", "failures": 0, "next_ask_at": None}
    insert = pg.insert(marks).values(shop=shop, mark=_NONE, **new)
    with ledger.begin() as connection:
        connection.execute(insert.on_conflict_do_update(index_elements=["shop"], set_=new))


@retrying
def ask_failed(ledger: Ledger, shop: str, error: str, next_ask_at: datetime | None = None) -> int:
    """The till did not answer: note why and when to ask again; returns the failures in a row. The mark stays."""
    new = {"asked_at": sa.func.now(), "error": error.replace("\x00", ""), "next_ask_at": next_ask_at}
    insert = pg.insert(marks).values(shop=shop, mark=_NONE, failures=1, **new)
    change = insert.on_conflict_do_update(
        index_elements=["shop"], set_={**new, "failures": marks.c.failures + 1}
    ).returning(marks.c.failures)
    with ledger.begin() as connection:
        return int(connection.scalar(change) or 0)
