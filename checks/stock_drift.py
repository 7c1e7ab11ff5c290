"""Per product and warehouse: goods that left at the tills less goods that left in the ERP, and why they differ.

Read: pos_transactions, pos_lines, posted_orders, posted_goods, stock_corrections, products, warehouses, stock_levels,
the shops file.
Written: nothing.

Quantities are signed out of the shop: a sale is positive, goods that came back are negative. A gap is explained receipt
by receipt: ``in_flight`` (not settled, not read back, or sent from a warehouse later), ``parked`` (rejected),
``unknown_sku`` (the ERP has no such product), ``untracked`` (no stock is kept). The rest is ``unexplained``. Excluded
and quarantined receipts move nothing.
"""

from __future__ import annotations

from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

from bp_assets.domain.findings import Finding
from bp_assets.finance.by_receipt import GOODS_BY_RECEIPT
from bp_assets.finance.maps import lent
from checks.context import CheckContext, found, plain, rows

NAME = "stock_drift"
NAMED = 5  # receipts that a finding names; the rest are counted


def _named(quantity: str, condition: str) -> str:
    """SQL for the receipts behind a part: how many, from which shops, and the first ``NAMED`` of them."""
    receipt = f"struct_pack(sale_id, receipt_number, shop, business_date, quantity := {quantity}::DECIMAL(18,4))"
    first = f"arg_min({receipt}, coalesce(business_date::varchar, '') || sale_id, {NAMED}) filter ({condition})"
    shops = f"min(shop) filter ({condition}), max(shop) filter ({condition})"
    return f"struct_pack(n := count(*) filter ({condition}), first := {first}, shops := [{shops}])"


_GAPS = f"""
with skus as (
    select sku, any_value(product_id) as product_id, any_value(stock_tracked and not bundle) as tracked
    from products where sku <> '' group by sku having count(*) = 1
),
lines as (
    select l.sale_id, l.shop, k.product_id, coalesce(l.sku, '') as sku, coalesce(k.tracked, true) as tracked,
           l.quantity,
           case when l.ship_later and not l.returned then p.ship_from_warehouse_id
                else p.warehouse_id end as warehouse_id,
           case when l.ship_later and not l.returned then l.quantity else 0 end as later
    from pos_lines l
    join pos_transactions t on t.sale_id = l.sale_id and t.state not in ('excluded', 'quarantined')
    join shop_places p on p.shop = l.shop
    left join skus k on k.sku = l.sku
    where l.type = 'item' and not (l.returned and coalesce(l.restock, 'shop') = 'none')
),
till as (
    select sale_id, product_id, warehouse_id, case when product_id is null then sku else '' end as sku, tracked,
           sum(quantity) as till, sum(later) as later
    from lines group by all
),
erp as (
    select sale_id, product_id, warehouse_id, sum(case when direction = 'out' then quantity else -quantity end) as erp
    from ({GOODS_BY_RECEIPT}) group by all
),
moved as (
    select coalesce(t.sale_id, e.sale_id) as sale_id, coalesce(t.product_id, e.product_id) as product_id,
           coalesce(t.warehouse_id, e.warehouse_id) as warehouse_id, coalesce(t.sku, '') as unknown_sku,
           coalesce(t.tracked, true) as tracked, coalesce(t.till, 0) as till, coalesce(t.later, 0) as later,
           coalesce(e.erp, 0) as erp
    from till t full join erp e
         on e.sale_id = t.sale_id and e.product_id = t.product_id and e.warehouse_id = t.warehouse_id
),
gaps as (
    select m.*, m.till - m.erp as gap, s.receipt_number, s.shop, s.business_date,
           case when m.product_id is null then 'unknown_sku'
                when not m.tracked and m.erp = 0 then 'untracked'
                when s.state in ('pending', 'sending', 'unknown') then 'in_flight'
                when s.state = 'rejected' then 'parked'
                when s.state = 'posted'
                     and not exists (from posted_orders o where o.sale_id = m.sale_id) then 'in_flight'
                else 'settled' end as bucket
    from moved m left join pos_transactions s on s.sale_id = m.sale_id
),
split as (
    select *, case when bucket = 'settled' then gap - greatest(least(gap, later), 0) else 0 end as unexplained,
           case when bucket = 'in_flight' then gap
                when bucket = 'settled' then greatest(least(gap, later), 0) else 0 end as in_flight
    from gaps
)
select product_id, unknown_sku, warehouse_id,
       sum(till)::DECIMAL(18,4) as till, sum(erp)::DECIMAL(18,4) as erp, sum(gap)::DECIMAL(18,4) as difference,
       sum(in_flight)::DECIMAL(18,4) as in_flight,
       coalesce(sum(gap) filter (bucket = 'parked'), 0)::DECIMAL(18,4) as parked,
       coalesce(sum(gap) filter (bucket = 'unknown_sku'), 0)::DECIMAL(18,4) as unknown_sku_quantity,
       coalesce(sum(gap) filter (bucket = 'untracked'), 0)::DECIMAL(18,4) as untracked,
       sum(unexplained)::DECIMAL(18,4) as unexplained,
       {_named("unexplained", "unexplained <> 0")} as receipts,
       {_named("gap", "bucket = 'parked' and gap <> 0")} as parked_receipts,
       {_named("gap", "bucket = 'unknown_sku' and gap <> 0")} as unknown_receipts
from split group by product_id, unknown_sku, warehouse_id
"""

_NAMED_GAPS = f"""
select g.*, coalesce(p.sku, g.unknown_sku) as sku, coalesce(w.name, 'warehouse ' || g.warehouse_id) as warehouse
from ({_GAPS}) g
left join products p on p.product_id = g.product_id
left join warehouses w on w.warehouse_id = g.warehouse_id
order by warehouse, sku
"""

_LEVELS = """
select s.*, coalesce(nullif(p.sku, ''), 'product ' || s.product_id) as sku,
       coalesce(w.name, 'warehouse ' || s.warehouse_id) as warehouse
from stock_levels s
left join products p on p.product_id = s.product_id
left join warehouses w on w.warehouse_id = s.warehouse_id
where s.in_stock < 0 or s.on_hand < 0 or s.on_hand <> s.in_stock - s.allocated
order by warehouse, sku
"""

_COLUMNS = "sku, warehouse, till, erp, difference, in_flight, parked, unknown_sku_quantity, untracked, unexplained"


def stock_drift(connection: DuckDBPyConnection, context: CheckContext) -> list[Finding]:
    """Findings per product and warehouse, then on impossible stock figures of the ERP itself."""
    findings: list[Finding] = []
    with lent(connection, context.shops, "shop_places"):
        gaps = list(rows(connection, _NAMED_GAPS))
    for row in gaps:
        findings += _drift(row)
    for row in rows(connection, _LEVELS):
        findings += _level(row)
    return findings


def decomposition(connection: DuckDBPyConnection, context: CheckContext) -> pl.DataFrame:
    """One row per product and warehouse that moved unlike: till and ERP quantity, their difference, and its parts.

    ``difference = in_flight + parked + unknown_sku_quantity + untracked + unexplained``.
    """
    with lent(connection, context.shops, "shop_places"):
        sql = f"select {_COLUMNS} from ({_NAMED_GAPS}) where difference <> 0 order by warehouse, sku"
        return connection.execute(sql).pl()


def _drift(row: dict[str, Any]) -> list[Finding]:
    what, place = row["sku"] or "(no SKU)", f"{row['sku'] or '(no SKU)'} at {row['warehouse']}"
    findings = []
    if row["receipts"]["n"]:
        till, erp = plain(row["till"]), plain(row["erp"])
        explained = row["difference"] - row["unexplained"]
        also = f" ({plain(explained)} more are explained)" if explained else ""
        fact = (
            f"{what}: {till} left {row['warehouse']} at the tills and {erp} in the ERP; {plain(row['unexplained'])} "
            f"are unexplained{also}, on {_receipts(row['receipts'])}."
        )
        expected = f"{plain(row['till'] - explained)} out"
        findings.append(
            found(NAME, "unexplained", _one(row["receipts"]), fact, place=place, expected=expected, actual=f"{erp} out")
        )
    if row["parked_receipts"]["n"]:
        parked = plain(row["parked"])
        fact = (
            f"{what}: {parked} left {row['warehouse']} with rejected receipts and still stand in the ERP's stock: "
            f"{_receipts(row['parked_receipts'])}."
        )
        findings.append(
            found(
                NAME,
                "parked",
                _one(row["parked_receipts"]),
                fact,
                place=place,
                expected=f"{parked} out",
                actual="0 out",
            )
        )
    if row["unknown_receipts"]["n"]:
        sold = plain(row["unknown_sku_quantity"])
        on = _receipts(row["unknown_receipts"])
        fact = f"{what}: {sold} left {row['warehouse']} and the ERP has no such product: {on}."
        findings.append(
            found(
                NAME,
                "unknown_sku",
                _one(row["unknown_receipts"]),
                fact,
                place=place,
                expected=f"{sold} out",
                actual="no such product",
            )
        )
    return findings


def _level(row: dict[str, Any]) -> list[Finding]:
    place = f"{row['sku']} at {row['warehouse']}"
    findings = []
    if row["in_stock"] < 0 or row["on_hand"] < 0:
        actual = f"in stock {row['in_stock']}, on hand {row['on_hand']}"
        findings.append(
            found(NAME, "negative_stock", {}, f"{place}: {actual}.", place=place, expected="0 or more", actual=actual)
        )
    free = row["in_stock"] - row["allocated"]
    if row["on_hand"] != free:
        fact = f"{place}: in stock {row['in_stock']}, allocated {row['allocated']}, yet on hand {row['on_hand']}."
        findings.append(
            found(
                NAME,
                "inconsistent_stock",
                {},
                fact,
                place=place,
                expected=f"on hand {free}",
                actual=f"on hand {row['on_hand']}",
            )
        )
    return findings


def _receipts(part: dict[str, Any]) -> str:
    """``receipts 1001 (2), 1002 (-1) and 3 more``."""
    items, number = part["first"], part["n"]
    named = ", ".join(f"{i['receipt_number'] or i['sale_id']} ({plain(i['quantity'])})" for i in items)
    more = f" and {number - len(items)} more" if number > len(items) else ""
    return f"{'receipt' if number == 1 else 'receipts'} {named}{more}"


def _one(part: dict[str, Any]) -> dict[str, Any]:
    """What a finding names: the receipt if there is only one, else the shop if it is the same."""
    if part["n"] == 1:
        receipt: dict[str, Any] = part["first"][0]
        return receipt
    first, last = part["shops"]
    return {"shop": first if first == last else ""}
