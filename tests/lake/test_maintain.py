"""Upkeep keeps every row and every snapshot that is young enough, and clears the rest away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from bp_assets.lake.connect import Lake
from bp_assets.lake.maintain import maintain
from tests.lake.frames_of_tests import stock


def files(lake: Lake) -> int:
    return len(list((lake.home.lake / "main" / "stock_levels").glob("*.parquet")))


def test_small_inserts_go_into_files_small_files_into_one_and_the_rows_stay(lake: Lake) -> None:
    maintain(lake)
    for number in range(5):
        lake.write(lambda w, n=number: w.upsert("stock_levels", stock((n, 1, n), (n, 2, n))))
    assert files(lake) == 0
    assert maintain(lake).rows_flushed == 10
    assert files(lake) == 1
    assert lake.read("SELECT count(*), sum(in_stock)::BIGINT FROM stock_levels").row(0) == (10, 20)


def test_an_old_state_can_be_read_until_its_time_is_over(lake: Lake) -> None:
    many = [(n, 1, 1) for n in range(1000)]
    lake.write(lambda w: w.replace("stock_levels", stock(*many)))
    month_end = lake.read("SELECT id FROM lake.current_snapshot()").item()
    lake.write(lambda w: w.replace("stock_levels", stock(*((n, 1, 2) for n in range(1000)))))
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 9))))
    maintain(lake, keep_days=30)
    with lake.open(at=month_end) as old:
        assert old.execute("SELECT sum(in_stock) FROM stock_levels").fetchall() == [(1000,)]
    before = files(lake)
    later = datetime.now(UTC) + timedelta(days=31)
    done = maintain(lake, keep_days=30, now=later)
    assert done.snapshots_expired > 0
    assert files(lake) < before
    assert lake.read("SELECT sum(in_stock)::BIGINT FROM stock_levels").item() == 2007
    with pytest.raises(duckdb.Error, match="No snapshot found"), lake.open(at=month_end):
        pass


def test_a_file_that_no_snapshot_knows_is_removed_once_it_is_old(lake: Lake) -> None:
    lake.write(lambda w: w.upsert("stock_levels", stock(*((n, 1, 1) for n in range(1000)))))
    (known,) = lake.home.lake.rglob("*.parquet")
    orphan = known.with_name("ducklake-left-by-a-killed-writer.parquet")
    orphan.write_bytes(known.read_bytes())
    maintain(lake)
    assert orphan.exists()
    maintain(lake, now=datetime.now(UTC) + timedelta(days=2))
    assert not orphan.exists()
    assert lake.read("SELECT count(*) FROM stock_levels").item() == 1000


def test_upkeep_does_not_disturb_a_reader(lake: Lake) -> None:
    lake.write(lambda w: w.upsert("stock_levels", stock(*((n, 1, 1) for n in range(1000)))))
    with lake.open() as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM stock_levels").fetchall() == [(1000,)]
        maintain(lake)
        assert reader.execute("SELECT sum(in_stock) FROM stock_levels").fetchall() == [(1000,)]
