"""The lines of a Square order, sold and returned. Pure.

Read: an order and the SKUs of its variations. Written: nothing. Square folds order-wide discounts and apportioned
service charges into every line; here they come out again as lines of their own, one per tax rate. What a line loses
the new line gets, tax included, so every sum stays what Square says. On returns the discount stays folded in: Square
tells what was paid back for the line, and that is what the credit must show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bp_assets.domain.money import ZERO, from_minor, parse_decimal, round_half_away, tax_inside, tax_on_top
from bp_assets.domain.sale import Discount, Line, LineType, Original, Restock, Tax

_ONE = Decimal(1)
_TYPES = {"ITEM": LineType.ITEM, "CUSTOM_AMOUNT": LineType.ITEM, "GIFT_CARD": LineType.GIFT_CARD_SALE}
Skus = Mapping[str, str | None]


class Fault(Exception):
    """Why the order is quarantined."""

    def __init__(self, reason_code: str, message: str) -> None:
        super().__init__(message)
        self.reason_code = reason_code


@dataclass(frozen=True, slots=True)
class Money:
    """Reads Square's money objects of one currency; anything else is a fault."""

    currency: str

    def __call__(self, part: Mapping[str, Any], name: str) -> int:
        """The amount in the smallest unit; absent means 0, as Square leaves zeros out."""
        value = part.get(name)
        if value is None:
            return 0
        amount, currency = value.get("amount", 0), value.get("currency", self.currency)
        if currency != self.currency:
            raise Fault("wrong_currency", f"{name} is in {currency}, the shop trades in {self.currency}")
        if isinstance(amount, bool) or not isinstance(amount, int) or abs(amount) >= 10**15:
            raise Fault("bad_number", f"{name} is {amount!r}, not a sensible whole number of the smallest unit")
        return amount


@dataclass(slots=True)
class _Pool:
    """What is taken out of the lines of one tax treatment."""

    gross: int = 0
    taxes: dict[int, Tax] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


def sold_lines(order: dict[str, Any], skus: Skus, money: Money) -> list[Line]:
    """Items and gift cards, then order-wide discounts and service charges per tax rate."""
    rates = {tax["uid"]: tax for tax in order.get("taxes", [])}
    named = {one["uid"]: one for one in order.get("discounts", [])}
    pools: dict[tuple[str, tuple[Any, ...]], _Pool] = {}
    lines = [_sold(item, skus, rates, named, money, pools, order) for item in order.get("line_items", [])]
    for number, ((kind, _), pool) in enumerate(pools.items(), start=1):
        taxes = tuple(pool.taxes.values())
        tax = sum(one.amount_minor for one in taxes)
        lines.append(
            Line(
                line_id=f"{kind}{number}",
                type=LineType(kind),
                description=", ".join(sorted(pool.names)),
                quantity=_ONE,
                taxes=taxes,
                net_minor=pool.gross - tax,
                tax_minor=tax,
                gross_minor=pool.gross,
            )
        )
    charges = [one for one in order.get("service_charges", []) if one.get("treatment_type") != "APPORTIONED_TREATMENT"]
    return lines + [_service_charge(charge, rates, money) for charge in charges]


def _sold(
    item: dict[str, Any],
    skus: Skus,
    rates: dict[str, Any],
    named: dict[str, Any],
    money: Money,
    pools: dict[tuple[str, tuple[Any, ...]], _Pool],
    order: dict[str, Any],
) -> Line:
    gross, told_tax = money(item, "total_money"), money(item, "total_tax_money")
    taxes = _taxes(item, rates, told_tax, gross, order.get("taxes", []), money)
    own: list[tuple[dict[str, Any], int]] = []
    whole: list[tuple[dict[str, Any], int]] = []
    for one in item.get("applied_discounts", []):
        discount = named.get(one["discount_uid"], {})
        (whole if discount.get("scope") == "ORDER" else own).append((discount, money(one, "applied_money")))
    for discount, amount in whole:
        gross, taxes = _take_out(LineType.DISCOUNT, -amount, discount.get("name") or "Discount", gross, taxes, pools)
    charge = money(item, "total_service_charge_money")
    if charge:
        gross, taxes = _take_out(LineType.SERVICE_CHARGE, charge, "Service charge", gross, taxes, pools)
    tax = sum(one.amount_minor for one in taxes)
    uid = item.get("catalog_object_id")
    return Line(
        line_id=item["uid"],
        type=_TYPES.get(item.get("item_type", "ITEM"), LineType.ITEM),
        sku=skus.get(uid) if uid else None,
        source_product_id=uid,
        description=_words(item),
        quantity=parse_decimal(item["quantity"]),
        unit_price=from_minor(money(item, "base_price_money"), money.currency),
        discounts=tuple(Discount(code=one.get("name") or "", amount_minor=-amount) for one, amount in own if amount),
        taxes=tuple(taxes),
        net_minor=gross - tax,
        tax_minor=tax,
        gross_minor=gross,
        reason=item.get("note") or "",
    )


def _take_out(
    kind: LineType,
    amount: int,
    name: str,
    gross: int,
    taxes: list[Tax],
    pools: dict[tuple[str, tuple[Any, ...]], _Pool],
) -> tuple[int, list[Tax]]:
    """Move ``amount`` (in the line's price basis, negative for a discount) and its tax from a line into a pool."""
    if not amount:
        return gross, taxes
    inside = sum((tax.rate for tax in taxes if tax.inclusive), ZERO)
    parts = [
        int(round_half_away(amount * tax.rate / (100 + inside))) if tax.inclusive else tax_on_top(amount, tax.rate)
        for tax in taxes
    ]
    moved = amount + sum(part for tax, part in zip(taxes, parts, strict=True) if not tax.inclusive)
    key = (str(kind), tuple((tax.code, tax.rate, tax.inclusive) for tax in taxes))
    pool = pools.setdefault(key, _Pool())
    pool.gross += moved
    pool.names.add(name)
    for position, (tax, part) in enumerate(zip(taxes, parts, strict=True)):
        before = pool.taxes[position].amount_minor if position in pool.taxes else 0
        pool.taxes[position] = tax.model_copy(update={"amount_minor": before + part})
    rest = [
        tax.model_copy(update={"amount_minor": tax.amount_minor - part}) for tax, part in zip(taxes, parts, strict=True)
    ]
    return gross - moved, rest


def _taxes(
    part: dict[str, Any],
    rates: dict[str, Any],
    told: int,
    gross: int,
    candidates: list[dict[str, Any]],
    money: Money,
) -> list[Tax]:
    """The taxes on a line as applied; where Square names none, the one declared rate that explains the tax."""
    applied = part.get("applied_taxes")
    if applied:
        taxes = [_tax(rates[one["tax_uid"]], money(one, "applied_money")) for one in applied]
        if sum(tax.amount_minor for tax in taxes) != told:
            found = sum(tax.amount_minor for tax in taxes)
            raise Fault("totals_differ", f"line {part['uid']}: taxes applied are {found}, the line says {told}")
        return taxes
    if not told:
        return []
    for declared in candidates:
        tax = _tax(declared, told)
        expected = tax_inside(gross, tax.rate) if tax.inclusive else tax_on_top(gross - told, tax.rate)
        if abs(expected - told) <= 1:
            return [tax]
    if candidates or gross == told:
        raise Fault("malformed", f"line {part['uid']}: no declared rate explains a tax of {told} on {gross}")
    rate = round_half_away(Decimal(told * 100) / Decimal(gross - told), 1)
    return [Tax(rate=rate, amount_minor=told, inclusive=True)]


def _tax(declared: dict[str, Any], amount: int) -> Tax:
    rate = parse_decimal(str(declared["percentage"]))
    return Tax(
        code=declared.get("name") or "", rate=rate, amount_minor=amount, inclusive=declared.get("type") != "ADDITIVE"
    )


def _words(item: dict[str, Any]) -> str:
    variation = item.get("variation_name") or ""
    return " ".join(part for part in (item.get("name") or "", variation if variation != "Regular" else "") if part)


def _service_charge(charge: dict[str, Any], rates: dict[str, Any], money: Money, sign: int = 1) -> Line:
    gross, tax = money(charge, "total_money") or money(charge, "applied_money"), money(charge, "total_tax_money")
    taxes = _taxes(charge, rates, tax, gross, list(rates.values()), money)
    return Line(
        line_id=f"service_charge_{charge['uid']}",
        type=LineType.SERVICE_CHARGE,
        returned=sign < 0,
        description=charge.get("name") or "Service charge",
        quantity=sign * _ONE,
        taxes=tuple(tax.model_copy(update={"amount_minor": sign * tax.amount_minor}) for tax in taxes),
        net_minor=sign * (gross - tax),
        tax_minor=sign * tax,
        gross_minor=sign * gross,
    )


def returned_lines(order: dict[str, Any], skus: Skus, money: Money) -> list[Line]:
    """Everything that came back, negative; each line names the order and line it was sold on where Square does."""
    lines = []
    for entry in order.get("returns", []):
        rates = {tax["uid"]: tax for tax in entry.get("return_taxes", [])}
        candidates = [*entry.get("return_taxes", []), *order.get("taxes", [])]
        lines += [_returned(item, entry, skus, rates, candidates, money) for item in entry.get("return_line_items", [])]
        lines += [_service_charge(one, rates, money, -1) for one in entry.get("return_service_charges", [])]
    return lines


def _returned(
    item: dict[str, Any],
    entry: dict[str, Any],
    skus: Skus,
    rates: dict[str, Any],
    candidates: list[dict[str, Any]],
    money: Money,
) -> Line:
    gross, tax = money(item, "total_money"), money(item, "total_tax_money")
    taxes = _taxes(item, rates, tax, gross, candidates, money)
    uid, sold_on = item.get("catalog_object_id"), item.get("source_line_item_uid")
    by_amount = item.get("item_type") == "CUSTOM_AMOUNT" and not sold_on
    discount = money(item, "total_discount_money")
    source = entry.get("source_order_id")
    note = item.get("note") or ""
    return Line(
        line_id=f"{entry['uid']}.{item['uid']}",
        type=LineType.ADJUSTMENT if by_amount else _TYPES.get(item.get("item_type", "ITEM"), LineType.ITEM),
        returned=True,
        sku=skus.get(uid) if uid else None,
        source_product_id=uid,
        description=_words(item),
        quantity=-parse_decimal(item["quantity"]),
        unit_price=from_minor(money(item, "base_price_money"), money.currency) if "base_price_money" in item else None,
        discounts=(Discount(amount_minor=discount),) if discount else (),
        taxes=tuple(one.model_copy(update={"amount_minor": -one.amount_minor}) for one in taxes),
        net_minor=tax - gross,
        tax_minor=-tax,
        gross_minor=-gross,
        original=Original(source_id=source, line_id=sold_on) if source else None,
        # Square does not say where returned goods go; a note "damaged" is the shop's way to keep them off the shelf.
        restock=Restock(place="none" if by_amount else "quarantine" if "damaged" in note.lower() else "shop"),
        reason=note,
    )
