"""The sandbox's own books, which know nothing of our code. Read: their JSON. Written: nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bp_assets.domain.money import to_minor


def net_of_credits(books: dict[str, Any], amount: str, currency: str) -> int:
    """``net``, ``tax`` or ``total`` of all orders less all credits, in the smallest unit."""
    return sum(
        to_minor(Decimal(order[amount]), currency) * (-1 if order["type"] == "SC" else 1) for order in books["orders"]
    )
