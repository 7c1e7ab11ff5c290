"""Does a frame fit its table? Names, types, nulls, decimals and keys are looked at before anything is written.

Pure: read nothing, write nothing. The table's types decide the casts; a value that would change is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from bp_assets.lake.columns import Column
from bp_assets.lake.errors import LakeSchemaError
from bp_assets.lake.table import Table

_INTEGERS = {"BIGINT": pl.Int64(), "INTEGER": pl.Int32(), "SMALLINT": pl.Int16()}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


def fit(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """``frame`` with exactly the columns and types of ``table``, in its order. Absent nullable columns become null.

    Raises:
        LakeSchemaError: naming the table, the column, and what was expected and found.
    """
    names = [column.name for column in table.columns]
    unknown = [name for name in frame.columns if name not in names]
    if unknown:
        raise LakeSchemaError(f"table {table.name} has no column {unknown[0]!r}; it has {', '.join(names)}")
    fitted = frame.select(_column(table, column, frame) for column in table.columns)
    _no_nulls(table, fitted)
    _unique(table, fitted)
    return fitted


def fit_keys(table: Table, keys: Sequence[str], frame: pl.DataFrame) -> pl.DataFrame:
    """The distinct key values of ``frame``, in the table's types."""
    columns = [table.column(name) for name in keys]
    return frame.select(_column(table, column, frame) for column in columns).unique(maintain_order=True)


def polars_type(duckdb_type: str) -> pl.DataType:
    """The frame type of a column type, for frames made from scratch."""
    decimal = _DECIMAL.fullmatch(duckdb_type)
    if decimal:
        return pl.Decimal(int(decimal[1]), int(decimal[2]))
    if duckdb_type in _INTEGERS:
        return _INTEGERS[duckdb_type]
    others: dict[str, pl.DataType] = {
        "VARCHAR": pl.String(), "BOOLEAN": pl.Boolean(), "DATE": pl.Date(), "TIMESTAMPTZ": pl.Datetime("us", "UTC"),
    }  # fmt: skip
    return others[duckdb_type]


def schema_of(table: Table) -> dict[str, pl.DataType]:
    """The polars schema of a table: ``pl.DataFrame(rows, schema=schema_of(table))``."""
    return {column.name: polars_type(column.type) for column in table.columns}


def _column(table: Table, column: Column, frame: pl.DataFrame) -> pl.Series:
    target = polars_type(column.type)
    if column.name not in frame.columns:
        if not column.nullable:
            raise LakeSchemaError(f"column {column.name!r} of table {table.name} is missing; it may not be null")
        return pl.Series(column.name, [None] * frame.height, dtype=target)
    found = frame[column.name]
    if found.dtype == target or found.dtype == pl.Null:
        return found.cast(target)
    if not _castable(found.dtype, target):
        raise LakeSchemaError(
            f"column {column.name!r} of table {table.name} takes {column.type}, the frame has {found.dtype}"
            + _hint(found.dtype, target)
        )
    try:
        cast = found.cast(target, strict=True)
    except pl.exceptions.PolarsError as error:
        words = str(error).splitlines()[0]
        raise LakeSchemaError(f"column {column.name!r} of table {table.name} takes {column.type}: {words}") from error
    if isinstance(target, pl.Decimal):
        _same_value(table, column, found, cast)
    return cast


def _castable(found: pl.DataType, target: pl.DataType) -> bool:
    if isinstance(target, pl.Decimal):
        return isinstance(found, pl.Decimal) or found.is_integer()
    if target.is_integer():
        return found.is_integer()
    if isinstance(target, pl.Datetime):
        return isinstance(found, pl.Datetime) and found.time_zone is not None
    if isinstance(target, pl.String):
        return isinstance(found, pl.Categorical | pl.Enum)
    return False


def _hint(found: pl.DataType, target: pl.DataType) -> str:
    if found.is_float() and isinstance(target, pl.Decimal):
        return "; no float on money: give a Decimal"
    if isinstance(found, pl.Datetime) and isinstance(target, pl.Datetime):
        return "; an instant needs its time zone"
    return ""


def _same_value(table: Table, column: Column, found: pl.Series, cast: pl.Series) -> None:
    wide = pl.Decimal(38, 18) if isinstance(found.dtype, pl.Decimal) else pl.Int64()
    if found.dtype.is_integer():
        return
    changed = found.cast(wide) != cast.cast(wide)
    if changed.any():
        value = found.filter(changed)[0]
        raise LakeSchemaError(f"column {column.name!r} of table {table.name} takes {column.type}: {value} does not fit")


def _no_nulls(table: Table, frame: pl.DataFrame) -> None:
    for column in table.columns:
        nulls = 0 if column.nullable else frame[column.name].null_count()
        if nulls:
            row = frame.filter(pl.col(column.name).is_null()).select(table.key).row(0)
            raise LakeSchemaError(
                f"column {column.name!r} of table {table.name} may not be null; {nulls} rows are, first with key {row}"
            )


def _unique(table: Table, frame: pl.DataFrame) -> None:
    twice = frame.select(table.key).is_duplicated()
    if twice.any():
        row = frame.filter(twice).select(table.key).row(0)
        raise LakeSchemaError(f"two rows for table {table.name} have the key {', '.join(table.key)} = {row}")
