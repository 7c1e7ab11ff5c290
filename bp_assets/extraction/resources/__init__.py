"""The descriptions of the ERP's resources, with their decode functions: one file per family.

``ALL`` has them in an order in which each comes after those whose tables it asks.
"""

from __future__ import annotations

from bp_assets.extraction.resource import Resource
from bp_assets.extraction.resources import (
    account_lists,
    contacts,
    dropship,
    goods_in,
    goods_out,
    ledgers,
    open_orders,
    orders,
    prices,
    products,
    small_lists,
    stock,
)

ALL: tuple[Resource, ...] = (
    *account_lists.RESOURCES,
    *small_lists.RESOURCES,
    *products.RESOURCES,
    *prices.RESOURCES,
    *contacts.RESOURCES,
    *orders.RESOURCES,
    *open_orders.RESOURCES,
    *goods_out.RESOURCES,
    *goods_in.RESOURCES,
    *dropship.RESOURCES,
    *ledgers.RESOURCES,
    *stock.RESOURCES,
)
