"""Books for tests that read like receipts: an in-memory DuckDB with every table of ``lake/tables.py``.

    books = Books()
    books.receipt('''
        leeds 1001 2026-11-20
        2 MUG 12.00 20%
        card 12.00
    ''')
    books.post("1001")

The first line is shop, receipt number and trading day (and, where it matters, ``at HH:MM`` in the shop's zone). A
line is quantity, SKU, gross and tax rate, then any of ``tax 2.10``, ``of 1000`` (the original receipt), ``shop``,
``quarantine`` or ``none`` (where returned goods go), ``later`` (sent from a warehouse), ``exclusive``, ``called VAT``,
``type discount``. A tender is a method and an amount. ``post`` writes what a faultless posting leaves in the ERP; a
test then spoils one thing with ``sql``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from bp_assets.config import ShopsFile, loads
from bp_assets.domain.money import round_half_away
from bp_assets.lake.tables import TABLES

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)

SHOPS_TOML = """
exchange_method = "EXCHANGE"

[erp]
base_url = "http://127.0.0.1"
account = "sandbox"
app_ref = "tillbridge"
integration_instance_id = 1
currency = "GBP"

[posting]
promise_seconds = 900

[nominal_codes]
discount = "4009"
shipping = "4040"
service_charge = "4050"
tip = "2270"
gift_card = "2260"
rounding = "8000"
fee = "4060"
deposit = "2280"
adjustment = "4090"

[tax_map]
"20" = "T20"
"5" = "T5"
"0" = "T0"

[tender_map]
cash = "CASH"
card = "CARD"
account = "unpaid"

[[shops]]
key = "leeds"
name = "Leeds"
warehouse_id = 2
channel_id = 11
price_list_id = 2
walk_in_contact_id = 201
time_zone = "Europe/London"
ship_from_warehouse_id = 9
[shops.feed]
kind = "file_drop"
folder = "drop/leeds"
prices_include_tax = true
default_tender = "card"
columns = { receipt = "r", sold_at = "t", quantity = "q", unit_price = "p" }

[[shops]]
key = "auckland"
name = "Auckland"
warehouse_id = 3
channel_id = 12
price_list_id = 2
walk_in_contact_id = 202
time_zone = "Pacific/Auckland"
[shops.feed]
kind = "file_drop"
folder = "drop/akl"
prices_include_tax = true
default_tender = "card"
columns = { receipt = "r", sold_at = "t", quantity = "q", unit_price = "p" }
"""

PRODUCTS = {"MUG": 1001, "TEA": 1002, "COAT": 1003, "GIFTWRAP": 1004}
UNTRACKED = {"GIFTWRAP"}
FREE_TEXT = 1000
RATES = {"T20": "20", "T5": "5", "T0": "0"}
_METHODS = ("cash", "card", "account", "voucher", "cheque")
_PLACES = {"shop", "quarantine", "none"}


@dataclass
class _Line:
    quantity: Decimal
    sku: str
    gross: Decimal
    rate: Decimal | None
    tax: Decimal
    inclusive: bool = True
    name: str = ""
    type: str = "item"
    original: str | None = None
    restock: str | None = None
    later: bool = False

    @property
    def returned(self) -> bool:
        return self.quantity < 0


@dataclass
class _Receipt:
    shop: str
    number: str
    day: date
    sold_at: datetime
    lines: list[_Line] = field(default_factory=list)
    tenders: list[tuple[str, Decimal]] = field(default_factory=list)


def shops_file() -> ShopsFile:
    return loads(SHOPS_TOML)


def sale_id(number: str) -> str:
    return f"sale-{number}"


class Books:
    """The lake of one test."""

    def __init__(self) -> None:
        self.shops = shops_file()
        self.connection = duckdb.connect()
        self.connection.execute("set TimeZone = 'UTC'")
        self.connection.execute("create schema personal")
        self.connection.execute(
            "create table lake_marks (table_name varchar, mark varchar, as_of timestamptz, rows bigint, "
            "high_water timestamptz, oldest timestamptz)"
        )
        for table in TABLES:
            columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
            made = f"view {table.sql} as {table.view}" if table.view else f"table {table.sql} ({columns})"
            self.connection.execute(f"create {made}")
        self._receipts: dict[str, _Receipt] = {}
        self._ids = iter(range(1, 1_000_000))
        self._master_data()

    def sql(self, text: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(text, list(parameters)).fetchall()

    def put(self, table: str, **values: Any) -> None:
        """One row; columns that are not given are null."""
        names = ", ".join(values)
        marks = ", ".join("?" for _ in values)
        self.connection.execute(f"insert into {table} ({names}) values ({marks})", list(values.values()))

    def receipt(self, text: str, state: str = "pending", **columns: Any) -> str:
        """A receipt as the till sent it; returns its sale id. ``columns`` overrule those of ``pos_transactions``."""
        receipt = _parse(text, self.shops)
        self._receipts[receipt.number] = receipt
        sale = sale_id(receipt.number)
        tax = sum((line.tax for line in receipt.lines), Decimal(0))
        gross = sum((line.gross for line in receipt.lines), Decimal(0))
        tendered = sum((amount for _, amount in receipt.tenders), Decimal(0))
        kinds = {line.returned for line in receipt.lines}
        kind = "exchange" if kinds == {True, False} else "goods_return" if kinds == {True} else "sale"
        row = {
            "sale_id": sale, "shop": receipt.shop, "receipt_number": receipt.number, "kind": kind, "channel": "pos",
            "state": state, "reason_code": "", "message": "", "sold_at": receipt.sold_at, "business_date": receipt.day,
            "net": gross - tax, "tax": tax, "gross": gross, "tendered": tendered, "outstanding": gross - tendered,
            "currency": "GBP", "line_count": len(receipt.lines), "register_id": "1", "source": "file_drop",
            "source_id": receipt.number, "captured_at": receipt.sold_at, "attempts": 0,
        } | columns  # fmt: skip
        self.put("pos_transactions", **row)
        for number, line in enumerate(receipt.lines, 1):
            self._line(receipt, sale, number, line)
        for number, (method, amount) in enumerate(receipt.tenders, 1):
            self.put(
                "pos_tenders", sale_id=sale, tender_id=str(number), shop=receipt.shop, business_date=receipt.day,
                type=method if method in ("cash", "card", "account", "voucher") else "other", method=method,
                amount=amount, tip=0, change_given=0, currency="GBP",
            )  # fmt: skip
        return sale

    def post(self, number: str, state: str = "verified") -> str:
        """What a faultless posting of the receipt leaves in the ERP, read back; the receipt is then ``state``."""
        receipt, sale = self._receipts[number], sale_id(number)
        forward = [line for line in receipt.lines if not line.returned]
        back = [line for line in receipt.lines if line.returned]
        for document, lines in (("SO", forward), ("SC", back)):
            if lines:
                self._document(receipt, sale, document, lines, both=bool(forward and back))
        self.sql(
            "update pos_transactions set state = ?, sent_at = captured_at, posted_at = captured_at,"
            " verified_at = case when ? = 'verified' then captured_at end where sale_id = ?",
            state, state, sale,
        )  # fmt: skip
        return sale

    def step(self, number: str, step: str, outcome: str | None, **columns: Any) -> None:
        """One ERP call of a receipt in the posting log."""
        row = {
            "step_id": next(self._ids), "sale_id": sale_id(number), "document": "SO", "step": step, "attempt": 1,
            "handle": "h", "outcome": outcome, "error": "", "intended_at": NOW,
        } | columns  # fmt: skip
        self.put("posting_log", **row)

    def _master_data(self) -> None:
        for sku, product in PRODUCTS.items():
            self.put(
                "products", product_id=product, sku=sku, name=sku.title(), status="LIVE",
                stock_tracked=sku not in UNTRACKED, bundle=False, as_of=NOW,
            )  # fmt: skip
        for number, (code, rate) in enumerate(RATES.items(), 1):
            self.put("tax_codes", tax_code=code, tax_code_id=number, description=code, rate=Decimal(rate), as_of=NOW)
        for warehouse, name in ((2, "Leeds"), (3, "Auckland"), (9, "Central")):
            self.put("warehouses", warehouse_id=warehouse, name=name, default_location_id=warehouse * 10,
                     quarantine_location_id=warehouse * 10 + 1, as_of=NOW)  # fmt: skip

    def _line(self, receipt: _Receipt, sale: str, number: int, line: _Line) -> None:
        original = sale_id(line.original) if line.original else None
        self.put(
            "pos_lines", sale_id=sale, line_id=str(number), shop=receipt.shop, business_date=receipt.day,
            type=line.type, returned=line.returned, sku=line.sku, description=line.sku.title(),
            quantity=line.quantity, unit_price=None, discount=0, till_tax=line.name, tax_rate=line.rate,
            tax_inclusive=line.inclusive, net=line.gross - line.tax, tax=line.tax, gross=line.gross, currency="GBP",
            original_sale_id=original, original_line_id="1" if original else None,
            restock=line.restock if line.returned else None, ship_later=line.later,
        )  # fmt: skip

    def _document(self, receipt: _Receipt, sale: str, document: str, lines: list[_Line], *, both: bool) -> None:
        order = next(self._ids)
        sign = -1 if document == "SC" else 1
        shop = self.shops.shop(receipt.shop)
        tax = sum((line.tax for line in lines), Decimal(0)) * sign
        total = sum((line.gross for line in lines), Decimal(0)) * sign
        self.put(
            "posted_orders", order_id=order, document=document, sale_id=sale, external_ref=sale,
            reference=receipt.number, channel_id=shop.channel_id, warehouse_id=shop.warehouse_id, net=total - tax,
            tax=tax, total=total, currency="GBP", payment_status="PAID", placed_on=receipt.sold_at, as_of=NOW,
        )  # fmt: skip
        for sequence, line in enumerate(lines, 1):
            self._row(order, document, sequence, shop.warehouse_id, line, shop.ship_from_warehouse_id)
        paid = Decimal(0)
        for method, amount in receipt.tenders:
            code = self.shops.payment_method(shop, method)
            if code and code != "unpaid" and (amount < 0) == (document == "SC"):
                self.payment(order, code, amount)
                paid += amount
        if both and total * sign != paid:
            self.payment(order, "EXCHANGE", total * sign - paid)

    def payment(self, order: int, method: str, signed: Decimal) -> None:
        """One ERP payment; ``signed`` is positive for money in."""
        self.put(
            "posted_payments", payment_id=next(self._ids), order_id=order, transaction_ref="", method=method,
            type="RECEIPT" if signed > 0 else "PAYMENT", amount=abs(signed), signed_amount=signed, currency="GBP",
            payment_date=NOW, as_of=NOW,
        )  # fmt: skip

    def _row(self, order: int, document: str, sequence: int, warehouse: int, line: _Line, ship: int | None) -> None:
        row, quantity = next(self._ids), abs(line.quantity)
        product = PRODUCTS.get(line.sku, FREE_TEXT)
        by_rate = {Decimal(rate): code for code, rate in RATES.items()}
        code = self.shops.tax_map.get(line.name) or by_rate[line.rate or Decimal(0)]
        self.put(
            "posted_order_rows", order_id=order, order_row_id=row, sequence=sequence, product_id=product,
            sku=line.sku if product != FREE_TEXT else None, name=line.sku.title(), quantity=quantity,
            tax_code=code, net=abs(line.gross - line.tax), tax=abs(line.tax),
            currency="GBP", as_of=NOW,
        )  # fmt: skip
        tracked = product != FREE_TEXT and line.sku not in UNTRACKED and line.type == "item"
        if not tracked or line.later or line.restock == "none":
            return
        self.put(
            "posted_goods", note_id=next(self._ids), order_row_id=row, 
            location_id=warehouse * 10 + (line.restock == "quarantine"),
            direction="in" if document == "SC" else "out", order_id=order, product_id=product,
            warehouse_id=(ship or warehouse) if line.later else warehouse, quantity=quantity, moved=True,
            quarantined=line.restock == "quarantine", as_of=NOW,
        )  # fmt: skip


def _parse(text: str, shops: ShopsFile) -> _Receipt:
    head, *rest = [line.split() for line in text.strip().splitlines() if line.strip()]
    shop, number, day = head[:3]
    clock = head[4] if len(head) > 4 else "10:00"
    zone = ZoneInfo(shops.shop(shop).time_zone)
    sold_at = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone)
    receipt = _Receipt(shop, number, date.fromisoformat(day), sold_at)
    for words in rest:
        if words[0] in _METHODS:
            receipt.tenders.append((words[0], Decimal(words[1])))
        else:
            receipt.lines.append(_parse_line(words))
    return receipt


def _parse_line(words: list[str]) -> _Line:
    quantity, sku, gross = Decimal(words[0]), words[1], Decimal(words[2])
    rate = Decimal(words[3].rstrip("%")) if words[3] != "untaxed" else None
    tax = round_half_away(gross * (rate or 0) / (100 + (rate or 0)), 2)
    line = _Line(quantity, sku, gross, rate, tax, restock="shop" if quantity < 0 else None)
    rest = iter(words[4:])
    for word in rest:
        if word in _PLACES:
            line.restock = word
        elif word == "later":
            line.later = True
        elif word == "exclusive":
            line.inclusive = False
        elif word == "tax":
            line.tax = Decimal(next(rest))
        elif word == "of":
            line.original = next(rest)
        elif word == "called":
            line.name = next(rest)
        elif word == "type":
            line.type = next(rest)
        else:
            raise ValueError(f"the builder does not know {word!r} in {' '.join(words)!r}")
    return line


def minutes_ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)
