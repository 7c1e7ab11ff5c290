"""How every shop stands at this moment. Read: the ledger (marks, piles), the shops file. Written: nothing.

Without Dagster, so that a command on a terminal answers at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bp_assets.config import ShopsFile
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.marks import Mark, all_marks
from bp_assets.ledger.piles import Pile, piles
from bp_assets.operations.health import Health, assess


def assessed(ledger: Ledger, shops: ShopsFile, now: datetime) -> dict[str, tuple[Health, Mark | None, list[Pile]]]:
    """Every shop of the file, and others of which something is open: health, mark and piles, by shop key."""
    marks = {mark.shop: mark for mark in all_marks(ledger)}
    by_shop: dict[str, list[Pile]] = {key: [] for key in (*(shop.key for shop in shops.shops), *shops.broken)}
    in_file = {shop.key: shop for shop in shops.shops}
    for pile in piles(ledger):
        by_shop.setdefault(pile.shop, []).append(pile)
    promise = timedelta(seconds=shops.posting.promise_seconds)
    return {
        key: (
            assess(
                marks.get(key),
                own,
                shop=in_file.get(key),
                now=now,
                promise=promise,
                broken=shops.broken.get(key, ""),
            ),
            marks.get(key),
            own,
        )
        for key, own in sorted(by_shop.items())
    }
