"""The rows of one receipt into one sale, by what the shops file declares. Pure.

Read: the raw receipt. Written: nothing. Whether more came back than was sold is not judged here: that needs other
receipts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bp_assets.config import FileDropFeed, Shop
from bp_assets.domain.sale import (
    Customer,
    Discount,
    Kind,
    Line,
    LineType,
    Original,
    Restock,
    Sale,
    Tax,
    Tender,
    Totals,
    business_date_of,
)
from bp_assets.tills.file_drop_rows import Amounts, Fault, Reader, amounts, instant, zone_of
from bp_assets.tills.file_drop_tenders import tenders
from bp_assets.tills.protocol import Decoded, Excluded, Quarantine, RawReceipt, from_sale

BROKEN = "(broken)"  # key of a complaint about the row itself; no real column has such a name
SAME_BASKET = timedelta(minutes=10)  # tills stamp lines as they are keyed in; further apart it is another basket
_OUTSIDE_VAT = (LineType.TIP, LineType.GIFT_CARD_SALE, LineType.ROUNDING, LineType.DEPOSIT)
_YES = ("1", "true", "yes", "y", "t")


def decode(raw: RawReceipt, shop: Shop, currency: str) -> Decoded:
    """A sale, an exclusion (void, rule, worth nothing, empty) or a quarantine; never raises for what stands in the
    rows.
    """
    feed = shop.feed
    if not isinstance(feed, FileDropFeed):
        raise TypeError(f"shop {shop.key} has no file drop")
    try:
        content = json.loads(raw.content)
        if "file" in content:
            return Quarantine(content["reason"], raw.note.partition("\n")[2] or "the file can't be read")
        if "row" in content:
            return Quarantine("malformed", f"{raw.note}: {content['error']}")
        rows = content["rows"]
    except (ValueError, KeyError, TypeError) as problem:
        return Quarantine("malformed", f"receipt {raw.source_id} can't be read: {problem!r}")
    readers = [
        Reader(row, place, feed, currency) for row, place in zip(rows, _expand(raw.note, len(rows)), strict=True)
    ]
    receipt = _Receipt(raw, shop, feed, currency, readers)
    try:
        return receipt.decode()
    except Fault as fault:
        return receipt.quarantine(fault.reason_code, str(fault))
    except (ValueError, ArithmeticError) as problem:
        return receipt.quarantine("malformed", str(problem))


def _expand(note: str, count: int) -> list[str]:
    """The place of each row, from the note ``a.csv rows 2-5,9; b.csv rows 3``."""
    places: list[str] = []
    for part in note.split("; "):
        name, _, runs = part.rpartition(" rows ")
        for run in runs.split(","):
            first, _, last = run.partition("-")
            if first.isdecimal() and (last or first).isdecimal():
                places += [f"{name} row {number}" for number in range(int(first), int(last or first) + 1)]
    return places if len(places) == count else [f"row {number}" for number in range(1, count + 1)]


class _Receipt:
    """One receipt on its way to a sale."""

    def __init__(self, raw: RawReceipt, shop: Shop, feed: FileDropFeed, currency: str, rows: list[Reader]) -> None:
        self.raw, self.shop, self.feed, self.currency, self.rows = raw, shop, feed, currency, rows
        self.columns = feed.columns
        self.notes: list[str] = []

    def decode(self) -> Decoded:
        for row in self.rows:
            if BROKEN in row.values:
                raise Fault("malformed", f"{row.place}: {row.values[BROKEN]}")
        self.lines_once()
        line_rows, tender_rows = self.sides()
        sold_at, day = self.moment()
        self.same_currency()
        voided = [row for row in self.rows if self.is_void(row)]
        if voided and all(self.is_void(row) for row in line_rows):
            sale = self.sale(Kind.VOID, sold_at, day, [], [])
            return Excluded("void", f"receipt {self.raw.source_id} was cancelled before it closed", sale)
        if voided:
            line_rows = [row for row in line_rows if not self.is_void(row)]
            self.notes.append(f"{len(voided)} voided row(s) left out")
        lines = [self.line(row, number) for number, row in enumerate(line_rows, start=1)]
        lines = self.on_one_side(lines)
        gross = sum(line.gross_minor for line in lines)
        paid = tenders(
            self.feed, self.raw.source_id, self.rows if not self.columns.row_kind else tender_rows, gross, sold_at
        )
        lines += self.untold(lines, paid, gross)
        sale = self.sale(self.kind(lines), sold_at, day, lines, paid)
        return self.judged(sale)

    # -- rows ---------------------------------------------------------------------------------------------------------

    def sides(self) -> tuple[list[Reader], list[Reader]]:
        """Line rows and tender rows."""
        if not self.columns.row_kind:
            return self.rows, []
        lines, paid = [], []
        for row in self.rows:
            kind = row.text(self.columns.row_kind)
            if kind in self.feed.tender_row_kinds:
                paid.append(row)
            elif self.feed.line_row_kinds and kind not in self.feed.line_row_kinds and not self.is_void(row):
                known = ", ".join((*self.feed.line_row_kinds, *self.feed.tender_row_kinds))
                raise Fault("malformed", f"{row.place}: {self.columns.row_kind} is {kind!r}; declared are {known}")
            else:
                lines.append(row)
        return lines, paid

    def lines_once(self) -> None:
        """A line number stands once; the same line delivered twice was taken together before."""
        places: dict[str, str] = {}
        for row in self.rows:
            number = row.text(self.columns.line)
            if number and number in places:
                words = f"{places[number]} and {row.place}: line {number} stands twice with different content"
                raise Fault("conflicting_rows", f"receipt {self.raw.source_id}: {words}")
            places[number] = row.place

    def is_void(self, row: Reader) -> bool:
        return bool(self.feed.void_column) and row.text(self.feed.void_column) in self.feed.void_values

    def same_currency(self) -> None:
        for row in self.rows:
            told = row.text(self.columns.currency)
            if told and told != self.currency:
                raise Fault("wrong_currency", f"{row.place}: the row is in {told}, the shop trades in {self.currency}")

    def moment(self) -> tuple[datetime, date]:
        """When the basket closed (its last row) and the trading day; rows that contradict each other are a fault."""
        zone = self.shop.zone
        found: list[tuple[datetime, str]] = []
        # Tender rows of some tills carry no time; the lines' time is the receipt's.
        for row in [row for row in self.rows if row.text(self.columns.sold_at)] or self.rows:
            zone = zone_of(row, self.shop.zone)
            found.append(instant(row, zone))
        if not found:
            raise Fault("malformed", f"receipt {self.raw.source_id} has no rows")
        first, last = min(found), max(found)
        if last[0] - first[0] > SAME_BASKET:
            raise Fault(
                "conflicting_rows",
                f"{self.rows[0].place}: receipt {self.raw.source_id} stands at {first[0].isoformat()} and at "
                f"{last[0].isoformat()}: two transactions under one number?",
            )
        if last[0] != first[0]:
            self.notes.append(f"rows stamped from {first[0].isoformat()} to {last[0].isoformat()}; the last was taken")
        if last[1]:
            self.notes.append(last[1])
        self.one_value(self.columns.register_id, "register")
        return last[0], self.day(last[0], zone)

    def day(self, sold_at: datetime, zone: Any) -> date:
        told = self.one_value(self.columns.business_date, "business date")
        if not told:
            return business_date_of(sold_at, zone)
        try:
            return date.fromisoformat(told[:10])
        except ValueError:
            raise Fault("malformed", f"{self.rows[0].place}: {told!r} is not a date in the form YYYY-MM-DD") from None

    def one_value(self, column: str | None, name: str) -> str:
        """The one value that all rows agree on (rows that leave it empty agree with any)."""
        values = {row.text(column) for row in self.rows} - {""}
        if len(values) > 1:
            words = " and ".join(sorted(values))
            raise Fault(
                "conflicting_rows", f"{self.rows[0].place}: receipt {self.raw.source_id} has the {name} {words}"
            )
        return values.pop() if values else ""

    def any_value(self, column: str | None) -> str:
        return next((text for row in self.rows if (text := row.text(column))), "")

    # -- lines --------------------------------------------------------------------------------------------------------

    def line(self, row: Reader, number: int) -> Line:
        told = amounts(row, self.raw.source_id)
        sku = row.text(self.columns.sku)
        kind = self.line_type(row, sku)
        line_id = row.text(self.columns.line) or str(number)
        discount = (Discount(amount_minor=told.discount),) if told.discount else ()
        original = row.text(self.columns.original_receipt)
        name = row.text(self.columns.original_line) or None
        item = kind is LineType.ITEM
        return Line(
            line_id=line_id,
            type=kind,
            returned=told.returned,
            sku=sku or None,
            description=row.text(self.columns.description),
            quantity=told.quantity,
            unit_price=told.unit_price,
            discounts=discount,
            taxes=self.taxes(row, kind, told),
            net_minor=told.net,
            tax_minor=told.tax,
            gross_minor=told.gross,
            ship_later=row.text(self.columns.ship_later).lower() in _YES,
            original=Original(source_id=original, line_id=name) if original and told.returned else None,
            restock=self.restock(row) if told.returned and item else None,
            reason=row.text(self.columns.reason),
        )

    def line_type(self, row: Reader, sku: str) -> LineType:
        by_column = self.feed.line_types.get(row.text(self.columns.line_type)) if self.columns.line_type else None
        return by_column or self.feed.line_types.get(sku) or LineType.ITEM

    def taxes(self, row: Reader, kind: LineType, told: Amounts) -> tuple[Tax, ...]:
        if told.rate is None or (kind in _OUTSIDE_VAT and not told.rate and not told.tax):
            return ()
        code = row.text(self.columns.tax_code) or self.feed.default_tax_code
        return (Tax(code=code, rate=told.rate, amount_minor=told.tax, inclusive=self.feed.prices_include_tax),)

    def restock(self, row: Reader) -> Restock:
        return Restock(place=self.feed.restock_values.get(row.text(self.columns.restock), "shop"))

    def on_one_side(self, lines: list[Line]) -> list[Line]:
        """Discounts, tips and rounding of a receipt whose every item came back belong to the credit too."""
        items = [line for line in lines if line.type is LineType.ITEM]
        if not items or not all(line.returned for line in items):
            return lines
        return [line if line.type is LineType.ITEM else line.model_copy(update={"returned": True}) for line in lines]

    def untold(self, lines: Sequence[Line], paid: Sequence[Tender], gross: int) -> list[Line]:
        """Lines for a tip and for rounding of cash that only the tenders tell of."""
        told = {line.type for line in lines}
        inside = {
            LineType.TIP: sum(tender.tip_minor for tender in paid),
            LineType.ROUNDING: sum(tender.rounding_minor for tender in paid),
        }
        extra = {kind: amount for kind, amount in inside.items() if amount and kind not in told}
        if sum(tender.amount_minor for tender in paid) != gross + sum(extra.values()):
            return []
        only_back = gross < 0
        return [
            _untold(kind, amount, amount < 0 if kind is LineType.TIP else only_back) for kind, amount in extra.items()
        ]

    # -- the sale -----------------------------------------------------------------------------------------------------

    def kind(self, lines: Iterable[Line]) -> Kind:
        every = list(lines)
        items = [line for line in every if line.type is LineType.ITEM]
        sides = {line.returned for line in items or every}
        if sides == {True, False}:
            return Kind.EXCHANGE
        if sides == {True}:
            return Kind.GOODS_RETURN if items else Kind.REFUND_ONLY
        return Kind.SALE

    def sale(self, kind: Kind, sold_at: datetime, day: date, lines: list[Line], paid: list[Tender]) -> Sale:
        stated = None if kind is Kind.VOID else self.stated_gross()
        return Sale(
            source=self.raw.source,
            account=self.raw.account,
            source_id=self.raw.source_id,
            source_version=self.raw.version,
            kind=kind,
            shop=self.shop.key,
            register_id=self.any_value(self.columns.register_id),
            operator_id=self.any_value(self.columns.operator),
            session_id=self.any_value(self.columns.session),
            receipt_number=self.raw.source_id,
            sold_at=sold_at,
            time_zone=self.any_value(self.columns.time_zone) or self.shop.time_zone,
            business_date=day,
            currency=self.currency,
            prices_include_tax=self.feed.prices_include_tax,
            lines=tuple(lines),
            tenders=tuple(paid),
            stated=Totals(gross_minor=stated),
            customer=Customer(
                source_id=self.any_value(self.columns.customer_id), email=self.any_value(self.columns.customer_email)
            ),
            original_source_id=self.any_value(self.columns.original_receipt) or None,
            exchange_group=self.raw.source_id if kind is Kind.EXCHANGE else None,
            order_ref=self.any_value(self.columns.order_ref),
            notes=tuple(self.notes),
        )

    def stated_gross(self) -> int | None:
        told = {minor for row in self.rows if (minor := row.minor(self.columns.stated_gross)) is not None}
        if len(told) > 1:
            words = " and ".join(str(minor) for minor in sorted(told))
            raise Fault("conflicting_rows", f"{self.rows[0].place}: the receipt's total is told as {words}")
        return told.pop() if told else None

    def judged(self, sale: Sale) -> Decoded:
        """The sale, an exclusion by rule, or a quarantine when its own figures contradict each other."""
        name = f"receipt {sale.source_id}"
        for rule in self.feed.exclude:
            if all(_named(row.text(rule.column), rule.values, rule.starts_with) for row in self.rows):
                return Excluded("excluded_by_rule", f"{name}: {rule.reason}", sale)
        if not sale.lines and not sale.tenders:
            return Excluded("empty", f"{name} has no lines", sale)
        if self.feed.zero_value_receipts == "exclude" and not any(line.gross_minor for line in sale.lines):
            return Excluded("zero_value", f"{name}: every line is worth nothing", sale)
        if sale.stated.gross_minor is not None and sale.stated.gross_minor != sale.gross_minor:
            words = f"{name}: the lines' total is {sale.gross_minor}, the receipt says {sale.stated.gross_minor}"
            return from_sale("totals_differ", f"{words} ({sale.currency} minor)", sale)
        if sale.outstanding_minor:
            words = f"{name}: tenders add up to {sale.tendered_minor}, lines to {sale.gross_minor}"
            return from_sale("unbalanced", f"{words} ({sale.currency} minor)", sale)
        return sale

    def quarantine(self, code: str, message: str) -> Quarantine:
        """The fault, with what the other rows still tell of the receipt's money and day."""
        sold_at = day = None
        with suppress(Fault, ValueError, ArithmeticError):
            sold_at, day = self.moment()
        net = tax = gross = 0
        readable = False
        for row in self.rows:
            if self.columns.row_kind and row.text(self.columns.row_kind) in self.feed.tender_row_kinds:
                continue
            told = self.still_readable(row)
            if told is None:
                continue
            readable = True
            net, tax, gross = net + told.net, tax + told.tax, gross + told.gross
        words = message if self.raw.source_id in message else f"receipt {self.raw.source_id}: {message}"
        if not readable:
            return Quarantine(code, words, self.raw.source_id, sold_at, day)
        return Quarantine(code, words, self.raw.source_id, sold_at, day, net, tax, gross)

    def still_readable(self, row: Reader) -> Amounts | None:
        """A row's money where its amounts can be read, even if its quantity can't."""
        quantity = self.columns.quantity
        stand_ins: list[dict[str, str]] = [{}]
        if self.columns.net or self.columns.gross:
            stand_ins += [{quantity: "1"}, {quantity: "-1"}]
        for stand_in in stand_ins:
            with suppress(Fault, ValueError, ArithmeticError):
                return amounts(replace(row, values={**row.values, **stand_in}), self.raw.source_id)
        return None


def _named(text: str, values: Sequence[str], prefix: str) -> bool:
    return text in values or bool(prefix and text.startswith(prefix))


def _untold(kind: LineType, amount: int, returned: bool) -> Line:
    return Line(
        line_id=str(kind),
        type=kind,
        returned=returned,
        description=kind.capitalize(),
        quantity=Decimal(-1 if amount < 0 else 1),
        net_minor=amount,
        tax_minor=0,
        gross_minor=amount,
    )
