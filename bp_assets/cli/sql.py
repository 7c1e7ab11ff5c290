"""``tillbridge sql``: one read-only query on the lake. Read: the lake, at one snapshot. Written: nothing.

In JSON decimals are text (``"12.34"``), so that no reader turns pennies into floats; whole numbers are numbers,
instants and dates are ISO 8601 text, empty is null.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
from rich.markup import escape
from rich.measure import Measurement

from bp_assets.cli.screen import console, table
from bp_assets.cli.state import existing
from bp_assets.lake.connect import Lake, explain
from bp_assets.lake.table import PERSONAL
from bp_assets.lake.tables import TABLES
from bp_assets.ledger.server import lake_catalogue_dsn

SHOWN = 200  # rows of a table unless --limit says otherwise
_READS = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
_NUMBER = re.compile(r"(DECIMAL|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?\b|FLOAT|DOUBLE)")
# lake_marks and lake_version say how far tables were read: nothing for people.
_TABLES = """
    select if(schema_name = 'main', '', schema_name || '.') || name as "table", comment as description from (
        select schema_name, table_name as name, comment from duckdb_tables() where database_name = 'lake'
        union all select schema_name, view_name, comment from duckdb_views() where database_name = 'lake')
    where name not in ('lake_marks', 'lake_version') order by 1
"""
# Of a view's columns the lake keeps no words; the dictionary has them.
_COLUMNS = """
    select c.column_name as "column", c.data_type as type, coalesce(c.comment, d.description) as description
    from duckdb_columns() c left join table_dictionary d using (table_name, column_name)
    where c.database_name = 'lake' and ? in (table_name, c.schema_name || '.' || table_name) order by c.column_index
"""
_PERSONAL = {table.name: table.label for table in TABLES if table.schema == PERSONAL}


_LAKE_FUNCTION = re.compile(r"\bducklake_\w+\s*\(", re.IGNORECASE)


class BadQuery(Exception):
    """The query can't be answered. The message says why and what there is."""


def run(root: Path, query: str, *, as_json: bool, limit: int | None, with_contacts: bool = False) -> int:
    """Answer the query; returns exit code 0. Personal data is read only ``with_contacts``.

    Raises:
        BadQuery, NoState, LakeUnavailable: with what to do.
    """
    place = existing(root)
    lake = Lake(place, lake_catalogue_dsn(place))
    text, params = _statement(query)
    _only_reading(text)
    with lake.open() as connection:
        with _explained(lake, connection):
            if not with_contacts and not params:
                _no_personal(connection, text)
            result = connection.execute(text, params)
            columns = [(str(name), str(type_)) for name, type_, *_ in result.description or ()]
            most = limit if limit is not None else None if as_json else SHOWN
            rows = result.fetchall() if most is None else result.fetchmany(most + 1)
        if text == _COLUMNS and not rows:
            raise BadQuery(_no_table(str(params[0]), _tables(connection)))
    if as_json:
        _print_json([name for name, _ in columns], rows if most is None else rows[:most])
    else:
        _print_table(columns, rows, most or SHOWN)
    return 0


def _statement(query: str) -> tuple[str, list[str]]:
    """The SQL of what was typed: ``.tables``, ``.columns TABLE``, ``@file.sql`` or a query."""
    words = query.split()
    if words[:1] == [".tables"]:
        return _TABLES, []
    if words[:1] == [".columns"] and len(words) == 2:
        return _COLUMNS, [words[1]]
    if query.startswith("."):
        raise BadQuery(f"There is no {words[0]} here; there are .tables and .columns TABLE.")
    if query.startswith("@"):
        try:
            return Path(query[1:]).read_text(encoding="utf-8"), []
        except (OSError, UnicodeDecodeError) as error:
            raise BadQuery(f"The query file {query[1:]} can't be read: {error}") from None
    return query, []


def _only_reading(text: str) -> None:
    """One statement that reads. The lake is attached read-only besides; this is for the words."""
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise BadQuery(_plain(error)) from None
    kinds = [statement.type for statement in statements]
    if not kinds:
        raise BadQuery('The query is empty. For example: tillbridge sql "select * from sales_reconciliation"')
    pivot = re.match(r"\s*pivot\b", text, re.IGNORECASE) and kinds[-1] in _READS  # becomes two statements by itself
    if not pivot and any(kind not in _READS for kind in kinds):
        word = next(kind for kind in kinds if kind not in _READS).name
        raise BadQuery(
            f"tillbridge sql only reads, and {word} is more than reading. The tables are written by the pipeline "
            "alone; for tables of your own open finance.duckdb, a published copy, with DuckDB."
        )
    if not pivot and len(kinds) > 1:
        raise BadQuery(f"Ask one query at a time; these are {len(kinds)}.")


def _no_personal(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """A guard against reading personal data without meaning to, through a view or a macro too: the plan is looked at.

    No lock: whoever may open the lake can read all of it.
    """
    if duckdb.extract_statements(text)[0].type == duckdb.StatementType.EXPLAIN:
        return
    plan: list[tuple[str, str]] = []
    with suppress(duckdb.Error):  # the query itself will say what is wrong with it, with the right place
        plan = connection.execute(f"EXPLAIN (FORMAT json) {text}").fetchall()
    scanned = set(re.findall(r'"Table": "(\w+)"', plan[0][1])) if plan else set()
    if not plan or _LAKE_FUNCTION.search(text):  # PIVOT has no plan; that of a function does not name its table
        scanned |= set(re.findall(r"\w+", text.lower()))
    for name in sorted(scanned & _PERSONAL.keys()):
        raise BadQuery(
            f"{_PERSONAL[name]} holds personal data, which is shown only where that is meant: add --with-contacts."
        )


@contextmanager
def _explained(lake: Lake, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A mistake in the query in DuckDB's words; trouble of the lake itself is left to the lake."""
    try:
        yield
    except duckdb.CatalogException as error:
        missing = re.search(r"Table with name (\S+) does not exist", str(error))
        if not missing:
            raise BadQuery(_plain(error)) from None
        raise BadQuery(_no_table(missing[1], _tables(connection))) from None
    except duckdb.Error as error:
        if explain(lake, error) is not None:
            raise
        raise BadQuery(_plain(error)) from None


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [row[0] for row in connection.execute(_TABLES).fetchall()]


def _no_table(name: str, tables: Sequence[str]) -> str:
    labels = {table.split(".")[-1]: table for table in tables}
    close = get_close_matches(name.split(".")[-1].strip('"').lower(), labels, n=1)
    meant = f" Did you mean {labels[close[0]]}?" if close else ""
    return f"There is no table {name}.{meant}\nTables: {', '.join(tables)}"


def _plain(error: duckdb.Error) -> str:
    """DuckDB's words, with the place in the query, without the name of the exception."""
    return re.sub(r"^\w+( \w+)* Error: ", "", str(error)).replace("\n\n", "\n").strip()


# -- showing ---------------------------------------------------------------------------------------


def _print_table(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]], most: int) -> None:
    right = [index for index, (_, type_) in enumerate(columns) if _NUMBER.match(type_)]
    names = [escape(name) for name, _ in columns]
    shown = [[escape(_cell(value)) for value in row] for row in rows[:most]]
    made = table("", names, shown, right)
    out = console()
    width = Measurement.get(out, out.options.update(max_width=100_000), made).maximum
    if not out.is_terminal:
        out.width = max(out.width, width)  # a file or another program: no row is folded
    if out.is_terminal and shown and width > 2 * out.width:
        for number, row in enumerate(shown, 1):
            out.print(table(f"row {number}", ("column", "value"), list(zip(names, row, strict=True))))
    else:
        out.print(made)
    more = len(rows) > most
    out.print(f"The first {most} rows; there are more (--limit)." if more else _count(len(rows)), highlight=False)


def _count(rows: int) -> str:
    return f"{rows} row{'' if rows == 1 else 's'}"


def _cell(value: Any) -> str:
    """For people: money with two decimals at least, instants to the second."""
    if isinstance(value, Decimal):
        whole, point, part = f"{value:f}".partition(".")
        return f"{whole}{point}{part.rstrip('0').ljust(2, '0')}" if point else whole
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return "" if value is None else str(value)


def _print_json(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    keys = _distinct(names)
    records = [dict(zip(keys, (_json(value) for value in row), strict=True)) for row in rows]
    print(json.dumps(records, indent=2, ensure_ascii=False, allow_nan=False))  # noqa: T201  # the command's output


def _distinct(names: Sequence[str]) -> list[str]:
    """Names made different where a query has the same one twice: ``net``, ``net_2``."""
    keys: list[str] = []
    for name in names:
        key, number = name, 2
        while key in keys:
            key, number = f"{name}_{number}", number + 1
        keys.append(key)
    return keys


def _json(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if value - value == 0 else str(value)  # JSON has no NaN and no infinity
        case datetime():
            return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
        case date() | time():
            return value.isoformat()
        case Decimal() | timedelta() | UUID():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        case bytes():
            return base64.b64encode(value).decode()
        case list() | tuple():
            return [_json(one) for one in value]
        case dict():
            return {str(key): _json(one) for key, one in value.items()}
    return str(value)
