"""Daily takings: money per tender and tax per tax code, till beside ERP, per shop and trading day.

Read: pos_transactions, pos_lines, pos_tenders, posted_orders, posted_order_rows, posted_payments, summary_lines, the
shops file. Written: nothing; the asset stores it. Excluded receipts (voids, cash movements, …) are no takings and are
left out; rejected and unsettled ones are money in the drawer, so they stand on the till's side and show as a
difference.

A tender that the map calls ``unpaid`` is owed: beside it stands what the ERP still shows as owed on those sales. The
clearing method of exchanges nets to zero within a sale and is shown only where it does not.
"""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
from duckdb import DuckDBPyConnection

from bp_assets.config.shops import UNPAID, ShopsFile
from bp_assets.finance.columns import select_list
from bp_assets.finance.maps import lent
from bp_assets.finance.receipts import ORDERS, RECEIPTS
from bp_assets.lake.finance_tables import DAILY_TAKINGS

_SQL = f"""
with receipts as ({RECEIPTS}),
tenders as (
    select r.sale_id, r.shop, r.business_date, t.currency, coalesce(m.erp_method, '[' || t.method || ']') as code,
           t.amount
    from pos_tenders t
    join receipts r on r.sale_id = t.sale_id and r.state <> 'excluded'
    left join tender_map m on m.shop = t.shop and m.method = t.method
),
orders as ({ORDERS}),
payments as (
    select o.sale_id, o.shop, o.business_date, p.currency, p.method, sum(p.signed_amount) as amount
    from posted_payments p join orders o on o.order_id = p.order_id
    group by all
),
owed as (
    select o.shop, o.business_date, o.currency,
           sum(case when o.document = 'SC' then -o.total else o.total end) - coalesce(any_value(p.amount), 0) as amount
    from orders o
    left join (select sale_id, currency, sum(amount) as amount from payments group by all) p
           on p.sale_id = o.sale_id and p.currency = o.currency
    semi join (
        select sale_id from tenders where code = '{UNPAID}'
        union
        select l.summary_id from summary_lines l semi join tenders t on t.sale_id = l.sale_id and t.code = '{UNPAID}'
    ) u on u.sale_id = o.sale_id
    group by o.sale_id, o.shop, o.business_date, o.currency
),
lines as (
    select r.shop, r.business_date, l.currency, coalesce(m.tax_code, '[' || {{till_tax}} || ']') as code, l.tax, l.net
    from pos_lines l
    join receipts r on r.sale_id = l.sale_id and r.state <> 'excluded'
    left join tax_map m on m.shop = l.shop and m.till_tax = l.till_tax and m.tax_rate is not distinct from l.tax_rate
),
sides as (
    select shop, business_date, currency, 'tender' as kind, code, 1 as n, amount as till_amount, null as till_net,
           0 as erp_amount
    from tenders
    union all
    select shop, business_date, currency, 'tender', method, 0, 0, null, amount from payments
    where method <> $clearing or amount <> 0
    union all
    select shop, business_date, currency, 'tender', '{UNPAID}', 0, 0, null, amount from owed
    union all
    select shop, business_date, currency, 'tax', code, 1, tax, net, 0 from lines
    union all
    select o.shop, o.business_date, w.currency, 'tax', w.tax_code, 0, 0, 0,
           case when o.document = 'SC' then -w.tax else w.tax end
    from posted_order_rows w join orders o on o.order_id = w.order_id
),
whole as (
    select shop, business_date, currency, kind, code,
           sum(n) as till_count, sum(till_amount) as till_amount, sum(till_net) as till_net,
           sum(erp_amount) as erp_amount, sum(till_amount) - sum(erp_amount) as difference, $as_of as as_of
    from sides group by all
)
select {select_list(DAILY_TAKINGS)} from whole
where ($since is null or business_date >= $since) and (till_count > 0 or erp_amount <> 0)
order by shop, business_date, currency, kind desc, code
"""
# The till's own name of a tax; where it has none, its rate in percent without useless zeros.
_TILL_TAX = (
    "coalesce(nullif(l.till_tax, ''), "
    "regexp_replace(regexp_replace(l.tax_rate::varchar, '0+$', ''), '\\.$', '') || '%', 'no tax')"
)
SQL = _SQL.format(till_tax=_TILL_TAX)


def takings(
    connection: DuckDBPyConnection, shops: ShopsFile, as_of: datetime, since: date | None = None
) -> pl.DataFrame:
    """One row per shop, trading day, currency, kind and code, in the columns of ``daily_takings``; money in main units.

    ``kind`` is ``tender`` (code: ERP payment method) or ``tax`` (code: ERP tax code); ``[the till's own name]`` where
    the shops file maps nothing. ``since`` leaves out earlier trading days.
    """
    with lent(connection, shops, "shop_places", "erp_places", "tax_map", "tender_map"):
        parameters = {"since": since, "as_of": as_of, "clearing": shops.exchange_method}
        return connection.execute(SQL, parameters).pl()
