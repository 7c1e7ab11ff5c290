"""One Square order, as fetched, into one sale. Pure.

Read: the raw receipt. Written: nothing. Tax is what Square charged, never computed anew; only where an order-wide
discount or charge is taken out of the lines that Square folded it into is tax split, and what leaves the line goes
to the discount's own line, so that the sums stay Square's to the penny.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from bp_assets.config import Shop, SquareFeed
from bp_assets.domain.sale import Customer, Kind, Line, LineType, Sale, Totals, business_date_of
from bp_assets.tills.protocol import Decoded, Excluded, Quarantine, RawReceipt, from_sale
from bp_assets.tills.square_lines import Fault, Money, returned_lines, sold_lines
from bp_assets.tills.square_tenders import tenders

_ONE = Decimal(1)
_NOT_SETTLED = ("PENDING", "FAILED", "REJECTED")


def decode(raw: RawReceipt, shop: Shop, currency: str) -> Decoded:
    """A sale, an exclusion (void, not closed, empty) or a quarantine; never raises for what stands in the receipt."""
    try:
        content = json.loads(raw.content, parse_constant=_no_constant)
        order = content["order"]
        if not isinstance(order, dict):
            raise TypeError("order is no object")
    except (ValueError, KeyError, TypeError) as problem:
        return Quarantine("malformed", f"Square order {raw.source_id} can't be read: {problem}")
    try:
        return _decode(raw, content, order, shop, Money(currency))
    except Fault as fault:
        return _quarantine(raw, order, shop, fault.reason_code, str(fault))
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as problem:
        words = f"{problem} is missing" if isinstance(problem, KeyError) else str(problem)
        return _quarantine(raw, order, shop, "malformed", words)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _quarantine(raw: RawReceipt, order: dict[str, Any], shop: Shop, code: str, words: str) -> Quarantine:
    message = f"Square order {raw.source_id}: {words}"
    try:
        sold_at = _closed(order)
    except (KeyError, TypeError, ValueError, Fault):
        return Quarantine(code, message, raw.source_id)
    return Quarantine(code, message, raw.source_id, sold_at, business_date_of(sold_at, shop.zone))


def _closed(order: dict[str, Any]) -> datetime:
    """When the order was closed (created, where Square gives no closing time), as an instant."""
    moment = datetime.fromisoformat(order.get("closed_at") or order["created_at"])
    if moment.tzinfo is None:
        raise Fault("malformed", f"the time {moment.isoformat()} has no offset")
    return moment


def _decode(raw: RawReceipt, content: dict[str, Any], order: dict[str, Any], shop: Shop, money: Money) -> Decoded:
    feed = shop.feed
    if isinstance(feed, SquareFeed) and order["location_id"] != feed.location_id:
        raise Fault("unknown_location", f"location {order['location_id']} is not shop {shop.key}'s {feed.location_id}")
    state = order["state"]
    if state != "COMPLETED":
        void = _sale(raw, content, order, shop, money, Kind.VOID, [])
        if state == "CANCELED":
            return Excluded("void", f"Square order {raw.source_id} was cancelled before it closed", void)
        return Excluded("not_closed", f"Square order {raw.source_id} is {state}: it is taken when it closes", void)
    for refund in order.get("refunds", []):
        if refund["status"] in _NOT_SETTLED:
            raise Fault(
                "refund_not_settled", f"refund {refund['id']} of {money(refund, 'amount_money')} is {refund['status']}"
            )
    lines = [*sold_lines(order, content["skus"], money), *returned_lines(order, content["skus"], money)]
    kind = _kind(order, lines)
    if not lines and order.get("refunds"):
        # Money back and nothing else told: no item, no VAT split.
        given = sum(money(refund, "amount_money") for refund in order["refunds"])
        lines, kind = [_plain("refund", LineType.ADJUSTMENT, "Refund by amount", -given)], Kind.REFUND_ONLY
    lines += _whole_order_lines(order, kind, money)
    sale = _sale(raw, content, order, shop, money, kind, lines)
    if not lines and not sale.tenders:
        return Excluded("empty", f"Square order {raw.source_id} has no lines", sale)
    return _believed(sale)


def _believed(sale: Sale) -> Sale | Quarantine:
    """The sale, unless its lines contradict the order's own totals or its tenders."""
    stated = sale.stated
    for name, told, found in (
        ("total", stated.gross_minor, sale.gross_minor),
        ("tax", stated.tax_minor, sale.tax_minor),
    ):
        if told is not None and told != found:
            words = f"Square order {sale.source_id}: the lines' {name} is {found}, the order says {told} (minor units)"
            return from_sale("totals_differ", words, sale)
    if sale.outstanding_minor:
        words = (
            f"Square order {sale.source_id}: tenders add up to {sale.tendered_minor}, lines to {sale.gross_minor} "
            f"({sale.currency} minor)"
        )
        return from_sale("unbalanced", words, sale)
    return sale


def _kind(order: dict[str, Any], lines: list[Line]) -> Kind:
    back = [line for line in lines if line.returned]
    if not back:
        return Kind.SALE
    if order.get("line_items"):
        return Kind.EXCHANGE
    return Kind.GOODS_RETURN if any(line.type is not LineType.ADJUSTMENT for line in back) else Kind.REFUND_ONLY


def _plain(line_id: str, kind: LineType, words: str, amount: int, *, returned: bool | None = None) -> Line:
    """A line outside VAT."""
    back = amount < 0 if returned is None else returned
    quantity = -_ONE if back else _ONE
    return Line(
        line_id=line_id,
        type=kind,
        returned=back,
        description=words,
        quantity=quantity,
        net_minor=amount,
        tax_minor=0,
        gross_minor=amount,
    )


def _whole_order_lines(order: dict[str, Any], kind: Kind, money: Money) -> list[Line]:
    """Tip and cash rounding: money of the whole order that no line holds."""
    lines = []
    tip = money(order, "total_tip_money") or sum(money(tender, "tip_money") for tender in order.get("tenders", []))
    if tip:
        lines.append(_plain("tip", LineType.TIP, "Tip", tip))
    adjustment = order.get("rounding_adjustment")
    if adjustment and money(adjustment, "amount_money"):
        only_back = kind in (Kind.GOODS_RETURN, Kind.REFUND_ONLY)
        amount = money(adjustment, "amount_money")
        words = adjustment.get("name") or "Rounding"
        lines.append(_plain("rounding", LineType.ROUNDING, words, amount, returned=only_back))
    for number, entry in enumerate(order.get("returns", []), start=1):
        tips = sum(money(one, "applied_money") for one in entry.get("return_tips", []))
        if tips:
            lines.append(_plain(f"return_tip{number}", LineType.TIP, "Tip given back", -tips))
        if entry.get("rounding_adjustment"):
            amount = money(entry["rounding_adjustment"], "amount_money")
            words = entry["rounding_adjustment"].get("name") or "Rounding"
            lines.append(_plain(f"return_rounding{number}", LineType.ROUNDING, words, -amount, returned=True))
    return lines


def _stated(order: dict[str, Any], money: Money) -> Totals:
    """The order's own totals. With returns only ``net_amounts`` and ``return_amounts`` can be relied on."""
    if "net_amounts" in order:
        told = order["net_amounts"]
        tax = money(told, "tax_money") if "tax_money" in told else None
        return Totals(gross_minor=money(told, "total_money"), tax_minor=tax)
    if order.get("returns"):
        told = order.get("return_amounts")
        if not told or order.get("line_items"):
            return Totals()
        return Totals(gross_minor=-money(told, "total_money"), tax_minor=-money(told, "tax_money"))
    if "total_money" not in order:
        return Totals()
    return Totals(
        gross_minor=money(order, "total_money"),
        tax_minor=money(order, "total_tax_money") if "total_tax_money" in order else None,
        discount_minor=money(order, "total_discount_money"),
        tip_minor=money(order, "total_tip_money"),
    )


def _sale(
    raw: RawReceipt,
    content: dict[str, Any],
    order: dict[str, Any],
    shop: Shop,
    money: Money,
    kind: Kind,
    lines: list[Line],
) -> Sale:
    payments, refunds = content.get("payments", {}), content.get("refunds", {})
    people = [*payments.values(), *refunds.values()]
    device: dict[str, Any] = next((one["device_details"] for one in people if one.get("device_details")), {})
    sold_at = _closed(order)
    originals = [entry["source_order_id"] for entry in order.get("returns", []) if entry.get("source_order_id")]
    notes = ["taken offline, arrived later"] if any(one.get("is_offline_payment") for one in people) else []
    receipt = next((one["receipt_number"] for one in people if one.get("receipt_number")), "")
    void = kind is Kind.VOID
    return Sale(
        source=raw.source,
        account=raw.account,
        source_id=raw.source_id,
        source_version=raw.version,
        kind=kind,
        shop=shop.key,
        location_id=order["location_id"],
        register_id=device.get("device_name") or device.get("device_id") or "",
        operator_id=next((one["team_member_id"] for one in people if one.get("team_member_id")), ""),
        receipt_number=receipt or order.get("ticket_name") or order.get("reference_id") or raw.source_id,
        sold_at=sold_at,
        time_zone=shop.time_zone,
        business_date=business_date_of(sold_at, shop.zone),
        currency=money.currency,
        prices_include_tax=all(tax.get("type") != "ADDITIVE" for tax in order.get("taxes", [])),
        lines=tuple(lines),
        tenders=() if void else tuple(tenders(order, payments, refunds, money)),
        stated=Totals() if void else _stated(order, money),
        customer=Customer(source_id=order.get("customer_id") or "", email=content.get("email") or ""),
        original_source_id=originals[0] if originals else None,
        exchange_group=raw.source_id if kind is Kind.EXCHANGE else None,
        order_ref=order.get("reference_id") or "",
        notes=tuple(notes),
    )
