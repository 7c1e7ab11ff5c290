"""What the makers of a past share: the account, the draw, the goods that are out, and how a row gets its money."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.erp.amounts import rounded
from sandbox.erp.order_model import UNIT, Order, Row
from sandbox.erp.payments import Payment
from sandbox.erp.prices import unit_price
from sandbox.erp.products import Product
from sandbox.erp.times import DAY_MS
from sandbox.past.days import quarter
from sandbox.past.ledger import PastLedger
from sandbox.past.people import People
from sandbox.past.shelves import Shelves

if TYPE_CHECKING:
    from sandbox.world import World

MINUTE_MS = 60_000
EURO_RATE = 1_170_000
_POPULAR = 2  # the power that makes a few products sell most
_METHODS = ("CARD", "CASH", "CARD", "GIFTCARD", "CARD")


@dataclass(slots=True)
class Account:
    """``gaps``: place (product * 100 + warehouse) -> from when until when it was empty, so that nobody bought there."""

    world: World
    draw: random.Random
    people: People
    shelves: Shelves
    begin: int
    now: int
    ledger: PastLedger = field(default_factory=PastLedger)
    gaps: dict[int, tuple[int, int]] = field(default_factory=dict)
    recent: deque[Order] = field(default_factory=lambda: deque(maxlen=400))  # sold lately and not yet returned
    returns: int = 0  # credits so far

    def by(self, at: int) -> int:
        """``at``, or a minute ago where that would be the future."""
        return min(at, self.now - MINUTE_MS)

    def pick(self, at: int, warehouse: int) -> Product:
        """A product that somebody buys: a few sell most, some in their season; none where it is out."""
        draw = self.draw
        seasonal = self.shelves.of_season.get(quarter(at))
        for _ in range(8):
            pool = seasonal if seasonal and draw.random() < 0.3 else self.shelves.sold
            number = pool[int(len(pool) * draw.random() ** _POPULAR)]
            gap = self.gaps.get(number * 100 + warehouse)
            if gap is None or not gap[0] <= at < gap[1]:
                break
        return self.world.products[number]

    def customer(self, at: int) -> int:
        """Somebody who was a customer by then."""
        known = self.people.customers
        share = (at - self.begin) / (self.now - self.begin)
        return known[int(self.draw.random() * max(1, int(len(known) * share)))]


def cost(product: Product) -> int:
    """What one unit was bought for, in ten-thousandths."""
    return rounded(product.net * 40, 100)


def off(product: Product, at: int) -> int:
    """Percent off the list price: each product is on offer in about one week of eleven."""
    week = at // (7 * DAY_MS)
    return (10, 20, 30)[product.id % 3] if (product.id * 31 + week * 17) % 11 == 0 else 0


def add_row(account: Account, order: Order, product: Product, units: int, percent_off: int = 0) -> Row:
    """A row at list price less what is off; on the trade list and the cost list the price is without tax."""
    world = account.world
    rate = world.reference.tax_by_code[product.tax_code].rate
    price = unit_price(world, product, order.price_list_id) * units
    if percent_off:
        price = rounded(price * (100 - percent_off), 100)
    if order.exchange_rate != 1_000_000:
        price = rounded(price * order.exchange_rate, 1_000_000)
    if order.price_mode == "INC":
        gross = rounded(price, 100)
        net = rounded(gross * 100_000_000, 1_000_000 + rate)
        tax = gross - rounded(net, 100)
    else:
        net, tax = price, rounded(price * rate, 100_000_000)
    row = Row(
        world.next_id("row"), product.id, product.name, product.sku, units * UNIT, product.tax_code, net, tax,
        product.nominal_sales if order.type in ("SO", "SC") else "5000", 10 * (len(order.rows) + 1),
        product.stock_tracked and product.bundle is None,
    )  # fmt: skip
    order.rows[row.id] = row
    if product.bundle is not None:
        row.bundle = True
        for part, number in product.bundle:
            child = world.products[part]
            below = Row(
                world.next_id("row"), part, child.name, child.sku, units * number * UNIT, product.tax_code, 0, 0,
                row.nominal, row.sequence, child.stock_tracked, parent_row=row.id,
            )  # fmt: skip
            order.rows[below.id] = below
    return row


def pay(account: Account, order: Order, amount: int, at: int, kind: str = "RECEIPT") -> None:
    """Money in, or with PAYMENT money out; ``amount`` in hundredths of the order's currency."""
    world = account.world
    number = world.next_id("payment")
    method = "PAYPAL" if order.channel_id in (1, 6) and order.id % 3 == 0 else _METHODS[order.id % len(_METHODS)]
    ref = f"WEB-{number}" if order.channel_id == 1 else ""
    world.payments[number] = Payment(
        number, order.id, kind, method, order.currency, 0, amount, at, at, ref, journal_id=world.next_id("journal")
    )
    if ref:
        world.payment_by_ref[(method, ref)] = number
    order.payments.append(number)
    order.paid += amount


def invoice(account: Account, order: Order, at: int) -> None:
    store = account.world.orders
    if order.type in ("SC", "PC"):
        store.credits += 1
        order.invoice = f"{order.type}-{1000 + store.credits}"
    else:
        store.invoices += 1
        order.invoice = f"{'SI' if order.type == 'SO' else 'PI'}-{1000 + store.invoices}"
    order.closed = at
    order.status_id = account.world.reference.status_in(order.type, "invoiced")


def keep(account: Account, order: Order, updated: int | None) -> None:
    """Put a finished order into the store; ``updated`` is when anything last happened to it."""
    order.recount()
    order.updated = updated
    order.version = 1 if updated is None else 3 + len(order.rows)
    account.world.orders.add(order, "")
    account.world.contacts[order.contact_id].ordered = order.created
