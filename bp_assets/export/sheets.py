"""The forecasting set: its 27 files, in their order. Pure.

Names, columns and their order are what the forecasting tools load by; a change here is a change for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from bp_assets.export import catalogue, goods, orders
from bp_assets.export.sheet import Sheet

SHEETS: tuple[Sheet, ...] = (
    catalogue.PRODUCTS,
    catalogue.PRODUCT_CUSTOM_FIELDS,
    catalogue.PRODUCT_SALES_CHANNELS,
    catalogue.PRODUCT_WAREHOUSES,
    catalogue.PRODUCT_VARIATIONS,
    catalogue.PRODUCT_PRICES,
    catalogue.PRICE_LISTS,
    catalogue.PRODUCT_AVAILABILITIES,
    catalogue.WAREHOUSES,
    catalogue.BRANDS,
    catalogue.CONTACTS,
    catalogue.CONTACT_POSTAL_ADDRESSES,
    catalogue.SEASONS,
    orders.ORDER_FULFILLMENTS,
    orders.ORDER_FULFILLMENT_LOCATIONS,
    orders.ORDERS,
    orders.RESERVATIONS,
    orders.PARTIAL_FULFILLMENTS,
    orders.DROPSHIP_NOTES,
    orders.DROPSHIP_NOTE_ORDER_ROWS,
    orders.DROPSHIP_NOTE_EVENTS,
    goods.GOODS_OUTS,
    goods.GOODS_OUT_ORDER_ROWS,
    goods.GOODS_OUT_EVENTS,
    goods.STOCK_TRANSFERS,
    goods.GOODS_IN,
    goods.GOODS_IN_MOVEMENTS,
)


def tables_read(with_contacts: bool = False, sheets: Sequence[Sheet] = SHEETS) -> tuple[str, ...]:
    """Every lake table that a set is made from, once."""
    return tuple(dict.fromkeys(name for sheet in sheets for name in sheet.needs(with_contacts)))
