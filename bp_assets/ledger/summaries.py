"""Summaries: what waits for the close of its day, and the summary orders that are made of it.

Read and written: ``postings``, ``summary_lines``, ``summary_tenders``, ``trading_days``. A receipt gets its summary in
the transaction that makes the summary; the keys of the parts hold that no line and no tender is ever in two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bp_assets.domain.sale import Sale
from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.errors import IllegalTransition
from bp_assets.ledger.postings import Posting, read
from bp_assets.ledger.schema import postings, summary_lines, summary_tenders, trading_days


class SummaryLine(NamedTuple):
    """One line of one receipt within a row (``sequence``) of a summary's document; amounts as on the document."""

    document: str
    sequence: int
    sale_id: str
    line_id: str
    line_type: str
    tax_code: str
    nominal_code: str
    net_minor: int
    tax_minor: int


class SummaryTender(NamedTuple):
    """One payment of one receipt (its ``position``) within a payment (``number``) of a summary's document."""

    document: str
    number: int
    sale_id: str
    position: int
    method: str
    type: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class NewSummary:
    """A summary about to be made; its members are the receipts of its lines. Totals signed as at the till."""

    sale: Sale
    lines: tuple[SummaryLine, ...]
    tenders: tuple[SummaryTender, ...]
    net_minor: int
    tax_minor: int

    @property
    def members(self) -> list[str]:
        return sorted({line.sale_id for line in self.lines})


@dataclass(frozen=True, slots=True)
class Gathering:
    """What waits in a day for its close: ``ready`` receipts, and ``unready`` ones whose stock has not moved yet."""

    shop: str
    business_date: date
    ready: int
    unready: int
    close_asked_at: datetime | None
    closed_at: datetime | None


_WAITS = (postings.c.role == "member", postings.c.state == "pending", postings.c.summary_id.is_(None))
_STOCK_DONE = ("none", "moved")
# A summary that was sent and now waits without an attempt: ``requeue`` took it back.
_RETRIED = (
    postings.c.role == "summary",
    postings.c.state == "pending",
    postings.c.attempts == 0,
    postings.c.sent_at.is_not(None),
)


@retrying
def gatherings(ledger: Ledger) -> list[Gathering]:
    """Every shop and day with receipts that wait for a summary, oldest day first."""
    done = postings.c.stock.in_(_STOCK_DONE)
    day = sa.and_(trading_days.c.shop == postings.c.shop, trading_days.c.business_date == postings.c.business_date)
    query = (
        sa.select(
            postings.c.shop,
            postings.c.business_date,
            sa.func.count().filter(done),
            sa.func.count().filter(sa.not_(done)),
            trading_days.c.close_asked_at,
            trading_days.c.closed_at,
        )
        .select_from(postings.outerjoin(trading_days, day))
        .where(*_WAITS)
        .group_by(postings.c.shop, postings.c.business_date, trading_days.c.close_asked_at, trading_days.c.closed_at)
    )
    with ledger.begin() as connection:
        rows = connection.execute(query.order_by(postings.c.business_date, postings.c.shop))
        return [Gathering(*row) for row in rows]


@retrying
def ready_members(ledger: Ledger, shop: str, day: date, limit: int) -> list[Posting]:
    """Receipts of a day whose stock is moved and that have no summary yet, oldest first."""
    return read(
        ledger, *_WAITS, postings.c.shop == shop, postings.c.business_date == day, postings.c.stock.in_(_STOCK_DONE),
        limit=limit,
    )  # fmt: skip


@retrying
def taken_ids(ledger: Ledger, shop: str, day: date) -> set[str]:
    """The ids of the summaries that a day already has."""
    query = sa.select(postings.c.sale_id).where(
        postings.c.shop == shop, postings.c.business_date == day, postings.c.role == "summary"
    )
    with ledger.begin() as connection:
        return set(connection.scalars(query))


@retrying
def waiting_members(ledger: Ledger, shop: str, day: date, limit: int) -> list[Posting]:
    """Receipts of a day that have no summary yet, whatever became of their stock; oldest first."""
    return read(ledger, *_WAITS, postings.c.shop == shop, postings.c.business_date == day, limit=limit)


@retrying
def make_summaries(ledger: Ledger, shop: str, day: date, made: Sequence[NewSummary]) -> None:
    """Commit the summaries of one close, with their parts and their members; repeating it changes nothing. All or none.

    Raises:
        IllegalTransition: a member no longer waits for a summary.
    """
    with ledger.begin() as connection:
        held = set(connection.scalars(sa.select(postings.c.sale_id).where(_one_of([s.sale.sale_id for s in made]))))
        for summary in made:
            if summary.sale.sale_id not in held:
                _insert(connection, summary)
        closed = sa.update(trading_days).where(trading_days.c.shop == shop, trading_days.c.business_date == day)
        connection.execute(closed.values(closed_at=sa.func.now(), close_asked_at=None))


def _insert(connection: sa.Connection, summary: NewSummary) -> None:
    sale, members = summary.sale, summary.members
    row = {
        "sale_id": sale.sale_id, "shop": sale.shop, "source": sale.source, "account": sale.account,
        "source_id": sale.source_id, "kind": str(sale.kind), "receipt_number": sale.receipt_number,
        "business_date": sale.business_date, "sold_at": sale.sold_at, "currency": sale.currency,
        "net_minor": summary.net_minor, "tax_minor": summary.tax_minor,
        "gross_minor": summary.net_minor + summary.tax_minor, "state": "pending", "role": "summary",
        "sale": sale.model_dump(mode="json"),
    }  # fmt: skip
    connection.execute(sa.insert(postings), row)
    joined = sa.update(postings).where(_one_of(members), *_WAITS).values(summary_id=sale.sale_id)
    if connection.execute(joined).rowcount != len(members):
        raise IllegalTransition(f"a receipt of {sale.sale_id} no longer waits for a summary; close the day again")
    _insert_parts(connection, sale.sale_id, summary.lines, summary.tenders)


def _insert_parts(
    connection: sa.Connection, summary_id: str, lines: Sequence[SummaryLine], tenders: Sequence[SummaryTender]
) -> None:
    for table, parts in ((summary_lines, lines), (summary_tenders, tenders)):
        if parts:
            rows = [{"summary_id": summary_id, **part._asdict()} for part in parts]
            connection.execute(sa.insert(table), rows)


@retrying
def renewable(ledger: Ledger) -> list[Posting]:
    """Summaries that go again after they were set aside."""
    return read(ledger, *_RETRIED)


@retrying
def renew(ledger: Ledger, summary_id: str, lines: Sequence[SummaryLine], tenders: Sequence[SummaryTender]) -> None:
    """Give a summary other parts: a map was mended since it was made."""
    with ledger.begin() as connection:
        for table in (summary_lines, summary_tenders):
            connection.execute(sa.delete(table).where(table.c.summary_id == summary_id))
        _insert_parts(connection, summary_id, lines, tenders)


@retrying
def anything_waits(ledger: Ledger) -> bool:
    """Whether end-of-day receipts wait for stock or close, or a summary goes again."""
    receipts = sa.exists(sa.select(postings.c.sale_id).where(*_WAITS))
    again = sa.exists(sa.select(postings.c.sale_id).where(*_RETRIED))
    with ledger.begin() as connection:
        return bool(connection.scalar(sa.select(sa.or_(receipts, again))))


@retrying
def parts_of(
    ledger: Ledger, summary_ids: Sequence[str]
) -> tuple[dict[str, list[SummaryLine]], dict[str, list[SummaryTender]]]:
    """The lines and the tenders of summaries, by summary."""
    lines: dict[str, list[SummaryLine]] = {summary_id: [] for summary_id in summary_ids}
    tenders: dict[str, list[SummaryTender]] = {summary_id: [] for summary_id in summary_ids}
    with ledger.begin() as connection:
        query = _parts(summary_lines, SummaryLine._fields, summary_ids)
        for summary_id, *part in connection.execute(query.order_by(summary_lines.c.sale_id, summary_lines.c.line_id)):
            lines[summary_id].append(SummaryLine(*part))
        query = _parts(summary_tenders, SummaryTender._fields, summary_ids)
        ordered = query.order_by(summary_tenders.c.sale_id, summary_tenders.c.document, summary_tenders.c.position)
        for summary_id, *part in connection.execute(ordered):
            tenders[summary_id].append(SummaryTender(*part))
    return lines, tenders


def _parts(table: sa.Table, names: Sequence[str], summary_ids: Sequence[str]) -> sa.Select[tuple[object, ...]]:
    chosen = table.c.summary_id == sa.any_(sa.cast(list(summary_ids), pg.ARRAY(sa.Text)))
    return sa.select(table.c.summary_id, *(table.c[name] for name in names)).where(chosen)


@retrying
def receipts_of(ledger: Ledger, sale_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Shop, business date, receipt number and currency of receipts, by ``sale_id``."""
    names = ("sale_id", "shop", "business_date", "receipt_number", "currency")
    with ledger.begin() as connection:
        found = connection.execute(sa.select(*(postings.c[name] for name in names)).where(_one_of(sale_ids)))
        return {row["sale_id"]: dict(row) for row in found.mappings()}


@retrying
def members_of(ledger: Ledger, summary_id: str) -> list[Posting]:
    """The receipts of a summary, oldest first."""
    return read(ledger, postings.c.summary_id == summary_id)


def _one_of(sale_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    return postings.c.sale_id == sa.any_(sa.cast(list(sale_ids), pg.ARRAY(sa.Text)))
