"""Receipts and sales for the tests of the ledger, as short as a till roll."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from bp_assets.domain.sale import Kind, Line, Sale, Tender, TenderType
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.inbox import take, undecoded
from bp_assets.ledger.recording import Decoded, record


@dataclass(frozen=True)
class Paper:
    """A raw receipt."""

    source_id: str
    content: bytes = b"one loaf"
    source: str = "file_drop"
    account: str = "tills"
    event_id: str = ""
    note: str = ""


def sale(number: str, *, lines: int = 1, net: int = 1000, tax: int = 200, **other: object) -> Sale:
    """Sale ``number`` of ``lines`` equal lines, paid in cash."""
    line = {"quantity": Decimal(1), "net_minor": net, "tax_minor": tax, "gross_minor": net + tax, "sku": "LOAF"}
    given = {
        "source": "file_drop", "account": "tills", "source_id": number, "kind": Kind.SALE, "shop": "leeds",
        "receipt_number": f"R{number}", "sold_at": datetime(2026, 3, 2, 10, 30, tzinfo=UTC), "currency": "GBP",
        "time_zone": "Europe/London", "business_date": date(2026, 3, 2), "prices_include_tax": False,
        "lines": tuple(Line(line_id=str(i + 1), **line) for i in range(lines)),
        "tenders": (Tender(tender_id="1", type=TenderType.CASH, method="CASH", amount_minor=lines * (net + tax)),),
    }  # fmt: skip
    return Sale(**{**given, **other})


def waiting(ledger: Ledger, *numbers: str, shop: str = "leeds") -> list[str]:
    """Sales taken and decoded, pending; their ids."""
    take(ledger, shop, [Paper(number) for number in numbers])
    record(ledger, [Decoded(row.inbox_id, sale(row.source_id, shop=shop)) for row in undecoded(ledger)])
    return [sale(number).sale_id for number in numbers]
