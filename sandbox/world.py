"""The one state of a sandbox: the range, the ERP's records, its stock, its clock, its faults. Lives in memory only.

A single process on one event loop owns it and handlers never await, so each call is atomic.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from sandbox import catalogue, seeding
from sandbox.config import SandboxConfig, Switches
from sandbox.erp.amounts import rounded
from sandbox.erp.auth import OAuth
from sandbox.erp.contacts import Contact, party
from sandbox.erp.custom_fields import Definitions, fresh_definitions
from sandbox.erp.dropship import DropShip
from sandbox.erp.envelope import json_text
from sandbox.erp.goods_in import Receipt
from sandbox.erp.goods_out import Note
from sandbox.erp.order_model import OrderStore
from sandbox.erp.payments import Payment
from sandbox.erp.products import Product, from_item
from sandbox.erp.records import Records
from sandbox.erp.reference import SHOPS, Reference
from sandbox.erp.stock import Movement, StockLedger
from sandbox.erp.webhooks import Webhooks
from sandbox.faults import Faults
from sandbox.past import history
from sandbox.past.people import settle
from sandbox.past.shelves import furnish
from sandbox.throttle import Throttle

# Each kind of record counts in a range of its own, so that a mixed-up ID finds nothing.
FIRST_IDS = {
    "order": 100_001,
    "row": 2_000_001,
    "payment": 3_000_001,
    "goods_out": 4_000_001,
    "goods_in": 5_000_001,
    "journal": 6_000_001,
    "event": 8_000_001,
    "correction": 9_000_001,
    "order_note": 501,
    "webhook": 121,
    "transfer": 11,
    "dropship": 7,
}
PARTY_KINDS = ("DEF", "BIL", "DEL")
MISCELLANEOUS = ((1000, "Miscellaneous"), (1001, "Discount"))


class World:
    """Build with a configuration; ``reset`` brings the same fresh world back in place."""

    reference: Reference
    products: Records[Product]
    contacts: Records[Contact]
    addresses: dict[int, dict[str, Any]]

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self._on_reset: list[Callable[[], None]] = []
        self.webhooks = Webhooks(self)
        self._build()

    def _build(self) -> None:
        config = self.config
        self.switches: Switches = replace(config.switches)
        self.webhooks.clear()
        self.seed: int = config.seed
        self.drop_dir: Path | None = config.drop_dir
        self._offset_ms = 0
        self._next = dict(FIRST_IDS)
        started = self.now_ms()
        self.items: list[catalogue.Item] = (
            catalogue.from_csv(config.catalogue) if config.catalogue else catalogue.seeded(config.seed, config.products)
        )
        self.reference = Reference(config.base_currency)
        self.products = Records()
        for number, name in MISCELLANEOUS:
            self.products[number] = Product(number, "", name, "T20", 0, False, started, started, prices={})
        self.product_ids_by_sku: dict[str, list[int]] = {}
        for item in self.items:
            self.add_product(from_item(item, started))
        self.custom_fields: Definitions = fresh_definitions()
        self.contacts, self.addresses = seeding.contacts(self, started)
        people = settle(self, config.orders, started) if config.orders and self.items else None
        shelves = furnish(self, people, started) if people else None
        opened = frozenset(item.product_id for item in self.items if item.stock_tracked)
        units = config.stock_per_product
        self.stock = StockLedger(
            opening=lambda product: units if product in opened else 0,
            cost=lambda product: rounded(self.products[product].net * 40, 100) if product in self.products else 0,
            warehouses=[shop[0] for shop in SHOPS],
            products=sorted(number for number, product in self.products.items() if product.stock_tracked),
            at=started,
        )
        self.stock.on_change = lambda product: self.emit("product.modified.on-hand-modified", product)
        self._parties: dict[tuple[int, str], dict[str, Any]] = {}
        self._party_texts: dict[tuple[int, str], str] = {}
        self._former_parties: dict[int, list[tuple[int, dict[str, dict[str, Any]]]]] = {}  # until, by kind
        self.orders = OrderStore()
        self.payments: Records[Payment] = Records()
        self.payment_by_ref: dict[tuple[str, str], int] = {}
        self.goods_out: Records[Note] = Records()
        self.notes_by_order: dict[int, list[int]] = {}
        self.note_count: dict[int, int] = {}
        self.receipts: Records[Receipt] = Records()
        self.receipts_by_order: dict[int, list[int]] = {}
        self.receipt_by_reference: dict[str, int] = {}
        self.corrections: dict[int, str] = {}
        self.stock_transfers: dict[int, dict[str, Any]] = {}
        self.dropships: dict[int, DropShip] = {}
        self.dropships_by_order: dict[int, list[int]] = {}  # under the sales order and the purchase order
        self.instance_name = "Tillbridge"
        self.crashes: list[str] = []  # handlers that failed on a body they should have refused
        self.requests: dict[str, int] = {}
        self.messages: dict[str, int] = {}
        self.faults = Faults(config.seed)
        self.throttle = Throttle(config.requests_per_minute, config.minute_seconds)
        self.oauth = OAuth(self)
        if people and shelves:
            history.write(self, config.orders, people, shelves, started)

    def reset(self) -> None:
        """Back to the world as it was built; then tell who asked with ``on_reset``."""
        self._build()
        for tell in self._on_reset:
            tell()

    def on_reset(self, tell: Callable[[], None]) -> None:
        self._on_reset.append(tell)

    # -- time -------------------------------------------------------------------------------------------------------
    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC on the sandbox's clock."""
        return time.time_ns() // 1_000_000 + self._offset_ms

    def now(self) -> datetime:
        """The sandbox's clock as an aware UTC instant."""
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)

    def advance(self, seconds: float) -> None:
        self._offset_ms += round(seconds * 1000)

    # -- records ----------------------------------------------------------------------------------------------------
    def next_id(self, kind: str) -> int:
        number = self._next[kind]
        self._next[kind] = number + 1
        return number

    def add_product(self, product: Product) -> None:
        self.products[product.id] = product
        if product.sku:
            ids = self.product_ids_by_sku.setdefault(product.sku, [])
            if product.id not in ids:
                ids.append(product.id)

    def rename_sku(self, product: Product, sku: str) -> None:
        if product.id in self.product_ids_by_sku.get(product.sku, []):
            self.product_ids_by_sku[product.sku].remove(product.id)
        product.sku = sku
        if product.id in self.products:
            self.add_product(product)

    def touch_product(self, product: Product) -> None:
        product.updated = max(self.now_ms(), product.updated + 1)
        self.emit("product.modified", product.id)

    def party_of(self, contact_id: int, kind: str, at: int) -> dict[str, Any]:
        """The address block of a contact for an order of the instant ``at``; a forgotten contact's from before."""
        for until, blocks in self._former_parties.get(contact_id, ()):
            if at <= until:
                return blocks[kind]
        key = (contact_id, kind)
        if key not in self._parties:
            self._parties[key] = party(self, self.contacts[contact_id], kind)
        return self._parties[key]

    def party_text(self, contact_id: int, kind: str, at: int) -> str:
        """The same block as JSON text."""
        if contact_id in self._former_parties:
            return json_text(self.party_of(contact_id, kind, at))
        key = (contact_id, kind)
        if key not in self._party_texts:
            self._party_texts[key] = json_text(self.party_of(contact_id, kind, at))
        return self._party_texts[key]

    def forget_party(self, contact_id: int) -> None:
        for kind in PARTY_KINDS:
            self._parties.pop((contact_id, kind), None)
            self._party_texts.pop((contact_id, kind), None)

    def keep_party(self, contact_id: int) -> None:
        """Before a contact is forgotten or deleted: the orders there are keep its block."""
        self.forget_party(contact_id)
        now = self.now_ms()
        blocks = {kind: party(self, self.contacts[contact_id], kind) for kind in PARTY_KINDS}
        self._former_parties.setdefault(contact_id, []).append((now, blocks))

    def add_note(self, note: Note) -> None:
        self.goods_out[note.id] = note
        self.notes_by_order.setdefault(note.order_id, []).append(note.id)

    def drop_note(self, note: Note) -> None:
        del self.goods_out[note.id]
        self.notes_by_order[note.order_id].remove(note.id)

    def arrive_in_quarantine(self, note: Note, product: int, units: int) -> None:
        """The arrival of a shipped transfer: it waits in the target's quarantine location until released."""
        target = self.reference.warehouses[note.target_warehouse]
        place = target.quarantine_location
        self.stock.move(
            Movement(
                0, product, target.id, units, place, "GO", note.id, note.id, 0, True, 0, 0, 0, self.now_ms(), "transfer"
            )
        )
        self.stock.level(product, target.id).in_transit += units

    def custom_field_codes(self, kind: str) -> list[str]:
        return [one.code for one in self.custom_fields[kind].values()]

    # -- what happened ----------------------------------------------------------------------------------------------
    def emit(self, event: str, number: int) -> None:
        """Tell the webhooks."""
        if self.webhooks.hooks:
            self.webhooks.raise_event(event, number)

    def count_request(self, route: str) -> None:
        self.requests[route] = self.requests.get(route, 0) + 1

    def count_message(self, route: str) -> None:
        self.messages[route] = self.messages.get(route, 0) + 1

    def shops_of(self, path: str, body: Any) -> set[int]:
        """Channel and warehouse IDs a call is about: from its body, its order, or the items of a multi-message."""
        shops: set[int] = set()
        if isinstance(body, dict):
            entries = [body, *(entry for entry in body.get("warehouses") or [] if isinstance(entry, dict))]
            shops |= {
                entry[name]
                for entry in entries
                for name in ("channelId", "warehouseId")
                if isinstance(entry.get(name), int)
            }
            if isinstance(body.get("orderId"), int):
                shops |= self._order_shops(body["orderId"])
            for message in body.get("messages") or []:
                if isinstance(message, dict):
                    shops |= self.shops_of(str(message.get("uri") or ""), message.get("body"))
        parts = path.split("/")
        for before, text in pairwise(parts):
            if text.isdecimal() and before in ("order", "sales-order", "sales-credit"):
                shops |= self._order_shops(int(text))
            elif text.isdecimal() and before == "goods-out" and int(text) in self.goods_out:
                shops |= self._order_shops(self.goods_out[int(text)].order_id)
        return shops

    def _order_shops(self, number: int) -> set[int]:
        order = self.orders.by_id.get(number)
        return {order.channel_id, order.warehouse_id} if order else set()
