"""Purchases of a past: orders to suppliers, received after their lead time in full, in parts or not at all; credits.

A purchase often ends a gap: some of its goods were out at that place for the days before they came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.erp.dropship import DropShip, add, ship
from sandbox.erp.order_model import UNIT, Order
from sandbox.erp.times import DAY_MS
from sandbox.past import sales
from sandbox.past.account import Account, add_row, invoice, keep
from sandbox.past.days import HOUR_MS

if TYPE_CHECKING:
    from sandbox.erp.products import Product

_MOST_GAP_DAYS = 15
_LATE = 1.5  # lead time, in the usual ones, after which the second part of a purchase comes


def lead_days(account: Account, supplier: int) -> float:
    """Days until a purchase comes: each supplier has its own usual time and its own spread around it."""
    place = account.people.suppliers.index(supplier)
    usual, spread = 5 + 3 * place, 0.1 + 0.05 * (place % 4)
    return max(1.0, usual * (1 + spread * account.draw.gauss(0, 1)))


def buy(account: Account, at: int, place: int, to_come: int) -> Order:
    """One purchase order. By its place: one in thirty is cancelled, one in twelve comes in two parts.

    ``to_come`` is how many purchases follow it. The last four are on their way whenever they were placed: nothing of
    two has come, and half of two.
    """
    draw = account.draw
    supplier = draw.choice([one for one in account.people.suppliers if one in account.shelves.of_supplier])
    warehouse = 2 if draw.random() < 0.6 else 3 + place % 4
    order = header(account, at, supplier, warehouse)
    order.reference = f"PO-{place + 1:05d}"
    order.delivery_date = at + (5 + 3 * account.people.suppliers.index(supplier)) * DAY_MS
    came = at + int(lead_days(account, supplier) * DAY_MS)
    range_of_it = account.shelves.of_supplier[supplier]
    wanted = {range_of_it[int(len(range_of_it) * draw.random() ** 2)] for _ in range(6 + int(draw.random() * 15))}
    for number in sorted(wanted):
        product = account.world.products[number]
        add_row(account, order, product, account.world.config.stock_per_product + 12 * (1 + int(draw.random() * 4)))
        if draw.random() < 0.3 and came < account.now and to_come >= 4:
            _run_dry(account, product, warehouse, at, came)
    if place % 30 == 3:
        order.status_id = account.world.reference.status_in("PO", "cancelled")
        keep(account, order, account.by(at + 2 * HOUR_MS))
    elif to_come < 4 and to_come % 2:
        _come_in(account, order, account.by(came), 0)
    elif to_come < 4 or came >= account.now:
        keep(account, order, account.by(at + HOUR_MS))
    else:
        _come_in(account, order, came, at + int((came - at) * _LATE) if place % 12 == 5 else None)
    return order


def header(account: Account, at: int, supplier: int, warehouse: int, kind: str = "PO") -> Order:
    order = sales.header(account, kind, at, 0, warehouse, supplier)
    order.price_list_id, order.price_mode = 1, "EXC"
    return order


def _run_dry(account: Account, product: Product, warehouse: int, at: int, came: int) -> None:
    """The place is empty for some days before the goods come; a place runs dry once in a past."""
    place = product.id * 100 + warehouse
    if place not in account.gaps:
        days = 3 + int(account.draw.random() * (_MOST_GAP_DAYS - 3))
        account.gaps[place] = (max(at, came - days * DAY_MS), came)
        account.ledger.dry.add(place)


def _come_in(account: Account, order: Order, came: int, second: int | None) -> None:
    """All of it at ``came``; or half of it then and the rest at ``second``, which 0 or the future leaves open."""
    whole = {row.id: row.units for row in order.rows.values()}
    first = whole if second is None else {row: units // 2 for row, units in whole.items()}
    sales.receive(account, order, first, came)
    updated, complete = came, second is None
    if second and second < account.now:
        sales.receive(account, order, {row: units - first[row] for row, units in whole.items()}, second)
        updated, complete = second, True
    if complete:
        invoice(account, order, updated)
    keep(account, order, updated)


def send_back(account: Account, at: int, parent: Order) -> Order:
    """A purchase credit for a few units of what a purchase brought."""
    order = header(account, at, parent.contact_id, parent.warehouse_id, "PC")
    order.parent_id, order.reference = parent.id, parent.reference
    for row in list(parent.rows.values())[:2]:
        add_row(account, order, account.world.products[row.product_id], 1 + row.id % 3)
    if parent.id % 2:
        invoice(account, order, account.by(at + DAY_MS))
    keep(account, order, account.by(at + DAY_MS))
    return order


def drop_ship(account: Account, at: int, sale: Order, last: bool) -> Order:
    """The purchase order for a sale whose goods the supplier sends to the customer, and the note of both.

    The ``last`` one of a past has not been sent.
    """
    world = account.world
    rows = [row for row in sale.rows.values() if row.tracked and not row.parent_row]
    supplier = world.products[rows[0].product_id].supplier_id or account.people.suppliers[0]
    order = header(account, at, supplier, sale.warehouse_id)
    order.reference, order.delivery_date, order.parent_id = sale.reference, at + 5 * DAY_MS, sale.id
    bought = {row.id: add_row(account, order, world.products[row.product_id], row.quantity // UNIT).id for row in rows}
    keep(account, order, at)
    note = DropShip(world.next_id("dropship"), sale.id, order.id, supplier)
    note.rows = {row.id: (row.product_id, row.units, bought[row.id]) for row in rows}
    add(world, note)
    gone = at + (2 + note.id % 6) * DAY_MS
    if gone < account.now and not last:
        note.reference, note.shipping_method_id = f"DROP{note.id}", 4
        ship(world, note, gone, 4)
        for one in (sale, order):
            invoice(account, one, gone)
            one.updated = gone
    return order
