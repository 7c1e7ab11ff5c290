"""Twenty shops that sell all day, posted by a lingering run: what the shares of a cap are measured with.

Each receipt is a small file dropped into its shop's folder, read by the shop's own till reader. Waiting times are the
ledger's own stamps: from a receipt's capture to the last step of its posting. The last three shops can be made to fail,
each in its own way. Written: the folders, the sandbox's faults.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from benchmarks.posting_house import PLACES, SEED, House, items, lingering, shop_keys
from bp_assets.config import ShopsFile, loads

SHOPS = 20
HANGS, REFUSES, UNMAPPED = shop_keys(SHOPS)[-3:]
_WAREHOUSE = PLACES[-1][0]  # of the shop whose warehouse refuses, and of no other
_FEED = """
[shops.feed]
kind = "file_drop"
folder = "{folder}"
account = "tills"
format = "csv"
pattern = "*.csv"
settle_seconds = 0
prices_include_tax = true
default_tender = "card"
[shops.feed.columns]
receipt = "receipt"
sold_at = "sold_at"
sku = "sku"
quantity = "qty"
unit_price = "price"
tax_rate = "vat"
"""
_SILENT = """
[shops.feed]
kind = "square"
base_url = "{url}"
location_id = "LSILENT"
token_env = "SILENT_TILL_TOKEN"
timeout_seconds = 20
"""
_SHOP = """
[[shops]]
key = "{key}"
name = "{key}"
warehouse_id = {warehouse}
channel_id = {channel}
price_list_id = 2
walk_in_contact_id = {contact}
time_zone = "Europe/London"
"""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A receipt as it was dropped: in which block of the run, and in which shop."""

    receipt: str
    shop: str
    block: str


@dataclass(slots=True)
class Waits:
    """Seconds from capture to posted by block, of the shops that are to be looked at, and how many never arrived."""

    by_block: dict[str, list[float]] = field(default_factory=dict)
    missing: int = 0

    def percentile(self, block: str, percent: float) -> float:
        ordered = sorted(self.by_block[block])
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


class SilentTill:
    """A till that takes calls: it answers that nothing was sold, or while it ``hangs`` says nothing at all."""

    def __init__(self) -> None:
        self.hangs = False
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._held: list[socket.socket] = []
        threading.Thread(target=self._serve, name="silent-till", daemon=True).start()

    @property
    def unanswered(self) -> int:
        return len(self._held)

    def close(self) -> None:
        for one in (self._socket, *self._held):
            one.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # closed at the end of the run
            while True:
                call, _ = self._socket.accept()
                if self.hangs:
                    self._held.append(call)
                    continue
                with call, contextlib.suppress(OSError):
                    call.settimeout(5)
                    call.recv(65536)
                    body = b"{}"
                    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
                    call.sendall(head.encode() + b"connection: close\r\n\r\n" + body)


class Traffic:
    """Sells in blocks, then tells how long the sales waited."""

    def __init__(self, place: House, root: Path, till: SilentTill, sales_a_second: float) -> None:
        self.place, self.root, self.till, self.rate = place, root, till, sales_a_second
        self.shops: ShopsFile = loads(place.head + "".join(self._shop(number) for number in range(SHOPS)))
        self._draw = random.Random(SEED)
        self._range = [item for item in items() if item.stock_tracked]
        self._dropped: list[Dropped] = []

    def _shop(self, number: int) -> str:
        key = shop_keys(SHOPS)[number]
        warehouse, channel, contact = PLACES[-1] if key == REFUSES else PLACES[number % (len(PLACES) - 1)]
        head = _SHOP.format(key=key, warehouse=warehouse, channel=channel, contact=contact)
        folder = self.root / key
        folder.mkdir()
        return head + (_SILENT.format(url=self.till.url) if key == HANGS else _FEED.format(folder=folder))

    def block(self, name: str, seconds: float) -> None:
        """Sell for so long at the rate, at moments drawn from the seed, evenly over the shops."""
        moment, end = time.monotonic(), time.monotonic() + seconds
        selling = [key for key in shop_keys(SHOPS) if key != HANGS]
        while (moment := moment + self._draw.expovariate(self.rate)) < end:
            time.sleep(max(0.0, moment - time.monotonic()))
            self._drop(self._draw.choice(selling), name)
        time.sleep(max(0.0, end - time.monotonic()))

    def _drop(self, shop: str, block: str) -> None:
        item = self._draw.choice(self._range)
        receipt = f"R{len(self._dropped):06d}"
        vat = "17.5" if shop == UNMAPPED and block == UNMAPPED else f"{item.tax_rate:f}"
        price = f"{item.gross_minor // 100}.{item.gross_minor % 100:02d}"
        row = f"{receipt},{datetime.now(UTC).isoformat()},{item.sku},1,{price},{vat}"
        part = self.root / shop / f".{receipt}.part"
        part.write_text(f"receipt,sold_at,sku,qty,price,vat\n{row}\n", encoding="utf-8")
        part.replace(self.root / shop / f"{receipt}.csv")
        self._dropped.append(Dropped(receipt, shop, block))

    def waits(self, but: frozenset[str] = frozenset()) -> Waits:
        """Of all shops ``but`` those."""
        query = sa.text(
            "select receipt_number, extract(epoch from posted_at - captured_at) from tillbridge.postings "
            "where posted_at is not null"
        )
        with self.place.ledger.begin() as connection:
            took = {receipt: float(seconds) for receipt, seconds in connection.execute(query)}
        found = Waits()
        for one in self._dropped:
            if one.shop in but:
                continue
            if one.receipt in took:
                found.by_block.setdefault(one.block, []).append(took[one.receipt])
            else:
                found.missing += 1
        return found

    @contextlib.contextmanager
    def posting(self) -> Iterator[None]:
        """A lingering run beside the block, told to stop at its end, once what was captured is posted."""
        with lingering(self.place, self.shops):
            yield
            self._settle()

    def _settle(self) -> None:
        """Until every receipt was captured and is posted or parked, a minute at most."""
        end = time.monotonic() + 60
        settled = "state not in ('pending', 'sending', 'unknown')"
        while time.monotonic() < end and self.place.count(settled) < len(self._dropped):
            time.sleep(0.2)

    def parked(self, shop: str) -> int:
        """Sales of a shop that were parked: the proof that it failed."""
        return self.place.count(f"shop = '{shop}' and state = 'rejected'")

    @contextlib.contextmanager
    def warehouse_refuses(self) -> Iterator[None]:
        """Goods-out notes of one warehouse are refused, alone or inside a multi-message."""
        faults = [
            {"kind": kind, "route": "POST */goods-note/goods-out", "shop": _WAREHOUSE, "status": 400}
            for kind in ("item_failure", "error")
        ]
        self.place.http.post("/sandbox/faults", json={"faults": faults}).raise_for_status()
        try:
            yield
        finally:
            self.place.http.delete("/sandbox/faults").raise_for_status()

    @contextlib.contextmanager
    def till_hangs(self) -> Iterator[None]:
        self.till.hangs = True
        try:
            yield
        finally:
            self.till.hangs = False


Failure = Callable[[], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def traffic(place: House, root: Path, sales_a_second: float) -> Iterator[Traffic]:
    """Traffic in a house, its folders under ``root``."""
    os.environ["SILENT_TILL_TOKEN"] = "any"  # a till without a token is never called, so it could not hang
    till = SilentTill()
    try:
        yield Traffic(place, root, till, sales_a_second)
    finally:
        till.close()
