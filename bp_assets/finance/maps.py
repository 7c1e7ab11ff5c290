"""What the shops file says, lent to a DuckDB connection as small tables, so that SQL can join the user's maps.

Read: the shops file; the distinct taxes and tenders of the till tables. Written: nothing (views of one connection that
are taken back afterwards).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import polars as pl
from duckdb import DuckDBPyConnection

from bp_assets import framing
from bp_assets.config.modes import minutes_to_close
from bp_assets.config.shops import Shop, ShopsFile
from bp_assets.domain.money import exponent
from bp_assets.domain.sale import Line, Tax

_PLACE = {
    "shop": pl.String, "zone": pl.String, "warehouse_id": pl.Int64, "ship_from_warehouse_id": pl.Int64,
    "channel_id": pl.Int64,
}  # fmt: skip
_ERP_PLACE = {"warehouse_id": pl.Int64, "channel_id": pl.Int64, "shop": pl.String, "zone": pl.String}
_TAX: dict[str, pl.DataType | type[pl.DataType]] = {
    "shop": pl.String,
    "till_tax": pl.String,
    "tax_rate": pl.Decimal(9, 4),
    "tax_code": pl.String,
}
_TENDER = {"shop": pl.String, "method": pl.String, "erp_method": pl.String}
_CURRENCY: dict[str, pl.DataType | type[pl.DataType]] = {"currency": pl.String, "smallest": pl.Decimal(18, 4)}


@contextmanager
def lent(connection: DuckDBPyConnection, shops: ShopsFile, *names: str) -> Iterator[None]:
    """Inside the block the connection also has the tables of ``names``; only those, since finding out which taxes and
    tenders the tills used reads whole tables.

    ``shop_places(shop, zone, warehouse_id, ship_from_warehouse_id, channel_id)``, unique by shop;
    ``erp_places(warehouse_id, channel_id, shop, zone)``, the way back from an order to a shop, unique by both ids;
    ``tax_map(shop, till_tax, tax_rate, tax_code)`` and ``tender_map(shop, method, erp_method)`` hold every tax and
    tender that the tills used, with the ERP's code or null where nothing is mapped;
    ``closing_times(shop, zone, minutes)``: how long after the beginning of a trading day it is closed (end_of_day);
    ``currency_units(currency, smallest)`` is one smallest unit in main units: 0.01 for GBP.
    """
    makers = {"tax_map": _taxes, "tender_map": _tenders, "currency_units": _currencies}
    frames = {name: _FIXED[name](shops) if name in _FIXED else makers[name](connection, shops) for name in names}
    with framing.lent(connection, frames):
        yield


def _places(shops: ShopsFile) -> pl.DataFrame:
    rows = [
        (s.key, s.time_zone, s.warehouse_id, s.ship_from_warehouse_id or s.warehouse_id, s.channel_id)
        for s in shops.shops
    ]
    return pl.DataFrame(rows, schema=_PLACE, orient="row")


def _erp_places(shops: ShopsFile) -> pl.DataFrame:
    """Two shops may share a warehouse and a channel; an order without a receipt is then shown at the first of them."""
    found: dict[tuple[int, int], tuple[str, str]] = {}
    for shop in shops.shops:
        found.setdefault((shop.warehouse_id, shop.channel_id), (shop.key, shop.time_zone))
    return pl.DataFrame([(*ids, *shop) for ids, shop in found.items()], schema=_ERP_PLACE, orient="row")


def _closing_times(shops: ShopsFile) -> pl.DataFrame:
    rows = [(s.key, s.time_zone, minutes_to_close(s.close_at)) for s in shops.shops]
    return pl.DataFrame(rows, schema={"shop": pl.String, "zone": pl.String, "minutes": pl.Int64}, orient="row")


def _taxes(connection: DuckDBPyConnection, shops: ShopsFile) -> pl.DataFrame:
    found = connection.execute("select distinct shop, till_tax, tax_rate from pos_lines").fetchall()
    rows = [(key, name, rate, _tax_code(shops, key, name, rate)) for key, name, rate in found]
    return pl.DataFrame(rows, schema=_TAX, orient="row")


def _tax_code(shops: ShopsFile, key: str, name: str, rate: Decimal | None) -> str | None:
    """The code that posting would take. Without a rate, a name stands for several taxes and decides alone."""
    shop = _shop(shops, key)
    if shop is None:
        return None
    taxes: tuple[Tax, ...] = ()
    if name or rate is not None:
        # No map has a negative rate: several taxes without a mapped name stay without a code.
        taxes = (Tax(code=name, rate=Decimal(-1) if rate is None else rate, amount_minor=0, inclusive=False),)
    line = Line(line_id="", quantity=Decimal(0), taxes=taxes, net_minor=0, tax_minor=0, gross_minor=0)
    return shops.tax_code(shop, line)


def _tenders(connection: DuckDBPyConnection, shops: ShopsFile) -> pl.DataFrame:
    found = connection.execute("select distinct shop, method from pos_tenders").fetchall()
    rows = []
    for key, method in found:
        shop = _shop(shops, key)
        rows.append((key, method, shops.payment_method(shop, method) if shop else None))
    return pl.DataFrame(rows, schema=_TENDER, orient="row")


def _currencies(connection: DuckDBPyConnection, _: ShopsFile) -> pl.DataFrame:
    found = connection.execute(
        "select distinct currency from pos_transactions union select distinct currency from posted_orders"
    ).fetchall()
    rows = [(currency, Decimal(1).scaleb(-exponent(currency))) for (currency,) in found]
    return pl.DataFrame(rows, schema=_CURRENCY, orient="row")


def _shop(shops: ShopsFile, key: str) -> Shop | None:
    return next((shop for shop in shops.shops if shop.key == key), None)


_FIXED = {"shop_places": _places, "erp_places": _erp_places, "closing_times": _closing_times}
