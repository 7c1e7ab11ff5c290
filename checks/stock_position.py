"""Whether stock_position agrees with the ERP's own four figures, per product and warehouse.

Read: stock_position, products, warehouses, lake_marks. Written: nothing. What is allocated is compared with
reservations and notes only once both were read: an installation that only posts never reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from duckdb import DuckDBPyConnection

from bp_assets.domain.findings import Finding
from checks.context import CheckContext, found, plain, rows

NAME = "stock_position"

_READ = "select count(*) = 2 from lake_marks where table_name in ('reservations', 'goods_outs')"
_OFF = """
select s.*, coalesce(nullif(p.sku, ''), 'product ' || s.product_id) as sku,
       coalesce(w.name, 'warehouse ' || s.warehouse_id) as warehouse
from stock_position s
left join products p on p.product_id = s.product_id
left join warehouses w on w.warehouse_id = s.warehouse_id
where s.on_hand <> s.in_stock - s.allocated
   or ($read and s.allocated <> s.reserved + s.outbound)
   or s.available <> s.on_hand + s.on_order + s.inbound_transfer
order by warehouse, sku
"""


def stock_position(connection: DuckDBPyConnection, context: CheckContext) -> list[Finding]:
    """One finding per figure that is not the sum of its parts."""
    read = connection.execute(_READ).fetchone() == (True,)
    return [finding for row in rows(connection, _OFF, {"read": read}) for finding in _row(row, read)]


def _row(row: dict[str, Any], read: bool) -> Iterator[Finding]:
    place = f"{row['sku']} at {row['warehouse']}"
    free, held = row["in_stock"] - row["allocated"], row["reserved"] + row["outbound"]
    coming = row["on_hand"] + row["on_order"] + row["inbound_transfer"]
    if row["on_hand"] != free:
        fact = f"{place}: in stock {plain(row['in_stock'])}, allocated {plain(row['allocated'])}."
        yield _finding("on_hand", fact, place, f"on hand {plain(free)}", f"on hand {plain(row['on_hand'])}")
    if read and row["allocated"] != held:
        fact = f"{place}: reserved {plain(row['reserved'])}, on unshipped notes {plain(row['outbound'])}."
        actual = f"allocated {plain(row['allocated'])}"
        yield _finding("allocated", fact, place, f"allocated {plain(held)}", actual)
    if row["available"] != coming:
        fact = f"{place}: available is not on hand, on order and inbound together."
        yield _finding("available", fact, place, f"available {plain(coming)}", f"available {plain(row['available'])}")


def _finding(kind: str, fact: str, place: str, expected: str, actual: str) -> Finding:
    return found(NAME, kind, {}, fact, place=place, expected=expected, actual=actual)
