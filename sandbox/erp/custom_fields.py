"""Custom fields of orders, contacts and products: values (GET, PATCH) and definitions (meta-data)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, ok
from sandbox.erp.order_model import of_type
from sandbox.erp.patches import operations

if TYPE_CHECKING:
    from sandbox.world import World


@dataclass(slots=True)
class CustomField:
    """``kind``: TEXT, TEXT_AREA, YES_NO, INTEGER, DATE or SELECT; ``options``: option ID -> text, for SELECT."""

    id: int
    code: str
    name: str
    kind: str = "TEXT"
    required: bool = False
    options: dict[int, str] = field(default_factory=dict)


Definitions = dict[str, dict[int, CustomField]]  # sale, purchase, customer, product -> ID -> definition


def fresh_definitions() -> Definitions:
    """A few fields, one of each type that a till might use."""
    return {
        "sale": {
            1: CustomField(1, "PCF_TILL", "Till"),
            2: CustomField(2, "PCF_REASON", "Return reason", "SELECT", options={137: "Damaged", 138: "Wrong size"}),
            3: CustomField(3, "PCF_GIFT", "Gift", "YES_NO"),
        },
        "purchase": {},
        "customer": {4: CustomField(4, "PCF_LOYALTY", "Loyalty number", "INTEGER")},
        "product": {
            5: CustomField(5, "PCF_SEASON", "Season"),
            6: CustomField(6, "PCF_SERIAL", "Serial number kept", "YES_NO"),
        },
    }


def definition_view(one: CustomField) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "id": one.id,
        "code": one.code,
        "name": one.name,
        "customFieldType": one.kind,
        "required": one.required,
    }
    if one.options:
        shape["options"] = {str(number): {"id": number, "value": text} for number, text in one.options.items()}
    return shape


def patch_values(world: World, kind: str, values: dict[str, Any], body: object) -> dict[str, Any]:
    """Apply a patch to a copy. ``add`` sets or overwrites; ``replace`` and ``remove`` need a value that is there."""
    known = {one.code: one for one in world.custom_fields[kind].values()}
    values = dict(values)
    for op, path, value in operations(body):
        code = path.removeprefix("/")
        if code not in known:
            raise codes.PATCH_PATH.error(path=path)
        if op != "add" and code not in values:
            raise codes.PATCH_NO_VALUE.error(path=path, op=op)
        if op == "remove":
            del values[code]
        else:
            values[code] = _typed(known[code], value)
    return values


def _typed(one: CustomField, value: Any) -> Any:
    """The value as it reads back; HTTP 500 for the wrong JSON type, as the service answers."""
    if one.kind == "SELECT" and isinstance(value, dict) and value.get("id") in one.options:
        return {"id": value["id"], "value": one.options[value["id"]]}
    if one.kind == "INTEGER" and str(value).lstrip("-").isdecimal():
        return int(value)
    if one.kind == "YES_NO" and isinstance(value, bool):
        return value
    if one.kind in ("TEXT", "TEXT_AREA", "DATE") and isinstance(value, str):
        return value
    raise codes.FIELD_TYPE.error(code=one.code, kind=one.kind)


def order_fields(call: Call) -> Reply:
    order = of_type(call.world, call.id())
    if call.method == "PATCH":
        kind = "sale" if order.type in ("SO", "SC") else "purchase"
        order.custom = patch_values(call.world, kind, order.custom or {}, call.body)
    return ok(order.custom or {})


def contact_fields(call: Call) -> Reply:
    contact = call.world.contacts.get(call.id())
    if contact is None:
        raise codes.NOT_FOUND.error(what=f"No contact {call.params[0]}")
    if call.method == "PATCH":
        contact.custom = patch_values(call.world, "customer", contact.custom, call.body)
    return ok(contact.custom)


def patch_product_fields(call: Call) -> Reply:
    product = call.world.products.get(call.id())
    if product is None:
        raise codes.NOT_FOUND.error(what=f"No product {call.params[0]}")
    product.custom = patch_values(call.world, "product", product.custom or {}, call.body)
    if call.world.switches.details_touch_product:
        call.world.touch_product(product)
    return ok(product.custom)


def get_product_fields(call: Call) -> Reply:
    """Products without values and unknown ones are simply missing; always 200. Whole numbers are texts here."""
    found = call.ids(200).pick(call.world.products)
    return ok(
        {
            str(product.id): {code: str(held) if type(held) is int else held for code, held in product.custom.items()}
            for product in found
            if product.custom
        }
    )


def _definitions(kind: str) -> Callable[[Call], Reply]:
    def get(call: Call) -> Reply:
        wanted = call.optional_ids()
        known = call.world.custom_fields[kind]
        found = wanted.pick(known) if wanted else list(known.values())
        if wanted and not found:
            raise codes.NOT_FOUND.error(what=f"No custom fields available in ID Set {call.params[0]}")
        return ok([definition_view(one) for one in found])

    return get


def register(router: Router) -> None:
    meta = "get-custom-fields-metadata"
    for path, handler in (
        ("/order-service/order/{id}/custom-field", order_fields),
        ("/contact-service/contact/{id}/custom-field", contact_fields),
    ):
        router.add("GET", path, handler, "get-custom-fields")
        router.add("PATCH", path, handler, "patch-custom-fields")
    router.add("PATCH", "/product-service/product/{id}/custom-field", patch_product_fields, "patch-custom-fields")
    router.add("GET", "/product-service/product-custom-field/{ids}", get_product_fields)
    router.add("GET", "/order-service/sale/custom-field-meta-data/[ids]", _definitions("sale"), meta)
    router.add("GET", "/order-service/purchase/custom-field-meta-data/[ids]", _definitions("purchase"), meta)
    router.add("GET", "/contact-service/customer/custom-field-meta-data/[ids]", _definitions("customer"), meta)
    router.add("GET", "/product-service/product/custom-field-meta-data/[ids]", _definitions("product"), meta)
