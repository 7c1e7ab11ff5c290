"""The rows of one till export, as text, with their place in the file.

Read: the bytes of a CSV, NDJSON or Parquet file. Written: nothing. CSV and NDJSON are read line by line with the
standard library, so that one bad line costs one receipt and every number keeps the digits it was written with;
Parquet is read by polars and a float becomes its shortest text, never a sum. Empty and null fields are left out of a
row.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

import polars as pl

from bp_assets.config import FileDropFeed

_SUFFIXES = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv",
    ".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "ndjson",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
PARQUET_MAGIC = b"PAR1"
_NEEDED_IN_ROWS = ("receipt", "sold_at", "quantity")


class Unreadable(Exception):
    """The file as a whole can't be used."""

    def __init__(self, reason_code: str, message: str) -> None:
        super().__init__(message)
        self.reason_code = reason_code


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``number`` is its line in the file (Parquet: counted from 1); ``broken`` says why it can't be
    trusted.
    """

    number: int
    values: dict[str, str]
    broken: str = ""
    text: str = ""  # of a row that could not be taken apart


def format_of(name: str, content: bytes, feed: FileDropFeed) -> str:
    """``csv``, ``ndjson`` or ``parquet``: as declared, else by the name's ending, else by the first bytes."""
    if feed.format != "auto":
        return feed.format
    known = _SUFFIXES.get(PurePath(name).suffix.lower())
    if known:
        return known
    if content.startswith(PARQUET_MAGIC):
        return "parquet"
    return "ndjson" if content.lstrip()[:1] == b"{" else "csv"


def is_complete(kind: str, content: bytes) -> bool:
    """Whether the file ends as a finished one does: with a line break, or Parquet's footer mark."""
    if kind == "parquet":
        return len(content) >= 12 and content.startswith(PARQUET_MAGIC) and content.endswith(PARQUET_MAGIC)
    return content.endswith((b"\n", b"\r")) or not content


def read_rows(name: str, content: bytes, feed: FileDropFeed) -> list[Row]:
    """All rows of the file.

    Raises:
        Unreadable: not in the format or encoding, or a declared column is missing; the message names file and columns.
    """
    kind = format_of(name, content, feed)
    if kind == "parquet":
        return _parquet(name, content, feed)
    encoding = "utf-8-sig" if feed.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else feed.encoding
    try:
        text = content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as problem:
        raise Unreadable("malformed", f"{name} is not {feed.encoding} text: {problem}") from None
    return _csv(name, text, feed) if kind == "csv" else _ndjson(name, text, feed)


def declared(feed: FileDropFeed) -> dict[str, str]:
    """Meaning -> column name, of every column that the shops file declares."""
    columns = {meaning: column for meaning, column in feed.columns.model_dump().items() if column}
    extra = {"void": feed.void_column, "returns": feed.returns.column or None}
    return columns | {meaning: column for meaning, column in extra.items() if column}


def _check_columns(name: str, present: set[str], feed: FileDropFeed, *, all_of_them: bool) -> None:
    wanted = declared(feed)
    missing = {
        column: meaning
        for meaning, column in wanted.items()
        if column not in present and (all_of_them or meaning in _NEEDED_IN_ROWS)
    }
    if missing:
        words = ", ".join(f"{column!r} ({meaning})" for column, meaning in sorted(missing.items()))
        have = ", ".join(sorted(present)) or "none"
        raise Unreadable("missing_column", f"{name} lacks the declared columns {words}; it has {have}")


def _csv(name: str, text: str, feed: FileDropFeed) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=feed.delimiter, strict=True)
    rows: list[Row] = []
    header: list[str] = []
    try:
        for fields in reader:
            if not any(field.strip() for field in fields):
                continue
            if not header:
                header = [field.strip() for field in fields]
                twice = sorted({column for column in header if header.count(column) > 1})
                if twice:
                    raise Unreadable("malformed", f"{name} has the columns {', '.join(twice)} twice")
                _check_columns(name, set(header), feed, all_of_them=True)
                continue
            values = {column: field for column, field in zip(header, fields, strict=False) if field.strip()}
            broken = "" if len(fields) == len(header) else f"{len(fields)} fields, the header has {len(header)}"
            rows.append(Row(reader.line_num, values, broken, feed.delimiter.join(fields) if broken else ""))
    except csv.Error as problem:
        raise Unreadable("malformed", f"{name} line {reader.line_num}: {problem}") from None
    if not header:
        raise Unreadable("malformed", f"{name} is empty: not even a header")
    return rows


def _ndjson(name: str, text: str, feed: FileDropFeed) -> list[Row]:
    rows: list[Row] = []
    present: set[str] = set()
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            # Numbers stay the text they were written as: no float ever touches money.
            found = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
        except (ValueError, RecursionError) as problem:
            rows.append(Row(number, {}, f"not JSON: {problem}", line.strip()))
            continue
        if not isinstance(found, dict):
            rows.append(Row(number, {}, "not a JSON object", line.strip()))
            continue
        texts = {_sound(str(key)): _sound(_text(value)) for key, value in found.items()}
        present |= texts.keys()
        rows.append(Row(number, {key: value for key, value in texts.items() if value.strip()}))
    if not rows:
        raise Unreadable("malformed", f"{name} is empty")
    if present:
        _check_columns(name, present, feed, all_of_them=False)
    return rows


def _parquet(name: str, content: bytes, feed: FileDropFeed) -> list[Row]:
    try:
        frame = pl.read_parquet(io.BytesIO(content))
    except (Exception, pl.exceptions.PanicException) as problem:  # many kinds, among them its Rust side's panics
        raise Unreadable("malformed", f"{name} is not a readable Parquet file: {str(problem)[:200]}") from None
    _check_columns(name, set(frame.columns), feed, all_of_them=True)
    columns: list[list[str]] = [[_text(value) for value in frame[column].to_list()] for column in frame.columns]
    names = frame.columns
    return [
        Row(number, {column: value for column, value in zip(names, values, strict=True) if value.strip()})
        for number, values in enumerate(zip(*columns, strict=True), start=1)
    ]


def _sound(text: str) -> str:
    """JSON can name half a character (a till cut an emoji in two); no UTF-8 can hold it, so it becomes ``?``."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _text(value: Any) -> str:
    """One text per value: ``2.55`` for the float 2.55 (its shortest form), ISO 8601 for times, empty for null."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | dict):
        plain: Callable[[Any], str] = str
        return json.dumps(value, sort_keys=True, ensure_ascii=False, default=plain)
    return str(value)
