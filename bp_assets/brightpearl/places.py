"""Warehouses with their locations, sales channels, shipping methods. Read: two services. Written: nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import BadAnswer
from bp_assets.brightpearl.reading import Misread, Record, decode_list, decode_rows
from bp_assets.brightpearl.search import search
from bp_assets.domain.catalogue import Place

WAREHOUSE = "/warehouse-service/warehouse"


@dataclass(frozen=True, slots=True)
class Warehouse:
    warehouse_id: int
    name: str
    type_code: str
    address_id: int


@dataclass(frozen=True, slots=True)
class Channel:
    channel_id: int
    name: str
    channel_type_id: int
    default_warehouse_id: int
    default_price_list_id: int


@dataclass(frozen=True, slots=True)
class ShippingMethod:
    shipping_method_id: int
    code: str
    name: str


def warehouses(client: ErpClient) -> list[Warehouse | Misread]:
    return decode_list("warehouse", client.get(WAREHOUSE), "id", _warehouse)


def places(client: ErpClient, warehouse_ids: Iterable[int]) -> dict[int, Place]:
    """Default and quarantine location of each warehouse: two requests each. A warehouse that is unknown is left out.

    Raises as :meth:`ErpClient.get`.
    """
    found: dict[int, Place] = {}
    for warehouse_id in sorted(set(warehouse_ids)):
        default = _location(client, warehouse_id, "default")
        if default is not None:
            quarantine = _location(client, warehouse_id, "quarantine")
            found[warehouse_id] = Place(warehouse_id, default, quarantine or default)
    return found


def channels(client: ErpClient) -> list[Channel | Misread]:
    return decode_list("channel", client.get("/product-service/channel"), "id", _channel)


def shipping_methods(client: ErpClient) -> list[ShippingMethod | Misread]:
    rows = search(client, "/warehouse-service/shipping-method-search", {}, columns=["id", "code", "name"])
    return decode_rows("shipping-method", rows, "id", _shipping_method)


def _location(client: ErpClient, warehouse_id: int, which: str) -> int | None:
    """The bare number the ERP answers with, or ``None`` where there is none."""
    answer = client.get(f"{WAREHOUSE}/{warehouse_id}/location/{which}")
    if answer.empty:
        return None
    if answer.new_id is None:
        raise BadAnswer(f"{which} location of warehouse {warehouse_id}: not a number", answer.status)
    return answer.new_id


def _warehouse(raw: Record) -> Warehouse:
    return Warehouse(
        warehouse_id=raw.whole("id"),
        name=raw.text("name", default=""),
        type_code=raw.text("typeCode", default=""),
        address_id=raw.whole("address", "addressId", default=0),
    )


def _channel(raw: Record) -> Channel:
    return Channel(
        channel_id=raw.whole("id"),
        name=raw.text("name", default=""),
        channel_type_id=raw.whole("channelTypeId", default=0),
        default_warehouse_id=raw.whole("defaultWarehouseId", default=0),
        default_price_list_id=raw.whole("defaultPriceListId", default=0),
    )


def _shipping_method(raw: Record) -> ShippingMethod:
    return ShippingMethod(raw.whole("id"), raw.text("code", default=""), raw.text("name", default=""))
