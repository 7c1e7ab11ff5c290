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
_DAY_US = 86_400_000_000

# Spans without stock, one for as long as it lasted, however often other figures changed in between; and their days.
# Everything is counted in microseconds: arithmetic with time zones is slow.
_SPANS = f"""
zeros as (
    select h.product_id, h.warehouse_id, epoch_us(h.from_instant) as from_us,
           least(coalesce(epoch_us(h.to_instant), $until_us), $until_us) as to_us
    from availability_history h
    where h.on_hand <= 0
),
near as (
    -- what ended before the days by more than LONGEST can't be the beginning of a span that still counts
    select z.*, from_us is distinct from lag(to_us) over place as begins
    from zeros z where from_us < to_us and from_us < $last_us and to_us > $first_us - {LONGEST + 2} * {_DAY_US}
    window place as (partition by product_id, warehouse_id order by from_us)
),
numbered as (
    select *, sum(begins::int) over (partition by product_id, warehouse_id order by from_us) as number from near
),
spans as (
    select product_id, warehouse_id, min(from_us) as from_us, max(to_us) as to_us
    from numbered group by product_id, warehouse_id, number
),
out_days as (
    select s.product_id, s.warehouse_id, c.day, bool_or(c.starts < s.from_us + {LONGEST} * {_DAY_US}) as counts,
           sum(least(s.to_us, c.ends) - greatest(s.from_us, c.starts)) as out_us
    from (
        select s.*, coalesce(z.zone, $zone) as zone, unnest(generate_series(
                   greatest(from_us, $first_us) // {_DAY_US} - 1, least(to_us, $last_us) // {_DAY_US} + 1)) as number
        from spans s left join forecast_zones z on z.warehouse_id = s.warehouse_id
    ) s
    join demand_calendar c on c.zone = s.zone and c.day - date '1970-01-01' = s.number
         and c.starts < s.to_us and c.ends > s.from_us
    {{days}}
    group by s.product_id, s.warehouse_id, c.day
),
"""

_SUMMED = f"""
sold as (
    select {KEY}, day, in_erp, sum(units) as sold, sum(net) as net, bool_or(promo) as promo
    from left_shop {{among_left}} group by all
),
back as (
    select {KEY}, day, in_erp, sum(returned) as returned, sum(undone) as undone, sum(net) as net
    from came_in {{among_in}} group by all
),
summed as (
    select {KEY}, day, in_erp, coalesce(s.sold, 0) as sold, coalesce(b.returned, 0) as returned,
           coalesce(b.undone, 0) as undone, coalesce(s.net, 0) - coalesce(b.net, 0) as net,
           coalesce(b.net, 0) as net_returned, coalesce(s.promo, false) as promo
    from sold s full join back b using ({KEY}, day, in_erp)
    where coalesce(s.sold, 0) <> 0 or coalesce(b.returned, 0) <> 0 or coalesce(b.undone, 0) <> 0
       or coalesce(b.net, 0) <> 0 or coalesce(s.net, 0) <> 0
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
    select f.*, o.day, o.out_us from out_days o
    join first_days f on f.product_id = o.product_id and f.warehouse_id = o.warehouse_id and f.first_day <= o.day
    where o.counts
),
rows as (
    select {KEY}, s.day, in_erp, sold, returned, undone, net, net_returned, promo, coalesce(o.out_us, 0) as out_us
    from summed s
    left join (select product_id as p, warehouse_id as w, day, out_us from out_days) o
         on o.p = s.product_id and o.w = s.warehouse_id and o.day = s.day
    union all
    select {KEY}, day, true, 0, 0, 0, 0, 0, false, out_us from censored c
    anti join summed s using ({KEY}, day)
),
known as (
    select product_id, warehouse_id, epoch_us(min(from_instant)) as since from availability_history {{watched}}
    group by all
),
flagged as (
    select r.*,
           case when k.since is not null  -- ``greatest`` passes over an empty one
                then least(c.ends, $until_us) - greatest(c.starts, k.since) end as covered
    from rows r
    left join known k on k.product_id = r.product_id and k.warehouse_id = r.warehouse_id
    left join forecast_zones z on z.warehouse_id = r.warehouse_id
    left join demand_calendar c on c.zone = coalesce(z.zone, $zone) and c.day = r.day
)
select product_id, warehouse_id, channel_id, day, case when web then 'web' else 'till' end as sales_channel_kind,
       currency, in_erp, sold::DECIMAL(18,4) as units_sold, returned::DECIMAL(18,4) as units_returned_on_return_day,
       undone::DECIMAL(18,4) as units_returned_of_this_day, net::DECIMAL(18,4) as net_value,
       net_returned::DECIMAL(18,4) as net_returned, promo, case when covered > 0 then out_us > 0 end as out_of_stock,
       case when covered > 0 then least(1, out_us / covered)::DECIMAL(9,6) end as out_of_stock_share, $as_of as as_of
from flagged
"""


def rows_of_all_days() -> str:
    """The whole of ``demand_daily``, in its columns.

    Parameters: those of ``moved``, ``$first_us`` and ``$last_us`` (when the first day that there can be begins and the
    last one ends, generously), ``$until_us`` (up to when availability is known), and ``$as_of``.
    """
    summed = _SUMMED.format(among_left="", among_in="")
    return ",".join((moved(), _SPANS.format(days="") + summed + _ROWS.format(before="", watched="")))


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
    summed = _SUMMED.format(
        among_left="semi join demand_days t on t.day = left_shop.day",
        among_in="semi join demand_days t on t.day = came_in.day",
    )
    spans = _SPANS.format(days="semi join demand_days t on t.day = c.day")
    return ",".join(
        (
            moved(scoped=True),
            spans + summed + _ROWS.format(before=before, watched="semi join rows using (product_id, warehouse_id)"),
        )
    )
