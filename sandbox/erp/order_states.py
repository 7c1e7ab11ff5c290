"""What moves an order on: close (invoice), status changes; and the lists of types and states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.erp import codes
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, done, ok
from sandbox.erp.order_create import instant
from sandbox.erp.order_model import Order, of_type
from sandbox.erp.order_search import stock_status_name
from sandbox.erp.reference import ORDER_TYPES, SHIPPING_STATUSES, STOCK_STATUSES, OrderStatus
from sandbox.erp.reservations import release
from sandbox.erp.times import iso, parse_instant

if TYPE_CHECKING:
    from sandbox.world import World

NEVER = 1 << 62


def close(call: Call, type_code: str) -> Reply:
    """Asynchronous: the invoice is ``pending`` until accounting has made it; a pending close may be repeated."""
    world = call.world
    order = of_type(world, call.id(), type_code)
    if order.invoiced and world.switches.invoiced_close_refused:
        raise codes.ALREADY_INVOICED.error(value=order.id)
    if order.invoiced:
        return done()
    if world.reference.statuses[order.status_id].state == "cancelled":
        raise codes.ORDER_CANCELLED.error(value=order.id)
    body = call.body if isinstance(call.body, dict) else {}
    given = instant(body, "taxDate", None)
    locked = _locked(world, order.tax_date if given is None else given)
    if locked and world.switches.locked_close_refused:
        raise codes.PERIOD_LOCKED.error(value=order.id)
    order.invoice_date = given
    now = world.now_ms()
    order.invoice = "pending"
    order.invoice_due = NEVER if locked else now + world.switches.close_delay_ms
    world.orders.touch(order, now)
    if order.invoice_due != NEVER and order.id not in world.orders.closing:
        world.orders.closing.append(order.id)
    return done()


def _locked(world: World, day: int) -> bool:
    """Whether the accounting period of an invoice date is closed: then the invoice stays pending."""
    limit = parse_instant(world.switches.locked_until) if world.switches.locked_until else None
    return limit is not None and day <= limit


def put_status(call: Call) -> Reply:
    world, body = call.world, call.fields()
    order = of_type(world, call.id())
    status = world.reference.statuses.get(body.get("orderStatusId"))  # type: ignore[arg-type]  # None finds nothing
    if status is None or status.type != order.type or not status.visible:
        raise codes.STATUS_UNKNOWN.error(value=body.get("orderStatusId"), type=order.type)
    if status.state == "cancelled":
        _cancel(world, order)
    order.status_id = status.id
    add_note(world, order, body.get("orderNote") or {})
    world.orders.touch(order, world.now_ms())
    world.emit("order.modified.order-status", order.id)
    return done()


def _cancel(world: World, order: Order) -> None:
    """Possible without goods-out notes, without invoice and with payments summing to zero; drops reservations."""
    why = (
        "it has goods notes"
        if order.fulfilled
        else "it is invoiced"
        if order.invoice
        else "it has payments"
        if order.paid
        else ""
    )
    if why:
        raise codes.CANNOT_CANCEL.error(value=order.id, why=why)
    release(world, order)


def add_note(world: World, order: Order, body: dict[str, object]) -> int:
    notes = order.notes if order.notes is not None else []
    order.notes = notes
    number = world.next_id("order_note")
    notes.append(
        {
            "noteId": number,
            "contactId": order.created_by,
            "text": str(body.get("text") or ""),
            "isPublic": bool(body.get("isPublic")),
            "addedOn": world.now_ms(),
            "addedBy": order.created_by,
            "orderStatusId": order.status_id,
            "fileId": body.get("fileId") or 0,
        }
    )
    return number


def post_note(call: Call) -> Reply:
    order = of_type(call.world, call.id())
    body = call.fields()
    if not body.get("text"):
        raise codes.BAD_MEMBER.error(name="text", value="missing")
    return ok(add_note(call.world, order, body))


def get_notes(call: Call) -> Reply:
    order = of_type(call.world, call.id())
    wanted = call.optional_ids(1)
    zone = call.world.switches.time_zone
    notes = [note for note in order.notes or [] if wanted is None or note["noteId"] in wanted]
    return ok([{**note, "addedOn": iso(note["addedOn"], zone)} for note in notes])


def status_view(status: OrderStatus) -> dict[str, object]:
    return {
        "statusId": status.id,
        "name": status.name,
        "orderTypeCode": status.type,
        "sortOrder": status.sort,
        "disabled": False,
        "visible": status.visible,
        "color": status.color,
        "remindAfterDays": status.remind_after_days,
        "alertEmails": status.alert_emails,
        "emailContent": "",
        "batchProcess": False,
        "state": status.state,
    }


def get_statuses(call: Call) -> Reply:
    wanted = call.optional_ids()
    statuses = call.world.reference.statuses
    found = wanted.pick(statuses) if wanted else list(statuses.values())
    if not found:
        raise codes.NOT_FOUND.error(what=f"No order statuses available in ID Set {call.params[0]}")
    return ok([status_view(status) for status in found])


def post_status(call: Call) -> Reply:
    body, statuses = call.fields(), call.world.reference.statuses
    name, kind, color = str(body.get("name") or ""), body.get("orderTypeCode"), body.get("color")
    taken = any(status.name == name and status.type == kind for status in statuses.values())
    if not name or len(name) > 64 or kind not in ORDER_TYPES or not color or taken:
        raise codes.STATUS_NAME.error()
    number = max(max(statuses) + 1, 25)
    statuses[number] = OrderStatus(number, name, kind, "new", str(color))
    return ok(number)


def _fixed(entries: list[dict[str, object]], message_type: str, path: str, router: Router) -> None:
    router.add("GET", path, lambda call: ok(entries), message_type)


def register(router: Router) -> None:
    router.add(
        "POST", "/order-service/sales-order/{id}/close", lambda call: close(call, "SO"), "post-sales-order-close"
    )
    router.add(
        "POST", "/order-service/sales-credit/{id}/close", lambda call: close(call, "SC"), "post-sales-credit-close"
    )
    router.add("PUT", "/order-service/order/{id}/status", put_status, "put-order-status")
    router.add("POST", "/order-service/order/{id}/note", post_note, "post-order-note")
    router.add("GET", "/order-service/order/{id}/note/[ids]", get_notes, "get-order-note")
    router.add("GET", "/order-service/order-status/[ids]", get_statuses)
    router.add("POST", "/order-service/order-status", post_status)
    types: list[dict[str, object]] = [
        {"id": number, "code": code, "name": name} for code, (number, name) in ORDER_TYPES.items()
    ]
    stock: list[dict[str, object]] = [
        {"id": number, "code": code, "description": stock_status_name(number)}
        for number, code in enumerate(STOCK_STATUSES, start=1)
    ]
    shipping: list[dict[str, object]] = [
        {"id": number, "code": code, "description": text} for code, (number, text) in SHIPPING_STATUSES.items()
    ]
    _fixed(types, "get-order-type", "/order-service/order-type", router)
    _fixed(stock, "get-order-stock-status", "/order-service/order-stock-status", router)
    _fixed(shipping, "get-order-shipping-status", "/order-service/order-shipping-status", router)
