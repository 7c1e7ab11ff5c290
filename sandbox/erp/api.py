"""Puts the services together into one router."""

from __future__ import annotations

from sandbox.erp import (
    contacts,
    corrections,
    custom_fields,
    goods_in,
    goods_out,
    goods_out_read,
    lists,
    multi_message,
    order_create,
    order_edit,
    order_read,
    order_search,
    order_states,
    payments,
    prices,
    products,
    reservations,
    transfers,
    warehouse,
    webhooks,
)
from sandbox.erp.dispatch import Router

SERVICES = (
    products, prices, lists, contacts, custom_fields, order_create, order_edit, order_read, order_search, order_states,
    payments, warehouse, corrections, transfers, reservations, goods_out, goods_out_read, goods_in, webhooks,
    multi_message,
)  # fmt: skip


def build_router() -> Router:
    router = Router()
    for service in SERVICES:
        service.register(router)
    return router
