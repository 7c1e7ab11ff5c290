"""Receipt beside ERP document: the one place that says which trading day money belongs to and what explains a gap.

Read: pos_transactions, pos_lines, posted_orders, summary_lines, and the lent ``shop_places`` and ``erp_places`` (see
``maps.py``). Written: nothing.

Where a receipt could not be read its trading day is the day it reached us, in the shop's time zone. What the ERP holds
belongs to the shop and day of the receipt it came from. An order whose receipt we do not hold, or that stands in
another currency than its receipt, gets a row without till money.

A gap is explained only receipt by receipt:

* verified: nothing explains a gap;
* on its way or rejected: a document that is not in the ERP yet is explained, one that is there must equal its lines
  (an order or credit is made whole or not at all), so money posted before a rejection is not counted twice;
* excluded or quarantined: nothing may be in the ERP.
"""

from __future__ import annotations

from bp_assets.finance.by_receipt import ORDERS_BY_RECEIPT, SUMMARY_DAYS

# One row per receipt, with the till's figures and the trading day that finance books it on.
RECEIPTS = """
    select t.sale_id, t.shop, t.currency, t.state, t.reason_code, t.receipt_number,
           coalesce(t.business_date, cast(timezone(coalesce(p.zone, 'UTC'), t.captured_at) as date)) as business_date,
           coalesce(t.net, 0) as net, coalesce(t.tax, 0) as tax, coalesce(t.gross, 0) as gross,
           t.gross is not null as readable
    from pos_transactions t left join shop_places p on p.shop = t.shop
"""

# What the ERP holds of one sale in one currency, signed as at the till.
ERP_BY_SALE = f"""
    select sale_id, currency,
           sum(case when document = 'SC' then -net else net end)::DECIMAL(18,4) as net,
           sum(case when document = 'SC' then -tax else tax end)::DECIMAL(18,4) as tax,
           sum(case when document = 'SC' then -total else total end)::DECIMAL(18,4) as gross
    from ({ORDERS_BY_RECEIPT}) group by sale_id, currency
"""

# For the few receipts that are on their way or rejected and stand in the ERP: till less ERP of what stands there.
_STARTED = f"""
    select d.sale_id, d.currency,
           sum(coalesce(l.gross, 0) - case when d.document = 'SC' then -d.total else d.total end)::DECIMAL(18,4) as gap
    from (
        select o.sale_id, o.currency, o.document, sum(o.total)::DECIMAL(18,4) as total
        from ({ORDERS_BY_RECEIPT}) o
        semi join (select sale_id from pos_transactions
                   where state in ('pending', 'sending', 'unknown', 'posted', 'rejected')) t on t.sale_id = o.sale_id
        group by all
    ) d left join (
        select l.sale_id, case when l.returned then 'SC' else 'SO' end as document, sum(l.gross)::DECIMAL(18,4) as gross
        from pos_lines l
        semi join (select sale_id from pos_transactions
                   where state in ('pending', 'sending', 'unknown', 'posted', 'rejected')) t on t.sale_id = l.sale_id
        group by all
    ) l on l.sale_id = d.sale_id and l.document = d.document
    group by all
"""


def _placed(orders: str, columns: str = "o.*") -> str:
    """Orders with the shop and trading day their money belongs to: the receipt's, the summary's, else their own."""
    return f"""
    select {columns}, k.sale_id is not null as known, coalesce(k.shop, u.shop, p.shop, '') as shop,
           coalesce(k.business_date, u.business_date,
                    cast(timezone(coalesce(p.zone, 'UTC'), coalesce(o.placed_on, o.as_of)) as date)) as business_date
    from {orders} o
    left join receipts k on k.sale_id = o.sale_id
    left join ({SUMMARY_DAYS}) u on u.summary_id = o.sale_id
    left join erp_places p on p.warehouse_id = o.warehouse_id and p.channel_id = o.channel_id
"""


# Every ERP order with the shop and trading day its money belongs to.
ORDERS = _placed("posted_orders")
_STRAYS = _placed(f"({ORDERS_BY_RECEIPT})", "o.sale_id, o.currency, o.total, k.currency as till_currency")

# One row per receipt and currency, then the ERP's money that no receipt of ours stands behind.
COMPARED = f"""
with receipts as ({RECEIPTS}),
erp as ({ERP_BY_SALE}),
started as ({_STARTED}),
strays as (
    select o.sale_id, o.currency, min(o.shop) as shop, min(o.business_date) as business_date
    from ({_STRAYS}) o
    where o.till_currency is distinct from o.currency
    group by all
),
compared as (
    select r.sale_id, r.shop, r.business_date, r.currency, r.state, r.receipt_number, true as held, r.readable,
           r.net as till_net, r.tax as till_tax, r.gross as till_gross,
           e.sale_id is not null as in_erp,
           coalesce(e.net, 0) as erp_net, coalesce(e.tax, 0) as erp_tax, coalesce(e.gross, 0) as erp_gross,
           case when r.state = 'verified' then r.gross - coalesce(e.gross, 0)
                when e.sale_id is null then 0
                when r.state in ('excluded', 'quarantined') then -e.gross
                else coalesce(s.gap, 0) end as unexplained
    from receipts r
    left join erp e on e.sale_id = r.sale_id and e.currency = r.currency
    left join started s on s.sale_id = r.sale_id and s.currency = r.currency
    union all
    select s.sale_id, s.shop, s.business_date, s.currency, 'stray', '', false, true, 0, 0, 0,
           true, e.net, e.tax, e.gross, -e.gross
    from strays s join erp e on e.sale_id = s.sale_id and e.currency = s.currency
)
"""
