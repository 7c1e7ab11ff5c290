"""Records that change or vanish while somebody pages through them: what other people do between two requests.

Read: the answer to a page of a search. Written: the first record of the page, as an edit of a person would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.record_edits import delete_contact, delete_product

if TYPE_CHECKING:
    from sandbox.world import World


def first_of(body: dict[str, Any]) -> int | None:
    """The ID of the first record of a page; the first column of every search is one."""
    response = body.get("response")
    rows = response.get("results") if isinstance(response, dict) else None
    return int(rows[0][0]) if rows and isinstance(rows[0][0], int) else None


def move(world: World, call: str, number: int) -> None:
    """The record is edited: its updatedOn becomes now, so that it changes its place in a search by that column."""
    now = world.now_ms()
    if call.endswith("order-search") and number in world.orders.by_id:
        world.orders.touch(world.orders.by_id[number], now)
    elif call.endswith("product-search") and number in world.products:
        world.touch_product(world.products[number])
    elif call.endswith("contact-search") and number in world.contacts:
        world.contacts[number].updated = now


def vanish(world: World, call: str, number: int) -> None:
    """The record is deleted: everything after it moves up by one."""
    if call.endswith("order-search") and number in world.orders.by_id:
        world.orders.forget(world.orders.by_id[number])
    elif call.endswith("product-search") and number in world.products:
        delete_product(world, world.products[number])
    elif call.endswith("contact-search") and number in world.contacts:
        delete_contact(world, world.contacts[number])
    elif call.endswith("goods-out-search") and number in world.goods_out:
        world.drop_note(world.goods_out[number])
    elif call.endswith("customer-payment-search"):
        world.payments.pop(number, None)
