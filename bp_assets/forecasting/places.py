"""What the shops file says of places and days, lent to a DuckDB connection so that SQL can join it.

Read: the shops file. Written: nothing (views of one connection that are taken back afterwards).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

from bp_assets import framing
from bp_assets.config import ShopsFile


@contextmanager
def lent(connection: DuckDBPyConnection, shops: ShopsFile) -> Iterator[None]:
    """Inside the block the connection also has ``forecast_shops(shop, warehouse_id, channel_id)``, unique by shop;
    ``forecast_channels(channel_id)``, those that tills sell on; ``forecast_zones(warehouse_id, zone)``, unique by
    warehouse: where two shops of two zones share one, the first shop's."""
    zones: dict[int, str] = {}
    for shop in shops.shops:
        zones.setdefault(shop.warehouse_id, shop.time_zone)
    frames = {
        "forecast_shops": pl.DataFrame(
            [(shop.key, shop.warehouse_id, shop.channel_id) for shop in shops.shops],
            schema={"shop": pl.String, "warehouse_id": pl.Int64, "channel_id": pl.Int64},
            orient="row",
        ),
        "forecast_channels": pl.DataFrame(
            {"channel_id": sorted({shop.channel_id for shop in shops.shops})}, schema={"channel_id": pl.Int64}
        ),
        "forecast_zones": pl.DataFrame(
            list(zones.items()), schema={"warehouse_id": pl.Int64, "zone": pl.String}, orient="row"
        ),
    }
    with framing.lent(connection, frames):
        yield


def account_zone(shops: ShopsFile) -> str:
    """The time zone of orders on a warehouse that no shop has."""
    return shops.forecasting.time_zone or shops.shops[0].time_zone


def parameters(shops: ShopsFile) -> dict[str, Any]:
    """What the SQL of this room takes from the shops file by name."""
    return {"zone": account_zone(shops), "discount": shops.nominal_codes.discount}
