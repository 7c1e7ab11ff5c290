"""The four shops of the simulated retailer, read and decoded as the project does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bp_assets.config import Shop, ShopsFile, loads
from bp_assets.domain.sale import Sale
from bp_assets.tills.protocol import Decoded, Excluded, Fetch, Quarantine, RawReceipt
from bp_assets.tills.systems import decode, open_till
from tests.sandbox.tills.serving import Tills

CURRENCY = "GBP"
TOML = (Path(__file__).parent / "four_shops.toml").read_text(encoding="utf-8")


def four_shops(tills: Tills) -> ShopsFile:
    """The shops file, pointed at running tills (and their drop folder)."""
    shops = loads(TOML)
    square = {"base_url": f"{tills.url}/square"}
    feeds = {
        shop.key: shop.feed.model_copy(
            update=square if shop.feed.kind == "square" else {"folder": tills.world.drop_dir / shop.key}
        )
        for shop in shops.shops
    }
    return shops.model_copy(
        update={"shops": tuple(shop.model_copy(update={"feed": feeds[shop.key]}) for shop in shops.shops)}
    )


def shop_of(tills: Tills, key: str) -> Shop:
    return four_shops(tills).shop(key)


def fetch_once(shop: Shop) -> Fetch:
    till = open_till(shop, CURRENCY)
    try:
        return till.fetch(None)
    finally:
        till.close()


def decoded(receipts: Iterable[RawReceipt], shop: Shop) -> dict[str, Decoded]:
    return {raw.source_id: decode(raw, shop, CURRENCY) for raw in receipts}


def money(outcome: Decoded) -> tuple[int | None, int | None, int | None]:
    """(net, tax, gross) of any outcome."""
    told: Sale | Quarantine = outcome.sale if isinstance(outcome, Excluded) else outcome
    return told.net_minor, told.tax_minor, told.gross_minor
