"""Customer payments: POST, search, DELETE, and the totals per order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.erp import codes
from sandbox.erp.amounts import number, plain, scaled
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, done, ok
from sandbox.erp.idset import IdSet
from sandbox.erp.order_create import instant, text
from sandbox.erp.order_model import Order
from sandbox.erp.search import Column, Search, add_search, narrowed

if TYPE_CHECKING:
    from sandbox.world import World

TYPES = ("AUTH", "CAPTURE", "PAYMENT", "RECEIPT", "VOID")


@dataclass(slots=True)
class Payment:
    """Amounts in hundredths of ``currency``; exactly one of ``authorised`` and ``paid`` is meaningful for a type."""

    id: int
    order_id: int
    type: str
    method: str
    currency: str
    authorised: int
    paid: int
    date: int
    created: int
    ref: str = ""
    code: str = ""
    expires: int | None = None
    journal_id: int | None = None


def post(call: Call) -> Reply:
    """A given transactionRef is unique per method: a repeat is refused (or, by a switch, answers the old ID)."""
    world, body = call.world, call.fields()
    kind = body.get("paymentType")
    if kind not in TYPES:
        raise codes.PAYMENT_TYPE.error(value=kind)
    method = world.reference.payment_methods.get(str(body.get("paymentMethodCode")))
    if method is None or not method.active:
        raise codes.METHOD_UNKNOWN.error(value=body.get("paymentMethodCode"))
    order = world.orders.by_id.get(body.get("orderId"))  # type: ignore[arg-type]  # None finds nothing
    if order is None or order.type not in ("SO", "SC"):
        raise codes.PAYMENT_ORDER.error(value=body.get("orderId"))
    if body.get("currencyIsoCode") != order.currency:
        raise codes.PAYMENT_CURRENCY.error(value=body.get("currencyIsoCode"), order=order.currency)
    ref = text(body.get("transactionRef"), "transactionRef")
    existing = world.payment_by_ref.get((method.code, ref)) if ref else None
    if existing is not None:
        if world.switches.duplicate_payment_refused:
            raise codes.PAYMENT_DUPLICATE.error(method=method.code, value=ref, id=existing)
        return ok(existing)
    date = instant(body, "paymentDate", None)
    if date is None:
        raise codes.BAD_DATE.error(name="paymentDate", value=body.get("paymentDate"))
    authorises = kind in ("AUTH", "VOID")
    payment = Payment(
        id=world.next_id("payment"),
        order_id=order.id,
        type=kind,
        method=method.code,
        currency=order.currency,
        authorised=_amount(body.get("amountAuthorized", 0), "amountAuthorized", floor=0) if authorises else 0,
        paid=0 if authorises else _amount(body.get("amountPaid", 0), "amountPaid"),
        date=date,
        created=world.now_ms(),
        ref=ref,
        code=text(body.get("transactionCode"), "transactionCode"),
        expires=instant(body, "authorizationExpiry", None) if kind == "AUTH" else None,
        journal_id=body.get("journalId") or (None if authorises else world.next_id("journal")),
    )
    world.payments[payment.id] = payment
    if ref:
        world.payment_by_ref[(method.code, ref)] = payment.id
    order.payments.append(payment.id)
    recount(world, order)
    return ok(payment.id, world.switches.generic_created_status)


def _amount(value: object, name: str, floor: int | None = None) -> int:
    found = scaled(value, 2)
    if found is None or (floor is not None and found < floor):
        raise codes.PAYMENT_AMOUNT.error(name=name, value=value)
    return found


def totals(world: World, order: Order) -> tuple[int, int, int]:
    """Money in (RECEIPT + CAPTURE - PAYMENT), authorised (AUTH - VOID) and captured, in hundredths."""
    paid = authorised = captured = 0
    for payment in (world.payments[one] for one in order.payments):
        paid += -payment.paid if payment.type == "PAYMENT" else payment.paid
        authorised += -payment.authorised if payment.type == "VOID" else payment.authorised
        captured += payment.paid if payment.type == "CAPTURE" else 0
    return paid, authorised, captured


def recount(world: World, order: Order) -> None:
    """Carry the payments into the order; on a credit money out counts as paid."""
    paid, order.authorised, _ = totals(world, order)
    order.paid = -paid if order.type == "SC" else paid
    world.orders.touch(order, world.now_ms())
    world.emit("order.modified", order.id)


def delete(call: Call) -> Reply:
    world = call.world
    payment = world.payments.pop(call.id(), None)
    if payment is None:
        raise codes.NOT_FOUND.error(what=f"No customer payment {call.params[0]}")
    world.payment_by_ref.pop((payment.method, payment.ref), None)
    order = world.orders.by_id.get(payment.order_id)
    if order is not None:
        order.payments.remove(payment.id)
        recount(world, order)
    return done()


def get_totals(call: Call) -> Reply:
    world = call.world
    answer = []
    for order in call.ids(200).pick(world.orders.by_id):
        paid, authorised, captured = totals(world, order)
        answer.append(
            {
                "orderId": order.id,
                "amountPaid": number(paid, 2),
                "amountAuthorized": number(authorised, 2),
                "amountCaptured": number(captured, 2),
                "paymentCurrency": order.currency,
            }
        )
    if not answer:
        raise codes.NOT_FOUND.error(what=f"No orders available in ID Set {call.params[0]}")
    return ok(answer)


def _candidates(world: World, filters: dict[str, str]) -> Iterable[Payment]:
    if "transactionRef" in filters:
        ids = [world.payment_by_ref.get((code, filters["transactionRef"])) for code in world.reference.payment_methods]
        return [world.payments[one] for one in ids if one is not None]
    if "orderId" in filters:
        orders = IdSet(filters["orderId"]).pick(world.orders.by_id)
        return [world.payments[one] for order in orders for one in order.payments]
    found = narrowed(filters, "paymentId", world.payments)
    return world.payments.values() if found is None else found


def _text(name: str, get: object) -> Column:
    return Column(name, "STRING", get, sortable=False)  # type: ignore[arg-type]  # a getter, as in every column below


SEARCH = Search(
    columns=(
        Column("paymentId", "IDSET", lambda world, payment: payment.id),
        _text("transactionRef", lambda world, payment: payment.ref or None),
        _text("transactionCode", lambda world, payment: payment.code or None),
        _text("paymentMethodCode", lambda world, payment: payment.method),
        _text("paymentType", lambda world, payment: payment.type),
        Column("orderId", "IDSET", lambda world, payment: payment.order_id, sortable=False),
        Column(
            "currencyId",
            "IDSET",
            lambda world, payment: world.reference.currencies[payment.currency]["id"],
            sortable=False,
        ),
        _text("currencyCode", lambda world, payment: payment.currency),
        _text("amountAuthorized", lambda world, payment: plain(payment.authorised, 2)),
        _text("amountPaid", lambda world, payment: plain(payment.paid, 2)),
        Column("expires", "PERIOD", lambda world, payment: payment.expires, sortable=False),
        Column("paymentDate", "PERIOD", lambda world, payment: payment.date),
        Column("createdOn", "PERIOD", lambda world, payment: payment.created),
        Column("journalId", "IDSET", lambda world, payment: payment.journal_id),
    ),
    records=_candidates,
    created=lambda payment: payment.created,
    ordered=lambda world: world.payments,
)


def register(router: Router) -> None:
    base = "/accounting-service/customer-payment"
    add_search(router, f"{base}-search", SEARCH)
    router.add("POST", base, post)
    router.add("DELETE", f"{base}/{{id}}", delete)
    router.add("GET", "/accounting-service/sale-payment-total/{ids}", get_totals)
