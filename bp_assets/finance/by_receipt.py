"""What the ERP holds of each receipt, whether it was posted by itself or within a summary: SQL that others build on.

Read: posted_orders, posted_payments, posted_goods, summary_lines, summary_tenders, stock_corrections. Written: nothing.

A receipt in a summary has the share of the summary's document that its own lines make up: the summary was made of
exactly these. What a document shows beyond all its shares (somebody edited it) stays under the summary's own id, so
that no penny of the ERP is left out and none is counted twice.
"""

from __future__ import annotations

_SHARES = """
    select summary_id, sale_id, document, currency, shop, business_date,
           sum(net)::DECIMAL(18,4) as net, sum(tax)::DECIMAL(18,4) as tax, sum(gross)::DECIMAL(18,4) as total
    from summary_lines group by all
"""
_WHOLE = """
    select summary_id, document, currency, any_value(shop) as shop, any_value(business_date) as business_date,
           sum(net)::DECIMAL(18,4) as net, sum(tax)::DECIMAL(18,4) as tax, sum(gross)::DECIMAL(18,4) as total
    from summary_lines group by summary_id, document, currency
"""

# ``posted_orders`` with one row per receipt and document: a summary's document once for each of its receipts.
ORDERS_BY_RECEIPT = f"""
    select o.* from posted_orders o anti join summary_lines s on s.summary_id = o.sale_id
    union all
    select o.* replace (s.sale_id as sale_id, s.net as net, s.tax as tax, s.total as total)
    from posted_orders o
    join ({_SHARES}) s on s.summary_id = o.sale_id and s.document = o.document and s.currency = o.currency
    union all
    select o.* replace (o.net - coalesce(w.net, 0) as net, o.tax - coalesce(w.tax, 0) as tax,
                        o.total - coalesce(w.total, 0) as total)
    from posted_orders o
    semi join summary_lines s on s.summary_id = o.sale_id
    left join ({_WHOLE}) w on w.summary_id = o.sale_id and w.document = o.document and w.currency = o.currency
    where o.total is distinct from w.total or o.tax is distinct from w.tax
"""

# Shop and trading day of a summary, by its id.
SUMMARY_DAYS = """
    select summary_id, any_value(shop) as shop, any_value(business_date) as business_date
    from summary_lines group by summary_id
"""

# Payments with the receipt they are for; a summary's payment once for each receipt's part of it.
PAYMENTS_BY_RECEIPT = """
    select o.sale_id, o.document, p.order_id, p.method, p.type, p.amount, p.signed_amount, p.currency
    from posted_payments p join posted_orders o on o.order_id = p.order_id
    anti join summary_lines s on s.summary_id = o.sale_id
    union all
    select t.sale_id, t.document, p.order_id, t.method, t.type, t.amount, t.signed_amount, t.currency
    from summary_tenders t
    join posted_payments p on p.transaction_ref = t.transaction_ref and p.method = t.method and p.type = t.type
"""

# Goods that really moved, with the receipt they moved for: by note of its own order, or by correction.
GOODS_BY_RECEIPT = """
    select o.sale_id, g.product_id, g.warehouse_id, g.direction, g.quantity, g.quarantined
    from posted_goods g join posted_orders o on o.order_id = g.order_id where g.moved
    union all
    select sale_id, product_id, warehouse_id, case when quantity < 0 then 'out' else 'in' end, abs(quantity),
           quarantined
    from stock_corrections
"""
