"""What a webhook's event means for us: which table it is about, and so which job reads. Pure.

Read: nothing. Written: nothing. Event names are Brightpearl's (``product.modified.on-hand-modified``); one that is not
known is about orders at most, and reading orders back is cheap and never wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from bp_assets.brightpearl.id_sets import unpack
from bp_assets.ledger.webhooks import Webhook

PRODUCTS, STOCK, ORDERS = "products", "stock_levels", "posted_orders"
JOBS = {PRODUCTS: "refresh_products", STOCK: "refresh_stock", ORDERS: "read_back"}
SOURCE = "brightpearl"
MOST_IDS = 100_000  # of one hint: a set such as 1-999999999 is no hint


def table_of(event: str) -> str:
    """The table a hint is about: ``products``, ``stock_levels`` or ``posted_orders``."""
    if event.startswith("product"):
        return STOCK if "on-hand" in event else PRODUCTS
    if event.startswith(("goods-movement", "stock", "warehouse", "quarantine", "transfer")):
        return STOCK
    return ORDERS


def about(hints: Iterable[Webhook], table: str) -> tuple[list[int], list[int]]:
    """Of the open hints those about ``table``: their ids, and the ids of the records they name (readable ones)."""
    mine = [hint for hint in hints if table_of(hint.event) == table]
    named: set[int] = set()
    for hint in mine:
        with suppress(ValueError):  # a hint without a readable id still says that something changed
            named.update(_ids(hint.resource_id))
    return [hint.webhook_id for hint in mine], sorted(named)


def _ids(text: str) -> list[int]:
    width = sum(_width(part) for part in text.split(","))
    if width > MOST_IDS:
        raise ValueError(f"{text!r} names {width} records")
    return unpack(text)


def _width(part: str) -> int:
    low, _, high = part.partition("-")
    return max(1, int(high or low) - int(low) + 1)
