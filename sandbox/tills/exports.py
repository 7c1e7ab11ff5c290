"""The export rows of the two tills without an API, one row per line. Pure.

York (CSV): prices with VAT and a ``vat_rate`` column, returns as negative quantities, tenders as rows of their own,
local time. Bath (NDJSON): amounts without VAT and a tax column, returns marked ``"type": "RETURN"`` with positive
figures, payment rows with their own columns, local time, no line numbers. Read: transactions. Written: nothing.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sandbox.tills.events import LONDON, Line, Tender, Transaction

YORK_COLUMNS = (
    *("receipt_no", "line_no", "row_type", "sold_at", "register", "operator", "session"),
    *("sku", "description", "qty", "unit_price", "discount", "line_total", "vat_rate"),
    *("tender", "tender_amount", "change_given", "customer_email", "original_receipt", "condition", "currency"),
)
_YORK_TYPES = {
    "item": "ITEM",
    "discount": "DISCOUNT",
    "gift_card_sale": "GIFTCARD",
    "rounding": "ROUNDING",
    "tip": "TIP",
}
_BATH_TYPES = {
    "item": "SALE",
    "discount": "DISCOUNT",
    "gift_card_sale": "GIFT_CARD",
    "rounding": "ROUNDING",
    "tip": "TIP",
}


def pounds(minor: int) -> str:
    """Pennies as pounds with two places: -5 is ``-0.05``."""
    return f"{Decimal(minor) / 100:.2f}"


def york(basket: Transaction) -> list[dict[str, Any]]:
    """Rows of the York till: line rows, then tender rows; a voided receipt has ``row_type`` VOID."""
    head = {
        "receipt_no": basket.receipt_number,
        "sold_at": f"{basket.sold_at.astimezone(LONDON):%Y-%m-%d %H:%M:%S}",
        "register": basket.register,
        "operator": basket.operator,
        "session": basket.session,
        "customer_email": basket.email,
        "original_receipt": basket.original.receipt_number if basket.original and basket.linked else "",
        "currency": "GBP",
    }
    rows = [head | _york_line(basket, line) for line in basket.lines] + [
        head | _york_tender(one) for one in basket.tenders
    ]
    return [dict.fromkeys(YORK_COLUMNS, "") | row | {"line_no": position} for position, row in enumerate(rows, start=1)]


def _york_line(basket: Transaction, line: Line) -> dict[str, Any]:
    return {
        "row_type": "VOID" if basket.kind == "void" else _YORK_TYPES[line.kind],
        "sku": line.sku,
        "description": line.name,
        "qty": str(line.quantity),
        "unit_price": pounds(line.unit_minor),
        "discount": pounds(line.discount_minor),
        "line_total": pounds(line.gross),
        "vat_rate": str(line.rate),
        "condition": {"quarantine": "DAMAGED", "restock": "GOOD"}.get(line.restock, ""),
    }


def _york_tender(one: Tender) -> dict[str, Any]:
    return {
        "row_type": "TENDER",
        "tender": one.type.upper(),
        "tender_amount": pounds(one.amount_minor),
        "change_given": pounds(one.change_minor),
    }


def bath(basket: Transaction) -> list[dict[str, Any]]:
    """Rows of the Bath till: lines, then payments (refunds negative)."""
    rows = []
    for line in basket.lines:
        kind = "VOID" if basket.kind == "void" else "RETURN" if line.quantity < 0 else _BATH_TYPES[line.kind]
        sign = -1 if kind == "RETURN" else 1
        row: dict[str, Any] = {
            "receipt": basket.receipt_number,
            "type": kind,
            "when": f"{basket.sold_at.astimezone(LONDON):%Y-%m-%dT%H:%M:%S}",
            "till": basket.register,
            "staff": basket.operator,
            "shift": basket.session,
            "code": line.sku,
            "text": line.name,
            "quantity": _number(line.quantity * sign),
            "list_price": float(pounds(line.unit_minor)),
            "net": float(pounds(line.net * sign)),
            "tax": float(pounds(line.tax * sign)),
            "tax_rate": _number(line.rate),
        }
        if line.restock == "quarantine":
            row["reason"] = "DAMAGED"
        rows.append(row)
    head = {key: rows[0][key] for key in ("receipt", "when", "till", "staff", "shift")}
    if basket.email:
        rows[0]["email"] = basket.email
    if basket.original and basket.linked:
        for row in rows:
            row["refers_to"] = basket.original.receipt_number
    if basket.fault == "malformed":
        rows[-1]["quantity"] = "two"
    paid = [
        {"type": "PAYMENT", "pay_method": one.type, "pay_amount": float(pounds(one.amount_minor)), "pay_ref": one.last4}
        for one in basket.tenders
    ]
    return rows + [head | one for one in paid]


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def csv_bytes(baskets: Iterable[Transaction]) -> bytes:
    """A York export: header and rows, CRLF as spreadsheets write it."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, YORK_COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for basket in baskets:
        writer.writerows(york(basket))
    return text.getvalue().encode()


def ndjson_bytes(baskets: Sequence[Transaction]) -> bytes:
    """A Bath export: one JSON object a line."""
    return "".join(json.dumps(row) + "\n" for basket in baskets for row in bath(basket)).encode()
