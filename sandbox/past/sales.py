"""Sales and returns of a past: orders of six channels with their payments and notes, and credits for some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.erp.goods_in import Receipt
from sandbox.erp.goods_out import Note
from sandbox.erp.order_model import UNIT, Order, Row
from sandbox.erp.times import DAY_MS
from sandbox.past.account import EURO_RATE, MINUTE_MS, Account, add_row, cost, invoice, keep, off, pay
from sandbox.past.days import HOUR_MS
from sandbox.past.ledger import Move
from sandbox.past.shelves import MARKETPLACE

if TYPE_CHECKING:
    from sandbox.world import World

WEB = 1
_ROWS = (0.43, 0.68, 0.85, 0.95, 1.0)  # how many rows a sale has at most, by a draw from 0 to 1
_SHOPS = {2: 3, 3: 4, 4: 5, 5: 6}  # channel -> warehouse
_STEPS = ("PRI", "PIC", "PAC", "SHW")
_NAMES = {"PRI": "printed", "PIC": "picked", "PAC": "packed", "SHW": "shipped"}
_DELIVERY_NET, _DELIVERY_TAX = 41_583, 83
_RETURN_DAYS = 60


def header(account: Account, type_code: str, at: int, channel: int, warehouse: int, contact: int) -> Order:
    """An order of the past without rows, as the store keeps it."""
    statuses = {"SO": 2 if channel in (WEB, MARKETPLACE) else 3, "SC": 10, "PO": 7, "PC": 12}
    return Order(
        account.world.next_id("order"), type_code, contact, at, at, at - at % DAY_MS, statuses[type_code], warehouse,
        channel, billing_id=contact, past=True,
    )  # fmt: skip


def begin(account: Account, at: int, place: int, channel: int = 0) -> Order:
    """A sale of somebody at some channel with its rows; nothing has happened to it yet. ``channel`` 0: draw one."""
    draw = account.draw
    if not channel:
        chance = draw.random()
        channel = WEB if chance < 0.38 else MARKETPLACE if chance < 0.5 else 2 + int((chance - 0.5) * 8)
    warehouse = _SHOPS.get(channel, 2)
    walk_in = channel in _SHOPS and draw.random() < 0.7
    order = header(account, "SO", at, channel, warehouse, 199 + channel if walk_in else account.customer(at))
    order.reference = f"OLD-{place + 1:06d}"
    if channel in (WEB, MARKETPLACE):
        order.external_ref, order.shipping_method_id = f"web-{place + 1}", (2, 4)[place % 2]
        order.delivery_date = at + 3 * DAY_MS
    else:
        order.shipping_method_id = 1
    if channel == WEB and place % 37 == 0:
        order.currency, order.exchange_rate = "EUR", EURO_RATE
    elif channel == WEB and place % 23 == 0 and account.people.trade:
        order.contact_id = order.billing_id = account.people.trade[place % len(account.people.trade)]
        order.price_list_id, order.price_mode = 3, "EXC"
    _fill(account, order, at, place)
    return order


def _fill(account: Account, order: Order, at: int, place: int) -> None:
    draw, shelves, world = account.draw, account.shelves, account.world
    chance = draw.random()
    for _ in range(1 + sum(chance >= share for share in _ROWS)):
        product = account.pick(at, order.warehouse_id)
        chance = draw.random()
        add_row(account, order, product, 1 if chance < 0.7 else 2 if chance < 0.9 else 3, off(product, at))
    if place % 97 == 5:
        add_row(account, order, world.products[shelves.bundles[place % len(shelves.bundles)]], 1)
    if place % 53 == 9:
        add_row(account, order, world.products[shelves.sold_out[place % len(shelves.sold_out)]], 1)
    if place % 41 == 3:
        add_row(account, order, world.products[shelves.services[place % len(shelves.services)]], 1)
    if order.channel_id == WEB and place % 9 == 0:
        number = world.next_id("row")
        order.rows[number] = Row(
            number, 1000, "Delivery", "", UNIT, "T20", _DELIVERY_NET, _DELIVERY_TAX, "4040", 900, False
        )


def sell(account: Account, at: int, place: int) -> Order:
    """A sale from beginning to end: paid and shipped as a rule; some are cancelled, some stay a quote."""
    order = begin(account, at, place)
    if place % 61 == 7:
        order.status_id = account.world.reference.status_in("SO", "cancelled")
        keep(account, order, account.by(at + DAY_MS))
        return order
    if place % 211 == 3:
        order.status_id = 1
        keep(account, order, None)
        return order
    order.recount()
    if order.price_list_id == 2 or place % 2:
        half = order.total // 2 if place % 33 == 2 else 0
        for amount in (half, order.total - half) if half else (order.total,):
            pay(account, order, amount, at)
    shipped = ship_all(account, order, at, place)
    invoice(account, order, shipped)
    keep(account, order, shipped)
    account.recent.append(order)
    return order


def ship_all(account: Account, order: Order, at: int, place: int) -> int:
    """Everything leaves: at once in a shop, after hours or days from the web, seldom in two parts. When it was gone."""
    rows = [row for row in order.rows.values() if row.tracked]
    if not rows:
        return account.by(at + MINUTE_MS)
    if order.channel_id in _SHOPS:
        return ship(account, order, {row.id: row.units for row in rows}, at + 2 * MINUTE_MS, at + 4 * MINUTE_MS)
    noted = at + int(account.draw.random() * 20 * HOUR_MS)
    gone = noted + (2 + int(account.draw.random() * 30)) * HOUR_MS
    if place % 31 == 4 and len(rows) > 1:
        ship(account, order, {rows[0].id: rows[0].units}, noted, gone)
        rows, noted, gone = rows[1:], noted + DAY_MS, gone + 2 * DAY_MS
    return ship(account, order, {row.id: row.units for row in rows}, noted, gone)


def ship(account: Account, order: Order, units: dict[int, int], noted: int, gone: int) -> int:
    """One goods-out note that was shipped; its movements. Returns when."""
    noted, gone = account.by(noted), account.by(gone)
    note = place_note(account.world, order, units, noted)
    if order.channel_id in _SHOPS:  # all at once, and the automatic events stand after the shipping
        note.events += [(gone, 4, code) for code in ("SHW", "PRI", "PIC", "PAC")]
        step = (gone, 4)
        note.done = dict.fromkeys(_NAMES.values(), step)
    else:
        advance(note, 4, noted, gone)
        note.boxes, note.weight, note.reference = 1 + note.id % 3, 0.25 * (1 + note.id % 20), f"TRK{note.id}"
    location = account.world.reference.warehouses[note.warehouse_id].default_location
    for row_id, number in units.items():
        row = order.rows[row_id]
        row.shipped += number
        product = account.world.products[row.product_id]
        account.ledger.add(
            Move(
                gone, row.product_id, note.warehouse_id, -number, location, "GO", note.id, 0, cost(product),
                False, order.id, row_id, 0, "goods-out",
            )
        )  # fmt: skip
    return gone


def place_note(world: World, order: Order, units: dict[int, int], noted: int) -> Note:
    """A note that has been placed and nothing else; its rows count as fulfilled."""
    sequence = world.note_count[order.id] = world.note_count.get(order.id, 0) + 1
    note = Note(world.next_id("goods_out"), order.id, order.warehouse_id, sequence, noted, noted)
    note.shipping_method_id = order.shipping_method_id
    note.events = [(noted, 4, "PLA")]
    for row_id, number in units.items():
        row = order.rows[row_id]
        row.fulfilled += number
        note.rows[row_id] = (row.product_id, number)
    note.version = world.next_id("event")
    world.add_note(note)
    return note


def advance(note: Note, steps: int, noted: int, until: int) -> None:
    """Printed, picked, packed and shipped one after the other; the first ``steps`` of them."""
    for place, code in enumerate(_STEPS[:steps], start=1):
        when = noted + (until - noted) * place // steps
        note.done[_NAMES[code]] = (when, 4)
        note.events.append((when, 4, code))


# -- returns ----------------------------------------------------------------------------------------------------------


def take_back(account: Account, at: int) -> Order | None:
    """A credit for a sale of the last weeks, its goods received; ``None`` when there is none to return."""
    recent = account.recent
    for _ in range(min(6, len(recent))):
        position = int(account.draw.random() * len(recent))
        parent = recent[position]
        rows = [row for row in parent.rows.values() if row.tracked and not row.parent_row]
        if rows and parent.updated is not None and at - _RETURN_DAYS * DAY_MS < parent.updated < at:
            del recent[position]
            account.returns += 1
            return _credit(account, parent, rows, at, account.returns)
    return None


def _credit(account: Account, parent: Order, rows: list[Row], at: int, number: int) -> Order:
    """Credit ``number``: by it, where the goods come back to and whether they do."""
    world = account.world
    warehouse = 3 + number % 4 if number % 10 == 1 else parent.warehouse_id
    order = header(account, "SC", at, parent.channel_id, warehouse, parent.contact_id)
    order.parent_id, order.reference, order.currency = parent.id, parent.reference, parent.currency
    order.exchange_rate, order.price_list_id, order.price_mode = (
        parent.exchange_rate, parent.price_list_id, parent.price_mode,
    )  # fmt: skip
    for place, sold in enumerate(rows):
        if place and number % 3:
            continue
        units = 1 + int(account.draw.random() * sold.units)
        row = Row(
            world.next_id("row"), sold.product_id, sold.name, sold.sku, units * UNIT, sold.tax_code,
            sold.net * units // sold.units, sold.tax * units // sold.units, sold.nominal, 10 * (len(order.rows) + 1),
            True,
        )  # fmt: skip
        order.rows[row.id] = row
    order.recount()
    if number % 16 == 5:  # agreed, and the goods have not come yet
        keep(account, order, account.by(at + MINUTE_MS))
        return order
    received = account.by(at + 20 * MINUTE_MS)
    if number % 17 != 3:  # else goodwill: the money goes back, the goods stay
        receive(account, order, {row.id: row.units for row in order.rows.values()}, received, held=number % 7 == 2)
    pay(account, order, order.total, received, "PAYMENT")
    invoice(account, order, received)
    keep(account, order, received)
    return order


def receive(account: Account, order: Order, units: dict[int, int], at: int, held: bool = False) -> Receipt:
    """A goods-in note. ``held``: the goods go to quarantine first and are released a day later."""
    world = account.world
    warehouse = world.reference.warehouses[order.warehouse_id]
    released = at + DAY_MS
    held = held and released < account.now
    location = warehouse.quarantine_location if held else warehouse.default_location
    receipt = Receipt(world.next_id("goods_in"), order.id, warehouse.id, at, at)
    if order.type == "PO":
        receipt.reference = f"DOCK-{receipt.id}"
        world.receipt_by_reference[receipt.reference] = receipt.id
    for row_id, number in units.items():
        row = order.rows[row_id]
        row.fulfilled += number
        value = cost(world.products[row.product_id])
        receipt.lines.append((row_id, row.product_id, number, location, value))
        move = Move(
            at, row.product_id, warehouse.id, number, location, "PG", receipt.id, receipt.id, value, held, order.id,
            0, row_id, "goods-in-quarantine" if held else "goods-in",
        )  # fmt: skip
        account.ledger.add(move)
        if held:
            release(account, move, released, warehouse.default_location)
    world.receipts[receipt.id] = receipt
    world.receipts_by_order.setdefault(order.id, []).append(receipt.id)
    return receipt


def release(account: Account, held: Move, at: int, location: int) -> None:
    """What lay in quarantine may be sold from ``at`` on."""
    number = account.world.next_id("transfer")
    out = held._replace(at=at, kind="IT", note=number, order=0, purchase_row=0, reason="quarantine-release")
    account.ledger.add(out._replace(units=-held.units))
    account.ledger.add(out._replace(location=location, quarantine=False))
