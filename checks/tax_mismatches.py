"""Tax per line and per order: the till's beside the shops file's map and the ERP's code, rate and amount.

Read: pos_transactions, pos_lines, tax_codes, posted_orders, posted_order_rows, summary_lines, the tax map. Written:
nothing.

A line's tax is right when it is within one smallest unit of net x rate. Beyond that it is ``inclusive_exclusive`` if it
is what the other price basis gives, ``rounding`` within ``REACH`` units and one more per piece, else ``rate``: the till
did not charge the rate it names. Each line has one cause: missing_map, code, rate, inclusive_exclusive, rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    select o.sale_id, o.document, o.order_id, r.order_row_id, r.tax_code, r.net, r.sku
    from posted_order_rows r join posted_orders o on o.order_id = r.order_id
)
"""

# Which ERP row belongs to a line is written nowhere: only documents whose net per tax code differs are looked at.
_DIFFERING = f"""
with {_LINES},
differing as (
    select distinct sale_id, document from (
        (select sale_id, document, expected_code as code, sum(net_there)::DECIMAL(18,4) as net from lines
         where expected_code is not null group by all)
        except
        (select sale_id, document, tax_code, sum(net)::DECIMAL(18,4) from erp_rows group by all)
    )
)
"""
_LINES_THERE = f"""
{_DIFFERING}
select l.*, l.expected_code as code, l.net_there as net_on_row
from lines l semi join differing d on d.sale_id = l.sale_id and d.document = l.document
where l.expected_code is not null order by l.business_date, l.sale_id, l.line_id
"""
_ROWS_THERE = f"""
{_DIFFERING}
select e.*, e.tax_code as code, e.net as net_on_row
from erp_rows e semi join differing d on d.sale_id = e.sale_id and d.document = e.document
order by e.sale_id, e.order_row_id
"""

_SQL = f"""
with {_LINES},
judged as (
    select l.*,
           case
               when l.expected_code is null then 'missing_map'
               when l.tax_rate <> l.code_rate then 'rate'
               when l.tax_rate is null or abs(l.tax * 100 - l.net * l.tax_rate) <= 100 * l.smallest then null
               when abs(l.tax * 100 - l.gross * l.tax_rate) <= 100 * l.smallest
                    or abs(l.tax * (100 + l.tax_rate) - l.net * l.tax_rate) <= (100 + l.tax_rate) * l.smallest
                    then 'inclusive_exclusive'
               when abs(l.tax * 100 - l.net * l.tax_rate) <= 100 * l.smallest * ({REACH} + abs(l.quantity))
                    then 'rounding'
               else 'rate'
           end as cause
    from lines l
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


# What a summary was made of beside what its document in the ERP shows, per tax code.
_SUMMARIES_SQL = """
with till as (
    select summary_id, document, currency, tax_code, any_value(shop) as shop, any_value(business_date) as business_date,
           sum(tax)::DECIMAL(18,4) as tax
    from summary_lines group by summary_id, document, currency, tax_code
),
erp as (
    select o.sale_id as summary_id, o.document, o.currency, r.tax_code, min(o.order_id) as order_id,
           sum(r.tax)::DECIMAL(18,4) as tax
    from posted_order_rows r join posted_orders o on o.order_id = r.order_id
    semi join summary_lines s on s.summary_id = o.sale_id
    group by o.sale_id, o.document, o.currency, r.tax_code
),
documents as (
    select o.sale_id as summary_id, o.document, o.currency, min(o.order_id) as order_id, any_value(o.reference) as name,
           any_value(s.shop) as shop, any_value(s.business_date) as business_date
    from posted_orders o join summary_lines s on s.summary_id = o.sale_id group by o.sale_id, o.document, o.currency
)
select d.summary_id as sale_id, d.shop, d.name as receipt_number, d.business_date, d.currency, d.document, d.order_id,
       coalesce(t.tax_code, e.tax_code) as tax_code, coalesce(t.tax, 0) as till_tax, coalesce(e.tax, 0) as erp_tax
from till t
full join erp e on e.summary_id = t.summary_id and e.document = t.document and e.currency = t.currency
                   and e.tax_code = t.tax_code
join documents d on d.summary_id = coalesce(t.summary_id, e.summary_id)
                    and d.document = coalesce(t.document, e.document)
where coalesce(t.tax, 0) <> coalesce(e.tax, 0)
order by d.business_date, d.summary_id, d.document, 8
"""


def tax_mismatches(connection: DuckDBPyConnection, context: CheckContext) -> list[Finding]:
    """One finding per line with its cause, then one per document whose tax differs from its lines' or receipts'."""
    with lent(connection, context.shops, "tax_map", "currency_units"):
        lines, there = list(rows(connection, _LINES_THERE)), list(rows(connection, _ROWS_THERE))
        coded = {(line["sale_id"], line["line_id"]): {**line, **row} for line, row in _miscoded(lines, there)}
        judged = [row for row in rows(connection, _SQL) if (row["sale_id"], row["line_id"]) not in coded]
        findings = [_line(row) for row in judged] + [_code(row) for row in coded.values()]
        findings += [_order(row) for row in rows(connection, _ORDERS_SQL)]
        return findings + [_summary(row) for row in rows(connection, _SUMMARIES_SQL)]


def _miscoded(
    lines: list[dict[str, Any]], there: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Lines beside the ERP row of the same net, where the row has another code.

    What agrees wholly is paired first, what agrees in net alone last; a line without a row of its net is left out:
    its money is wrong, not (only) its code.
    """
    free_lines, free_rows = lines, there
    for alike in (("code", "sku"), ("code",), ("sku",), ()):
        names = ("sale_id", "document", "net_on_row", *alike)
        open_rows: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for row in free_rows:
            open_rows.setdefault(tuple(row[name] for name in names), []).append(row)
        left = []
        for line in free_lines:
            same = open_rows.get(tuple(line[name] for name in names))
            if not same:
                left.append(line)
                continue
            row = same.pop(0)
            if row["code"] != line["code"]:
                yield line, {"erp_code": row["code"], "order_id": row["order_id"], "row_id": row["order_row_id"]}
        free_lines, free_rows = left, [row for rest in open_rows.values() for row in rest]


def _code(row: dict[str, Any]) -> Finding:
    order, expected, actual = row["order_id"], row["expected_code"], row["erp_code"]
    fact = f"{_where(row)}: {_till_tax(row)} maps to {expected}; order {order} carries {actual}."
    place = f"line {row['line_id']}, order {order} row {row['row_id']}"
    return found(NAME, "code", row, fact, place=place, expected=expected, actual=actual)


def _where(row: dict[str, Any]) -> str:
    return f"{receipt_of(row)}, line {row['line_id']} ({row['sku'] or row['description'] or row['type']})"


def _line(row: dict[str, Any]) -> Finding:
    cause, currency = row["cause"], row["currency"]
    where = _where(row)
    place = f"line {row['line_id']}"
    till = _till_tax(row)
    if cause == "missing_map":
        return found(
            NAME, cause, row, f"{where}: no tax code is mapped for {till}.", place=place,
            expected=f"a tax code for {till}", actual="nothing mapped", difference=row["tax"],
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


def _summary(row: dict[str, Any]) -> Finding:
    currency, code = row["currency"], row["tax_code"]
    till, erp = money(row["till_tax"], currency), money(row["erp_tax"], currency)
    word = "credit" if row["document"] == "SC" else "order"
    fact = (
        f"Summary {row['receipt_number']} of {row['shop']}: tax of {code} is {till} on its receipts, {erp} on {word} "
    )
    return found(
        NAME, "order_tax", row, f"{fact}{row['order_id']}.", place=f"{word} {row['order_id']}, {code}",
        expected=f"tax {till}", actual=f"tax {erp}", difference=row["till_tax"] - row["erp_tax"],
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
