"""The tills' own books, made from the transactions themselves and never from the JSON or the files that were served.

Read: transactions. Written: nothing. Amounts are signed pennies; quantities and rates are decimal strings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.tills.events import Line, Transaction

_SOURCES = {"square": "square", "csv": "file_drop", "ndjson": "file_drop"}


def books(transactions: Iterable[Transaction]) -> dict[str, Any]:
    """``{"transactions": [...], "totals": [...], "planted": [...]}``; voided and parked baskets are listed but not
    totalled.
    """
    made = list(transactions)
    return {
        "transactions": [entry(basket) for basket in made],
        "totals": totals(made),
        "planted": [
            {
                "fault": basket.fault,
                "shop": basket.shop.code,
                "receipt": basket.receipt_number,
                "source_id": basket.source_id,
            }
            for basket in made
            if basket.fault
        ],
    }


def entry(basket: Transaction) -> dict[str, Any]:
    """One transaction; money of a voided or parked basket is 0, since none moved."""
    original = basket.original if basket.linked else None
    counts = basket.counts
    restock = sorted({line.restock for line in basket.lines if line.restock})
    return {
        "shop": basket.shop.code,
        "source": _SOURCES[basket.shop.system],
        "receipt_number": basket.receipt_number,
        "source_id": basket.source_id,
        "kind": basket.kind,
        "sold_at": basket.sold_at.isoformat(),
        "business_date": basket.business_date.isoformat(),
        "net_minor": basket.net if counts else 0,
        "tax_minor": basket.tax if counts else 0,
        "gross_minor": basket.gross if counts else 0,
        "tenders": _tenders(basket),
        "lines": [_line(line) for line in basket.lines],
        "original": {"source_id": original.source_id, "receipt_number": original.receipt_number} if original else None,
        "restock": restock[0] if restock else None,
        "customer_email": basket.email or None,
        "register": basket.register,
        "operator": basket.operator,
        "session": basket.session,
        "fault": basket.fault or None,
        "revised_gross_minor": basket.revised.gross if basket.revised else None,
    }


def _tenders(basket: Transaction) -> dict[str, int]:
    amounts: dict[str, int] = {}
    for tender in basket.tenders:
        amounts[tender.type] = amounts.get(tender.type, 0) + tender.amount_minor
    return amounts


def _line(line: Line) -> dict[str, Any]:
    return {
        "uid": line.uid,
        "kind": line.kind,
        "sku": line.sku,
        "quantity": str(line.quantity),
        "rate": str(line.rate),
        "net_minor": line.net,
        "tax_minor": line.tax,
        "gross_minor": line.gross,
        "restock": line.restock or None,
    }


def totals(transactions: Iterable[Transaction]) -> list[dict[str, Any]]:
    """One row per shop and business date: count and money, tenders by type, tax by rate."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for basket in transactions:
        if not basket.counts:
            continue
        key = (basket.shop.code, basket.business_date.isoformat())
        start = {"count": 0, "net_minor": 0, "tax_minor": 0, "gross_minor": 0, "tenders": {}, "tax_by_rate": {}}
        row = rows.setdefault(key, {"shop": key[0], "business_date": key[1], **start})
        row["count"] += 1
        row["net_minor"] += basket.net
        row["tax_minor"] += basket.tax
        row["gross_minor"] += basket.gross
        for name, amount in _tenders(basket).items():
            row["tenders"][name] = row["tenders"].get(name, 0) + amount
        for line in basket.lines:
            row["tax_by_rate"][str(line.rate)] = row["tax_by_rate"].get(str(line.rate), 0) + line.tax
    return [rows[key] for key in sorted(rows)]
