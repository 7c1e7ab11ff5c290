"""Puts the services together into one router."""

from __future__ import annotations

from sandbox.erp import (
    addresses,
    contact_search,
    contacts,
    corrections,
    custom_fields,
    dropship,
    goods_in,
    goods_out,
    goods_out_read,
    lists,
    multi_message,
    options,
    order_create,
    order_edit,
    order_read,
    order_search,
    order_states,
    payments,
    prices,
    product_read,
    products,
    reservations,
    transfers,
    warehouse,
    webhooks,
)
from sandbox.erp.dispatch import Router

SERVICES = (
    products, product_read, options, prices, lists, contacts, contact_search, addresses, custom_fields, order_create,
    order_edit, order_read, order_search, order_states, payments, warehouse, corrections, transfers, reservations,
    goods_out, goods_out_read, goods_in, dropship, webhooks, multi_message,
)  # fmt: skip


def build_router() -> Router:
    router = Router()
    for service in SERVICES:
        service.register(router)
    return router
