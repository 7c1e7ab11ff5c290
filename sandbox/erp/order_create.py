"""Creating orders: sales-order and sales-credit POST in one atomic call, and the generic order POST.

A sales order or credit with an external reference and an installed integration instance is unique: the same pair
again answers 200 with the existing ID and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.amounts import scaled
from sandbox.erp.contacts import ADDRESS_LINES, country
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, ok
from sandbox.erp.order_model import Order
from sandbox.erp.order_rows import add_row
from sandbox.erp.reference import DEFAULT_STATUS, ORDER_TYPES
from sandbox.erp.times import DAY_MS, parse_instant, utc_midnight

if TYPE_CHECKING:
    from sandbox.world import World

REFERENCE_LENGTH = 64
PURCHASE_DELIVERY_MS = 7 * DAY_MS  # recorded: a purchase order without a date is due in a week
_LOOSE_LINES = (*ADDRESS_LINES, "addressFullName", "companyName", "telephone", "mobileTelephone", "fax", "email")


def post_sales(call: Call, type_code: str) -> Reply:
    world, body = call.world, call.fields()
    space = "" if world.switches.shared_reference_space else type_code
    external, instance = body.get("externalRef"), body.get("installedIntegrationInstanceId")
    if external not in (None, "") and instance is not None:
        existing = world.orders.by_key.get((space, str(external), int(instance)))
        if existing is not None:
            return ok(existing)
    order = _header(world, body, type_code)
    for place, row in enumerate(body.get("rows") or (), start=1):
        if not isinstance(row, dict):
            raise codes.BAD_MEMBER.error(name=f"rows[{place}]", value=row)
        add_row(world, order, row, place)
    order.recount()
    world.orders.add(order, space)
    world.contacts[order.contact_id].ordered = order.created
    if type_code == "SO":
        world.emit("sales-order.created", order.id)
    world.emit("order.modified", order.id)
    return ok(order.id, world.switches.created_status)


def _header(world: World, body: dict[str, Any], type_code: str) -> Order:
    customer = body.get("customer") or {}
    contact = customer.get("id") or body.get("customerId")
    if contact is None:
        raise codes.CUSTOMER_MISSING.error()
    _contact(world, contact)
    delivery, billing, currency = body.get("delivery") or {}, body.get("billing") or {}, body.get("currency") or {}
    now = world.now_ms()
    order = Order(
        id=world.next_id("order"),
        type=type_code,
        contact_id=contact,
        created=now,
        placed=instant(body, "placedOn", now),
        tax_date=instant(body, "taxDate", utc_midnight(now)),
        status_id=_status(world, body.get("statusId"), type_code),
        warehouse_id=warehouse(world, body.get("warehouseId")),
        channel_id=_channel(world, body.get("channelId")),
        reference=text(body.get("ref"), "ref"),
        external_ref=text(body.get("externalRef"), "externalRef", 255),
        instance_id=_integer(body, "installedIntegrationInstanceId"),
        parent_id=_parent(world, body.get("parentId")),
        billing_id=_contact(world, billing.get("contactId") or contact),
        price_list_id=_price_list(world, body.get("priceListId"), world.contacts[contact].price_list_id),
        price_mode=_price_mode(world, body),
        currency=_currency(world, currency.get("code")),
        exchange_rate=_rate(currency),
        fixed_rate=bool(currency.get("fixedExchangeRate")),
        delivery_date=instant(delivery, "date", now + PURCHASE_DELIVERY_MS if type_code == "PO" else None),
        shipping_method_id=shipping_method(world, delivery.get("shippingMethodId")),
        staff_id=_integer(body, "staffOwnerId") or 0,
        project_id=_integer(body, "projectId") or 0,
        lead_source_id=_integer(body, "leadSourceId") or 0,
        team_id=_integer(body, "teamId") or 0,
    )
    given = {
        "customer": customer.get("address"),
        "billing": billing.get("address"),
        "delivery": delivery.get("address"),
    }
    parties = {kind: party_of(address) for kind, address in given.items() if address}
    order.parties = parties or None
    return order


def post_generic(call: Call) -> Reply:
    """``orderTypeCode`` and a party are all that must be there; rows follow one by one."""
    world, body = call.world, call.fields()
    type_code = body.get("orderTypeCode")
    if not type_code:
        raise codes.ORDER_TYPE_MISSING.error()
    if type_code not in ORDER_TYPES:
        raise codes.ORDER_TYPE_INVALID.error()
    parties = body.get("parties") or {}
    kind = "customer" if type_code in ("SO", "SC") else "supplier"
    contact = (parties.get(kind) or {}).get("contactId")
    if contact is None:
        raise codes.SUPPLIER_MISSING.error() if kind == "supplier" else codes.CUSTOMER_MISSING.error()
    current = (body.get("assignment") or {}).get("current") or {}
    currency = body.get("currency") or {}
    delivery = body.get("delivery") or {}
    dates = (body.get("invoices") or [{}])[0]
    order = _header(
        world,
        {
            "customer": {"id": contact},
            "ref": body.get("reference"),
            "parentId": body.get("parentOrderId"),
            "priceListId": body.get("priceListId"),
            "priceModeCode": body.get("priceModeCode"),
            "placedOn": body.get("placedOn"),
            "taxDate": dates.get("taxDate"),
            "statusId": (body.get("orderStatus") or {}).get("orderStatusId"),
            "warehouseId": body.get("warehouseId"),
            "channelId": current.get("channelId"),
            "leadSourceId": current.get("leadSourceId"),
            "projectId": current.get("projectId"),
            "staffOwnerId": current.get("staffOwnerContactId"),
            "teamId": current.get("teamId"),
            "currency": {"code": currency.get("orderCurrencyCode"), **currency},
            "delivery": {
                "date": delivery.get("deliveryDate"),
                "shippingMethodId": delivery.get("shippingMethodId"),
                "address": parties.get("delivery"),
            },
        },
        type_code,
    )
    order.fixed_rate = bool(currency.get("fixedExchangeRate", True))
    world.orders.add(order, type_code)
    world.emit("order.modified", order.id)
    return ok(order.id, world.switches.generic_created_status)


def party_of(address: dict[str, Any]) -> dict[str, Any]:
    """A full party block from the members a caller gave; the rest is empty."""
    block: dict[str, Any] = {"addressFullName": "", "companyName": ""}
    block |= {name: str(address.get(name) or "") for name in _LOOSE_LINES}
    return block | country(address)


def text(value: object, name: str, limit: int = REFERENCE_LENGTH) -> str:
    found = "" if value is None else str(value)
    if len(found) > limit:
        raise codes.TEXT_TOO_LONG.error(name=name, length=len(found), limit=limit)
    return found


def instant(body: dict[str, Any], name: str, default: Any) -> Any:
    """Milliseconds of an optional date member; 400 when it is there and is no date."""
    if body.get(name) in (None, ""):
        return default
    found = parse_instant(body[name])
    if found is None:
        raise codes.BAD_DATE.error(name=name, value=body[name])
    return found


def _integer(body: dict[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise codes.BAD_MEMBER.error(name=name, value=value)
    return value


def _contact(world: World, number: object) -> int:
    if not isinstance(number, int) or number not in world.contacts:
        raise codes.CONTACT_UNKNOWN.error(value=number)
    return number


def _status(world: World, number: int | None, type_code: str) -> int:
    if number is None:
        return DEFAULT_STATUS[type_code]
    status = world.reference.statuses.get(number)
    if status is None or status.type != type_code:
        raise codes.STATUS_UNKNOWN.error(value=number, type=type_code)
    return number


def warehouse(world: World, number: int | None) -> int:
    if number is None:
        return 2
    if number not in world.reference.warehouses:
        raise codes.WAREHOUSE_UNKNOWN.error(value=number)
    return number


def _channel(world: World, number: int | None) -> int:
    if number in (None, 0):
        return 0
    if number not in world.reference.channels:
        raise codes.CHANNEL_UNKNOWN.error(value=number)
    return int(number or 0)


def _parent(world: World, number: object) -> int:
    """Accepts a number or its text, as the service does."""
    if number in (None, 0, "", "0"):
        return 0
    found = int(number) if isinstance(number, int) or str(number).isdecimal() else -1  # type: ignore[call-overload]  # checked
    if found not in world.orders.by_id:
        raise codes.PARENT_UNKNOWN.error(value=number)
    return int(found)


def _price_list(world: World, number: int | None, default: int) -> int:
    if number is None:
        return default
    if number not in world.reference.price_lists:
        raise codes.PRICE_LIST_UNKNOWN.error(value=number)
    return number


def _price_mode(world: World, body: dict[str, Any]) -> str:
    mode = body.get("priceModeCode")
    if mode is None:
        price_list = world.reference.price_lists.get(body.get("priceListId") or 2)
        return "INC" if price_list and price_list.gross else "EXC"
    if mode not in ("INC", "EXC"):
        raise codes.PRICE_MODE.error(value=mode)
    return str(mode)


def _currency(world: World, code: str | None) -> str:
    if code is None:
        return world.reference.base_currency
    if code not in world.reference.currencies:
        raise codes.CURRENCY_UNKNOWN.error(value=code)
    return code


def _rate(currency: dict[str, Any]) -> int:
    value = currency.get("exchangeRate")
    found = 1_000_000 if value is None else scaled(value, 6)
    if found is None or found <= 0:
        raise codes.BAD_MEMBER.error(name="currency.exchangeRate", value=value)
    return found


def shipping_method(world: World, number: int | None) -> int:
    """0 stands for none."""
    if number in (None, 0):
        return 0
    if number not in world.reference.shipping_methods:
        raise codes.SHIPPING_METHOD_UNKNOWN.error(value=number)
    return int(number or 0)


def register(router: Router) -> None:
    router.add("POST", "/order-service/sales-order", lambda call: post_sales(call, "SO"))
    router.add("POST", "/order-service/sales-credit", lambda call: post_sales(call, "SC"))
    router.add("POST", "/order-service/order", post_generic)
