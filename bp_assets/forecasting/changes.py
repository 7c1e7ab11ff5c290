"""Which days of demand something touched: the lake says which rows came and went since they were last computed.

Read: the lake's tables, and its record of what every snapshot changed. Written: temporary tables of the connection.

A change is found whoever made it and however: an order edited, deleted, re-dated, un-cancelled; a receipt that came
late, or whose order now stands in the ERP. A row that went or was other before still says which day it counted on, so
that an order leaves the one day and enters the other. What hangs on a changed order or receipt goes along: its credits
and the order it credits, the other half of an exchange, the sale that goods came back from, the receipts of a summary.
Rather a day too many than one too few: a day that is computed without need costs little and changes nothing.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from duckdb import DuckDBPyConnection

from bp_assets.forecasting.demand_facts import LINKS, OPEN, SCOPED_ORDERS, SCOPED_SALES

_MOMENT = "coalesce(placed_on, created_on, as_of)"  # of an order: what its day is taken from where no receipt says it
# By table: what of a changed row leads to days, to orders and to receipts.
_TOLD = {
    "orders": f"order_id, order_type, parent_order_id, warehouse_id, {_MOMENT} as moment",
    "order_rows": "order_id",
    "posted_orders": "order_id, sale_id",
    "pos_transactions": "sale_id, business_date, summary_id, receipt_number",
    "pos_lines": "sale_id, returned, original_sale_id",
}
_SKUS = "select sku, product_id from products {at} where sku <> ''"


def snapshot(connection: DuckDBPyConnection) -> int:
    """The snapshot that this transaction reads."""
    row = connection.execute("select id from lake.current_snapshot()").fetchone()
    assert row is not None  # a lake always has a snapshot
    return int(row[0])


def kept(connection: DuckDBPyConnection, number: int) -> bool:
    """Whether the lake still knows what changed since a snapshot."""
    query = "select count(*) from ducklake_snapshots('lake') where snapshot_id = ?"
    return connection.execute(query, [number]).fetchone() == (1,)


def days_touched(connection: DuckDBPyConnection, since: int, now: int, parameters: dict[str, Any]) -> set[date]:
    """The days that what changed between two snapshots counted on before and counts on now.

    ``places.lent`` surrounds it and ``ties`` comes first; ``parameters``: ``$zone``.
    """
    for table, columns in _TOLD.items():
        both = " union ".join(
            f"select {columns} from ducklake_table_{what}('lake', 'main', '{table}', {since + 1}, {now})"
            for what in ("insertions", "deletions")
        )
        connection.execute(f"create or replace temp table changed_{table} as {both}")
    was, stands = _SKUS.format(at=f"at (version => {since})"), _SKUS.format(at="")
    connection.execute(
        "create or replace temp table changed_skus as "  # their lines now count for another product, or for none
        f"select distinct sku from (({was} except {stands}) union ({stands} except {was}))"
    )
    anything = " or ".join(f"exists (from changed_{name})" for name in (*_TOLD, "skus"))
    if connection.execute(f"select {anything}").fetchone() == (False,):
        return set()
    _scope(
        connection,
        "select order_id from changed_orders union select order_id from changed_order_rows "
        "union select order_id from changed_posted_orders "
        "union select parent_order_id from changed_orders where order_type = 'SC' and parent_order_id is not null "
        "union select o.order_id from orders o semi join changed_pos_transactions t "
        "on left(t.receipt_number, 64) = o.reference",
        "select sale_id from changed_pos_transactions union select sale_id from changed_pos_lines "
        "union select sale_id from changed_posted_orders "
        "union select original_sale_id from changed_pos_lines where returned and original_sale_id is not null "
        "union select l.sale_id from pos_lines l semi join changed_skus s on s.sku = l.sku",
    )
    rows = connection.execute(
        f"""
        select distinct cast(timezone(coalesce(z.zone, $zone), o.moment) as date) from (
            select warehouse_id, moment from changed_orders where order_type in ('SO', 'SC')
            union all
            select o.warehouse_id, {_MOMENT} from orders o semi join {SCOPED_ORDERS} g on g.order_id = o.order_id
            where o.order_type in ('SO', 'SC')
        ) o left join forecast_zones z on z.warehouse_id = o.warehouse_id
        union
        select business_date from changed_pos_transactions where business_date is not null
        union
        select t.business_date from pos_transactions t semi join {SCOPED_SALES} g on g.sale_id = t.sale_id
        where t.business_date is not null
        """,
        {"zone": parameters["zone"]},
    )
    return {row[0] for row in rows.fetchall()}


def scope_of_days(connection: DuckDBPyConnection) -> None:
    """Make the scope of everything that may count on the days in ``demand_days`` (day).

    Orders are found by the instant they were placed, which is within two days of their trading day in any time zone;
    where a till's trading day is further away, by their receipt. ``ties`` comes first.
    """
    connection.execute(
        "create or replace temp table demand_near as "
        "select distinct unnest(range(number - 2, number + 3)) as number "
        "from (select day - date '1970-01-01' as number from demand_days)"
    )
    _scope(
        connection,
        f"select order_id from orders o semi join demand_near n on n.number = epoch_us({_MOMENT}) // 86400000000 "
        "where o.order_type in ('SO', 'SC')",
        "select sale_id from pos_transactions t semi join demand_days d on d.day = t.business_date",
    )


def links(connection: DuckDBPyConnection) -> None:
    """Make ``demand_links``: which order is which receipt's that was not read back. ``places.lent`` surrounds it."""
    connection.execute(OPEN)
    if connection.execute("select exists (from demand_open)").fetchone() == (True,):
        connection.execute(LINKS)
        return
    columns = "order_id BIGINT, sale_id VARCHAR, document VARCHAR"
    connection.execute(f"create or replace temp table demand_links ({columns})")


def ties(connection: DuckDBPyConnection) -> None:
    """Make small tables of what hangs on what, so that following it asks the lake once. ``links`` comes first."""
    for name, query in _TIES.items():
        connection.execute(f"create or replace temp table tied_{name} as {query}")


def _scope(connection: DuckDBPyConnection, orders: str, sales: str) -> None:
    """Fill the two tables of the scope from queries of order ids and of sale ids, with whatever hangs on them.

    An exchange leads to its other half, a credit to its order and the other way round, a summary to its receipts
    (whether these are in the ERP depends on it), a return to the sale it is from.
    """
    run = connection.execute
    run(f"create or replace temp table {SCOPED_ORDERS} as select distinct order_id from ({orders}) t(order_id)")
    run(f"create or replace temp table {SCOPED_SALES} as select distinct sale_id from ({sales}) t(sale_id)")
    for hop in _HOPS:
        run(hop)


_TIES = {
    "posted": "select order_id, sale_id from posted_orders union all select order_id, sale_id from demand_links",
    "credits": "select order_id, parent_order_id from orders where order_type = 'SC' and parent_order_id is not null",
    "members": "select sale_id, summary_id from pos_transactions where summary_id is not null",
    "returns": "select distinct sale_id, original_sale_id from pos_lines "
    "where returned and original_sale_id is not null",
}


def _hop(into: str, column: str, tie: str, found: str, condition: str) -> str:
    """Add to a table of the scope what a tie leads to."""
    new = f"select distinct id from (select {found} from tied_{tie} where {condition}) q(id)"
    return f"insert into {into} {new} where id not in (select {column} from {into})"


def _both(tie: str, one: str, other: str) -> str:
    """Both ends of a tie between two receipts, where one of them is in scope."""
    known = f"(select sale_id from {SCOPED_SALES})"
    return _hop(SCOPED_SALES, "sale_id", tie, f"unnest([{one}, {other}])", f"{one} in {known} or {other} in {known}")


_ORDERS_KNOWN, _SALES_KNOWN = f"(select order_id from {SCOPED_ORDERS})", f"(select sale_id from {SCOPED_SALES})"
_SALES_OF_ORDERS = _hop(SCOPED_SALES, "sale_id", "posted", "sale_id", f"order_id in {_ORDERS_KNOWN}")
_ORDERS_OF_SALES = _hop(SCOPED_ORDERS, "order_id", "posted", "order_id", f"sale_id in {_SALES_KNOWN}")
_PARENTS = _hop(SCOPED_ORDERS, "order_id", "credits", "parent_order_id", f"order_id in {_ORDERS_KNOWN}")
_CREDITS = _hop(SCOPED_ORDERS, "order_id", "credits", "order_id", f"parent_order_id in {_ORDERS_KNOWN}")
_HOPS = (
    _SALES_OF_ORDERS, _both("members", "sale_id", "summary_id"), _ORDERS_OF_SALES, _CREDITS, _PARENTS,
    _SALES_OF_ORDERS, _both("returns", "sale_id", "original_sale_id"), _ORDERS_OF_SALES, _PARENTS, _SALES_OF_ORDERS,
)  # fmt: skip
