"""The trading floor: plays days, single sales and live trading into the Square seller and the drop folders, and keeps
the books.

Read: ``world.items``, ``world.seed``, ``world.drop_dir``. Written: the seller's memory, export files, the list of
transactions made.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from sandbox.catalogue import Item
from sandbox.tills import planted
from sandbox.tills.baskets import item_line, plain_line, returned_line
from sandbox.tills.drop_folder import DropFolder
from sandbox.tills.events import LONDON, SHOPS, Line, Shop, Tender, Transaction
from sandbox.tills.faults import Faults
from sandbox.tills.square_seller import SquareSeller
from sandbox.tills.trading import Floor, trading_day


class World(Protocol):
    """What the tills need to know of the sandbox."""

    items: list[Item]
    seed: int
    drop_dir: Path | None


class Refused(Exception):
    """A request that the tills cannot carry out; the text says why."""


class TradingFloor:
    """All tills of the retailer."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults = Faults()
        self.live: asyncio.Task[None] | None = None
        self.folder: DropFolder | None = None
        self._open()

    def _open(self) -> None:
        self.seller = SquareSeller(self.world.items)
        self.made: list[Transaction] = []
        self.late: list[Transaction] = []
        self.days: dict[tuple[int, str], tuple[int, tuple[str, ...]]] = {}
        if self.folder is None and self.world.drop_dir is not None:
            self.folder = DropFolder(self.world.drop_dir, self.faults)
        salt = f"live-{datetime.now(UTC).isoformat()}"
        self.hand = Floor(random.Random(f"live-{self.world.seed}"), self.world.items, salt)

    @property
    def shops(self) -> tuple[Shop, ...]:
        """The shops that can trade: the file tills only where there is a folder to drop files into."""
        return tuple(shop for shop in SHOPS if shop.system == "square" or self.folder is not None)

    # -- delivering ---------------------------------------------------------------------------------------------------

    def deliver(self, baskets: Sequence[Transaction]) -> None:
        """Book the transactions and hand them to the systems that serve them; one export file per shop and hour."""
        self.made.extend(baskets)
        late = []
        for basket in (one for one in baskets if one.shop.system == "square"):
            fault = None if basket.fault == "late_arrival" else self.faults.take(basket.shop.code)
            if fault is not None:
                self.late.append(basket)
            elif basket.fault == "late_arrival":
                late.append(basket)
            else:
                self.seller.receive(basket)
        for basket in late:  # after everything else: an old created_at with the newest updated_at
            self.seller.receive(basket)
        if self.folder is not None:
            filed = [basket for basket in baskets if basket.shop.system != "square"]
            filed.sort(key=lambda one: (one.shop.code, one.sold_at))
            for (_, _), group in groupby(
                filed, key=lambda one: (one.shop.code, one.sold_at.replace(minute=0, second=0))
            ):
                hour = list(group)
                self.folder.export(hour[0].shop, hour)

    def deliver_late(self) -> int:
        """Hand over what faults held back."""
        held, self.late = self.late, []
        for basket in held:
            self.seller.receive(basket)
        return len(held) + (self.folder.deliver() if self.folder else 0)

    # -- days, live trading, single sales -----------------------------------------------------------------------------

    def trade(
        self, day: date, transactions: int, seed: int, until: datetime | None, faults: Sequence[str] = planted.NAMES
    ) -> list[Transaction]:
        """Play a day up to ``until``; what was played already stays as it is. Returns what is new."""
        shape = (transactions, tuple(faults))
        known = self.days.setdefault((seed, day.isoformat()), shape)
        if known != shape:
            raise Refused(f"{day} with seed {seed} was begun with {known[0]} transactions and faults {list(known[1])}")
        have = {basket.source_id for basket in self.made}
        events = trading_day(seed, day, self.world.items, transactions, self.shops, faults)
        fresh = [
            basket for basket in events if basket.source_id not in have and (until is None or basket.sold_at <= until)
        ]
        self.deliver(fresh)
        return fresh

    def start(self, sales_per_minute: float) -> None:
        """Keep trading at wall-clock time until :meth:`stop`."""
        self.stop()
        self.live = asyncio.create_task(self._trade_on(60 / sales_per_minute))

    async def _trade_on(self, pause: float) -> None:
        while True:
            shop = self.hand.draw.choice(self.shops)
            self.deliver([self.hand.ordinary(shop, datetime.now(LONDON), self.made)])
            await asyncio.sleep(pause)

    def stop(self) -> None:
        """End live trading."""
        if self.live is not None:
            self.live.cancel()
            self.live = None

    def sale(self, asked: Mapping[str, Any]) -> Transaction:
        """One given transaction now; see the route for the shape of ``asked``. Raises :class:`Refused`."""
        shop = next((shop for shop in self.shops if shop.code == asked.get("shop")), None)
        if shop is None:
            raise Refused(f"no shop {asked.get('shop')!r}; there are {', '.join(shop.code for shop in self.shops)}")
        original = self._original(asked.get("original"))
        try:
            lines = [
                self._line(shop, f"l{n}", one, original) for n, one in enumerate(asked.get("lines") or (), start=1)
            ]
            moment = datetime.fromisoformat(asked["sold_at"]) if asked.get("sold_at") else datetime.now(LONDON)
        except (KeyError, ValueError, InvalidOperation) as problem:
            raise Refused(f"the sale could not be read: {problem!r}") from problem
        if not lines:
            raise Refused("a sale needs at least one line")
        if moment.tzinfo is None:
            raise Refused("sold_at needs an offset, for example 2026-11-20T10:00:00+00:00")
        signs = {line.quantity > 0 for line in lines}
        kind = "exchange" if len(signs) == 2 else "sale" if True in signs else "goods_return"
        basket = self.hand.close(
            shop, moment.astimezone(LONDON), kind, lines, original=original, linked=original is not None
        )
        basket = replace(basket, email=str(asked.get("email") or ""), fault=str(asked.get("fault") or ""))
        if asked.get("tenders") is not None:
            given = [
                Tender(
                    f"{basket.source_id}-P{n}", str(one["type"]), int(one["amount_minor"]), int(one.get("tip_minor", 0))
                )
                for n, one in enumerate(asked["tenders"], start=1)
            ]
            kept = tuple(line for line in basket.lines if line.kind != "rounding")
            basket = replace(basket, tenders=tuple(given), lines=kept)
        self.deliver([basket])
        return basket

    def _original(self, name: object) -> Transaction | None:
        if not name:
            return None
        for basket in self.made:
            if name in (basket.source_id, basket.receipt_number):
                return basket
        raise Refused(f"no earlier transaction {name!r}")

    def _line(self, shop: Shop, uid: str, asked: Mapping[str, Any], original: Transaction | None) -> Line:
        kind, quantity = str(asked.get("kind", "item")), Decimal(str(asked.get("quantity", 1)))
        if kind != "item":
            return plain_line(uid, kind, str(asked.get("name", kind)), int(asked["amount_minor"]))
        sku = str(asked["sku"])
        restock = "quarantine" if asked.get("damaged") else "restock"
        if quantity < 0 and original is not None:
            sold = next((line for line in original.lines if line.sku == sku), None)
            if sold is None:
                raise Refused(f"{original.receipt_number} holds no {sku!r}")
            key = (original.source_id, sold.uid)
            before = self.hand.returned.get(key, Decimal(0))
            self.hand.returned[key] = before - quantity
            return returned_line(shop, uid, sold, -quantity, before, restock)
        item = next((item for item in self.world.items if item.sku == sku), None)
        if item is None:
            price = Decimal(int(asked.get("unit_minor", 1000))) / 120
            item = Item(0, sku, str(asked.get("name", sku)), "T20", price)
        line = item_line(shop, uid, item, abs(quantity), int(asked.get("discount_percent", 0)))
        if quantity > 0:
            return line
        return returned_line(shop, uid, replace(line, uid=""), abs(quantity), Decimal(0), restock)

    def reset(self) -> None:
        """Back to the empty morning: books, orders, faults, files."""
        self.stop()
        self.faults.clear()
        if self.folder is not None:
            self.folder.reset()
        self._open()
