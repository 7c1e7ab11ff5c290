"""The faults a trading day carries on purpose, by name, and how each one spoils a sound basket. Pure.

Read: a sound transaction. Written: nothing. The books show what really happened; a fault may be in what the till tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from sandbox.tills.baskets import priced
from sandbox.tills.events import Transaction

# Fault -> (the till system it is planted in, what it is).
FAULTS: dict[str, tuple[str, str]] = {
    "unknown_sku": ("csv", "a line whose SKU no catalogue knows"),
    "item_without_catalogue": ("square", "a line keyed in by amount, without a catalogue object"),
    "unmapped_tender": ("csv", "paid by a tender that no map names"),
    "wrong_tax_rate": ("square", "standard-rated goods sold at 17.5 %"),
    "delivered_twice": ("csv", "the same receipt in a second export file"),
    "malformed": ("ndjson", "a row whose quantity is not a number"),
    "return_of_more_than_sold": ("csv", "two more pieces come back than the original receipt sold"),
    "damaged_return": ("ndjson", "goods come back damaged and must not go on the shelf"),
    "changed_content": ("square", "the same order id is served with other money the second time"),
    "tender_mismatch": ("csv", "the tenders are 1.00 less than the lines"),
    "late_arrival": ("square", "taken offline: an old created_at arrives with a new updated_at"),
    "missing_totals": ("square", "a return order without total_money"),
    "pending_refund": ("square", "the refund is PENDING when first served, APPROVED afterwards"),
    "amount_only_refund": ("square", "money back without goods and without a VAT split"),
}
NAMES = tuple(FAULTS)
ON_RETURNS = ("return_of_more_than_sold", "damaged_return", "missing_totals", "pending_refund")


def slots(systems: Sequence[str], faults: Sequence[str]) -> dict[int, str]:
    """Which transaction (by position) carries which fault: spread over the last two thirds of the day, one each."""
    taken: dict[int, str] = {}
    for order, fault in enumerate(faults):
        wanted = FAULTS[fault][0]
        first = len(systems) // 3 + order * (len(systems) // 2) // max(len(faults), 1)
        for position in range(first, len(systems)):
            if systems[position] == wanted and position not in taken:
                taken[position] = fault
                break
    return taken


def plant(fault: str, basket: Transaction) -> Transaction:
    """The basket with the fault in it. Faults of delivery only mark it: the writer or the server does the rest."""
    first, *rest = basket.lines
    if fault == "unknown_sku":
        first = replace(first, sku=f"NOT-IN-RANGE-{basket.number}", name="Charity pin")
    elif fault == "item_without_catalogue":
        first = replace(first, sku="", name="Keyed in by hand")
    elif fault == "wrong_tax_rate":
        taxed = max(basket.lines, key=lambda line: line.rate)
        lines = tuple(
            priced(basket.shop, replace(line, rate=Decimal("17.5")), line.gross) if line is taxed else line
            for line in basket.lines
        )
        return replace(basket, lines=lines, fault=fault)
    elif fault == "unmapped_tender":
        return replace(basket, tenders=tuple(replace(t, type="luncheon_token") for t in basket.tenders), fault=fault)
    elif fault == "tender_mismatch":
        head, *tail = basket.tenders
        return replace(basket, tenders=(replace(head, amount_minor=head.amount_minor - 100), *tail), fault=fault)
    elif fault == "changed_content":
        dearer = priced(basket.shop, replace(first, unit_minor=first.unit_minor + 100), first.gross + 100)
        head, *tail = basket.tenders
        tenders = (replace(head, amount_minor=head.amount_minor + 100), *tail)
        revised = replace(basket, lines=(dearer, *rest), tenders=tenders, fault=fault)
        return replace(basket, fault=fault, revised=revised)
    return replace(basket, lines=(first, *rest), fault=fault)
