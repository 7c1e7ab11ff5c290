"""Orders and their rows as the sandbox keeps them, the states derived from them, and the store with its look-ups.

Amounts: ``net`` in ten-thousandths, ``tax`` in hundredths of the order's currency; quantities in ten-thousandths.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.amounts import rounded
from sandbox.erp.records import Records
from sandbox.erp.reference import PAYMENT_STATUSES, STOCK_STATUSES

if TYPE_CHECKING:
    from sandbox.world import World

UNIT = 10_000  # one piece, in the unit of Row.quantity


@dataclass(slots=True)
class Row:
    """``fulfilled``: units on goods-out notes (a sale) or received (a credit); ``shipped``: units that left."""

    id: int
    product_id: int
    name: str
    sku: str
    quantity: int
    tax_code: str
    net: int
    tax: int
    nominal: str
    sequence: int
    tracked: bool
    external_ref: str = ""
    fulfilled: int = 0
    shipped: int = 0
    reserved: int = 0
    parent_row: int = 0
    bundle: bool = False
    calculator: str = "brightpearl"

    @property
    def units(self) -> int:
        return self.quantity // UNIT


@dataclass(slots=True)
class Order:
    """An order or credit of any type. Instants are milliseconds; ``invoice`` is empty, ``pending`` or a number."""

    id: int
    type: str
    contact_id: int
    created: int
    placed: int
    tax_date: int
    status_id: int
    warehouse_id: int
    channel_id: int
    reference: str = ""
    external_ref: str = ""
    instance_id: int | None = None
    parent_id: int = 0
    billing_id: int = 0
    price_list_id: int = 2
    price_mode: str = "INC"
    currency: str = "GBP"
    exchange_rate: int = 1_000_000
    fixed_rate: bool = False
    delivery_date: int | None = None
    shipping_method_id: int = 0
    staff_id: int = 0
    project_id: int = 0
    lead_source_id: int = 0
    team_id: int = 0
    created_by: int = 4
    updated: int | None = None
    closed: int | None = None
    invoice: str = ""
    invoice_due: int = 0  # when a pending close becomes an invoice
    invoice_date: int | None = None
    version: int = 0
    past: bool = False  # from before the sandbox started
    dropship: bool = False  # a purchase order whose goods go straight to a customer
    rows: dict[int, Row] = field(default_factory=dict)
    parties: dict[str, dict[str, Any]] | None = None  # addresses given with the order
    custom: dict[str, Any] | None = None
    notes: list[dict[str, Any]] | None = None
    payments: list[int] = field(default_factory=list)
    reserved_warehouse: int = 0
    # kept in step with rows and payments, so that searches do not walk them
    net: int = 0
    tax: int = 0
    paid: int = 0
    authorised: int = 0
    tracked: int = 0
    fulfilled: int = 0
    shipped: int = 0
    reserved: int = 0

    @property
    def total(self) -> int:
        return self.net + self.tax

    @property
    def invoiced(self) -> bool:
        return bool(self.invoice) and self.invoice != "pending"

    def recount(self) -> None:
        """Totals and unit counts from the rows. Net is summed exactly and rounded once to a penny."""
        rows = self.rows.values()
        self.net = rounded(sum(row.net for row in rows), 100)
        self.tax = sum(row.tax for row in rows)
        self.tracked = sum(row.units for row in rows if row.tracked)
        self.fulfilled = sum(row.fulfilled for row in rows)
        self.shipped = sum(row.shipped for row in rows)
        self.reserved = sum(row.reserved for row in rows)

    @property
    def stock_status(self) -> str:
        if not self.tracked:
            return "NON"
        return self.type + ("N" if not self.fulfilled else "P" if self.fulfilled < self.tracked else "A")

    @property
    def stock_status_id(self) -> int:
        return STOCK_STATUSES.index(self.stock_status) + 1

    @property
    def allocation_status(self) -> str:
        if not self.tracked or self.type != "SO":
            return "ANR"
        held = self.fulfilled + self.reserved
        return "ANA" if not held else "APA" if held < self.tracked else "AAA"

    @property
    def shipping_status(self) -> str:
        if not self.tracked:
            return "NST"
        return "SNS" if not self.shipped else "SPS" if self.shipped < self.tracked else "ASS"

    @property
    def payment_status(self) -> str:
        total = self.total
        if not total:
            return "NOT_APPLICABLE"
        sign = 1 if total > 0 else -1
        if not self.paid:
            return "AUTHORIZED" if self.authorised * sign >= total * sign else "UNPAID"
        return "PAID" if self.paid * sign >= total * sign else "PARTIALLY_PAID"

    @property
    def payment_status_id(self) -> int:
        return PAYMENT_STATUSES[self.payment_status]


class OrderStore:
    """All orders, with look-ups by external reference, by customer reference and by time of change."""

    def __init__(self) -> None:
        self.by_id: Records[Order] = Records()
        self.by_key: dict[tuple[str, str, int], int] = {}  # space, external reference, instance
        self.by_external_ref: dict[str, list[int]] = {}
        self.by_reference: dict[str, list[int]] = {}
        self.by_contact: dict[int, list[int]] = {}
        self.changed: dict[int, None] = {}  # order IDs, the most recently changed last
        self.closing: deque[int] = deque()
        self.invoices = 0
        self.credits = 0

    def add(self, order: Order, space: str) -> None:
        self.by_id[order.id] = order
        if order.external_ref:
            self.by_external_ref.setdefault(order.external_ref, []).append(order.id)
            if order.instance_id is not None:
                self.by_key[(space, order.external_ref, order.instance_id)] = order.id
        if order.reference:
            self.by_reference.setdefault(order.reference, []).append(order.id)
        self.by_contact.setdefault(order.contact_id, []).append(order.id)

    def refer(self, order: Order, reference: str) -> None:
        if order.reference:
            self.by_reference[order.reference].remove(order.id)
        order.reference = reference
        if reference:
            self.by_reference.setdefault(reference, []).append(order.id)

    def forget(self, order: Order) -> None:
        """Take an order out as if it had never been (a planted defect, never the API)."""
        del self.by_id[order.id]
        for index in (
            self.by_external_ref.get(order.external_ref),
            self.by_reference.get(order.reference),
            self.by_contact.get(order.contact_id),
        ):
            if index and order.id in index:
                index.remove(order.id)
        for key in [key for key, value in self.by_key.items() if value == order.id]:
            del self.by_key[key]
        self.changed.pop(order.id, None)

    def touch(self, order: Order, at: int) -> None:
        order.updated = at
        order.version += 1
        self.changed.pop(order.id, None)
        self.changed[order.id] = None


def settle_closes(world: World) -> None:
    """Turn closes whose delay is over into invoices. Called before every request; cheap when nothing is due."""
    store = world.orders
    if not store.closing or world.switches.close_fails:
        return
    now = world.now_ms()
    while store.closing:
        order = store.by_id.get(store.closing[0])
        if order is not None and order.invoice_due > now:
            return
        store.closing.popleft()
        if order is None or order.invoice != "pending":
            continue
        if order.type in ("SC", "PC"):
            store.credits += 1
            order.invoice = f"SC-{1000 + store.credits}"
        else:
            store.invoices += 1
            order.invoice = f"SI-{1000 + store.invoices}"
        order.closed = order.invoice_due
        order.status_id = world.reference.status_in(order.type, "invoiced")
        store.touch(order, order.invoice_due)
        world.emit("order.modified.order-status", order.id)


def of_type(world: World, number: int, *types: str) -> Order:
    """The order, which must exist and be of one of ``types``. Raises ``ApiError`` 404 or 400."""
    order = world.orders.by_id.get(number)
    if order is None:
        raise codes.ORDER_UNKNOWN.error(value=number)
    if types and order.type not in types:
        raise codes.WRONG_TYPE.error(value=number, type=" or ".join(types))
    return order
