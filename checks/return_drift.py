"""Returns: what came back at the till beside what was credited, restocked and refunded in the ERP.

Read: pos_transactions, pos_lines, pos_tenders, posted_orders, posted_order_rows, posted_goods, posted_payments, the
parts of summaries, stock_corrections, products, warehouses, the shops file. Written: nothing.

Looked at are sales that are verified, or posted and already read back: what is on its way or rejected is reported by
``unposted_sales``. Returned more than sold, and returns without a known original, are looked at for every receipt that
was understood.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from duckdb import DuckDBPyConnection

from bp_assets.config.shops import UNPAID
from bp_assets.domain.findings import Finding
from bp_assets.finance.by_receipt import GOODS_BY_RECEIPT, ORDERS_BY_RECEIPT, PAYMENTS_BY_RECEIPT
from bp_assets.finance.maps import lent
from checks.context import CheckContext, found, money, plain, receipt_of, rows

NAME = "return_drift"

_SETTLED = f"""
erp_orders as ({ORDERS_BY_RECEIPT}),
settled as (
    select * from pos_transactions t
    where state = 'verified' or (state = 'posted' and exists (from erp_orders o where o.sale_id = t.sale_id))
),
back as (
    select l.* from pos_lines l semi join settled s on s.sale_id = l.sale_id where l.returned
),
credits as (
    select sale_id, min(order_id) as order_id, sum(total)::DECIMAL(18,4) as total
    from erp_orders where document = 'SC' group by sale_id
),
skus as (select sku, any_value(product_id) as product_id, any_value(stock_tracked and not bundle) as tracked
         from products where sku <> '' group by sku having count(*) = 1)
"""

_CREDITS = f"""
with {_SETTLED},
due as (select sale_id, -sum(gross)::DECIMAL(18,4) as due from back group by sale_id)
select s.*, d.due, c.order_id, c.total
from due d join settled s on s.sale_id = d.sale_id
left join credits c on c.sale_id = d.sale_id
where c.order_id is null or c.total <> d.due
order by s.business_date, s.sale_id
"""

_QUANTITIES = f"""
with {_SETTLED},
till as (
    select b.sale_id, k.product_id, b.sku, -sum(b.quantity)::DECIMAL(18,4) as quantity
    from back b join skus k on k.sku = b.sku where b.type = 'item' group by all
),
erp as (
    select o.sale_id, r.product_id, sum(r.quantity)::DECIMAL(18,4) as quantity
    from posted_order_rows r join posted_orders o on o.order_id = r.order_id
    where o.document = 'SC' group by all
)
select s.*, t.sku, t.quantity as due, coalesce(e.quantity, 0) as credited, c.order_id
from till t join settled s on s.sale_id = t.sale_id
join credits c on c.sale_id = t.sale_id
left join erp e on e.sale_id = t.sale_id and e.product_id = t.product_id
where s.summary_id is null -- a summary has no rows of products
  and t.quantity <> coalesce(e.quantity, 0)
order by s.business_date, s.sale_id, t.sku
"""

_PLACES = f"""
with {_SETTLED},
till as (
    select sale_id, product_id, sku, 
           list({{'warehouse': warehouse_id, 'quarantined': quarantined, 'quantity': quantity}}
                order by warehouse_id, quarantined) as places, sum(quantity) as quantity
    from (
        select b.sale_id, k.product_id, b.sku, p.warehouse_id,
               coalesce(b.restock, 'shop') = 'quarantine' as quarantined,
               -sum(b.quantity)::DECIMAL(18,4) as quantity
        from back b join skus k on k.sku = b.sku and k.tracked join shop_places p on p.shop = b.shop
        where b.type = 'item' and coalesce(b.restock, 'shop') <> 'none' group by all
    ) group by all
),
erp as (
    select sale_id, product_id, 
           list({{'warehouse': warehouse_id, 'quarantined': quarantined, 'quantity': quantity}}
                order by warehouse_id, quarantined) as places, sum(quantity) as quantity
    from (
        select sale_id, product_id, warehouse_id, quarantined, sum(quantity)::DECIMAL(18,4) as quantity
        from ({GOODS_BY_RECEIPT}) where direction = 'in' group by all
    ) group by all
),
whole as (
    select coalesce(t.sale_id, e.sale_id) as sale_id, coalesce(t.product_id, e.product_id) as product_id, t.sku,
           coalesce(t.places, []) as due_places, coalesce(e.places, []) as places,
           coalesce(t.quantity, 0) as due, coalesce(e.quantity, 0) as quantity
    from till t full join erp e on e.sale_id = t.sale_id and e.product_id = t.product_id
)
select s.*, coalesce(w.sku, p.sku) as sku, w.due_places, w.places, w.due, w.quantity, c.order_id
from whole w join settled s on s.sale_id = w.sale_id
join credits c on c.sale_id = w.sale_id
left join products p on p.product_id = w.product_id
where w.due_places <> w.places
order by s.business_date, s.sale_id, w.product_id
"""

_REFUNDS = f"""
with {_SETTLED},
till as (
    select t.sale_id, -sum(t.amount)::DECIMAL(18,4) as due
    from pos_tenders t semi join settled s on s.sale_id = t.sale_id
    left join tender_map m on m.shop = t.shop and m.method = t.method
    where t.amount < 0 and m.erp_method is distinct from '{UNPAID}' group by t.sale_id
),
erp as (
    select sale_id, sum(amount)::DECIMAL(18,4) as paid
    from ({PAYMENTS_BY_RECEIPT}) where type = 'PAYMENT' and method <> $clearing group by sale_id
)
select s.*, coalesce(t.due, 0) as due, coalesce(e.paid, 0) as paid
from till t full join erp e on e.sale_id = t.sale_id
join settled s on s.sale_id = coalesce(t.sale_id, e.sale_id)
where coalesce(t.due, 0) <> coalesce(e.paid, 0)
order by s.business_date, s.sale_id
"""

_UNDERSTOOD = """
understood as (select * from pos_transactions where state not in ('excluded', 'quarantined')),
back as (
    select l.*, t.receipt_number, t.sold_at from pos_lines l join understood t on t.sale_id = l.sale_id
    where l.returned and l.type = 'item'
),
linked as (
    select b.*, o.receipt_number as original_receipt,
           (select sum(s.quantity) from pos_lines s where s.sale_id = b.original_sale_id and not s.returned
            and s.type = 'item'
            and case when b.original_line_id is null then s.sku is not distinct from b.sku
                     else s.line_id = b.original_line_id end) as sold
    from back b left join pos_transactions o on o.sale_id = b.original_sale_id
)
"""

_OVER = f"""
with {_UNDERSTOOD}
select original_sale_id, original_line_id, any_value(sku) as sku, any_value(original_receipt) as original_receipt,
       any_value(sold) as sold, -sum(quantity) as returned,
       string_agg(distinct receipt_number, ', ' order by receipt_number) as receipts,
       arg_max(sale_id, sold_at) as sale_id, arg_max(receipt_number, sold_at) as receipt_number,
       arg_max(shop, sold_at) as shop, arg_max(business_date, sold_at) as business_date
from linked where sold is not null
group by original_sale_id, original_line_id, case when original_line_id is null then sku end
having -sum(quantity) > any_value(sold)
order by business_date, original_sale_id, original_line_id
"""

_UNLINKED = f"""
with {_UNDERSTOOD}
select sale_id, shop, receipt_number, business_date, count(*) as n, any_value(original_sale_id) as original_sale_id,
       bool_or(original_receipt is not null) as held
from linked where sold is null
group by sale_id, shop, receipt_number, business_date
order by business_date, sale_id
"""


def return_drift(connection: DuckDBPyConnection, context: CheckContext) -> list[Finding]:
    """Findings on credits, quantities, places, refunds, then on originals; one per receipt, product or line."""
    names = dict(connection.execute("select warehouse_id, name from warehouses").fetchall())
    with lent(connection, context.shops, "shop_places", "tender_map"):
        findings = [_credit(row) for row in rows(connection, _CREDITS)]
        findings += [_quantity(row) for row in rows(connection, _QUANTITIES)]
        findings += [_place(row, names) for row in rows(connection, _PLACES)]
        clearing = {"clearing": context.shops.exchange_method}
        findings += [_refund(row) for row in rows(connection, _REFUNDS, clearing)]
    findings += [_over(row) for row in rows(connection, _OVER)]
    return findings + [_unlinked(row) for row in rows(connection, _UNLINKED)]


def _credit(row: dict[str, Any]) -> Finding:
    """``difference`` is till less ERP with the till's sign: money that came back is negative."""
    due, currency = money(row["due"], row["currency"]), row["currency"]
    if row["order_id"] is None:
        return found(
            NAME, "not_credited", row, f"{receipt_of(row)} took back goods for {due}; the ERP has no credit.",
            expected=f"a credit of {due}", actual="no credit", difference=-row["due"],
        )  # fmt: skip
    total = money(row["total"], currency)
    return found(
        NAME, "credited_other_amount", row,
        f"{receipt_of(row)} took back goods for {due}; credit {row['order_id']} is {total}.",
        place=f"credit {row['order_id']}", expected=due, actual=total, difference=row["total"] - row["due"],
    )  # fmt: skip


def _quantity(row: dict[str, Any]) -> Finding:
    due, credited = plain(row["due"]), plain(row["credited"])
    return found(
        NAME, "credited_other_quantity", row,
        f"{receipt_of(row)} took back {due} of {row['sku']}; credit {row['order_id']} has {credited}.",
        place=f"product {row['sku']}", expected=f"{due} of {row['sku']}", actual=f"{credited} of {row['sku']}",
    )  # fmt: skip


def _place(row: dict[str, Any], names: dict[int, str]) -> Finding:
    kind = "not_restocked" if row["quantity"] < row["due"] else "restocked_other_place"
    due, there = _where(row["due_places"], names), _where(row["places"], names)
    return found(
        NAME, kind, row, f"{receipt_of(row)}, {row['sku']}: expected in stock {due}; the ERP received {there}.",
        place=f"product {row['sku']}", expected=due, actual=there,
    )  # fmt: skip


def _where(places: Iterable[dict[str, Any]], names: dict[int, str]) -> str:
    """``1 at Leeds, 2 in quarantine at Leeds``; ``nothing`` where there is none."""
    parts = [
        f"{plain(place['quantity'])} {'in quarantine ' if place['quarantined'] else ''}at "
        f"{names.get(place['warehouse'], 'warehouse ' + str(place['warehouse']))}"
        for place in places
    ]
    return ", ".join(parts) or "nothing"


def _refund(row: dict[str, Any]) -> Finding:
    currency = row["currency"]
    due, paid = money(row["due"], currency), money(row["paid"], currency)
    kind = "not_refunded" if row["paid"] == 0 else "refunded_other_amount"
    return found(
        NAME, kind, row, f"{receipt_of(row)} paid back {due}; the ERP shows {paid}.",
        expected=f"refund of {due}", actual=f"refund of {paid}", difference=row["paid"] - row["due"],
    )  # fmt: skip


def _over(row: dict[str, Any]) -> Finding:
    sold, returned = plain(row["sold"]), plain(row["returned"])
    line = f" line {row['original_line_id']}" if row["original_line_id"] else ""
    fact = (
        f"{returned} of {row['sku']} came back on {row['receipts']}, "
        f"but receipt {row['original_receipt']}{line} sold {sold}."
    )
    return found(
        NAME, "over_returned", row, fact, place=f"receipt {row['original_receipt']}{line} ({row['sku']})",
        expected=f"at most {sold} back", actual=f"{returned} back",
    )  # fmt: skip


def _unlinked(row: dict[str, Any]) -> Finding:
    lines = "1 line" if row["n"] == 1 else f"{row['n']} lines"
    if row["original_sale_id"] is None:
        actual = "no original named"
    elif row["held"]:
        actual = "the original has no such line"
    else:
        actual = f"original {row['original_sale_id']} is not held"
    return found(
        NAME, "unlinked", row, f"{receipt_of(row)} took back goods without a known sale ({lines}): {actual}.",
        expected="a known original sale", actual=actual,
    )  # fmt: skip
