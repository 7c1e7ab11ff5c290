"""Contracts on tables of the ERP's whole account, held for every row: keys, references, empty and allowed values, sums.

Read: the tables that are filled by pulling the account, and those about the tables. Written: nothing. These are judged
in SQL where they stand, in about one reading of a table, since a year's history of orders is no slice that could be
looked at elsewhere. A finding names the first rows by their keys, never by what a row says of a person. References that
may lead nowhere (``Column.loose``) are not judged: the ERP deletes products, its history goes on naming them.
"""

from __future__ import annotations

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from bp_assets.domain.findings import Finding
from bp_assets.lake.freshness import FRESHNESS
from bp_assets.lake.table import Table
from bp_assets.lake.tables import BY_NAME
from checks.context import found
from checks.expectations import ALSO, SUMS, VALUES

NAME = "contracts"
NAMED = 3  # rows that a finding names
_CURRENCIES = ("currency", "product_value_currency")


@dataclass(frozen=True, slots=True)
class _Rule:
    """``broken`` is true of a row ``t`` that breaks it."""

    kind: str
    column: str
    words: str
    broken: str


def is_whole(table: Table) -> bool:
    """Whether a table is judged here, row by row."""
    contract = FRESHNESS.get(table.name)
    return contract is None or contract.once_begun


def whole_table(connection: DuckDBPyConnection, table: Table, sound: set[str]) -> list[Finding]:
    """One finding per broken rule; ``sound`` are the columns that are as described."""
    rules = [rule for rule in _rules(table, sound) if rule.broken]
    counts = ", ".join(f"count(*) FILTER (WHERE {rule.broken})" for rule in rules)
    row = connection.execute(f"SELECT count(*){', ' * bool(counts)}{counts} FROM {table.sql} t").fetchone()
    rows, broken = (row[0], row[1:]) if row else (0, ())
    findings = [
        _finding(table, rule, count, rows, _first(connection, table, rule.broken))
        for rule, count in zip(rules, broken, strict=True)
        if count
    ]
    if rows and set(table.key) <= sound:
        findings += _twice(connection, table, rows)
    return findings


def _rules(table: Table, sound: set[str]) -> list[_Rule]:
    rules = []
    for column in table.columns:
        if column.name not in sound:
            continue
        name, here = column.name, f't."{column.name}"'
        if not column.nullable:
            rules.append(_Rule("empty", name, "a value in every row", f"{here} IS NULL"))
        if allowed := VALUES.get((table.name, name)):
            listed = ", ".join(f"'{value}'" for value in allowed)
            rules.append(_Rule("value", name, "one of " + ", ".join(allowed), f"{here} NOT IN ({listed})"))
        if name in _CURRENCIES:
            rules.append(
                _Rule("value", name, "an ISO 4217 code", f"NOT regexp_full_match({here}, '[A-Z]{{3}}')")
            )  # fmt: skip
        if column.references and not column.loose:
            there, key = column.references.split(".")
            known = f'SELECT "{key}" FROM {BY_NAME[there].sql}'
            if also := ALSO.get((table.name, name)):
                known += f" UNION ALL {also}"
            rules.append(_Rule("reference", name, f"a row of {there}", f"{here} NOT IN ({known})"))
    for words, holds in SUMS.get(table.name, ()):
        rules.append(_Rule("sum", words, words, f"NOT ({holds})"))
    return rules


def _twice(connection: DuckDBPyConnection, table: Table, rows: int) -> list[Finding]:
    keys = ", ".join(f'"{name}"' for name in table.key)
    twice = f"SELECT {keys}, count(*) AS n FROM {table.sql} GROUP BY {keys} HAVING count(*) > 1"
    answer = connection.execute(
        f"SELECT {keys}, CAST(sum(n) OVER () AS BIGINT) FROM ({twice}) ORDER BY {keys} LIMIT {NAMED}"
    )
    if not (first := answer.fetchall()):
        return []
    rule = _Rule("duplicate_key", "+".join(table.key), "unique", "")
    return [_finding(table, rule, first[0][-1], rows, _named(table, [row[:-1] for row in first]))]


def _first(connection: DuckDBPyConnection, table: Table, broken: str) -> str:
    keys = ", ".join(f't."{name}"' for name in table.key)
    query = f"SELECT {keys} FROM {table.sql} t WHERE {broken} ORDER BY {keys} LIMIT {NAMED}"
    return _named(table, connection.execute(query).fetchall())


def _named(table: Table, keys: list[tuple[object, ...]]) -> str:
    """``order_row_id 11, 12`` or ``(goods_out_id, position) (7, 1), (7, 2)``."""
    if len(table.key) == 1:
        return f"{table.key[0]} " + ", ".join(str(key[0]) for key in keys)
    return f"({', '.join(table.key)}) " + ", ".join(f"({', '.join(map(str, key))})" for key in keys)


def _finding(table: Table, rule: _Rule, count: int, rows: int, named: str) -> Finding:
    place = f"{table.name}.{rule.column}"
    fact = f"{place}: expected {rule.words}; {count} of {rows} rows break that, first {named}."
    actual = f"{count} of {rows} rows not: {named}"
    return found(NAME, rule.kind, {}, fact, place=place, expected=rule.words, actual=actual)
