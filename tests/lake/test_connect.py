"""Readers never wait and never see half a change, writers queue up, and the catalogue may restart."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import psycopg2
import pytest
import sqlalchemy as sa

from bp_assets.config.home import Home
from bp_assets.lake.connect import Lake
from bp_assets.lake.errors import LakeBusy, LakeUnavailable
from bp_assets.lake.migrate import migrate
from bp_assets.lake.publish import publish
from bp_assets.lake.tables import BY_NAME
from bp_assets.ledger import cluster, server
from tests.lake.frames_of_tests import stock, tenders

ROOT = Path(__file__).parents[2]
# Reads the total of a table whose every state adds up to 1000, again and again, in a process of its own.
READER = """
import sys
from pathlib import Path
from bp_assets.config.home import Home
from bp_assets.lake.connect import Lake
import duckdb
home, dsn = Home(Path(sys.argv[1])), sys.argv[2]
lake, totals = Lake(home, dsn), []
question = "SELECT sum(in_stock)::BIGINT, count(*) FROM stock_levels"
print("ready", flush=True)
for _ in range(50):
    totals.append(lake.read(question).row(0))
    with duckdb.connect(str(home.finance_file), read_only=True) as file:
        totals.append(file.execute(question).fetchone())
print(sorted(set(totals)))
"""


def test_a_hundred_reads_from_each_of_two_processes_never_fail_nor_see_a_torn_total(lake: Lake) -> None:
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 500), (2, 1, 500))))
    only = [BY_NAME["stock_levels"]]
    publish(lake, only)
    command = [sys.executable, "-c", READER, str(lake.home.root), lake.dsn]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    readers = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
    writes = 0
    while any(reader.poll() is None for reader in readers):
        writes += 1
        moved = writes % 500
        lake.write(lambda w, n=moved: w.replace("stock_levels", stock((1, 1, 500 - n), (2, 1, 500 + n))))
        if writes % 5 == 0:
            publish(lake, only)
    assert [(reader.returncode, *reader.communicate()) for reader in readers] == [(0, "[(1000, 2)]\n", "")] * 2
    assert writes > 5


def test_writers_in_threads_never_insert_the_same_new_key_twice(lake: Lake) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, n), (n, 2, 1)))), range(8)))
    rows = lake.read("SELECT warehouse_id, count(*) FROM stock_levels GROUP BY ALL ORDER BY ALL").rows()
    assert rows == [(1, 1), (2, 8)]


def test_a_writer_gives_up_waiting_with_a_clear_word(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bp_assets.lake.connect.LOCK_SECONDS", 0.2)
    with lake.writing(), pytest.raises(LakeBusy, match="Another process has been writing to the lake"):
        lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 1))))


def test_a_reader_keeps_its_snapshot_while_a_writer_commits(lake: Lake) -> None:
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5))))
    with lake.open() as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT in_stock FROM stock_levels").fetchall() == [(5,)]
        lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 6))))
        assert reader.execute("SELECT in_stock FROM stock_levels").fetchall() == [(5,)]
    assert lake.read("SELECT in_stock FROM stock_levels").item() == 6


def test_the_lake_can_be_read_as_it_stood_at_a_snapshot_or_an_instant(lake: Lake) -> None:
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5))))
    then = lake.read("SELECT id FROM lake.current_snapshot()").item()
    instant = datetime.now(UTC)
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 6))))
    for moment in (then, instant):
        with lake.open(at=moment) as old:
            assert old.execute("SELECT in_stock FROM stock_levels").fetchall() == [(5,)]
    assert lake.read("SELECT in_stock FROM stock_levels").item() == 6


def test_a_reader_cannot_write(lake: Lake) -> None:
    with pytest.raises(Exception, match="read-only"), lake.open() as reader:
        reader.execute("DELETE FROM stock_levels")


def test_nothing_of_one_connection_is_left_for_the_next(lake: Lake) -> None:
    with lake.open() as first:
        first.execute("CREATE TEMP TABLE scratch AS SELECT 1")
        first.execute("BEGIN")
    with lake.open() as second, pytest.raises(Exception, match="scratch does not exist"):
        second.execute("FROM scratch")


def test_the_catalogue_may_restart_between_two_transactions(server_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TILLBRIDGE_DATABASE_URL", raising=False)
    home = Home(server_path / "state")
    try:
        lake = Lake(home, server.lake_catalogue_dsn(home))
        migrate(lake)
        lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5))))
        with pytest.raises(LakeUnavailable, match="catalogue does not answer"), lake.transaction() as writer:
            writer.upsert("pos_tenders", tenders("a", "1.00"))
            cluster.stop(home.postgres)
        with pytest.raises(LakeUnavailable, match="Check that PostgreSQL runs"):
            lake.read("SELECT 1")
        cluster.attach(home.postgres)
        assert lake.read("SELECT count(*) FROM pos_tenders").item() == 0
        assert lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 6)))).written == 1
        cluster.stop(home.postgres)
        cluster.attach(home.postgres)  # and nobody who had it open notices
        assert lake.read("SELECT in_stock FROM stock_levels").item() == 6
        assert lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 7)))).written == 1
    finally:
        cluster.stop(home.postgres)
        cluster.release(home.postgres)


def test_a_home_that_was_moved_takes_its_lake_along(lake: Lake, tmp_path: Path) -> None:
    many = stock(*((n, 1, n) for n in range(1000)))
    lake.write(lambda w: w.upsert("stock_levels", many))
    moved = Home(lake.home.root.rename(tmp_path / "elsewhere"))
    there = Lake(moved, lake.dsn)
    assert there.read("SELECT count(*) FROM stock_levels").item() == 1000
    assert there.write(lambda w: w.upsert("stock_levels", stock((0, 1, 7)))).written == 1
    assert there.read("SELECT in_stock FROM stock_levels WHERE product_id = 0").item() == 7


def test_a_lake_folder_that_is_not_the_lakes_is_refused_with_both_names(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.write(lambda w: w.upsert("stock_levels", stock(*((n, 1, n) for n in range(1000)))))
    right = lake.home.lake
    monkeypatch.setenv("TILLBRIDGE_LAKE_PATH", str(tmp_path / "typo"))
    with pytest.raises(LakeUnavailable, match=f"files are in {right}, not in .*typo. Set TILLBRIDGE_LAKE_PATH"):
        lake.read("SELECT 1")


def test_a_lake_that_was_never_filled_says_so(postgres: sa.URL, tmp_path: Path) -> None:
    lake = Lake(Home(tmp_path), server.dsn(postgres.render_as_string(hide_password=False)))
    with pytest.raises(LakeUnavailable, match="There is no lake yet: run the pipeline once"):
        lake.read("SELECT 1")


def test_the_catalogues_password_is_in_no_error(lake: Lake) -> None:
    secret = "hunter2secret"
    closed = Lake(
        lake.home, psycopg2.extensions.make_dsn(host="127.0.0.1", port=1, user="u", password=secret, dbname="d")
    )
    with pytest.raises(LakeUnavailable) as caught:
        closed.read("SELECT 1")
    assert secret not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mistake_in_a_query_stays_what_it_is(lake: Lake) -> None:
    with pytest.raises(Exception, match="nowhere does not exist"):
        lake.read("FROM nowhere")
    with pytest.raises(FileNotFoundError, match="my own file"), lake.open():
        raise FileNotFoundError("my own file")
    assert isinstance(lake.read("SELECT 1 AS one"), pl.DataFrame)
