"""Tax per line and per order: the till's beside the shops file's map and the ERP's code, rate and amount.

Read: pos_transactions, pos_lines, tax_codes, posted_orders, posted_order_rows, the tax map. Written: nothing.

A line's tax is right when it is within one smallest unit of net x rate. Beyond that it is ``inclusive_exclusive`` if it
is what the other price basis gives, ``rounding`` within ``REACH`` units and one more per piece, else ``rate``: the till
did not charge the rate it names. Each line has one cause, the first of the order in ``_SQL``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from duckdb import DuckDBPyConnection

from bp_assets.domain.findings import Finding
from bp_assets.domain.money import exponent, from_minor, tax_on_top, to_minor
from bp_assets.finance.maps import lent
from checks.context import CheckContext, found, money, plain, receipt_of, rows

NAME = "tax_mismatches"
REACH = 5  # smallest units that spreading a discount or rounding a total can cost on one line

_LINES = """
lines as (
    select l.*, t.receipt_number, case when l.returned then 'SC' else 'SO' end as document,
           case when l.returned then -l.net else l.net end as net_there,
           m.tax_code as expected_code, c.rate as code_rate, u.smallest
    from pos_lines l
    join pos_transactions t on t.sale_id = l.sale_id and t.state not in ('excluded', 'quarantined')
    left join tax_map m on m.shop = l.shop and m.till_tax = l.till_tax and m.tax_rate is not distinct from l.tax_rate
    left join tax_codes c on c.tax_code = m.tax_code
    left join currency_units u on u.currency = l.currency
),
erp_rows as (
    select o.sale_id, o.document, o.order_id, r.row_id, r.tax_code, r.net, r.sku
    from posted_order_rows r join posted_orders o on o.order_id = r.order_id
)
"""

# Which ERP row belongs to a line is not written anywhere. Only documents whose net per tax code differs are looked at:
# there, rows that agree in net and code are taken out, and what is left is paired by net.
_SQL = f"""
with {_LINES},
differing as (
    select distinct sale_id, document from (
        (select sale_id, document, expected_code as code, sum(net_there)::DECIMAL(18,4) as net from lines
         where expected_code is not null group by all)
        except
        (select sale_id, document, tax_code, sum(net)::DECIMAL(18,4) from erp_rows group by all)
    )
),
till_left as (
    select l.sale_id, l.document, l.line_id, l.net_there, l.expected_code, l.sku,
           row_number() over (partition by l.sale_id, l.document, l.net_there, l.expected_code order by l.sku) as n
    from lines l semi join differing d on d.sale_id = l.sale_id and d.document = l.document
),
erp_left as (
    select e.*, row_number() over (partition by e.sale_id, e.document, e.net, e.tax_code order by e.sku) as n
    from erp_rows e semi join differing d on d.sale_id = e.sale_id and d.document = e.document
),
till_odd as (
    select t.*, row_number() over (partition by sale_id, document, net_there order by sku, line_id) as k
    from till_left t anti join erp_left e
         on e.sale_id = t.sale_id and e.document = t.document and e.net = t.net_there
            and e.tax_code = t.expected_code and e.n = t.n
),
erp_odd as (
    select e.*, row_number() over (partition by sale_id, document, net order by sku, row_id) as k
    from erp_left e anti join till_left t
         on e.sale_id = t.sale_id and e.document = t.document and e.net = t.net_there
            and e.tax_code = t.expected_code and e.n = t.n
),
paired as (
    select t.sale_id, t.line_id, e.tax_code as erp_code, e.order_id, e.row_id
    from till_odd t join erp_odd e
         on e.sale_id = t.sale_id and e.document = t.document and e.net = t.net_there and e.k = t.k
),
judged as (
    select l.*, p.erp_code, p.order_id, p.row_id,
           case
               when l.expected_code is null then 'missing_map'
               when p.erp_code <> l.expected_code then 'code'
               when l.tax_rate <> l.code_rate then 'rate'
               when l.tax_rate is null or abs(l.tax * 100 - l.net * l.tax_rate) <= 100 * l.smallest then null
               when abs(l.tax * 100 - l.gross * l.tax_rate) <= 100 * l.smallest
                    or abs(l.tax * (100 + l.tax_rate) - l.net * l.tax_rate) <= (100 + l.tax_rate) * l.smallest
                    then 'inclusive_exclusive'
               when abs(l.tax * 100 - l.net * l.tax_rate) <= 100 * l.smallest * ({REACH} + abs(l.quantity))
                    then 'rounding'
               else 'rate'
           end as cause
    from lines l left join paired p on p.sale_id = l.sale_id and p.line_id = l.line_id
)
select * from judged where cause is not null order by business_date, sale_id, line_id
"""

_ORDERS_SQL = f"""
with {_LINES},
till as (select sale_id, document, sum(tax)::DECIMAL(18,4) as tax from lines group by all),
erp as (
    select sale_id, document, currency, min(order_id) as order_id,
           sum(case when document = 'SC' then -tax else tax end)::DECIMAL(18,4) as tax
    from posted_orders group by all
)
select t.sale_id, t.shop, t.receipt_number, t.business_date, t.currency, e.document, e.order_id,
       coalesce(l.tax, 0) as till_tax, e.tax as erp_tax
from erp e
join pos_transactions t on t.sale_id = e.sale_id and t.currency = e.currency
left join till l on l.sale_id = e.sale_id and l.document = e.document
where t.state not in ('excluded', 'quarantined') and coalesce(l.tax, 0) <> e.tax
order by t.business_date, t.sale_id, e.document
"""


def tax_mismatches(connection: DuckDBPyConnection, context: CheckContext) -> list[Finding]:
    """One finding per line with its cause, then one per order or credit whose tax differs from its lines'."""
    with lent(connection, context.shops, "tax_map", "currency_units"):
        lines = [_line(row) for row in rows(connection, _SQL)]
        return lines + [_order(row) for row in rows(connection, _ORDERS_SQL)]


def _line(row: dict[str, Any]) -> Finding:
    cause, currency = row["cause"], row["currency"]
    where = f"{receipt_of(row)}, line {row['line_id']} ({row['sku'] or row['description'] or row['type']})"
    place = f"line {row['line_id']}"
    till = _till_tax(row)
    if cause == "missing_map":
        return found(
            NAME, cause, row, f"{where}: no tax code is mapped for {till}.", place=place,
            expected=f"a tax code for {till}", actual="nothing mapped", difference=row["tax"],
        )  # fmt: skip
    if cause == "code":
        fact = f"{where}: {till} maps to {row['expected_code']}; order {row['order_id']} carries {row['erp_code']}."
        return found(
            NAME, cause, row, fact, place=f"{place}, order {row['order_id']} row {row['row_id']}",
            expected=row["expected_code"], actual=row["erp_code"],
        )  # fmt: skip
    if cause == "rate" and row["tax_rate"] != row["code_rate"] and row["code_rate"] is not None:
        lawful = _tax_at(row["net"], row["code_rate"], currency)
        rates = f"{plain(row['tax_rate'])} %", f"{plain(row['code_rate'])} % ({row['expected_code']})"
        return found(
            NAME, cause, row, f"{where}: the till charged {rates[0]}, the ERP's code is {rates[1]}.", place=place,
            expected=rates[1], actual=rates[0], difference=row["tax"] - lawful,
        )  # fmt: skip
    right = _tax_at(row["net"], row["tax_rate"], currency)
    fact = (
        f"{where}: tax {money(row['tax'], currency)} on net {money(row['net'], currency)} "
        f"is not {plain(row['tax_rate'])} %{_how(row)}."
    )
    return found(
        NAME, cause, row, fact, place=place, expected=f"tax {money(right, currency)}",
        actual=f"tax {money(row['tax'], currency)}", difference=row["tax"] - right,
    )  # fmt: skip


def _how(row: dict[str, Any]) -> str:
    if row["cause"] != "inclusive_exclusive":
        return ""
    basis = "with tax" if row["tax_inclusive"] else "without tax"
    return f": the till says its prices are {basis}, and reckoned as if they were not"


def _order(row: dict[str, Any]) -> Finding:
    currency = row["currency"]
    till, erp = money(row["till_tax"], currency), money(row["erp_tax"], currency)
    word = "credit" if row["document"] == "SC" else "order"
    return found(
        NAME, "order_tax", row, f"{receipt_of(row)}: tax {till} at the till, {erp} on {word} {row['order_id']}.",
        place=f"{word} {row['order_id']}", expected=f"tax {till}", actual=f"tax {erp}",
        difference=row["till_tax"] - row["erp_tax"],
    )  # fmt: skip


def _till_tax(row: dict[str, Any]) -> str:
    """The till's words for the tax: ``VAT 20 %``, ``17.5 %``, ``no tax``."""
    rate = "" if row["tax_rate"] is None else f"{plain(row['tax_rate'])} %"
    return f"{row['till_tax']} {rate}".strip() or "no tax"


def _tax_at(net: Decimal, rate: Decimal, currency: str) -> Decimal:
    """Net x rate in main units, rounded by the one rounding function."""
    if net == net.quantize(Decimal(1).scaleb(-exponent(currency))):
        return from_minor(tax_on_top(to_minor(net, currency), rate), currency)
    return from_minor(to_minor(net * rate / 100, currency), currency)
