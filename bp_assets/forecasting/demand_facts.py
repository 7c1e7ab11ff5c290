"""Every unit of demand once: the SQL from orders and receipts to units per product, place and day.

Read: orders, order_rows, cancelled_statuses, posted_orders, pos_transactions, pos_lines, products, and what
``places.py`` lends. Written: nothing; ``demand.py`` stores it.

What the ERP holds counts as the ERP holds it: rows of sales orders and credits that are not cancelled. A receipt counts
by its own lines as long as its order is not among them, and for ever where it is posted within a summary: a summary's
rows are free text and name no product. So each unit is counted from one side only.

A return is dated twice: to the day it came back, and to the day, warehouse and channel it was sold at, which is that of
the credit's parent order or else of the receipt that the till names. What one receipt takes back and hands out again of
the same product (an exchange of like for like) is neither sold nor returned; its money stays.
"""

from __future__ import annotations

from bp_assets.lake.forecasting_tables import NOT_CANCELLED

FREE_TEXT = 1000  # Brightpearl's product for rows that are text alone: summaries, discounts, charges
# The scope: orders and receipts that a part of the days is made of, in two temporary tables of the connection.
SCOPED_ORDERS, SCOPED_SALES = "demand_orders", "demand_sales"

# A product's day in a warehouse: when it begins and ends, in microseconds; and which days a day of UTC may be.
# Parameters: $first and $last (days), $zone.
CALENDAR = """
create or replace temp table demand_calendar as
select zone, day::date as day, epoch_us(timezone(zone, day::timestamp)) as starts,
       epoch_us(timezone(zone, day::timestamp + interval 1 day)) as ends
from (select zone from forecast_zones union select $zone),
     generate_series($first::date, $last::date, interval 1 day) d(day)
"""
CLOCK = """
create or replace temp table demand_clock as
select zone, day, starts, ends, (day - date '1970-01-01') + apart as utc_day
from demand_calendar, generate_series(-1, 1) t(apart)
"""
# Which order is which receipt's is known once it was read back. Before that by number, shop and second, so that an
# order which the ERP has already shown is never counted beside its receipt.
OPEN = """
create or replace temp table demand_open as
select t.sale_id, left(t.receipt_number, 64) as reference, p.warehouse_id, p.channel_id,
       epoch_us(t.sold_at) // 1000000 as second
from pos_transactions t
join forecast_shops p on p.shop = t.shop
where t.state in ('pending', 'sending', 'unknown', 'posted', 'rejected') and t.business_date is not null
"""
LINKS = """
create or replace temp table demand_links as
with alike as materialized (
    select o.order_id, min(t.sale_id) as sale_id, any_value(o.order_type) as document
    from orders o
    join demand_open t on o.reference = t.reference and o.warehouse_id = t.warehouse_id
         and o.channel_id = t.channel_id and epoch_us(o.placed_on) // 1000000 = t.second
    where o.order_type in ('SO', 'SC')
    group by o.order_id
)
select * from alike
where order_id not in (select p.order_id from posted_orders p semi join alike a on a.order_id = p.order_id)
"""

# Receipts with the place and day they count at.
_RECEIPTS = """
receipts as (
    select t.sale_id, t.business_date as day, coalesce(p.warehouse_id, 0) as warehouse_id,
           coalesce(p.channel_id, 0) as channel_id, t.channel is not distinct from 'online' as web, t.currency,
           coalesce(t.summary_id, t.sale_id) as posted_under
    from pos_transactions t {sales}
    left join forecast_shops p on p.shop = t.shop
    where t.business_date is not null and t.state not in ('excluded', 'quarantined')
),
read_back as (select p.order_id, p.sale_id, p.document from posted_orders p {posted}),
linked as (
    select order_id, sale_id, document from read_back union all select order_id, sale_id, document from demand_links
)
"""

# A day is looked up in ``demand_clock``; only instants it does not reach are asked of the time zone, which is slow.
_DOCUMENTS = """
documents as materialized (
    select o.order_id, o.order_type as document, o.parent_order_id, l.sale_id,
           coalesce(o.warehouse_id, 0) as warehouse_id, coalesce(o.channel_id, 0) as channel_id, o.currency,
           o.price_mode is not distinct from 'INC' as gross, coalesce(r.web, c.channel_id is null) as web,
           coalesce(r.day, k.day, cast(timezone(o.zone, o.moment) as date)) as day
    from (
        select o.*, coalesce(z.zone, $zone) as zone, coalesce(o.placed_on, o.created_on, o.as_of) as moment
        from orders o {orders}
        left join forecast_zones z on z.warehouse_id = o.warehouse_id
        where o.order_type in ('SO', 'SC') and {not_cancelled}
    ) o
    left join linked l on l.order_id = o.order_id
    left join receipts r on r.sale_id = l.sale_id
    left join forecast_channels c on c.channel_id = o.channel_id
    left join demand_clock k on k.zone = o.zone and k.utc_day = epoch_us(o.moment) // 86400000000
         and epoch_us(o.moment) >= k.starts and epoch_us(o.moment) < k.ends
)
"""

# Below list: by more than a penny and more than a tenth of a percent, so that rounding makes no promotion.
_ERP = f"""
reduced as (
    select distinct r.order_id from order_rows r {{rows}} where r.nominal_code = $discount and r.net < 0
),
erp as {{kept}} materialized (
    select d.document, d.sale_id, d.order_id, d.parent_order_id, r.product_id, d.warehouse_id, d.channel_id, d.web,
           d.currency, d.day, r.quantity as units, r.net, x.order_id is not null or coalesce(
               not r.bundle_child and r.list_price > 0
               and (case when d.gross then r.net + r.tax else r.net end)::double < r.quantity::double
                   * r.list_price::double - greatest(0.01, 0.001 * r.quantity::double * r.list_price::double), false
           ) as promo
    from order_rows r
    join documents d on d.order_id = r.order_id
    left join reduced x on x.order_id = r.order_id
    where r.product_id <> {FREE_TEXT}
)
"""

# Lines of receipts whose document is not among the orders (there), or that stand in a summary.
_TILL = """
skus as (
    select sku, any_value(product_id) as product_id from products where sku <> '' group by sku having count(*) = 1
),
there as (
    select distinct l.sale_id, l.document from linked l
    where l.order_id in (select order_id from orders o where order_type in ('SO', 'SC'))
),
open_receipts as (
    select r.* from receipts r
    where not exists (from there t where t.sale_id = r.sale_id and t.document = 'SO')
       or not exists (from there t where t.sale_id = r.sale_id and t.document = 'SC')
),
waiting as (
    select l.sale_id, case when l.returned then 'SC' else 'SO' end as document, l.type, l.sku,
           case when l.returned then -l.quantity else l.quantity end as quantity,
           case when l.returned then -l.net else l.net end as net, l.discount < 0 as discounted,
           l.type = 'discount' and not l.returned and l.net < 0 as reduces
    from pos_lines l
    semi join open_receipts r on r.sale_id = l.sale_id
    anti join there t on t.sale_id = l.sale_id and t.document = case when l.returned then 'SC' else 'SO' end
),
till as (
    select l.document, l.sale_id, k.product_id, r.warehouse_id, r.channel_id, r.web, r.currency, r.day,
           b.sale_id is not null as in_erp, l.quantity as units, l.net, l.discounted or x.sale_id is not null as promo
    from waiting l
    join open_receipts r on r.sale_id = l.sale_id
    join skus k on k.sku = l.sku
    left join (select distinct sale_id, document from read_back) b
         on b.sale_id = r.posted_under and b.document = l.document
    left join (select distinct sale_id from waiting where reduces) x on x.sale_id = l.sale_id
    where l.type = 'item'
)
"""

# What came back, by document and product, with where and when it was sold as far as that is known.
_CAME_BACK = """
credited as (
    select e.sale_id, e.order_id, e.parent_order_id, e.product_id, e.warehouse_id, e.channel_id, e.web, e.currency,
           e.day, true as in_erp, sum(e.units) as units, sum(e.net) as net
    from erp e where e.document = 'SC' group by all
    union all
    select t.sale_id, null, null, t.product_id, t.warehouse_id, t.channel_id, t.web, t.currency, t.day, t.in_erp,
           sum(t.units), sum(t.net)
    from till t where t.document = 'SC' group by all
),
named as (  -- the sale that the till names as the one the goods are from
    select l.sale_id, k.product_id, min(l.original_sale_id) as original_sale_id
    from pos_lines l
    semi join credited c on c.sale_id = l.sale_id
    join skus k on k.sku = l.sku
    where l.returned and l.type = 'item' and l.original_sale_id is not null group by all
),
came_back as (
    select c.*, coalesce(p.day, s.day) as sold_on,
           case when p.order_id is null then s.warehouse_id else p.warehouse_id end as sold_from,
           case when p.order_id is null then s.channel_id else p.channel_id end as sold_through,
           case when p.order_id is null then s.web else p.web end as sold_web,
           case when p.order_id is null then s.currency else p.currency end as sold_in
    from credited c
    left join documents p on p.order_id = c.parent_order_id and p.document = 'SO'
    left join named n on n.sale_id = c.sale_id and n.product_id = c.product_id
    left join receipts s on s.sale_id = n.original_sale_id
)
"""

# An exchange of like for like: what left and came back on one receipt of one product.
_SWAPPED = """
swapped as (
    select o.* replace (least(o.units, c.units) as units)
    from (
        select sale_id, product_id, warehouse_id, channel_id, web, currency, day, in_erp, sum(units) as units from (
            select sale_id, product_id, warehouse_id, channel_id, web, currency, day, true as in_erp, units from erp
            where document = 'SO' and sale_id in (select sale_id from came_back)
            union all
            select sale_id, product_id, warehouse_id, channel_id, web, currency, day, in_erp, units from till
            where document = 'SO' and sale_id in (select sale_id from came_back)
        ) group by all
    ) o
    join (select sale_id, product_id, sum(units) as units from came_back where sale_id is not null group by all) c
         on c.sale_id = o.sale_id and c.product_id = o.product_id
),
returned as (
    select c.* replace (c.units - coalesce(s.units, 0) as units)
    from came_back c left join swapped s on s.sale_id = c.sale_id and s.product_id = c.product_id
)
"""

# One row per order row or line and side; what left is by far the most, so the two sides are summed by themselves.
_MOVED = """
left_shop as (
    select product_id, warehouse_id, channel_id, web, currency, day, true as in_erp, units, net, promo
    from erp where document = 'SO'
    union all
    select product_id, warehouse_id, channel_id, web, currency, day, in_erp, units, net, promo
    from till where document = 'SO'
    union all
    select product_id, warehouse_id, channel_id, web, currency, day, in_erp, -units, 0, false from swapped
),
came_in as (
    select product_id, warehouse_id, channel_id, web, currency, day, in_erp, units as returned, 0 as undone, net
    from returned
    union all
    select product_id, sold_from, sold_through, sold_web, sold_in, sold_on, in_erp, 0, units, 0
    from returned where sold_on is not null
)
"""


def moved(*, scoped: bool = False) -> str:
    """``with …`` up to ``left_shop`` and ``came_in``: units and their net, on the day they moved or were sold on.

    ``links``, ``CALENDAR`` and ``CLOCK`` come first. ``scoped`` looks at nothing but the orders and receipts in the
    temporary tables ``demand_orders`` and ``demand_sales``. Parameters: ``$zone``, ``$discount``.
    """
    # Of all orders the rows are read three times, which is quicker than to keep them; of a few they are kept.
    return "with " + ",".join((_RECEIPTS, _DOCUMENTS, _ERP, _TILL, _CAME_BACK, _SWAPPED, _MOVED)).format(
        sales=f"semi join {SCOPED_SALES} g on g.sale_id = t.sale_id" if scoped else "",
        posted=f"semi join {SCOPED_SALES} g on g.sale_id = p.sale_id" if scoped else "",
        not_cancelled=NOT_CANCELLED,
        orders=f"semi join {SCOPED_ORDERS} g on g.order_id = o.order_id" if scoped else "",
        kept="" if scoped else "not",
        rows=f"semi join {SCOPED_ORDERS} g on g.order_id = r.order_id" if scoped else "",
    )
