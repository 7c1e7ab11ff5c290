"""The account's small lists, each read whole. Pure.

Read: GETs of channels, tax codes, order statuses and nominal codes, search of shipping methods. Written: ``channels``,
``tax_codes``, ``order_statuses``, ``nominal_codes``, ``shipping_methods``.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from bp_assets.extraction import splits
from bp_assets.extraction.fields import Fields, decimal, flag, may, need, ref, text
from bp_assets.extraction.resource import Context, Decode, Decoded, Get, Resource, Rows, Search, Whole

CHANNEL = Fields(
    may("name", text, "name", default=""),
    may("default_warehouse_id", ref, "defaultWarehouseId"),
    may("default_price_list_id", ref, "defaultPriceListId"),
    given=("channel_id",),
)
TAX_CODE = Fields(
    need("tax_code", text, "code"),
    may("description", text, "description"),
    may("rate", decimal(4, digits=9), "rate", default=Decimal(0)),
    given=("tax_code_id",),
)
ORDER_STATUS = Fields(
    may("name", text, "name", default=""),
    may("order_type", text, "orderTypeCode", default=""),
    may("disabled", flag, "disabled"),
    may("color", text, "color"),
    given=("status_id",),
)
NOMINAL_CODE = Fields(
    need("code", text, "code"),
    may("name", text, "name", default=""),
    may("type_id", ref, "type", "id"),
    may("bank", flag, "bank", default=False),
    may("active", flag, "active", default=True),
)
SHIPPING_METHOD = Fields(
    may("name", text, "name", default=""),
    may("code", text, "code"),
    given=("shipping_method_id",),
)


def row_of(table: str, fields: Fields) -> Decode:
    """One row a record, beginning with its id."""

    def decode(object_id: int, raw: Any, context: Context) -> Decoded:
        return {table: [fields.of(raw, object_id)]}

    return decode


def decode_nominal_code(code: int, raw: Any, context: Context) -> Decoded:
    """The code as it is written: leading zeros belong to it."""
    return {"nominal_codes": [NOMINAL_CODE.of(raw)]}


RESOURCES = (
    Resource(
        name="channels",
        title="Sales channels",
        tables={"channels": Rows("channel_id", CHANNEL.names)},
        listing=Whole(),
        get=Get("/product-service/channel", splits.by_member("id")),
        decode=row_of("channels", CHANNEL),
        traps="There is no search and no filter: one request reads all.",
    ),
    Resource(
        name="tax_codes",
        title="Tax codes",
        tables={"tax_codes": Rows("tax_code_id", TAX_CODE.names)},
        listing=Whole(),
        get=Get("/accounting-service/tax-code", splits.by_member("id")),
        decode=row_of("tax_codes", TAX_CODE),
        traps="A rate of zero is left out of the answer; here it is 0.",
    ),
    Resource(
        name="order_statuses",
        title="Order statuses",
        tables={"order_statuses": Rows("status_id", ORDER_STATUS.names)},
        listing=Whole(),
        get=Get("/order-service/order-status", splits.by_member("statusId")),
        decode=row_of("order_statuses", ORDER_STATUS),
        every=timedelta(hours=24),
        traps="Names are the account's own text; two types of order may have statuses of one name.",
    ),
    Resource(
        name="nominal_codes",
        title="Nominal codes",
        tables={"nominal_codes": Rows("code", NOMINAL_CODE.names)},
        listing=Whole(),
        get=Get("/accounting-service/nominal-code", splits.by_member("code")),
        decode=decode_nominal_code,
        every=timedelta(hours=24),
        traps="The code is the key, not the id: orders and products name it.",
    ),
    Resource(
        name="shipping_methods",
        title="Shipping methods",
        tables={"shipping_methods": Rows("shipping_method_id", SHIPPING_METHOD.names)},
        listing=Search("/warehouse-service/shipping-method-search", "id", columns=("id", "code", "name")),
        get=None,
        decode=row_of("shipping_methods", SHIPPING_METHOD),
        every=timedelta(hours=24),
        traps="The search names id, code and name, which is all there is to know; it has no filter for changes.",
    ),
)
