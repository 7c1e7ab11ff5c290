"""What a till transaction must become in the ERP, worked out from the transaction alone. Pure.

This is the auditor's own arithmetic: nothing here is taken from the code that posts. Amounts are pennies and positive
on credits, as in the ERP's books.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from sandbox.tills.events import Line, Shop, Transaction

ORDER, CREDIT = "SO", "SC"
# Channel and warehouse of each shop in the ERP; stock comes back to the shelf or to quarantine there.
PLACES = {"leeds": (2, 3), "london": (3, 4), "york": (4, 5), "bath": (5, 6)}
TAX_CODES = {Decimal(20): "T20", Decimal(5): "T5", Decimal(0): "T0"}
METHODS = {"card": "CARD", "cash": "CASH", "gift_card": "GIFTCARD"}
CLEARING = "EXCHANGE"
# What the till tells wrongly or our maps do not know: the receipt must end with this reason, not in the ERP.
REFUSED = {"wrong_tax_rate": "tax_not_mapped", "unmapped_tender": "tender_not_mapped"}
UNREADABLE = {"malformed": "bad_number", "tender_mismatch": "unbalanced"}
VOIDED = {"void": "void", "parked": "not_closed"}

Move = tuple[int, int, int]  # product, warehouse, location
Money = tuple[str, str, int]  # method, type, pennies


@dataclass(frozen=True, slots=True)
class Document:
    """One order or credit as it must stand when everything is done."""

    code: str
    channel: int
    warehouse: int
    net: int
    tax: Mapping[str, int]
    payments: Mapping[Money, int]
    moves: Mapping[Move, int]

    @property
    def total(self) -> int:
        return self.net + sum(self.tax.values())


@dataclass(frozen=True, slots=True)
class Expectation:
    """Documents by code. ``outcome`` is ``verified``, ``rejected``, ``quarantined``, ``excluded`` or ``absent``."""

    documents: Mapping[str, Document] = field(default_factory=dict)
    outcome: str = "verified"
    reason: str = ""
    original: str = ""  # sale id of the receipt that what comes back was bought with


def sale_id(basket: Transaction) -> str:
    """The key under which the ERP must know the sale: till system, its account, the till's own id."""
    source = "square-square" if basket.shop.system == "square" else "file_drop-tills"
    return f"{source}-{basket.source_id}"


def expected(basket: Transaction, products: Mapping[str, int], *, rejects_unknown: bool = False) -> Expectation:
    """``products`` are the ERP's product ids by SKU; what it does not know moves no stock, or is not to be posted."""
    if basket.kind in VOIDED:
        outcome = "absent" if basket.kind == "parked" else "excluded"
        return Expectation(outcome=outcome, reason=VOIDED[basket.kind])
    if basket.fault in UNREADABLE:
        return Expectation(outcome="quarantined", reason=UNREADABLE[basket.fault])
    if basket.fault in REFUSED:
        return Expectation(outcome="rejected", reason=REFUSED[basket.fault])
    if rejects_unknown and any(line.kind == "item" and line.sku not in products for line in basket.lines):
        return Expectation(outcome="rejected", reason="unknown_sku")
    sides = {
        ORDER: [line for line in basket.lines if line.quantity > 0],
        CREDIT: [line for line in basket.lines if line.quantity < 0],
    }
    made = {code: _document(basket.shop, code, lines, products) for code, lines in sides.items() if lines}
    payments = _payments(basket, {code: document.total for code, document in made.items()})
    documents = {code: replace(document, payments=payments[code]) for code, document in made.items()}
    linked = basket.original if basket.linked and CREDIT in documents else None
    return Expectation(documents, original=sale_id(linked) if linked else "")


def _document(shop: Shop, code: str, lines: list[Line], products: Mapping[str, int]) -> Document:
    channel, warehouse = PLACES[shop.code]
    sign = 1 if code == ORDER else -1
    tax: Counter[str] = Counter()
    moves: Counter[Move] = Counter()
    for line in lines:
        tax[TAX_CODES[line.rate]] += sign * line.tax
        if line.kind == "item" and line.sku in products:
            damaged = line.restock == "quarantine"
            location = 2 * warehouse - (1 if damaged else 2)
            moves[products[line.sku], warehouse, location] -= int(line.quantity)
    net = sign * sum(line.net for line in lines)
    return Document(code, channel, warehouse, net, _told(tax), {}, _told(moves))


def _told(counted: Mapping[str, int] | Mapping[Move, int]) -> dict:  # type: ignore[type-arg]  # keys of either kind
    """Without what adds up to nothing."""
    return {key: number for key, number in counted.items() if number}


def _payments(basket: Transaction, totals: Mapping[str, int]) -> dict[str, dict[Money, int]]:
    """Money in pays the order, money out pays back the credit; goods against goods go through the clearing method."""
    paid: dict[str, Counter[Money]] = {ORDER: Counter(), CREDIT: Counter()}
    for tender in basket.tenders:
        if not tender.amount_minor:
            continue
        kind = "RECEIPT" if tender.amount_minor > 0 else "PAYMENT"
        code = CREDIT if CREDIT in totals and (kind == "PAYMENT" or ORDER not in totals) else ORDER
        paid[code][METHODS[tender.type], kind, abs(tender.amount_minor)] += 1
    if ORDER in totals and CREDIT in totals and (against := min(totals.values())):
        paid[ORDER][CLEARING, "RECEIPT", against] += 1
        paid[CREDIT][CLEARING, "PAYMENT", against] += 1
    return {code: dict(one) for code, one in paid.items()}
