"""Which reader and which decoder belong to a shop's feed: the one place to add a till system.

Read: a shop of the shops file. Written: nothing.
"""

from __future__ import annotations

from bp_assets.config import FileDropFeed, Shop
from bp_assets.tills import file_drop_decode, square_decode
from bp_assets.tills.file_drop import FileDropTill
from bp_assets.tills.protocol import Decoded, RawReceipt, Till
from bp_assets.tills.square import SquareTill


def open_till(shop: Shop, currency: str) -> Till:
    """The reader of a shop's till. Keep it for the life of the process: it remembers what it has handed over."""
    return FileDropTill(shop, currency) if isinstance(shop.feed, FileDropFeed) else SquareTill(shop, currency)


def decode(raw: RawReceipt, shop: Shop, currency: str) -> Decoded:
    """A sale, or why there is none. Pure, never raises for what stands in the receipt.

    ``currency`` is the shop's (``ShopsFile.currency_of``).
    """
    if isinstance(shop.feed, FileDropFeed):
        return file_drop_decode.decode(raw, shop, currency)
    return square_decode.decode(raw, shop, currency)
