"""Where stock is and what is coming: the SQL of stock_on_order, stock_position and partial_fulfillments. Pure.

Read: orders, order_rows, cancelled_statuses, goods_ins, goods_in_movements, goods_outs, goods_out_order_rows,
reservations, products, stock_levels, stock_on_order. Written: nothing; the assets store it. Parameter: ``$as_of``.
"""

from __future__ import annotations

from bp_assets.forecasting.demand_facts import FREE_TEXT
from bp_assets.lake.forecasting_tables import NOT_CANCELLED

# What came in on a purchase, by its row: a note that was cancelled brought nothing.
RECEIVED = """
    select m.purchase_order_row_id as order_row_id, sum(m.quantity) as quantity
    from goods_in_movements m
    join goods_ins n on n.goods_note_id = m.goods_note_id
         and n.goods_note_status is distinct from 'CANCELLED' and not n.transfer
    where m.purchase_order_row_id is not null group by all
"""

STOCK_ON_ORDER = f"""
with received as ({RECEIVED}),
open_rows as (
    select r.product_id, coalesce(o.warehouse_id, 0) as warehouse_id, o.order_id, o.delivery_date,
           r.quantity - coalesce(g.quantity, 0) as quantity
    from orders o
    join order_rows r on r.order_id = o.order_id
    left join received g on g.order_row_id = r.order_row_id
    left join products p on p.product_id = r.product_id
    where o.order_type = 'PO' and {NOT_CANCELLED} and o.stock_status in ('PON', 'POP') and not o.is_drop_ship
      and r.product_id <> {FREE_TEXT} and coalesce(p.stock_tracked, true)
)
select product_id, warehouse_id, sum(quantity)::DECIMAL(18,4) as quantity, count(distinct order_id) as orders,
       min(delivery_date) as next_due, $as_of as as_of
from open_rows where quantity > 0
group by product_id, warehouse_id order by product_id, warehouse_id
"""

# Unshipped notes, to customers and to other warehouses.
_ON_NOTES = """
    select n.goods_out_id, n.warehouse_id, n.target_warehouse_id, n.transfer, r.product_id, r.quantity
    from goods_outs n join goods_out_order_rows r on r.goods_out_id = n.goods_out_id
    where not n.shipped
"""

STOCK_POSITION = f"""
with on_notes as ({_ON_NOTES}),
parts as (
    select product_id, warehouse_id, in_stock::DECIMAL(18,4) as in_stock, allocated::DECIMAL(18,4) as allocated,
           on_hand::DECIMAL(18,4) as on_hand, in_transit::DECIMAL(18,4) as in_transit, 0 as reserved, 0 as outbound,
           0 as on_order, 0 as coming
    from stock_levels
    union all
    select product_id, warehouse_id, 0, 0, 0, 0, quantity, 0, 0, 0 from reservations
    union all
    select product_id, warehouse_id, 0, 0, 0, 0, 0, quantity, 0, 0 from on_notes
    union all
    select product_id, warehouse_id, 0, 0, 0, 0, 0, 0, quantity, 0 from stock_on_order
    union all
    select product_id, target_warehouse_id, 0, 0, 0, 0, 0, 0, 0, quantity from on_notes
    where transfer and target_warehouse_id is not null
),
summed as (
    select product_id, warehouse_id, sum(in_stock) as in_stock, sum(allocated) as allocated, sum(on_hand) as on_hand,
           sum(in_transit) as in_transit, sum(reserved) as reserved, sum(outbound) as outbound,
           sum(on_order) as on_order, sum(in_transit) + sum(coming) as inbound_transfer
    from parts group by product_id, warehouse_id
)
select product_id, warehouse_id, in_stock::DECIMAL(18,4) as in_stock, allocated::DECIMAL(18,4) as allocated,
       on_hand::DECIMAL(18,4) as on_hand, in_transit::DECIMAL(18,4) as in_transit, reserved::DECIMAL(18,4) as reserved,
       outbound::DECIMAL(18,4) as outbound, on_order::DECIMAL(18,4) as on_order,
       inbound_transfer::DECIMAL(18,4) as inbound_transfer,
       (on_hand + on_order + inbound_transfer)::DECIMAL(18,4) as available, $as_of as as_of
from summed order by product_id, warehouse_id
"""

# Brightpearl has no list of this: of an order fulfilled in part (SOP), what stands on notes that have not shipped.
PARTIAL_FULFILLMENTS = f"""
select r.order_row_id, n.warehouse_id, n.order_id, min(r.product_id) as product_id,
       sum(r.quantity)::DECIMAL(18,4) as quantity, $as_of as as_of
from goods_outs n
join goods_out_order_rows r on r.goods_out_id = n.goods_out_id
join orders o on o.order_id = n.order_id and o.stock_status = 'SOP'
where {NOT_CANCELLED} and not n.shipped and not n.transfer
group by r.order_row_id, n.warehouse_id, n.order_id order by r.order_row_id, n.warehouse_id
"""
