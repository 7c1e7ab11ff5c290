"""Demand worked out once more from an order book, without SQL: loops and sums, as one would explain it to somebody."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.forecasting.order_book import CANCELLED, DISCOUNT, FREE_TEXT, Order, OrderBook, Receipt

ACCOUNT_ZONE = "Europe/London"
Key = tuple[int, int, int, date, str, str, bool]


@dataclass
class Figures:
    sold: Decimal = Decimal(0)
    returned: Decimal = Decimal(0)
    undone: Decimal = Decimal(0)
    net: Decimal = Decimal(0)
    net_returned: Decimal = Decimal(0)
    promo: bool = False
    share: Decimal | None = None

    @property
    def anything(self) -> bool:
        return any((self.sold, self.returned, self.undone, self.net, self.net_returned))


@dataclass
class Side:
    """What one document moves of one product."""

    place: tuple[int, int, date, str, str]  # warehouse, channel, day, kind, currency
    in_erp: bool
    units: Decimal = Decimal(0)
    net: Decimal = Decimal(0)
    promo: bool = False
    sold_at: tuple[int, int, date, str, str] | None = None
    named: list[str] = field(default_factory=list)


class Expected:
    """The demand of a book: ``figures`` by key."""

    def __init__(self, book: OrderBook) -> None:
        self.book = book
        self.zones = {shop.warehouse_id: shop.time_zone for shop in book.shops.shops}
        self.tills = {shop.channel_id for shop in book.shops.shops}
        self.figures: dict[Key, Figures] = defaultdict(Figures)
        self._moves()
        self.figures = {key: one for key, one in self.figures.items() if one.anything}
        self._availability()

    # -- what moved ---------------------------------------------------------------------------------------------------

    def _moves(self) -> None:
        sides: dict[tuple[str, str, int], Side] = {}  # (whose, document, product)
        there: set[tuple[str, str]] = set()
        for order_id, order in self.book.orders.items():
            linked = self._receipt_of(order_id, order)
            if linked:
                there.add((linked, order.type))
            if order.status == CANCELLED:
                continue
            reduced = any(row.nominal == DISCOUNT and row.net < 0 for row in order.rows)
            for row in order.rows:
                if row.product == FREE_TEXT:
                    continue
                whose = linked or f"order {order_id}"
                side = sides.setdefault((whose, order.type, row.product), Side(self._place(order_id, order), True))
                side.units += row.quantity
                side.net += row.net
                paid = row.net * Decimal("1.2") if order.gross else row.net
                listed = row.quantity * (row.list_price or 0)
                below = paid < listed - max(Decimal("0.01"), listed / 1000)
                side.promo |= reduced or (below and not row.child)
                parent = self.book.orders.get(order.parent or 0)
                if parent and parent.type == "SO" and parent.status != CANCELLED:
                    side.sold_at = self._place(order.parent or 0, parent)
                elif linked:
                    side.named = self._named(linked, row.product)
        for key, receipt in self.book.receipts.items():
            if receipt.state == "excluded":
                continue
            for line in receipt.lines:
                document, product = "SC" if line.returned else "SO", self.book.skus.get(line.sku)
                if line.type != "item" or product is None or (key, document) in there:
                    continue
                read_back = (receipt.summary or key, document) in self.book.posted.values()
                side = sides.setdefault((key, document, product), Side(self._counter(receipt), read_back))
                side.units += line.quantity
                side.net += line.net
                side.promo |= line.discounted or any(one.type == "discount" and one.net < 0 for one in receipt.lines)
                side.named = self._named(key, product)
        for (whose, document, product), side in sides.items():
            other = sides.get((whose, "SC" if document == "SO" else "SO", product))
            units = side.units
            if other and whose in self.book.receipts:
                units -= min(side.units, other.units)
            if document == "SO":
                mine = self._at(product, side.place, side.in_erp)
                mine.sold += units
                mine.net += side.net
                mine.promo |= side.promo
                continue
            mine = self._at(product, side.place, side.in_erp)
            mine.returned += units
            mine.net -= side.net
            mine.net_returned += side.net
            original = self.book.receipts.get(min(side.named)) if side.named else None
            if side.sold_at is None and original and original.state != "excluded":
                side.sold_at = self._counter(original)
            if side.sold_at:
                self._at(product, side.sold_at, side.in_erp).undone += units

    def _receipt_of(self, order_id: int, order: Order) -> str | None:
        """The receipt or summary an order is for: as read back, else by its number."""
        if order_id in self.book.posted:
            return self.book.posted[order_id][0]
        for key, receipt in self.book.receipts.items():
            if order.reference == receipt.number and receipt.state == "posted":
                return key
        return None

    def _named(self, key: str, product: int) -> list[str]:
        return [
            line.original
            for line in self.book.receipts[key].lines
            if line.returned and line.original and self.book.skus.get(line.sku) == product
        ]

    def _place(self, order_id: int, order: Order) -> tuple[int, int, date, str, str]:
        receipt = self.book.receipts.get(self._receipt_of(order_id, order) or "")
        zone = ZoneInfo(self.zones.get(order.warehouse or 0, ACCOUNT_ZONE))
        day = order.placed_on.astimezone(zone).date()
        kind = "till" if order.channel in self.tills else "web"
        if receipt and receipt.state != "excluded":
            day, kind = receipt.day, "web" if receipt.online else "till"
        return (order.warehouse or 0, order.channel or 0, day, kind, order.currency)

    def _counter(self, receipt: Receipt) -> tuple[int, int, date, str, str]:
        shop = self.book.shops.shop(receipt.shop)
        return (shop.warehouse_id, shop.channel_id, receipt.day, "web" if receipt.online else "till", "GBP")

    def _at(self, product: int, place: tuple[int, int, date, str, str], in_erp: bool) -> Figures:
        warehouse, channel, day, kind, currency = place
        return self.figures[product, warehouse, channel, day, kind, currency, in_erp]

    # -- what could be bought -----------------------------------------------------------------------------------------

    def _availability(self) -> None:
        out, watched = self._out()
        first: dict[tuple[int, int, int, str, str], date] = {}
        for (product, warehouse, channel, day, kind, currency, _), one in self.figures.items():
            if one.sold > 0:
                combination = (product, warehouse, channel, kind, currency)
                first[combination] = min(day, first.get(combination, day))
        taken = {key[:6] for key in self.figures}
        for product, warehouse, day in list(out):
            for combination, since in first.items():
                key = (product, warehouse, combination[2], day, combination[3], combination[4])
                if combination[:2] == (product, warehouse) and since <= day and key not in taken:
                    self.figures[(*key, True)] = Figures()
        for (product, warehouse, _, day, _, _, _), one in self.figures.items():
            known = self._seconds(warehouse, day, watched.get((product, warehouse)), self.book.until)
            if known > 0:
                one.share = round(Decimal(out.get((product, warehouse, day), 0)) / Decimal(known), 6)

    def _out(self) -> tuple[dict[tuple[int, int, date], float], dict[tuple[int, int], datetime]]:
        """Seconds without stock per product, warehouse and day, and since when it was watched."""
        out: dict[tuple[int, int, date], float] = defaultdict(float)
        watched: dict[tuple[int, int], datetime] = {}
        for product, warehouse in {(one.product, one.warehouse) for one in self.book.levels}:
            own = sorted(
                (one for one in self.book.levels if (one.product, one.warehouse) == (product, warehouse)),
                key=lambda one: one.since,
            )
            watched[product, warehouse] = own[0].since
            zone = ZoneInfo(self.zones.get(warehouse, ACCOUNT_ZONE))
            for level, following in zip(own, [*own[1:], None], strict=True):
                end = min(following.since, self.book.until) if following else self.book.until
                day = level.since.astimezone(zone).date()
                while level.on_hand <= 0 and day <= end.astimezone(zone).date():
                    seconds = self._seconds(warehouse, day, level.since, end)
                    if seconds > 0:
                        out[product, warehouse, day] += seconds
                    day += timedelta(days=1)
        return out, watched

    def _seconds(self, warehouse: int, day: date, since: datetime | None, until: datetime) -> float:
        """How much of a warehouse's day lies between two instants."""
        if since is None:
            return 0.0
        zone = ZoneInfo(self.zones.get(warehouse, ACCOUNT_ZONE))
        begins = datetime.combine(day, time(), zone)
        ends = datetime.combine(day + timedelta(days=1), time(), zone)
        return min(until, ends).timestamp() - max(since, begins).timestamp()
