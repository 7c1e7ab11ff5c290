"""Contracts on the tables that people read: one verdict per table.

Read: every table of ``lake/tables.py`` but ``findings``. Written: nothing.

Tables of the ERP's whole account are judged row by row in SQL (``whole_tables.py``), all others by Great Expectations.
It sees the newest ``LIMIT`` rows of a table, as pandas. Whatever needs exact decimals or another table
(sums, references, keys across the whole table) is decided by SQL for those rows and handed over as true or false, since
it judges one column of one frame. Columns and their types are compared for the table itself.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from importlib import import_module
from typing import Any

from duckdb import DuckDBPyConnection

from bp_assets.domain.findings import Finding
from bp_assets.lake.table import Table
from bp_assets.lake.tables import BY_NAME, TABLES
from checks.context import CheckContext, found
from checks.expectations import ALSO, SUMS, VALUES
from checks.whole_tables import is_whole, whole_table

NAME = "contracts"
LIMIT = 20_000  # newest rows per table; all of them in a small business's month, seconds in a large one's
_NEWEST_BY = ("as_of", "captured_at", "intended_at", "received_at", "observed_at", "business_date")
_SPELT = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}
TABLE_NAMES: tuple[str, ...] = tuple(table.name for table in TABLES if table.name != "findings")


def contracts(
    connection: DuckDBPyConnection, context: CheckContext, tables: Collection[str] | None = None, limit: int = LIMIT
) -> list[Finding]:
    """One finding per broken expectation of ``tables`` (default: all); ``place`` is ``table.column``."""
    findings = []
    actual = _actual_columns(connection)
    for table in TABLES:
        if table.name in TABLE_NAMES and (tables is None or table.name in tables):
            broken, sound = _columns(table, actual.get((table.schema, table.name), {}))
            findings += broken
            if not connection.execute(f"select 1 from {table.sql} limit 1").fetchone():
                continue
            if is_whole(table):
                findings += whole_table(connection, table, sound)
            else:
                findings += _validate(connection, table, sound, limit)
    return findings


def _actual_columns(connection: DuckDBPyConnection) -> dict[tuple[str, str], dict[str, str]]:
    """Column -> type of every table and view by schema and name, in one question."""
    query = "select schema_name, table_name, column_name, data_type from duckdb_columns() "
    query += "where database_name = current_database()"
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, type_ in connection.execute(query).fetchall():
        found.setdefault((schema, table), {})[column] = type_
    return found


def _columns(table: Table, actual: dict[str, str]) -> tuple[list[Finding], set[str]]:
    """Findings on names and types, and the names of the columns that are as described."""
    expected = {column.name: _SPELT.get(column.type, column.type) for column in table.columns}
    findings = []
    for name in sorted(actual.keys() | expected.keys()):
        want, have = expected.get(name, "no such column"), actual.get(name, "no such column")
        if want != have:
            place = f"{table.name}.{name}"
            findings.append(
                found(NAME, "columns", {}, f"{place}: expected {want}, found {have}.", place=place, expected=want,
                      actual=have)
            )  # fmt: skip
    return findings, {name for name in expected if actual.get(name) == expected[name]}


def _slice(table: Table, sound: set[str], limit: int) -> tuple[str, list[dict[str, Any]]]:
    """The query of the newest rows with its verdict columns, and what is expected of each column."""
    wanted: list[dict[str, Any]] = []
    parts = [f"s.{name}" for name in sorted(sound)]
    for column in table.columns:
        if column.name not in sound:
            continue
        if not column.nullable:
            wanted.append({"kind": "empty", "column": column.name, "words": "a value in every row"})
        if (table.name, column.name) in VALUES:
            values = VALUES[table.name, column.name]
            wanted.append(
                {"kind": "value", "column": column.name, "values": values, "words": "one of " + ", ".join(values)}
            )
        if column.name == "currency":
            wanted.append({"kind": "value", "column": "currency", "regex": "^[A-Z]{3}$", "words": "an ISO 4217 code"})
        if column.references and not column.loose:
            there, key = column.references.split(".")
            verdict = f"ok_reference_{column.name}"
            known = f"select {key} from {BY_NAME[there].sql}"
            if (table.name, column.name) in ALSO:
                known += f" union all {ALSO[table.name, column.name]}"
            parts.append(f"s.{column.name} is null or s.{column.name} in ({known}) as {verdict}")
            wanted.append({"kind": "reference", "column": column.name, "verdict": verdict,
                           "words": f"a row of {there}"})  # fmt: skip
    if set(table.key) <= sound:
        keys = ", ".join(table.key)
        same = " and ".join(f"k.{name} = s.{name}" for name in table.key)
        parts.append(
            f"not exists (from (select {keys} from {table.sql} group by all having count(*) > 1) k where {same})"
            " as ok_key"
        )
        wanted.append({"kind": "duplicate_key", "column": "+".join(table.key), "verdict": "ok_key", "words": "unique"})
    for number, (words, expression) in enumerate(SUMS.get(table.name, ())):
        parts.append(f"coalesce({expression}, true) as ok_sum_{number}")
        wanted.append({"kind": "sum", "column": words, "verdict": f"ok_sum_{number}", "words": words})
    newest = next((f"order by {name} desc nulls first" for name in _NEWEST_BY if name in sound), "")
    rows = f"select * from {table.sql} {newest} limit {limit}"
    return f"select {', '.join(parts)} from ({rows}) s", wanted


def _validate(connection: DuckDBPyConnection, table: Table, sound: set[str], limit: int) -> list[Finding]:
    sql, wanted = _slice(table, sound, limit)
    frame = connection.execute(sql).to_arrow_table().to_pandas()  # through Arrow: decimals stay decimals
    if frame.empty:
        return []
    findings = []
    for number, result in _results(frame, wanted):
        if result["unexpected_count"]:
            findings.append(_finding(table, wanted[number], result))
    return findings


def _results(frame: Any, wanted: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """The results of Great Expectations by position in ``wanted``. It is imported here: its import takes seconds."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"  # read at import: nothing is told to anybody
    # Its packages re-export without saying so, which a type checker does not follow: hence Any.
    gx: Any = import_module("great_expectations")
    gxe: Any = import_module("great_expectations.expectations")

    def expectation(number: int, want: dict[str, Any]) -> Any:
        meta = {"number": number}
        if want["kind"] == "empty":
            return gxe.ExpectColumnValuesToNotBeNull(column=want["column"], meta=meta)
        if "regex" in want:
            return gxe.ExpectColumnValuesToMatchRegex(column=want["column"], regex=want["regex"], meta=meta)
        if "values" in want:
            return gxe.ExpectColumnValuesToBeInSet(column=want["column"], value_set=list(want["values"]), meta=meta)
        return gxe.ExpectColumnValuesToBeInSet(column=want["verdict"], value_set=[True], meta=meta)

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("lake").add_dataframe_asset("table")
    batch = asset.add_batch_definition_whole_dataframe("newest").get_batch(batch_parameters={"dataframe": frame})
    suite = gx.ExpectationSuite(name="contract", expectations=[expectation(n, w) for n, w in enumerate(wanted)])
    validated = batch.validate(suite, result_format={"result_format": "BASIC", "partial_unexpected_count": 3})
    results = []
    for result in validated.results:
        number = result.expectation_config.meta["number"]
        if result.exception_info.get("raised_exception"):
            # A fault of ours, not of the data: it must not pass as a quiet check.
            raise RuntimeError(f"expectation {wanted[number]} could not be judged: {result.exception_info}")
        results.append((number, dict(result.result)))
    return sorted(results, key=lambda item: item[0])


def _finding(table: Table, want: dict[str, Any], result: dict[str, Any]) -> Finding:
    count, whole = result["unexpected_count"], result["element_count"]
    place = f"{table.name}.{want['column']}"
    examples = ""
    if want["kind"] == "value":
        examples = ": " + ", ".join(repr(value) for value in dict.fromkeys(result["partial_unexpected_list"]))
    actual = f"{count} of {whole} rows not{examples}"
    fact = f"{place}: expected {want['words']}; {count} of the newest {whole} rows break that{examples}."
    return found(NAME, want["kind"], {}, fact, place=place, expected=want["words"], actual=actual)
