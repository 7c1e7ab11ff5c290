"""Writes the whole past of a fresh world: ``orders`` orders of all four types, and everything that hangs on them."""

from __future__ import annotations

import gc
import random
from typing import TYPE_CHECKING

from sandbox.erp.order_model import Order
from sandbox.erp.reservations import hold
from sandbox.erp.times import DAY_MS
from sandbox.past import purchases, sales, warehousing
from sandbox.past.account import Account, add_row, keep, pay
from sandbox.past.days import HOUR_MS, first_day, instants
from sandbox.past.people import People
from sandbox.past.shelves import Shelves

if TYPE_CHECKING:
    from sandbox.world import World

_BIG = 10_000  # orders from which the garbage collector would be felt
_STAGES = 7  # ways in which a sale may be under way


def write(world: World, count: int, people: People, shelves: Shelves, now: int) -> None:
    """``count`` orders with consecutive IDs in the order of their instants."""
    collecting = gc.isenabled()
    gc.disable()  # nothing made here is garbage, and there are millions of it
    try:
        _write(world, count, people, shelves, now)
        if count >= _BIG:
            gc.freeze()  # nor need the collector walk it again and again, which takes seconds each time
    finally:
        if collecting:
            gc.enable()


def _write(world: World, count: int, people: People, shelves: Shelves, now: int) -> None:
    account = Account(world, random.Random(f"history-{world.seed}"), people, shelves, first_day(now), now)
    at = instants(account.draw, count, now)
    under_way = _orders(account, at)
    for place in range(max(4, count // 2000)):
        warehousing.transfer(account, at[(place * 997 + 3) % count], place)
    for place in range(max(4, count // 1500)):
        warehousing.correct(account, at[(place * 613 + 5) % count], place)
    waiting = warehousing.in_quarantine(account, account.by(now - DAY_MS))
    units = world.config.stock_per_product
    movements, balances = account.ledger.finish(dict.fromkeys(shelves.sold, units), 0)
    world.stock.remember(movements, balances, account.begin)
    product, warehouse, held = waiting
    level = world.stock.level(product, warehouse)
    level.quarantine = level.in_transit = held
    for place, order in enumerate(under_way):
        _leave_under_way(account, order, place % _STAGES)
    warehousing.open_transfers(account, account.by(now - 2 * HOUR_MS))
    store = world.orders
    moved = [order for order in store.by_id.values() if order.updated is not None]
    store.changed = dict.fromkeys(order.id for order in sorted(moved, key=lambda order: order.updated or 0))


def _kinds(count: int) -> list[str]:
    """What each order is, spread evenly: purchases, their credits, returns, drop-ship pairs, and else sales."""
    kinds = ["sale"] * count
    shares = (
        ("purchase", max(min(6, count // 8), count * 15 // 1000), 0.3),
        ("purchase credit", max(min(2, count // 25), count // 500), 0.9),
        ("drop-ship", max(min(2, count // 25), count // 1000), 0.6),
        ("return", count // 20, 0.5),
    )
    for kind, number, shift in shares:
        for place in range(number):
            position = int((place + shift) * count / number)
            while kinds[position % count] != "sale":
                position += 1
            kinds[position % count] = kind
    return kinds


def _orders(account: Account, instants: list[int]) -> list[Order]:
    """All orders, one after the other. The last sales of the web are answered: they are still under way."""
    count = len(instants)
    kinds = _kinds(count)
    sales_places = [place for place, kind in enumerate(kinds) if kind == "sale"]
    open_places = set(sales_places[-max(min(_STAGES, count // 6), count // 1500) :])
    purchases_to_come = kinds.count("purchase")
    under_way: list[Order] = []
    bought: list[Order] = []
    sent_straight: Order | None = None  # a sale whose purchase order comes next
    for place, (at, kind) in enumerate(zip(instants, kinds, strict=True)):
        made: Order | None = None
        if sent_straight is not None:
            last = "drop-ship" not in kinds[place:]
            made = purchases.drop_ship(account, at, sent_straight, last)
            sent_straight = None
        elif kind == "purchase":
            made = purchases.buy(account, at, len(bought), purchases_to_come - len(bought) - 1)
            bought.append(made)
        elif kind == "purchase credit" and bought:
            received = [order for order in bought[-20:] if order.invoiced and (order.updated or 0) < at]
            made = purchases.send_back(account, at, received[-1]) if received else None
        elif kind == "return":
            made = sales.take_back(account, at)
        elif kind == "drop-ship" and place + 1 < count:
            made = sent_straight = sales.begin(account, at, place, sales.WEB)
            made.recount()
            pay(account, made, made.total, at)
            keep(account, made, at)
        elif place in open_places:
            made = sales.begin(account, at, place, sales.WEB)
            add_row(account, made, account.pick(at, made.warehouse_id), 2)  # enough to be done in part
            if len(under_way) % _STAGES == _STAGES - 1:  # its first row has left
                row = next(iter(made.rows.values()))
                sales.ship(account, made, {row.id: row.units}, at + HOUR_MS, at + 5 * HOUR_MS)
            under_way.append(made)
        if made is None:
            sales.sell(account, at, place)
    return under_way


def _leave_under_way(account: Account, order: Order, stage: int) -> None:
    """A web order as it stands in the middle of its way; the stock it holds is held in the levels of today."""
    world, later = account.world, account.by(order.created + HOUR_MS)
    rows = [row for row in order.rows.values() if row.tracked and not row.shipped]
    order.recount()
    if stage:
        pay(account, order, order.total, order.created)
    if stage in (1, 2, 6):  # what is left is reserved; the second one only in part
        order.reserved_warehouse = order.warehouse_id
        for row in rows[:1] if stage == 2 else rows:
            hold(world, order, row, order.warehouse_id, max(1, row.units // 2) if stage == 2 else row.units)
    elif stage in (3, 4, 5):  # on a note that was placed, printed, or picked and packed
        units = {row.id: min(row.units, world.stock.level(row.product_id, order.warehouse_id).on_hand) for row in rows}
        for row in rows:
            world.stock.allocate(row.product_id, order.warehouse_id, units[row.id])
        note = sales.place_note(world, order, {row: held for row, held in units.items() if held}, later)
        sales.advance(note, (0, 1, 3)[stage - 3], later, account.now)
    keep(account, order, later if stage else None)
