"""A random order book: orders, credits, receipts and stock, changed step by step, and written into a lake.

What stands in it is plain Python; ``expected.py`` works the demand out of it once more, without SQL.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bp_assets.config import ShopsFile
from bp_assets.framing import frame_of
from bp_assets.lake.frames import Writer
from bp_assets.lake.tables import BY_NAME
from tests.builders import shops_file

START = datetime(2026, 3, 20, tzinfo=UTC)  # the clocks change within these days
DAYS = 16
CANCELLED, LIVE = 5, 3
FREE_TEXT = 1000
DISCOUNT = "4009"
SKUS = {"MUG": 1001, "TEA": 1002, "COAT": 1003}
CURRENCIES = ("GBP", "GBP", "GBP", "EUR")
_EMPTY = {"BIGINT": 0, "INTEGER": 0, "VARCHAR": "", "BOOLEAN": False, "TIMESTAMPTZ": START}


@dataclass
class Row:
    product: int
    quantity: int
    net: Decimal
    list_price: Decimal | None = None
    nominal: str = "4000"
    child: bool = False


@dataclass
class Order:
    type: str
    placed_on: datetime
    warehouse: int | None
    channel: int | None
    currency: str = "GBP"
    status: int = LIVE
    parent: int | None = None
    gross: bool = False
    reference: str = ""
    rows: list[Row] = field(default_factory=list)


@dataclass
class Line:
    sku: str
    quantity: int  # positive both ways
    net: Decimal
    returned: bool = False
    original: str | None = None
    discounted: bool = False
    type: str = "item"


@dataclass
class Receipt:
    shop: str
    day: date
    sold_at: datetime
    number: str
    state: str = "pending"
    online: bool = False
    summary: str | None = None
    lines: list[Line] = field(default_factory=list)


@dataclass
class Level:
    """What was available from an instant on, until the next one or until now."""

    product: int
    warehouse: int
    since: datetime
    on_hand: int


def written(table: str, rows: list[dict[str, Any]], writer: Writer) -> None:
    """The rows as all that the table holds; what they do not say is empty."""
    columns = BY_NAME[table].columns
    empty = {
        c.name: None if c.nullable else _EMPTY.get(c.type, Decimal(0) if c.type.startswith("DECIMAL") else None)
        for c in columns
    }
    writer.replace(table, frame_of(table, [empty | row for row in rows]))


class OrderBook:
    """``seed`` makes the same book again."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.shops: ShopsFile = shops_file()
        self.orders: dict[int, Order] = {}
        self.receipts: dict[str, Receipt] = {}
        self.posted: dict[int, tuple[str, str]] = {}  # what was read back: order -> receipt or summary, document
        self.levels: list[Level] = []
        self.skus = dict(SKUS)
        self.until = START + timedelta(days=DAYS // 2)
        self._ids = iter(range(1, 100_000))
        for product in SKUS.values():
            for warehouse in (2, 3, 9):
                self.levels.append(Level(product, warehouse, START + timedelta(days=2), self.random.choice((0, 4, 9))))

    # -- what may happen ----------------------------------------------------------------------------------------------

    def step(self, acts: int = 12) -> None:
        """Some things happen, then time passes and stock is looked at."""
        for _ in range(acts):
            self.random.choice((
                self.web_order, self.web_order, self.sell, self.sell, self.sell, self.give_back, self.exchange,
                self.post, self.post, self.read_back, self.credit, self.edit, self.cancel, self.redate, self.delete,
                self.sum_up, self.rename_sku, self.exclude,
            ))()  # fmt: skip
        self.pass_time()

    def web_order(self) -> None:
        warehouse, channel = self.random.choice(((2, 20), (9, 20), (9, 21), (3, 12), (None, None)))
        order = Order("SO", self._instant(), warehouse, channel, self.random.choice(CURRENCIES))
        order.gross = self.random.random() < 0.5
        order.rows = [self._row(self.random.choice(list(SKUS.values()))) for _ in range(self.random.randint(1, 3))]
        if self.random.random() < 0.2:
            order.rows.append(Row(FREE_TEXT, 1, Decimal("-2.00"), nominal=DISCOUNT))
        self.orders[next(self._ids)] = order

    def sell(self) -> None:
        self._receipt([self._line(False) for _ in range(self.random.randint(1, 3))])

    def give_back(self) -> None:
        self._receipt([self._line(True) for _ in range(self.random.randint(1, 2))])

    def exchange(self) -> None:
        self._receipt(
            [self._line(True), self._line(False), *([self._line(False)] if self.random.random() < 0.3 else [])]
        )

    def post(self) -> None:
        """The ERP gets a receipt's order and credit; whether we have read them back yet is another matter."""
        found = self._any([key for key, one in self.receipts.items() if one.state == "pending" and not one.summary])
        if found is None:
            return
        receipt, shop = self.receipts[found], self.shops.shop(self.receipts[found].shop)
        for document, returned in (("SO", False), ("SC", True)):
            lines = [line for line in receipt.lines if line.returned is returned]
            if not lines:
                continue
            order = Order(document, receipt.sold_at, shop.warehouse_id, shop.channel_id, reference=receipt.number)
            order.parent = self._parent(lines)
            for line in lines:
                item = line.type == "item"
                product = self.skus.get(line.sku, FREE_TEXT) if item else FREE_TEXT
                row = Row(product, line.quantity, line.net, nominal="4000" if item else DISCOUNT)
                row.list_price = line.net / line.quantity + (1 if line.discounted else 0) if item else None
                order.rows.append(row)
            self.orders[next(self._ids)] = order
            if self.random.random() < 0.7:
                self.posted[max(self.orders)] = (found, document)
        receipt.state = "posted"

    def read_back(self) -> None:
        for order_id, order in self.orders.items():
            for key, receipt in self.receipts.items():
                if order.reference == receipt.number and receipt.state == "posted" and not receipt.summary:
                    self.posted[order_id] = (key, order.type)
        for key, receipt in self.receipts.items():
            documents = {"SC" if line.returned else "SO" for line in receipt.lines}
            if receipt.state == "posted" and documents <= {d for k, d in self.posted.values() if k == key}:
                receipt.state = "verified"

    def credit(self) -> None:
        """Somebody credits an order in the ERP: of it, or of nothing."""
        parent = self._any([key for key, one in self.orders.items() if one.type == "SO"])
        if parent is None:
            return
        sold = self.orders[parent]
        order = Order("SC", self._instant(), sold.warehouse, sold.channel, sold.currency)
        order.parent = parent if self.random.random() < 0.8 else None
        order.rows = [self._row(row.product) for row in sold.rows if row.product != FREE_TEXT][:1]
        if order.rows:
            self.orders[next(self._ids)] = order

    def edit(self) -> None:
        found = self._any(list(self.orders))
        if found is not None and self.orders[found].rows:
            self.random.choice(self.orders[found].rows).quantity += 1

    def cancel(self) -> None:
        found = self._any(list(self.orders))
        if found is not None:
            self.orders[found].status = CANCELLED if self.orders[found].status == LIVE else LIVE

    def redate(self) -> None:
        found = self._any([key for key, one in self.orders.items() if not one.reference])
        if found is not None:
            self.orders[found].placed_on = self._instant()

    def delete(self) -> None:
        found = self._any([key for key, one in self.orders.items() if not one.reference])
        if found is not None:
            del self.orders[found]

    def sum_up(self) -> None:
        """A receipt becomes part of a summary order, whose row is free text; sometimes the ERP has it already."""
        found = self._any([key for key, one in self.receipts.items() if one.state == "pending" and not one.summary])
        if found is None:
            return
        receipt = self.receipts[found]
        receipt.summary = f"summary-{receipt.shop}-{receipt.day}"
        if receipt.summary in {key for key, _ in self.posted.values()} or self.random.random() < 0.3:
            return
        shop = self.shops.shop(receipt.shop)
        noon = datetime.combine(receipt.day, datetime.min.time(), ZoneInfo(shop.time_zone)) + timedelta(hours=12)
        for document in ("SO", "SC"):
            order = Order(document, noon, shop.warehouse_id, shop.channel_id, reference=receipt.summary)
            order.rows = [Row(FREE_TEXT, 1, Decimal("9.00"))]
            self.orders[next(self._ids)] = order
            self.posted[max(self.orders)] = (receipt.summary, document)

    def rename_sku(self) -> None:
        sku = self.random.choice(list(SKUS))
        if sku in self.skus:
            del self.skus[sku]
        else:
            self.skus[sku] = SKUS[sku]

    def exclude(self) -> None:
        found = self._any([key for key, one in self.receipts.items() if one.state == "pending"])
        if found is not None:
            self.receipts[found].state = "excluded"

    def pass_time(self) -> None:
        """Stock is looked at again; now and then a product ran out, or came in."""
        for product in SKUS.values():
            for warehouse in (2, 3, 9):
                if self.random.random() < 0.4:
                    since = self.until + timedelta(minutes=self.random.randint(1, 1000))
                    self.levels.append(Level(product, warehouse, since, self.random.choice((0, 0, 3))))
        self.until += timedelta(minutes=1001)

    # -- what stands --------------------------------------------------------------------------------------------------

    def write(self, writer: Writer) -> None:
        """The book as the lake's tables; rows that stay the same are not written."""
        written("orders", [self.order_row(key, one) for key, one in self.orders.items()], writer)
        written("order_rows", [row for key, one in self.orders.items() for row in self.order_rows(key, one)], writer)
        cancelled = [{"status_id": CANCELLED, "name": "Cancelled SO", "order_type": "SO", "as_of": START}]
        written("cancelled_statuses", cancelled, writer)
        posted = [
            {"order_id": order_id, "document": document, "sale_id": key, "as_of": START, "currency": "GBP"}
            for order_id, (key, document) in self.posted.items()
        ]
        written("posted_orders", posted, writer)
        written("pos_transactions", [self._transaction(key, one) for key, one in self.receipts.items()], writer)
        written("pos_lines", [row for key, one in self.receipts.items() for row in self._lines(key, one)], writer)
        products = [
            {"product_id": SKUS[name], "sku": name if name in self.skus else f"{name}-OLD", "as_of": START}
            for name in SKUS
        ]
        written("products", products, writer)
        written("availability_history", self._history(), writer)
        writer.set_mark("availability_history", {}, self.until)

    def order_row(self, order_id: int, order: Order) -> dict[str, Any]:
        return {
            "order_id": order_id, "order_type": order.type, "parent_order_id": order.parent,
            "reference": order.reference or None, "status_id": order.status, "placed_on": order.placed_on,
            "channel_id": order.channel, "warehouse_id": order.warehouse, "currency": order.currency,
            "price_mode": "INC" if order.gross else "EXC",
        }  # fmt: skip

    def order_rows(self, order_id: int, order: Order) -> list[dict[str, Any]]:
        return [
            {
                "order_row_id": order_id * 10 + number, "order_id": order_id, "product_id": row.product,
                "quantity": Decimal(row.quantity), "net": row.net, "tax": row.net / 5, "currency": order.currency,
                "nominal_code": row.nominal, "list_price": row.list_price, "bundle_child": row.child,
            }
            for number, row in enumerate(order.rows)
        ]  # fmt: skip

    def _transaction(self, key: str, receipt: Receipt) -> dict[str, Any]:
        return {
            "sale_id": key, "shop": receipt.shop, "receipt_number": receipt.number, "state": receipt.state,
            "channel": "online" if receipt.online else "pos", "sold_at": receipt.sold_at, "business_date": receipt.day,
            "currency": "GBP", "captured_at": receipt.sold_at, "summary_id": receipt.summary,
            "verified_at": receipt.sold_at if receipt.state == "verified" else None,
        }  # fmt: skip

    def _lines(self, key: str, receipt: Receipt) -> list[dict[str, Any]]:
        return [
            {
                "sale_id": key, "line_id": str(number), "shop": receipt.shop, "business_date": receipt.day,
                "type": line.type, "returned": line.returned, "sku": line.sku,
                "quantity": Decimal(-line.quantity if line.returned else line.quantity),
                "discount": Decimal(-1 if line.discounted else 0), "net": -line.net if line.returned else line.net,
                "currency": "GBP", "original_sale_id": line.original,
            }
            for number, line in enumerate(receipt.lines)
        ]  # fmt: skip

    def _history(self) -> list[dict[str, Any]]:
        rows = []
        for product in SKUS.values():
            for warehouse in (2, 3, 9):
                own = sorted(
                    (one for one in self.levels if (one.product, one.warehouse) == (product, warehouse)),
                    key=lambda one: one.since,
                )
                for level, following in zip(own, [*own[1:], None], strict=True):
                    rows.append({
                        "product_id": product, "warehouse_id": warehouse, "from_instant": level.since,
                        "to_instant": following.since if following else None, "on_hand": Decimal(level.on_hand),
                    })  # fmt: skip
        return rows

    # -- chance -------------------------------------------------------------------------------------------------------

    def _any(self, among: list[Any]) -> Any:
        return self.random.choice(among) if among else None

    def _instant(self) -> datetime:
        return START + timedelta(minutes=self.random.randint(0, DAYS * 24 * 60))

    def _row(self, product: int) -> Row:
        quantity, unit = self.random.randint(1, 4), Decimal(self.random.choice(("10.00", "7.50")))
        listed = self.random.choice((None, Decimal("10.00"), Decimal("12.00"), Decimal("7.50")))
        return Row(product, quantity, quantity * unit, listed, child=self.random.random() < 0.1)

    def _line(self, returned: bool) -> Line:
        quantity = self.random.randint(1, 3)
        line = Line(self.random.choice((*SKUS, "UNKNOWN")), quantity, quantity * Decimal("5.00"), returned)
        if returned and self.random.random() < 0.8:
            line.original = self._any(list(self.receipts))
        if not returned:
            line.discounted = self.random.random() < 0.2
        return line

    def _receipt(self, lines: list[Line]) -> None:
        shop = self.random.choice(self.shops.shops)
        sold_at = self._instant()
        day = sold_at.astimezone(ZoneInfo(shop.time_zone)).date()
        if self.random.random() < 0.1:
            day -= timedelta(days=self.random.choice((1, 5)))  # a till's own idea of its trading day
        if self.random.random() < 0.15 and not lines[0].returned:
            lines.append(Line("OFF", 1, Decimal("-1.00"), type="discount"))
        key = f"sale-{next(self._ids)}"
        online = self.random.random() < 0.15
        self.receipts[key] = Receipt(shop.key, day, sold_at, f"R{key}", online=online, lines=lines)

    def _parent(self, lines: list[Line]) -> int | None:
        """The order of the sale that a credit is on, as posting would find it."""
        named = {line.original for line in lines if line.original}
        if len(named) != 1:
            return None
        sale = named.pop()
        return next((key for key, (k, document) in self.posted.items() if k == sale and document == "SO"), None)
