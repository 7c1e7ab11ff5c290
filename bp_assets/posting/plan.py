"""What one till transaction becomes in the ERP: documents, rows, payments and goods, decided without asking anyone.

Pure: a sale, the shops file and the catalogue in, a plan or a refusal out. The same input gives the same plan, so a
plan is never stored: it is made again whenever it is needed, and its handles are the same again.
Read: nothing. Written: nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bp_assets.config import Shop, ShopsFile
from bp_assets.config.shops import UNPAID
from bp_assets.domain.catalogue import Catalogue, Product
from bp_assets.domain.money import exponent
from bp_assets.domain.sale import Kind, Line, LineType, Sale, Tender, make_sale_id

ORDER, CREDIT = "SO", "SC"
RECEIPT, PAYMENT = "RECEIPT", "PAYMENT"
_PAYMENT_DECIMALS = 2  # what the ERP's payments take, whatever the currency


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a document. Amounts are positive on a credit, as the ERP wants them; sequence tells rows apart."""

    sequence: int
    line_ids: tuple[str, ...]
    product: Product | None
    name: str
    quantity: Decimal
    net_minor: int
    tax_minor: int
    tax_code: str
    nominal_code: str
    moves: bool = False  # stock leaves (order) or comes back (credit)
    ship_later: bool = False
    place: str = "shop"


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of a document; ``ref`` is its handle in the ERP, unique together with the method."""

    ref: str
    method: str
    type: str
    amount_minor: int
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """One order (``SO``) or credit (``SC``). ``ref`` is its external reference."""

    code: str
    ref: str
    original_sale_id: str | None
    rows: tuple[Row, ...]
    payments: tuple[Payment, ...]

    @property
    def net_minor(self) -> int:
        return sum(row.net_minor for row in self.rows)

    @property
    def tax_minor(self) -> int:
        return sum(row.tax_minor for row in self.rows)

    @property
    def total_minor(self) -> int:
        return self.net_minor + self.tax_minor

    def moving(self) -> list[Row]:
        """Rows whose goods leave or come back at once."""
        return [row for row in self.rows if row.moves and not row.ship_later]

    def reserved(self) -> list[Row]:
        """Rows that are only allocated now and sent later."""
        return [row for row in self.rows if row.moves and row.ship_later]


@dataclass(frozen=True, slots=True)
class Plan:
    sale: Sale
    shop: Shop
    currency: str
    documents: tuple[Document, ...]

    def document(self, code: str) -> Document:
        return next(document for document in self.documents if document.code == code)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The sale can't be posted as things stand: a reason code of ``domain/reasons.py`` and a sentence with values."""

    reason_code: str
    message: str


class _Refused(Exception):
    def __init__(self, reason_code: str, message: str) -> None:
        self.refusal = Refusal(reason_code, message)


def document_ref(code: str, sale_id: str) -> str:
    """The external reference of a sale's order or credit; the two share the key space, hence the prefix."""
    return f"{code}-{sale_id}"


def plan_sale(sale: Sale, shops: ShopsFile, catalogue: Catalogue) -> Plan | Refusal:
    """The plan of a sale, or why there is none. Never raises for what stands in the sale or the maps."""
    shop = shops.shop(sale.shop)
    currency = shops.currency_of(shop)
    if not postable(sale.kind):
        return Refusal(str(sale.kind), f"a {sale.kind.replace('_', ' ')} is nothing that could be posted")
    if sale.currency != currency:
        return Refusal("wrong_currency", f"the receipt is in {sale.currency}, shop {shop.key} in {currency}")
    if exponent(currency) > _PAYMENT_DECIMALS:
        # Refused before anything is sent: the order would get through and its payments never could.
        return Refusal(
            "wrong_currency",
            f"{currency} has {exponent(currency)} decimals; a payment in the ERP takes {_PAYMENT_DECIMALS}",
        )
    try:
        rows = {
            code: _rows([line for line in sale.lines if line.returned is returned], shops, shop, catalogue)
            for code, returned in ((ORDER, False), (CREDIT, True))
        }
        _place_known(rows[CREDIT], shop, catalogue)
        payments = _payments(sale, shops, shop, {code: _total(rows[code]) for code in rows})
    except _Refused as refused:
        return refused.refusal
    documents = tuple(
        Document(
            code,
            document_ref(code, sale.sale_id),
            _original(sale) if code == CREDIT else None,
            tuple(rows[code]),
            tuple(payments[code]),
        )
        for code in (ORDER, CREDIT)
        if rows[code]
    )
    if not documents:
        return Refusal("empty", "the receipt has no lines")
    return Plan(sale, shop, currency, documents)


def _original(sale: Sale) -> str | None:
    """The sale a credit belongs to: the receipt's own word first, else its returned lines' if they agree."""
    if sale.original_source_id:
        return original_sale_id(sale, sale.original_source_id)
    named = {line.original.source_id for line in sale.lines if line.original}
    return original_sale_id(sale, named.pop()) if len(named) == 1 else None


def original_sale_id(sale: Sale, source_id: str) -> str:
    """The id of another transaction of the same till system and account."""
    return make_sale_id(sale.source, sale.account, source_id)


def _rows(lines: list[Line], shops: ShopsFile, shop: Shop, catalogue: Catalogue) -> list[Row]:
    rows: list[Row] = []
    discounts: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        code = _tax_code(line, shops, shop, catalogue)
        if line.type is LineType.DISCOUNT:
            discounts[code].append(line)
            continue
        rows.append(_row(10 * (len(rows) + 1), line, code, shops, catalogue))
    for code, group in sorted(discounts.items()):
        rows.append(_discount_row(10 * (len(rows) + 1), group, code, shops))
    return rows


def _row(sequence: int, line: Line, tax_code: str, shops: ShopsFile, catalogue: Catalogue) -> Row:
    sign = -1 if line.returned else 1
    product = catalogue.product(line.sku) if line.type is LineType.ITEM else None
    if line.type is LineType.ITEM and product is None and shops.posting.unknown_sku == "reject":
        raise _Refused("unknown_sku", f"line {line.line_id}: the ERP has no single product with SKU {line.sku!r}")
    whole = line.quantity == line.quantity.to_integral_value()
    if product and product.stock_tracked and not whole:
        raise _Refused(
            "fractional_stock",
            f"line {line.line_id}: {line.quantity} of {line.sku}, which the ERP keeps in whole units",
        )
    return Row(
        sequence=sequence,
        line_ids=(line.line_id,),
        product=product,
        name=_text(line),
        quantity=abs(line.quantity) or Decimal(1),
        net_minor=sign * line.net_minor,
        tax_minor=sign * line.tax_minor,
        tax_code=tax_code,
        nominal_code=shops.nominal_codes.for_line(line.type),
        moves=bool(product and product.stock_tracked and line.quantity) and _goods_come_back(line),
        ship_later=line.ship_later and not line.returned,
        place=line.restock.place if line.restock else "shop",
    )


def _goods_come_back(line: Line) -> bool:
    return not (line.returned and line.restock and line.restock.place == "none")


def _discount_row(sequence: int, lines: list[Line], tax_code: str, shops: ShopsFile) -> Row:
    sign = -1 if lines[0].returned else 1
    names = sorted({line.description or "Discount" for line in lines})
    return Row(
        sequence=sequence,
        line_ids=tuple(line.line_id for line in lines),
        product=None,
        name=", ".join(names)[:250],
        quantity=Decimal(1),
        net_minor=sign * sum(line.net_minor for line in lines),
        tax_minor=sign * sum(line.tax_minor for line in lines),
        tax_code=tax_code,
        nominal_code=shops.nominal_codes.discount,
    )


def _text(line: Line) -> str:
    words = " ".join(part for part in (line.sku or "", line.description) if part)
    return (words or str(line.type).replace("_", " "))[:250]


def _tax_code(line: Line, shops: ShopsFile, shop: Shop, catalogue: Catalogue) -> str:
    code = shops.tax_code(shop, line)
    charged = " + ".join(f"{tax.code or 'unnamed'} at {tax.rate.normalize():f} %" for tax in line.taxes) or "no tax"
    if code is None:
        raise _Refused(
            "tax_not_mapped", f"line {line.line_id}: the till charged {charged}; no tax code is mapped to it"
        )
    if code not in catalogue.tax_rates:
        raise _Refused(
            "tax_not_mapped", f"line {line.line_id}: {charged} is mapped to {code!r}, which is no tax code of the ERP"
        )
    return code


def _place_known(rows: list[Row], shop: Shop, catalogue: Catalogue) -> None:
    if any(row.moves for row in rows) and shop.warehouse_id not in catalogue.places:
        raise _Refused(
            "unknown_location",
            f"warehouse {shop.warehouse_id} of shop {shop.key} is not in the ERP: nowhere to put what came back",
        )


def _total(rows: list[Row]) -> int:
    return sum(row.net_minor + row.tax_minor for row in rows)


def _payments(sale: Sale, shops: ShopsFile, shop: Shop, totals: dict[str, int]) -> dict[str, list[Payment]]:
    """Tenders as payments of the documents.

    Money in pays the order, money out pays back the credit. In an exchange what the tenders leave open on both sides is
    settled through the clearing method, so that each is paid in full and the clearing account nets to zero.
    """
    out: dict[str, list[Payment]] = {ORDER: [], CREDIT: []}
    has_order, has_credit = (any(line.returned is side for line in sale.lines) for side in (False, True))
    for number, tender in enumerate(sale.tenders, start=1):
        method = _method(tender, shops, shop)
        if method == UNPAID or not tender.amount_minor:
            continue
        code = CREDIT if has_credit and (tender.amount_minor < 0 or not has_order) else ORDER
        # Money against the document's direction (change handed back, a refund corrected) flips the type.
        inward = tender.amount_minor > 0
        ref = f"{document_ref(code, sale.sale_id)}-p{number}"
        paid_at = tender.processed_at or sale.sold_at
        out[code].append(Payment(ref, method, RECEIPT if inward else PAYMENT, abs(tender.amount_minor), paid_at))
    if has_order and has_credit:
        cleared = min(totals[code] - sum(_towards(code, one) for one in out[code]) for code in (ORDER, CREDIT))
        if cleared > 0:
            for code, kind in ((ORDER, RECEIPT), (CREDIT, PAYMENT)):
                ref = f"{document_ref(code, sale.sale_id)}-x"
                out[code].append(Payment(ref, shops.exchange_method, kind, cleared, sale.sold_at))
    return out


def _towards(code: str, payment: Payment) -> int:
    """What a payment adds to what is settled of its document: money in for an order, money out for a credit."""
    return payment.amount_minor if (payment.type == RECEIPT) == (code == ORDER) else -payment.amount_minor


def _method(tender: Tender, shops: ShopsFile, shop: Shop) -> str:
    method = shops.payment_method(shop, tender.method)
    if method is None:
        raise _Refused(
            "tender_not_mapped", f"tender {tender.tender_id}: no payment method is mapped to {tender.method!r}"
        )
    return method


def postable(kind: Kind) -> bool:
    """Whether a transaction of this kind becomes anything in the ERP."""
    return kind not in (Kind.VOID, Kind.CASH_MOVEMENT)
