"""A DuckDB that can attach a lake. Read: the extensions' files. Written: nothing."""

from __future__ import annotations

import functools
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb

_EXTENSIONS = ("ducklake", "postgres_scanner")
_checked: set[tuple[object, ...]] = set()  # files whose signature was checked in this process


def new_database(config: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory with the extensions loaded.

    Checking their signatures takes a fifth of a second, more than all else that is needed to open a lake. A file that
    was checked is part of this process from then on: another DuckDB is given the very same code, whatever it checks. So
    it does not check that file again, and may load nothing else unchecked afterwards.
    """
    files = {name: _extension(name) for name in _EXTENSIONS}
    known = all(file is not None and _identity(file) in _checked for file in files.values())
    database = duckdb.connect(config=config | {"allow_unsigned_extensions": known})
    for name, file in files.items():
        _load(database, name, file)
    database.execute("SET allow_unsigned_extensions = false")  # for good: DuckDB allows no way back
    # One connection to PostgreSQL is kept for the next use, for a minute at most, and tried before it is used.
    database.execute("SET GLOBAL pg_pool_max_connections = 1")
    return database


def _load(database: duckdb.DuckDBPyConnection, name: str, file: Path | None) -> None:
    """From the wheel, so that nothing is downloaded; where it does not fit this DuckDB, as DuckDB does it itself."""
    try:
        place = str(file).replace("'", "''")
        database.execute(f"LOAD '{place}'" if file else f"LOAD {name}")
    except duckdb.Error:
        database.execute(f"INSTALL {name}")
        database.execute(f"LOAD {name}")
    else:
        if file:
            _checked.add(_identity(file))


@functools.cache
def _extension(name: str) -> Path | None:
    """The extension's file inside its wheel."""
    spec = find_spec(f"duckdb_extension_{name}")
    if spec is None or spec.origin is None:
        return None
    return next(Path(spec.origin).parent.rglob(f"{name}.duckdb_extension"), None)


def _identity(file: Path) -> tuple[object, ...]:
    """What changes when the file does."""
    found = file.stat()
    return file, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
