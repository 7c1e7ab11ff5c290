"""What is kept between two uses of a lake: a DuckDB with the lake attached, and nothing that grows stale."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bp_assets.lake import engine
from bp_assets.lake.connect import Lake
from tests.lake.frames_of_tests import stock

TOTAL = "SELECT sum(in_stock)::BIGINT FROM stock_levels"


@pytest.fixture
def attached(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Grows by each time a lake is attached: whether for reading only."""
    times: list[bool] = []
    attach: Callable[..., None] = Lake._attach

    def counted(lake: Lake, connection: Any, *, read_only: bool, at: Any) -> None:
        times.append(read_only)
        attach(lake, connection, read_only=read_only, at=at)

    monkeypatch.setattr(Lake, "_attach", counted)
    return times


def test_a_lake_is_attached_once_to_read_and_once_to_write(lake: Lake, attached: list[bool]) -> None:
    for number in range(3):
        lake.write(lambda w, n=number: w.upsert("stock_levels", stock((1, 1, n))))
        assert lake.read(TOTAL).item() == number
    assert attached == [False, True]
    lake.close()
    assert lake.read(TOTAL).item() == 2
    assert attached == [False, True, True]


def test_two_readers_at_once_have_an_engine_each_and_one_is_kept(lake: Lake, attached: list[bool]) -> None:
    with lake.open() as one, lake.open() as other:
        assert one.execute(TOTAL).fetchall() == other.execute(TOTAL).fetchall() == [(None,)]
    lake.read(TOTAL)
    assert attached == [True, True]


def test_a_kept_engine_sees_whatever_others_did_meanwhile(lake: Lake, attached: list[bool]) -> None:
    """Rows inlined in the catalogue for the first time, rows in files, a new column, rows in a new shape."""
    other = Lake(lake.home, lake.dsn)
    assert lake.read(TOTAL).item() is None
    other.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5))))
    assert lake.read(TOTAL).item() == 5
    other.write(lambda w: w.upsert("stock_levels", stock(*((n, 1, 1) for n in range(2, 1002)))))
    assert lake.read(TOTAL).item() == 1005
    with other.transaction() as writer:
        writer.connection.execute("ALTER TABLE stock_levels ADD COLUMN shelf VARCHAR")
        writer.connection.execute("UPDATE stock_levels SET shelf = 'A1' WHERE product_id = 1")
    assert lake.read("SELECT in_stock, shelf FROM stock_levels WHERE shelf IS NOT NULL").row(0) == (5, "A1")
    other.write(lambda w: w.connection.execute("DELETE FROM stock_levels WHERE product_id > 1"))
    assert lake.read(TOTAL).item() == 5
    assert attached == [True, False]


def test_a_kept_engine_holds_one_connection_to_the_catalogue_and_no_transaction(lake: Lake) -> None:
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5))))
    with lake.open() as reader:
        reader.execute("BEGIN")
        assert reader.execute(TOTAL).fetchall() == [(5,)]
    with lake.catalogue() as cursor:
        of_duckdb = "datname = current_database() and application_name = ''"
        cursor.execute(f"select state, count(*) from pg_stat_activity where {of_duckdb} group by 1")
        assert cursor.fetchall() == [("idle", 2)]


def test_an_engine_that_failed_is_kept_for_nobody(lake: Lake, attached: list[bool]) -> None:
    with pytest.raises(duckdb.Error, match="nowhere does not exist"):
        lake.read("FROM nowhere")
    lake.read(TOTAL)
    assert attached == [True, True]


def test_extensions_are_checked_once_in_a_process_and_nothing_else_is_loaded_unchecked(tmp_path: Path) -> None:
    first = engine.new_database({})
    assert {file for file, *_ in engine._checked} == {engine._extension(name) for name in engine._EXTENSIONS}
    tampered = shutil.copy(engine._extension("ducklake") or "", tmp_path / "other.duckdb_extension")
    with Path(tampered).open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"another")
    for database in (first, engine.new_database({})):
        with pytest.raises(duckdb.Error, match="signature is either missing or invalid"):
            database.execute(f"LOAD '{tampered}'")
        with pytest.raises(duckdb.Error, match="Cannot change allow_unsigned_extensions"):
            database.execute("SET allow_unsigned_extensions = true")
        database.close()


def test_a_file_that_changed_is_checked_again(tmp_path: Path) -> None:
    file = tmp_path / "some.duckdb_extension"
    file.write_bytes(b"one")
    before = engine._identity(file)
    file.write_bytes(b"other")
    assert engine._identity(file) != before
