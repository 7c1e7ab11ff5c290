"""The sales that posting is measured with, and a ledger filled with as many of them as are wanted.

A thousand receipts are drawn from a seed in the proportions of a shop's day; every further thousand is the same one
under other numbers, written by the database itself, so that a backlog of 100,000 stands in seconds. Filling is never
part of what is measured. Read: the seed. Written: ``inbox`` and ``postings``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa

from bp_assets.domain.money import tax_inside
from bp_assets.domain.sale import Kind, Line, Original, Sale, Tax, Tender, TenderType
from bp_assets.ledger.connection import Ledger
from sandbox.catalogue import Item

TEMPLATES = 1000
_OPENED = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
_BATCH = "Bxxxx"  # stands for the number of a thousand in every id of its receipts
# A shop's day: of a hundred receipts six bring goods back and two exchange them; a tenth is paid in two parts.
_RETURNS, _EXCHANGES, _SPLIT = 0.06, 0.02, 0.10


def day(items: Sequence[Item], shops: Sequence[str], seed: int = 7, *, plain: bool = False) -> list[Sale]:
    """A thousand receipts. ``plain``: sales paid with one tender only, the shape behind the floor of 0.505."""
    draw = random.Random(f"posting-{seed}")
    made: list[Sale] = []
    sold: list[Sale] = []
    for number in range(TEMPLATES):
        way = draw.random()
        shop = shops[number % len(shops)]
        back = _line_to_return(draw, sold, shop) if not plain and way < _RETURNS + _EXCHANGES else None
        one = _receipt(draw, number, shop, items, back, exchange=way >= _RETURNS, split=not plain)
        made.append(one)
        if back is None:
            sold.append(one)
    return made


def fill(ledger: Ledger, receipts: Sequence[Sale], count: int, first: int = 0) -> None:
    """Put ``count`` receipts in line, the thousands ``first``, ``first + 1`` … of them."""
    texts = [one.model_dump_json() for one in receipts]
    with ledger.begin() as connection:
        connection.exec_driver_sql("create temp table template (number int, sale text) on commit drop")
        rows = [{"number": number, "sale": text} for number, text in enumerate(texts)]
        connection.execute(sa.text("insert into template values (:number, :sale)"), rows)
        numbers = {"first": first, "last": first + (count - 1) // TEMPLATES, "count": count, "batch": _BATCH}
        connection.execute(_FILL, numbers)
    with ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("analyze tillbridge.inbox, tillbridge.postings, tillbridge.steps")


_FILL = sa.text("""
    with receipt as (
        select replace(t.sale, :batch, 'B' || lpad(b::text, 4, '0')) as sale, b, t.number
        from template t, generate_series(cast(:first as int), cast(:last as int)) b
        where (b - :first) * 1000 + t.number < :count
    ), raw as (
        insert into tillbridge.inbox
            (sale_id, version, shop, source, account, source_id, content, content_hash, state, decoded_at)
        select 'file_drop-tills-' || (sale::jsonb ->> 'source_id'), 1, sale::jsonb ->> 'shop', 'file_drop', 'tills',
               sale::jsonb ->> 'source_id', convert_to(sale, 'UTF8'), encode(sha256(convert_to(sale, 'UTF8')), 'hex'),
               'decoded', now()
        from receipt order by b, number
        returning inbox_id, sale_id, shop, source_id, content
    )
    insert into tillbridge.postings
        (sale_id, inbox_id, shop, source, account, source_id, kind, receipt_number, business_date, sold_at, currency,
         net_minor, tax_minor, gross_minor, original_sale_id, sale, state)
    select r.sale_id, inbox_id, shop, 'file_drop', 'tills', source_id, s ->> 'kind', s ->> 'receipt_number',
           cast(s ->> 'business_date' as date), cast(s ->> 'sold_at' as timestamptz), s ->> 'currency', m.net, m.tax,
           m.net + m.tax, 'file_drop-tills-' || (s ->> 'original_source_id'), s, 'pending'
    from raw r
    cross join lateral (select convert_from(r.content, 'UTF8')::jsonb as s) j
    cross join lateral (
        select sum(cast(l ->> 'net_minor' as bigint)) as net, sum(cast(l ->> 'tax_minor' as bigint)) as tax
        from jsonb_array_elements(j.s -> 'lines') l
    ) m
""")


def _receipt(
    draw: random.Random,
    number: int,
    shop: str,
    items: Sequence[Item],
    back: tuple[Sale, Line] | None,
    *,
    exchange: bool,
    split: bool,
) -> Sale:
    lines: list[Line] = []
    if back is not None:
        lines.append(_returned(back[1], back[0]))
    if back is None or exchange:
        for _ in range(draw.choices((1, 2, 3, 4), weights=(45, 30, 15, 10))[0] if back is None else 1):
            item = draw.choice([one for one in items if one.stock_tracked])
            lines.append(_sold(len(lines) + 1, item, draw.choice((1, 1, 1, 2))))
    source_id = f"{_BATCH}{number:04d}"
    kind = Kind.SALE if back is None else Kind.EXCHANGE if len({line.returned for line in lines}) == 2 else None
    sold_at = _OPENED + timedelta(seconds=number * 30)
    return Sale(
        source="file_drop", account="tills", source_id=source_id, kind=kind or Kind.GOODS_RETURN, shop=shop,
        receipt_number=source_id, sold_at=sold_at, time_zone="Europe/London", business_date=date(2026, 11, 20),
        currency="GBP", prices_include_tax=True, lines=tuple(lines),
        tenders=_tenders(draw, sum(line.gross_minor for line in lines), split),
        original_source_id=back[0].source_id if back else None,
    )  # fmt: skip


def _sold(number: int, item: Item, quantity: int) -> Line:
    gross = item.gross_minor * quantity
    tax = tax_inside(gross, item.tax_rate)
    charged = (Tax(rate=item.tax_rate, amount_minor=tax, inclusive=True),)
    return Line(
        line_id=str(number), sku=item.sku, description=item.name, quantity=Decimal(quantity), taxes=charged,
        net_minor=gross - tax, tax_minor=tax, gross_minor=gross,
    )  # fmt: skip


def _line_to_return(draw: random.Random, sold: list[Sale], shop: str) -> tuple[Sale, Line] | None:
    """A line of an earlier receipt of the shop, which is taken off the list: it comes back once and whole."""
    found = [one for one in sold if one.shop == shop]
    if not found:
        return None
    chosen = draw.choice(found)
    sold.remove(chosen)
    return chosen, chosen.lines[0]


def _returned(line: Line, sale: Sale) -> Line:
    taxes = tuple(tax.model_copy(update={"amount_minor": -tax.amount_minor}) for tax in line.taxes)
    return line.model_copy(
        update={
            "line_id": "r1", "returned": True, "quantity": -line.quantity, "taxes": taxes,
            "net_minor": -line.net_minor, "tax_minor": -line.tax_minor, "gross_minor": -line.gross_minor,
            "original": Original(source_id=sale.source_id, line_id=line.line_id),
        }
    )  # fmt: skip


def _tenders(draw: random.Random, due: int, split: bool) -> tuple[Tender, ...]:
    if not due:
        return ()
    cash = due // 3 if split and due > 1000 and draw.random() < _SPLIT else 0
    parts = [("card", due - cash), ("cash", cash)] if cash else [(draw.choice(("card", "card", "cash")), due)]
    return tuple(
        Tender(tender_id=str(number), type=TenderType(method), method=method, amount_minor=amount)
        for number, (method, amount) in enumerate(parts, start=1)
    )
