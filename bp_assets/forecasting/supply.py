"""How long suppliers take, how much of what came was sold, how long it lasts: the SQL of three tables. Pure.

Read: orders, order_rows, cancelled_statuses, goods_ins, goods_in_movements, goods_outs, goods_out_order_rows,
stock_position, demand_daily, availability_history. Written: nothing; the assets store it. Parameters: ``$as_of``;
``$zone`` for months; ``$today`` for the weeks.
"""

from __future__ import annotations

from bp_assets.forecasting.demand_facts import FREE_TEXT
from bp_assets.lake.forecasting_tables import NOT_CANCELLED

WEEKS = 13

LEAD_TIMES = f"""
with arrivals as (  -- one for each day on which goods of a purchase order's product came
    select coalesce(o.supplier_contact_id, o.contact_id) as supplier_id, r.product_id, o.order_id, n.received_on,
           (epoch(n.received_on) - epoch(o.placed_on)) / 86400 as days
    from goods_in_movements m
    join goods_ins n on n.goods_note_id = m.goods_note_id
         and n.goods_note_status is distinct from 'CANCELLED' and not n.transfer
    join order_rows r on r.order_row_id = m.purchase_order_row_id
    join orders o on o.order_id = r.order_id
    where o.order_type = 'PO' and {NOT_CANCELLED} and not o.is_drop_ship
      and r.product_id <> {FREE_TEXT} and m.quantity > 0
      and n.received_on >= o.placed_on and coalesce(o.supplier_contact_id, o.contact_id) is not null
    group by all
)
select supplier_id, product_id, count(distinct order_id) as orders, count(*) as arrivals,
       avg(days)::DECIMAL(9,2) as days_mean, quantile_disc(days, 0.5)::DECIMAL(9,2) as days_p50,
       quantile_disc(days, 0.9)::DECIMAL(9,2) as days_p90, coalesce(stddev_samp(days), 0)::DECIMAL(9,2) as days_spread,
       max(received_on) as last_received_on, $as_of as as_of
from arrivals group by supplier_id, product_id order by supplier_id, product_id
"""

SELL_THROUGH = """
with came as (
    select m.product_id, m.warehouse_id, timezone($zone, n.received_on) as moment, m.quantity
    from goods_in_movements m
    join goods_ins n on n.goods_note_id = m.goods_note_id
         and n.goods_note_status is distinct from 'CANCELLED' and not n.transfer
    join orders o on o.order_id = n.order_id and o.order_type = 'PO'
    where m.warehouse_id is not null and n.received_on is not null
    union all
    select r.product_id, n.target_warehouse_id, timezone($zone, n.shipped_on), r.quantity
    from goods_outs n join goods_out_order_rows r on r.goods_out_id = n.goods_out_id
    where n.transfer and n.shipped and n.shipped_on is not null and n.target_warehouse_id is not null
),
months as (
    select product_id, warehouse_id, date_trunc('month', moment)::date as month, quantity as received, 0 as sold
    from came
    union all
    select product_id, warehouse_id, date_trunc('month', day)::date, 0, units_sold - units_returned_on_return_day
    from demand_daily where units_sold <> 0 or units_returned_on_return_day <> 0
),
summed as (
    select product_id, warehouse_id, month, sum(received) as received, sum(sold) as sold from months group by all
)
select product_id, warehouse_id, month, received::DECIMAL(18,4) as received, sold::DECIMAL(18,4) as sold,
       case when received > 0 then least(sold / received, 999)::DECIMAL(9,6) end as share,
       (sum(received) over before)::DECIMAL(18,4) as received_to_date,
       (sum(sold) over before)::DECIMAL(18,4) as sold_to_date, $as_of as as_of
from summed
window before as (partition by product_id, warehouse_id order by month rows unbounded preceding)
order by product_id, warehouse_id, month
"""

# The 13 weeks before today. A part of the time without stock says nothing about demand, and is not divided by.
WEEKS_OF_COVER = f"""
with recent as (
    select product_id, warehouse_id, day, sum(units_sold - units_returned_on_return_day) as units,
           max(coalesce(out_of_stock_share, 0)) as missing
    from demand_daily where day >= $today::date - {7 * WEEKS} and day < $today::date
    group by product_id, warehouse_id, day
),
since as (
    select product_id, warehouse_id, min(day) as first_day from demand_daily where units_sold > 0 group by all
),
demand as (
    select r.product_id, r.warehouse_id, sum(r.units) as units,
           date_diff('day', greatest(any_value(s.first_day), $today::date - {7 * WEEKS}), $today::date)
               - sum(r.missing) as days
    from recent r join since s on s.product_id = r.product_id and s.warehouse_id = r.warehouse_id
    where r.day >= s.first_day
    group by r.product_id, r.warehouse_id
),
paced as (
    select p.product_id, p.warehouse_id, p.on_hand, greatest(coalesce(d.days, 0), 0) as days,
           case when d.days > 0 and d.units > 0 then d.units * 7 / d.days else 0 end as weekly
    from stock_position p left join demand d on d.product_id = p.product_id and d.warehouse_id = p.warehouse_id
)
select product_id, warehouse_id, on_hand, days::DECIMAL(9,2) as days_on_sale, weekly::DECIMAL(18,4) as weekly_demand,
       case when weekly > 0 then least(greatest(on_hand / weekly, 0), 9999)::DECIMAL(9,2) end as weeks, $as_of as as_of
from paced order by product_id, warehouse_id
"""
