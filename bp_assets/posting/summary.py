"""End of day: which receipts share a summary, what its rows and payments are, and the plan it is posted by.

Pure: plans of receipts in, parts and plans out. A receipt's parts are its own plan's rows and payments, line by line
and penny by penny: nothing is computed anew, so a day's sums are those of its receipts whatever the mode.
Read: nothing. Written: nothing.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import count

from bp_assets.config import Shop, ShopsFile
from bp_assets.config.shops import UNPAID
from bp_assets.domain.sale import Kind, LineType, Sale, make_sale_id
from bp_assets.ledger.summaries import NewSummary, SummaryLine, SummaryTender
from bp_assets.posting.plan import CREDIT, ORDER, Document, Payment, Plan, Row, document_ref

SOURCE = "summary"  # stands where a till system does in the ids of summaries


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """What the receipts of one summary have in common, beside their shop and trading day."""

    currency: str
    tax_codes: tuple[str, ...]
    methods: tuple[str, ...]

    def source_id(self, day: date, number: int) -> str:
        """What tells the group's ``number``-th summary of a day from a shop's others: ``20261120-1f0c93aa-1``."""
        text = "\x1f".join((self.currency, ",".join(self.tax_codes), ",".join(self.methods)))
        return f"{day:%Y%m%d}-{hashlib.sha256(text.encode()).hexdigest()[:8]}-{number}"

    def summary_id(self, shop: str, day: date, number: int) -> str:
        """The id of that summary; its documents' references are made of it, never of what it holds."""
        return make_sale_id(SOURCE, shop, self.source_id(day, number))

    def name(self, day: date, number: int) -> str:
        """What people read on the order: ``2026-11-20 T0+T20 CARD+CASH #1``."""
        return f"{day} {'+'.join(self.tax_codes)} {'+'.join(self.methods) or 'no tender'} #{number}"


Parts = tuple[tuple[SummaryLine, ...], tuple[SummaryTender, ...]]


def needs_own_order(sale: Sale, shops: ShopsFile) -> bool:
    """Whether a receipt is posted as an order of its own even where a trading day is summed up.

    Goods that are sent later need an order to be picked from; a customer who owes needs an invoice to pay.
    """
    if any(line.ship_later and not line.returned for line in sale.lines):
        return True
    shop = shops.shop(sale.shop)
    paid = sum(one.amount_minor for one in sale.tenders if shops.payment_method(shop, one.method) != UNPAID)
    return bool(sale.customer.email.strip()) and paid != sale.gross_minor


def close_day(
    shop: Shop,
    day: date,
    plans: Sequence[Plan],
    shops: ShopsFile,
    nominal_codes: Mapping[int, str],
    taken: Set[str],
) -> list[NewSummary]:
    """The summaries of receipts of one day. ``taken`` are the ids of those the day has already: they stay as they are.

    ``nominal_codes`` by product: what rows get that leave their account to the product.
    """
    groups: dict[Group, list[Plan]] = defaultdict(list)
    for plan in sorted(plans, key=lambda one: one.sale.sale_id):
        groups[group_of(plan, shops)].append(plan)
    made = []
    for group, members in sorted(groups.items()):
        number = next(n for n in count(1) if group.summary_id(shop.key, day, n) not in taken)
        lines, tenders = parts_of(members, nominal_codes)
        made.append(
            NewSummary(
                sale=_sale(shop, day, group, number, members),
                lines=lines,
                tenders=tenders,
                net_minor=sum(plan.sale.net_minor for plan in members),
                tax_minor=sum(plan.sale.tax_minor for plan in members),
            )
        )
    return made


def group_of(plan: Plan, shops: ShopsFile) -> Group:
    """The group of a receipt: its currency, the tax codes of its rows, the payment methods of its tenders."""
    methods = {
        shops.payment_method(plan.shop, tender.method) or tender.method
        for tender in plan.sale.tenders
        if tender.amount_minor
    }
    codes = {row.tax_code for document in plan.documents for row in document.rows}
    return Group(plan.currency, tuple(sorted(codes)), tuple(sorted(methods)))


def parts_of(plans: Sequence[Plan], nominal_codes: Mapping[int, str]) -> Parts:
    """Which line of which receipt goes into which row, which payment into which."""
    lines = [line for plan in plans for document in plan.documents for line in _lines(plan, document, nominal_codes)]
    tenders = [tender for plan in plans for document in plan.documents for tender in _tenders(plan, document)]
    rows: dict[str, dict[tuple[str, str, str], int]] = {}
    paid: dict[str, dict[tuple[str, str], int]] = {}
    for code in (ORDER, CREDIT):
        kinds = sorted({(one.tax_code, one.line_type, one.nominal_code) for one in lines if one.document == code})
        rows[code] = {kind: 10 * number for number, kind in enumerate(kinds, start=1)}
        ways = sorted({(one.method, one.type) for one in tenders if one.document == code})
        paid[code] = {way: number for number, way in enumerate(ways, start=1)}
    return (
        tuple(
            one._replace(sequence=rows[one.document][one.tax_code, one.line_type, one.nominal_code]) for one in lines
        ),
        tuple(one._replace(number=paid[one.document][one.method, one.type]) for one in tenders),
    )


def renewed(made: Parts, anew: Parts, stands: Set[tuple[str, str]]) -> Parts:
    """The parts a summary goes on with when it is sent again: those by today's maps, but for what the ERP may have.

    ``stands``: the steps (document, step) that may have been done. A document whose order stands keeps its rows; of its
    payments only the method of those that are still to be made is that of today.
    """
    lines, tenders = list[SummaryLine](), list[SummaryTender]()
    for code in (ORDER, CREDIT):
        there = (code, "order") in stands
        lines += [one for one in (made if there else anew)[0] if one.document == code]
        old, new = ([one for one in parts[1] if one.document == code] for parts in (made, anew))
        tenders += _paid_anew(old, new, {step for document, step in stands if document == code}) if there else new
    return tuple(lines), tuple(tenders)


def _paid_anew(
    made: Sequence[SummaryTender], anew: Sequence[SummaryTender], stands: Set[str]
) -> Sequence[SummaryTender]:
    """The tenders of a document whose order stands. A payment whose tenders are told apart by now becomes several."""
    methods = {(one.sale_id, one.position, one.type, one.amount_minor): one.method for one in anew}
    if len(made) != len(anew) or any(_own(one) not in methods for one in made):
        return made  # a tender became a payment, or stopped being one: not a matter of methods
    numbers: dict[tuple[int, str], int] = {}
    last = max((one.number for one in made), default=0)
    paid = []
    for one in sorted(made):
        if f"payment:{one.number}" in stands:
            paid.append(one)
            continue
        key = (one.number, methods[_own(one)])
        if key not in numbers:
            first = all(number != one.number for number, _ in numbers)
            last += not first
            numbers[key] = one.number if first else last
        paid.append(one._replace(number=numbers[key], method=key[1]))
    return paid


def _own(tender: SummaryTender) -> tuple[str, int, str, int]:
    return tender.sale_id, tender.position, tender.type, tender.amount_minor


def _lines(plan: Plan, document: Document, nominal_codes: Mapping[int, str]) -> list[SummaryLine]:
    sign = -1 if document.code == CREDIT else 1
    by_id = {line.line_id: line for line in plan.sale.lines}
    return [
        SummaryLine(
            document=document.code,
            sequence=0,
            sale_id=plan.sale.sale_id,
            line_id=line_id,
            line_type=str(by_id[line_id].type),
            tax_code=row.tax_code,
            nominal_code=row.nominal_code or (nominal_codes.get(row.product.product_id, "") if row.product else ""),
            net_minor=sign * by_id[line_id].net_minor,
            tax_minor=sign * by_id[line_id].tax_minor,
        )
        for row in document.rows
        for line_id in row.line_ids
    ]


def _tenders(plan: Plan, document: Document) -> list[SummaryTender]:
    return [
        SummaryTender(
            document=document.code,
            number=0,
            sale_id=plan.sale.sale_id,
            position=position,
            method=payment.method,
            type=payment.type,
            amount_minor=payment.amount_minor,
        )
        for position, payment in enumerate(document.payments, start=1)
    ]


def _sale(shop: Shop, day: date, group: Group, number: int, plans: Sequence[Plan]) -> Sale:
    """The summary as the one transaction that the ERP sees. It has no lines of its own: its parts are them."""
    codes = {document.code for plan in plans for document in plan.documents}
    kind = Kind.EXCHANGE if len(codes) == 2 else Kind.GOODS_RETURN if CREDIT in codes else Kind.SALE
    return Sale(
        source=SOURCE,
        account=shop.key,
        source_id=group.source_id(day, number),
        kind=kind,
        shop=shop.key,
        receipt_number=group.name(day, number),
        sold_at=noon_of(day, shop),
        time_zone=shop.time_zone,
        business_date=day,
        currency=group.currency,
        prices_include_tax=all(plan.sale.prices_include_tax for plan in plans),
    )


def following_id(sale: Sale) -> str:
    """The id of the summary that would be made of its group after this one."""
    group, _, number = sale.source_id.rpartition("-")
    return make_sale_id(SOURCE, sale.account, f"{group}-{int(number) + 1}")


def noon_of(day: date, shop: Shop) -> datetime:
    """The moment a summary stands under: it is within the trading day in any zone the account may be set to."""
    return datetime.combine(day, time(12), shop.zone)


def plan_of(sale: Sale, shop: Shop, lines: Sequence[SummaryLine], tenders: Sequence[SummaryTender]) -> Plan:
    """The plan of a summary: one free-text row per tax code, kind of line and nominal code; one payment per method."""
    documents = [_document(code, sale, lines, tenders) for code in (ORDER, CREDIT)]
    return Plan(sale, shop, sale.currency, tuple(document for document in documents if document.rows))


def _document(code: str, sale: Sale, lines: Sequence[SummaryLine], tenders: Sequence[SummaryTender]) -> Document:
    ref = document_ref(code, sale.sale_id)
    rows: dict[int, list[SummaryLine]] = defaultdict(list)
    paid: dict[int, list[SummaryTender]] = defaultdict(list)
    for line in lines:
        if line.document == code:
            rows[line.sequence].append(line)
    for tender in tenders:
        if tender.document == code:
            paid[tender.number].append(tender)
    return Document(
        code=code,
        ref=ref,
        original_sale_id=None,
        rows=tuple(_row(sequence, inside) for sequence, inside in sorted(rows.items())),
        payments=tuple(
            Payment(
                ref=f"{ref}-p{number}",
                method=inside[0].method,
                type=inside[0].type,
                amount_minor=sum(tender.amount_minor for tender in inside),
                paid_at=sale.sold_at,
            )
            for number, inside in sorted(paid.items())
        ),
    )


def _row(sequence: int, lines: Sequence[SummaryLine]) -> Row:
    first, receipts = lines[0], len({line.sale_id for line in lines})
    kind = "goods" if first.line_type == LineType.ITEM else first.line_type.replace("_", " ")
    told = "1 receipt" if receipts == 1 else f"{receipts} receipts"
    return Row(
        sequence=sequence,
        line_ids=(),
        product=None,
        name=f"{kind.capitalize()} {first.tax_code}, {told}",
        quantity=Decimal(1),
        net_minor=sum(line.net_minor for line in lines),
        tax_minor=sum(line.tax_minor for line in lines),
        tax_code=first.tax_code,
        nominal_code=first.nominal_code,
    )
