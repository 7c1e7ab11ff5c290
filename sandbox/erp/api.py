"""Puts the services together into one router."""

from __future__ import annotations

from sandbox.erp import (
    contacts,
    goods_in,
    goods_out,
    lists,
    multi_message,
    order_create,
    order_read,
    order_search,
    order_states,
    payments,
    prices,
    products,
    reservations,
    warehouse,
)
from sandbox.erp.dispatch import Router

SERVICES = (
    products, prices, lists, contacts, order_create, order_read, order_search, order_states, payments, warehouse,
    reservations, goods_out, goods_in, multi_message,
)  # fmt: skip


def build_router() -> Router:
    router = Router()
    for service in SERVICES:
        service.register(router)
    return router
