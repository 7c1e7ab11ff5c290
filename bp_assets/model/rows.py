"""From the ledger's rows to the rows of ``pos_transactions``, ``pos_lines``, ``pos_tenders`` and their kin. Pure.

Read: rows of ``postings``, ``inbox`` and ``till_totals`` as dictionaries, with the decoded sale as its stored
JSON (re-validating a million sales would cost minutes and find nothing: the ledger took only valid ones). Written:
nothing. Money leaves the smallest unit here: the tables show main units with their currency.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from bp_assets.domain.money import from_minor
from bp_assets.domain.sale import make_sale_id

Row = dict[str, Any]

_SAME = (
    "sale_id", "shop", "receipt_number", "kind", "state", "reason_code", "message", "sold_at", "business_date",
    "currency", "original_sale_id", "source", "source_id", "captured_at", "sent_at", "posted_at", "verified_at",
    "attempts", "next_attempt_at",
)  # fmt: skip
# What an increment of the ledger must bring for the functions below.
POSTING_COLUMNS = (*_SAME, "account", "net_minor", "tax_minor", "gross_minor", "sale", "role", "summary_id")
VERSION_COLUMNS = ("sale_id", "version", "shop", "state", "reason_code", "message", "received_at")


def transaction(posting: Row) -> Row:
    """One row of ``pos_transactions``; what only a decoded sale knows is null for a receipt that was not understood."""
    sale, currency = posting["sale"] or {}, posting["currency"]
    tenders = sale.get("tenders")
    tendered = None if tenders is None else sum(tender["amount_minor"] for tender in tenders)
    gross = posting["gross_minor"]
    owed = None if tendered is None or gross is None else gross - tendered
    return {
        **{name: posting[name] for name in _SAME},
        "channel": sale.get("channel"),
        "net": _money(posting["net_minor"], currency),
        "tax": _money(posting["tax_minor"], currency),
        "gross": _money(gross, currency),
        "tendered": _money(tendered, currency),
        "outstanding": _money(owed, currency),
        "line_count": len(sale["lines"]) if sale else None,
        "register_id": sale.get("register_id") or None,
        "operator_id": sale.get("operator_id") or None,
        "session_id": sale.get("session_id") or None,
        "posted_as": "summary" if posting["role"] == "member" else "order",
        "summary_id": posting["summary_id"],
    }


def lines(posting: Row) -> list[Row]:
    """The rows of ``pos_lines`` of one posting; none for a receipt that was not understood."""
    sale = posting["sale"] or {}
    return [_line(posting, sale, line) for line in sale.get("lines", ())]


def _line(posting: Row, sale: Row, line: Row) -> Row:
    currency, original = posting["currency"], line.get("original") or {}
    sold_on = original.get("source_id")
    return {
        "sale_id": posting["sale_id"],
        "line_id": line["line_id"],
        "shop": posting["shop"],
        "business_date": posting["business_date"],
        "type": line["type"],
        "returned": line["returned"],
        "sku": line["sku"],
        "description": line["description"],
        "quantity": Decimal(line["quantity"]),
        "unit_price": None if line["unit_price"] is None else Decimal(line["unit_price"]),
        "discount": from_minor(sum(discount["amount_minor"] for discount in line["discounts"]), currency),
        **_tax(line["taxes"], sale["prices_include_tax"]),
        "net": from_minor(line["net_minor"], currency),
        "tax": from_minor(line["tax_minor"], currency),
        "gross": from_minor(line["gross_minor"], currency),
        "currency": currency,
        "original_sale_id": make_sale_id(sale["source"], sale["account"], sold_on) if sold_on else None,
        "original_line_id": original.get("line_id"),
        "restock": (line.get("restock") or {}).get("place"),
        "ship_later": line["ship_later"],
    }


def _tax(taxes: list[Row], prices_include_tax: bool) -> Row:
    """Name, rate and basis. Several taxes on one line have no one rate; the first one's name stands for them."""
    if not taxes:
        return {"till_tax": "", "tax_rate": None, "tax_inclusive": prices_include_tax}
    first = taxes[0]
    if len(taxes) == 1:
        return {"till_tax": first["code"], "tax_rate": Decimal(first["rate"]), "tax_inclusive": first["inclusive"]}
    together = "+".join(f"{Decimal(tax['rate']).normalize():f}%" for tax in taxes)
    return {"till_tax": first["code"] or together, "tax_rate": None, "tax_inclusive": first["inclusive"]}


def tenders(posting: Row) -> list[Row]:
    """The rows of ``pos_tenders`` of one posting."""
    currency = posting["currency"]
    return [
        {
            "sale_id": posting["sale_id"],
            "tender_id": tender["tender_id"],
            "shop": posting["shop"],
            "business_date": posting["business_date"],
            "type": tender["type"],
            "method": tender["method"],
            "amount": from_minor(tender["amount_minor"], currency),
            "tip": from_minor(tender["tip_minor"], currency),
            "change_given": from_minor(tender["change_minor"], currency),
            "currency": currency,
            "provider": tender["provider"] or None,
            "provider_payment_id": tender["provider_payment_id"] or None,
        }
        for tender in (posting["sale"] or {}).get("tenders", ())
    ]


def versions(inbox: Iterable[Row], receipt_numbers: dict[str, str]) -> list[Row]:
    """The rows of ``receipt_versions``; ``receipt_numbers`` by ``sale_id``, as far as they could be read."""
    return [{**row, "receipt_number": receipt_numbers.get(row["sale_id"], "")} for row in inbox]


def summary_line(line: Row, posting: Row) -> Row:
    """One row of ``summary_lines``; ``posting`` is that of the receipt."""
    currency = posting["currency"]
    return {
        **_in_summary(line, posting),
        "row_sequence": line["sequence"],
        **{name: line[name] for name in ("line_id", "line_type", "tax_code", "nominal_code")},
        "net": from_minor(line["net_minor"], currency),
        "tax": from_minor(line["tax_minor"], currency),
        "gross": from_minor(line["net_minor"] + line["tax_minor"], currency),
    }


def summary_tender(tender: Row, posting: Row) -> Row:
    """One row of ``summary_tenders``; ``posting`` is that of the receipt."""
    amount = from_minor(tender["amount_minor"], posting["currency"])
    return {
        **_in_summary(tender, posting),
        "transaction_ref": f"{tender['document']}-{tender['summary_id']}-p{tender['number']}",
        **{name: tender[name] for name in ("position", "method", "type")},
        "amount": amount,
        "signed_amount": amount if tender["type"] == "RECEIPT" else -amount,
    }


def _in_summary(part: Row, posting: Row) -> Row:
    return {
        **{name: part[name] for name in ("summary_id", "document", "sale_id")},
        **{name: posting[name] for name in ("shop", "business_date", "receipt_number", "currency")},
    }


def till_total(total: Row) -> Row:
    """One row of ``till_totals``."""
    return {
        "shop": total["shop"],
        "business_date": total["business_date"],
        "transactions": total["transactions"],
        "gross": _money(total["gross_minor"], total["currency"]),
        "currency": total["currency"],
        "observed_at": total["observed_at"],
    }


def _money(minor: int | None, currency: str) -> Decimal | None:
    return None if minor is None else from_minor(minor, currency)
