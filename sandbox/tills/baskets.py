"""Arithmetic of the three tills: what a line costs, what its tax is, what comes back for a return. Pure.

Square and York price with tax and take it out of the total (half to even, half away from zero); Bath prices without
tax and adds it. Read: catalogue items and earlier lines. Written: nothing.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sandbox.catalogue import Item
from sandbox.tills.events import ZERO, Line, Shop, half_away, half_even

HUNDRED = Decimal(100)


def tax_inside(shop: Shop, gross: int, rate: Decimal) -> int:
    """The tax contained in ``gross`` pennies, rounded as the shop's till rounds."""
    exact = Decimal(gross) * rate / (HUNDRED + rate)
    return half_even(exact) if shop.system == "square" else half_away(exact)


def unit_price(shop: Shop, item: Item) -> int:
    """The till's price of one in pennies: with tax, except at Bath."""
    return half_away(item.net_price * HUNDRED) if shop.system == "ndjson" else item.gross_minor


def priced(shop: Shop, line: Line, charged: int) -> Line:
    """The line at ``charged`` pennies in the till's price basis, signed; net, tax and gross follow."""
    if shop.system == "ndjson":
        tax = half_away(Decimal(charged) * line.rate / HUNDRED)
        return replace(line, net=charged, tax=tax, gross=charged + tax)
    tax = tax_inside(shop, charged, line.rate)
    return replace(line, net=charged - tax, tax=tax, gross=charged)


def item_line(
    shop: Shop, uid: str, item: Item, quantity: Decimal, discount_percent: int = 0, rate: Decimal | None = None
) -> Line:
    """``quantity`` of an item off the shelf, less a discount on this line."""
    unit = unit_price(shop, item)
    full = half_away(unit * quantity)
    discount = half_away(Decimal(full * discount_percent) / HUNDRED)
    used = item.tax_rate if rate is None else rate
    line = Line(uid, "item", item.sku, item.name, quantity, unit, used, 0, 0, 0, discount)
    return priced(shop, line, full - discount)


def plain_line(uid: str, kind: str, name: str, amount: int, sku: str = "") -> Line:
    """A line outside VAT: tip, gift card, service charge, cash rounding, refund by amount."""
    return Line(uid, kind, sku, name, Decimal(1), amount, ZERO, amount, 0, amount)


def with_basket_discount(shop: Shop, lines: list[Line], percent: int) -> list[Line]:
    """The basket less ``percent``: shared over the lines at Square, one discount line per tax rate at the file
    tills.
    """
    if shop.system == "square":
        return [_shared(shop, line, percent) for line in lines]
    result = list(lines)
    for position, rate in enumerate(sorted({line.rate for line in lines}), start=1):
        base = sum(line.net if shop.system == "ndjson" else line.gross for line in lines if line.rate == rate)
        amount = half_away(Decimal(-base * percent) / HUNDRED)
        empty = Line(f"d{position}", "discount", "", f"{percent}% off basket", Decimal(1), amount, rate, 0, 0, 0)
        result.append(priced(shop, empty, amount))
    return result


def _shared(shop: Shop, line: Line, percent: int) -> Line:
    share = half_even(Decimal(line.gross * percent) / HUNDRED)
    return replace(priced(shop, line, line.gross - share), basket_discount_minor=share)


def returned_line(shop: Shop, uid: str, line: Line, quantity: Decimal, before: Decimal, restock: str) -> Line:
    """``quantity`` of a sold line coming back to ``shop`` after ``before`` had come back already.

    The money is the share of what was paid, cumulated so that returning everything gives back everything, to the
    penny. More than was sold may be asked for (a planted fault): the share simply goes on.
    """
    upto, done = (before + quantity) / line.quantity, before / line.quantity
    basis = line.net if shop.system == "ndjson" else line.gross
    charged = half_away(basis * upto) - half_away(basis * done)
    unit = half_away(line.net / line.quantity) if shop.system == "ndjson" else line.unit_minor
    gone = line.discount_minor + line.basket_discount_minor
    discount = half_away(gone * upto) - half_away(gone * done)
    if shop.system != "square":
        discount = max(half_away(unit * quantity) - charged, 0)
    empty = replace(
        line,
        uid=uid,
        quantity=-quantity,
        unit_minor=unit,
        discount_minor=discount,
        basket_discount_minor=0,
        original_uid=line.uid,
        restock=restock,
    )
    return priced(shop, empty, -charged)
