"""From units to the rows of ``demand_daily``: summed per day, with what could not be bought marked as censored.

Read: what ``demand_facts.py`` reads, and availability_history. Written: nothing; ``demand.py`` stores it.

A day on which a product could not be had in a warehouse for a while says too little of what people wanted: its rows
carry the share of the day, and where nothing was sold on it there is a row with zero units, for every channel that had
sold the product from there before. Such rows end ``LONGEST`` days after the product ran out: by then it is no gap in
the sales of a product, but a product that is no longer sold there.
"""

from __future__ import annotations

from bp_assets.forecasting.demand_facts import moved

LONGEST = 90  # days without stock that are marked where nothing was sold

KEY = "product_id, warehouse_id, channel_id, web, currency"
# A product's day in a warehouse: when it begins and ends there, as instants. Parameters: $first, $last (days).
CALENDAR = """
create or replace temp table demand_calendar as
select zone, day::date as day, timezone(zone, day::timestamp) as starts, timezone(zone, day::timestamp + interval 1 day)
       as ends
from (select zone from forecast_zones union select $zone),
     generate_series($first::date, $last::date, interval 1 day) d(day)
"""

# Spans without stock, one for as long as it lasted, however often other figures changed in between.
_SPANS = """
zeros as (
    select h.product_id, h.warehouse_id, coalesce(z.zone, $zone) as zone, h.from_instant,
           least(coalesce(h.to_instant, $until), $until) as to_instant
    from availability_history h
    left join forecast_zones z on z.warehouse_id = h.warehouse_id
    where h.on_hand <= 0 and h.from_instant < $until and coalesce(h.to_instant, $until) > h.from_instant
      -- what ended LONGEST days before the first of the days can't be the beginning of a span that still counts
      and h.from_instant < $last::date + 2 and coalesce(h.to_instant, $until) > $first::date - {longest}
),
marked as (
    select *, from_instant is distinct from lag(to_instant) over same as begins
    from zeros window same as (partition by product_id, warehouse_id order by from_instant)
),
numbered as (
    select *, sum(begins::int) over (partition by product_id, warehouse_id order by from_instant) as number from marked
),
spans as (
    select product_id, warehouse_id, any_value(zone) as zone, min(from_instant) as from_instant,
           max(to_instant) as to_instant, cast(timezone(any_value(zone), min(from_instant)) as date) as first_day,
           cast(timezone(any_value(zone), max(to_instant) - interval 1 microsecond) as date) as last_day
    from numbered group by product_id, warehouse_id, number
),
out_days as (
    select s.product_id, s.warehouse_id, s.day, min(s.day - s.first_day) as nth,
           sum(epoch(least(s.to_instant, c.ends)) - epoch(greatest(s.from_instant, c.starts))) as seconds
    from (
        select *, unnest(generate_series(
            greatest(first_day, $first), least(last_day, $last), interval 1 day))::date as day
        from spans where last_day >= $first and first_day <= $last
    ) s
    join demand_calendar c on c.zone = s.zone and c.day = s.day
    {days}
    group by s.product_id, s.warehouse_id, s.day
),
"""

_SUMMED = f"""
summed as (
    select {KEY}, day, in_erp, sum(sold) as sold, sum(returned) as returned, sum(undone) as undone, sum(net) as net,
           sum(net_returned) as net_returned, bool_or(promo) as promo
    from moved {{among}} group by all
    having sum(sold) <> 0 or sum(returned) <> 0 or sum(undone) <> 0 or sum(net) <> 0 or sum(net_returned) <> 0
),
"""

_ROWS = f"""
first_days as (
    select {KEY}, min(first_day) as first_day from (
        select {KEY}, min(day) as first_day from summed where sold > 0 group by {KEY}
        {{before}}
    ) group by {KEY}
),
censored as (
    select f.*, o.day from out_days o
    join first_days f on f.product_id = o.product_id and f.warehouse_id = o.warehouse_id and f.first_day <= o.day
    where o.nth < {LONGEST}
),
rows as (
    select {KEY}, day, in_erp, sold, returned, undone, net, net_returned, promo from summed
    union all
    select {KEY}, day, true, 0, 0, 0, 0, 0, false from censored c
    anti join summed s using ({KEY}, day)
),
known as (
    select product_id, warehouse_id, min(from_instant) as since from availability_history group by all
),
flagged as (
    select r.*, coalesce(o.seconds, 0) as seconds,
           case when k.since is not null  -- ``greatest`` passes over an empty one
                then epoch(least(c.ends, $until)) - epoch(greatest(c.starts, k.since)) end as covered
    from rows r
    left join out_days o on o.product_id = r.product_id and o.warehouse_id = r.warehouse_id and o.day = r.day
    left join known k on k.product_id = r.product_id and k.warehouse_id = r.warehouse_id
    left join forecast_zones z on z.warehouse_id = r.warehouse_id
    left join demand_calendar c on c.zone = coalesce(z.zone, $zone) and c.day = r.day
)
select product_id, warehouse_id, channel_id, day, case when web then 'web' else 'till' end as sales_channel_kind,
       currency, in_erp, sold::DECIMAL(18,4) as units_sold, returned::DECIMAL(18,4) as units_returned_on_return_day,
       undone::DECIMAL(18,4) as units_returned_of_this_day, net::DECIMAL(18,4) as net_value,
       net_returned::DECIMAL(18,4) as net_returned, promo, case when covered > 0 then seconds > 0 end as out_of_stock,
       case when covered > 0 then least(1, seconds / covered)::DECIMAL(9,6) end as out_of_stock_share, $as_of as as_of
from flagged
"""


def rows_of_all_days() -> str:
    """The whole of ``demand_daily``, in its columns.

    Parameters: those of ``moved``, ``$first`` and ``$last`` (the first and last day there can be), ``$until`` (up to
    when availability is known) and ``$as_of``.
    """
    rest = _SPANS.format(days="", longest=LONGEST + 2) + _SUMMED.format(among="") + _ROWS.format(before="")
    return ",".join((moved(), rest))


def rows_of_days() -> str:
    """The same for the days in the temporary table ``demand_days`` (day), of the scope of ``moved``.

    What was sold on other days, which says since when a product is sold somewhere, is taken from ``demand_daily``.
    """
    before = """
        union all
        select product_id, warehouse_id, channel_id, sales_channel_kind = 'web', currency, min(day) from demand_daily d
        semi join out_days o on o.product_id = d.product_id and o.warehouse_id = d.warehouse_id
        anti join demand_days t on t.day = d.day
        where units_sold > 0 group by all
    """
    among = "semi join demand_days t on t.day = moved.day"
    parts = (
        _SPANS.format(days="semi join demand_days t on t.day = s.day", longest=LONGEST + 2),
        _SUMMED.format(among=among),
        _ROWS.format(before=before),
    )
    return ",".join((moved(scoped=True), "".join(parts)))
