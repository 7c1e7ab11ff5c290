"""The lake: DuckDB over DuckLake, its catalogue in PostgreSQL, its rows in Parquet files under ``home.lake``.

Any number of processes read while others write; each reader sees one snapshot. Writers queue up on one advisory lock of
the catalogue's PostgreSQL, since DuckLake knows no unique keys: two upserts at once would each insert the same new key.
Read and written: the schema ``lake`` of the database, the folder ``home.lake``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
import polars as pl
import psycopg2  # type: ignore[import-untyped]  # ships no types
import stamina

from bp_assets.config.home import Home
from bp_assets.lake.engine import new_database
from bp_assets.lake.errors import LakeBusy, LakeConflict, LakeError, LakeNoSpace, LakeUnavailable

if TYPE_CHECKING:
    from bp_assets.lake.frames import Writer

T = TypeVar("T")

SCHEMA = "lake"
THREADS = 2
MEMORY = "1GB"
LOCK_SECONDS = 120
WRITE_ATTEMPTS = 6
_LOCK = 0x7411_0003
_NO_SPACE = ("No space left", "File too large", "Disk quota exceeded")


@dataclass(frozen=True, slots=True)
class _Engine:
    """A DuckDB to which the lake is attached, and the process that it belongs to."""

    process: int
    database: duckdb.DuckDBPyConnection


class Lake:
    """The lake of one installation. ``dsn`` is the libpq connection string of the catalogue's database.

    ``memory`` and ``threads`` are what DuckDB may use; beyond the memory it spills into the home.
    """

    def __init__(self, home: Home, dsn: str, *, memory: str = MEMORY, threads: int = THREADS) -> None:
        self.home = home
        self.dsn = dsn
        self._memory, self._threads = memory, threads
        self._idle: dict[bool, _Engine] = {}  # one that reads only, one that writes

    @contextmanager
    def open(
        self, *, read_only: bool = True, at: int | datetime | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:  # fmt: skip
        """A DuckDB connection whose current database is the lake; ``at`` reads it as it stood at a snapshot or instant.

        Raises:
            LakeUnavailable: the catalogue or the folder can't be reached; or there is no lake yet to be read.
        """
        with explained_errors(self, OSError, duckdb.Error):
            engine, connection = self._connected(read_only, at)
        try:
            with explained_errors(self, duckdb.Error):
                yield connection
        except BaseException:
            connection.close()
            engine.database.close()  # whatever state it is in, nobody else gets it
            raise
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")  # a reader may leave a transaction open
        connection.close()
        if at is not None or self._idle.setdefault(read_only, engine) is not engine:
            engine.database.close()

    def close(self) -> None:
        """Let go of the engines that are kept for the next one who opens it; it may be opened again."""
        while self._idle:
            _, engine = self._idle.popitem()
            if engine.process == os.getpid():
                engine.database.close()

    def _connected(self, read_only: bool, at: int | datetime | None) -> tuple[_Engine, duckdb.DuckDBPyConnection]:
        """A DuckDB to which the lake is attached, and a connection in it.

        Attaching reads the whole catalogue, which takes ten times as long as a small query, and a DuckDB keeps some of
        it for ever. So an engine is used again with its lake attached: each transaction begins with the catalogue's
        newest snapshot. An engine that can't reach it is replaced.
        """
        kept = self._idle.pop(read_only, None) if at is None else None
        if kept and kept.process == os.getpid():
            connection = kept.database.cursor()
            try:
                _use(connection)
                return kept, connection
            except duckdb.Error:
                kept.database.close()
        engine = _Engine(os.getpid(), new_database(self._config()))
        try:
            connection = engine.database.cursor()
            self._attach(connection, read_only=read_only, at=at)
            _use(connection)
        except BaseException:
            engine.database.close()
            raise
        return engine, connection

    def read(self, sql: str, params: Sequence[Any] | dict[str, Any] | None = None) -> pl.DataFrame:
        """The answer of one query as a frame: instants in UTC, decimals as decimals."""
        with self.open() as connection:
            return connection.execute(sql, params or None).pl()

    @contextmanager
    def transaction(self) -> Iterator[Writer]:
        """One write transaction: all or nothing. It waits for other writers; keep slow work outside.

        Raises:
            LakeBusy: another writer held the lake longer than ``LOCK_SECONDS``.
            LakeUnavailable: full disk, no catalogue: nothing was written.
        """
        from bp_assets.lake.frames import Writer

        with self.writing(), self._cleared_up(), self.open(read_only=False) as connection:
            connection.execute("BEGIN")
            try:
                yield Writer(connection)
                connection.execute("COMMIT")
            except BaseException:
                with suppress(duckdb.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _cleared_up(self) -> Iterator[None]:
        """After a full disk, half-written files go at once: they would keep it full. Only writers make files, and we
        hold the writers' lock, so a file that no snapshot knows is one of ours."""
        try:
            yield
        except LakeNoSpace:
            with suppress(LakeError, duckdb.Error), self.open(read_only=False) as connection:
                connection.execute("CALL ducklake_delete_orphaned_files('lake', cleanup_all => true)")
            raise

    def write(self, work: Callable[[Writer], T]) -> T:
        """``work`` in one write transaction, run again (limited, with jitter) if another change came in between."""
        for attempt in stamina.retry_context(on=LakeConflict, attempts=WRITE_ATTEMPTS, timeout=60, wait_initial=0.05):
            with attempt, self.transaction() as writer:
                return work(writer)
        raise AssertionError("a retry either returns or raises")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The right to write, for the time of the block."""
        try:
            connection = psycopg2.connect(self.dsn, application_name="tillbridge lake writer", connect_timeout=10)
        except psycopg2.OperationalError as error:
            raise _unavailable(self, error) from error
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"set lock_timeout = '{LOCK_SECONDS}s'")
                try:
                    cursor.execute("select pg_advisory_lock(%s)", (_LOCK,))
                except psycopg2.errors.LockNotAvailable:
                    raise LakeBusy(
                        f"Another process has been writing to the lake for more than {LOCK_SECONDS} s. "
                        "Wait for it or end it, then run again; nothing was written."
                    ) from None
            yield
        finally:
            connection.close()

    @contextmanager
    def catalogue(self) -> Iterator[Any]:
        """A cursor on the catalogue's own tables, in one transaction of PostgreSQL."""
        try:
            connection = psycopg2.connect(self.dsn, application_name="tillbridge lake catalogue", connect_timeout=10)
        except psycopg2.OperationalError as error:
            raise _unavailable(self, error) from error
        try:
            with connection, connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def _config(self) -> dict[str, str | bool | int | float | list[str]]:
        spill = self.home.root / "spill"
        return {"threads": self._threads, "memory_limit": self._memory, "temp_directory": str(spill)}

    def _attach(self, connection: duckdb.DuckDBPyConnection, *, read_only: bool, at: int | datetime | None) -> None:
        folder = self.home.lake
        if not read_only:
            folder.mkdir(parents=True, exist_ok=True)
        options = [f"DATA_PATH {quoted(str(folder) + '/')}", f"METADATA_SCHEMA '{SCHEMA}'"]
        if read_only:
            options.append("READ_ONLY")
        if isinstance(at, datetime):
            options.append(f"SNAPSHOT_TIME '{at.isoformat()}'")
        elif at is not None:
            options.append(f"SNAPSHOT_VERSION {int(at)}")
        attach = f"ATTACH {quoted('ducklake:postgres:' + self.dsn)} AS lake ({', '.join(options)}"
        try:
            connection.execute(attach + ")")
        except duckdb.Error as error:
            if "DATA_PATH" not in str(error) or not self._moved(connection):
                raise
            connection.execute(attach + ", OVERRIDE_DATA_PATH true)")

    def _moved(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Whether the whole home was moved: the recorded folder is gone and the named one has the files."""
        with self.catalogue() as cursor:
            cursor.execute(f"select value from {SCHEMA}.ducklake_metadata where key = 'data_path'")
            recorded = Path(cursor.fetchone()[0])
        if not recorded.exists() and self.home.lake.exists():
            return True
        raise LakeUnavailable(
            f"The lake's files are in {recorded}, not in {self.home.lake}. "
            "Set TILLBRIDGE_LAKE_PATH to that folder, or move the files and remove the old folder."
        )


def _use(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("USE lake")


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def explained_errors(lake: Lake, *kinds: type[Exception]) -> Iterator[None]:
    """Errors that a person can do something about, as one line."""
    try:
        yield
    except kinds as error:
        explained = explain(lake, error)
        if explained is None:
            raise
        raise explained from error


def explain(lake: Lake, error: Exception) -> LakeError | None:
    """The error as one line for a person, or ``None`` where it is a mistake in a query."""
    said = _without_password(lake, " ".join(str(error).split()))
    if any(words in said for words in _NO_SPACE):
        return LakeNoSpace(
            f"There is no space left for the lake in {lake.home.lake}: the transaction was undone, nothing is half "
            f"written. Free space or move the lake (TILLBRIDGE_LAKE_PATH), then run again. ({said[:300]})"
        )
    if isinstance(error, OSError) or "ermission denied" in said or "Read-only file system" in said:
        folders = f"{lake.home.lake} and {lake.home.root}"
        return LakeUnavailable(f"The lake can't write to its folders: {said[:300]}. Make {folders} writable.")
    if "onflict" in said and isinstance(error, duckdb.TransactionException):
        return LakeConflict(f"Another writer changed the same rows of the lake; run again. ({said[:300]})")
    if "creating a new DuckLake is explicitly disabled" in said:
        return LakeUnavailable("There is no lake yet: run the pipeline once, or `tillbridge demo`.")
    lost = ("Unable to connect to Postgres", "closed the connection", "terminating connection", "Failed to commit")
    if any(words in said for words in lost):
        return _unavailable(lake, said)
    return None


def _unavailable(lake: Lake, error: object) -> LakeUnavailable:
    said = _without_password(lake, " ".join(str(error).split()))
    return LakeUnavailable(
        f"The lake's catalogue does not answer: {said[:300]}. Check that PostgreSQL runs; run again."
    )


def _without_password(lake: Lake, text: str) -> str:
    password = psycopg2.extensions.parse_dsn(lake.dsn).get("password")
    return text.replace(password, "***") if password else text
