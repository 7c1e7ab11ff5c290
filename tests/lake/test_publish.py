"""``finance.duckdb``: one snapshot, replaced in one moment, never half there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from bp_assets.lake.connect import Lake
from bp_assets.lake.errors import LakeUnavailable
from bp_assets.lake.publish import publish
from bp_assets.lake.tables import BY_NAME, PUBLISHED
from tests.lake.frames_of_tests import stock, tenders

ROOT = Path(__file__).parents[2]
ONE = (BY_NAME["stock_levels"],)  # how a file comes to be there is the same for one table as for all
# Publishes, but is killed by itself when the new file is complete and not yet in place.
KILLED = """
import os, signal, sys
from pathlib import Path
from bp_assets.config.home import Home
from bp_assets.lake import publish
from bp_assets.lake.connect import Lake
from bp_assets.lake.tables import BY_NAME
publish.sync = lambda path: os.kill(os.getpid(), signal.SIGKILL)
publish.publish(Lake(Home(Path(sys.argv[1])), sys.argv[2]), [BY_NAME["stock_levels"]])
"""


def question(lake: Lake, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(lake.home.finance_file), read_only=True) as file:
        return file.execute(sql).fetchall()


def left(lake: Lake) -> list[str]:
    return sorted(path.name for path in lake.home.root.iterdir() if "finance" in path.name)


def test_the_file_holds_every_table_with_its_words_at_one_snapshot(lake: Lake) -> None:
    lake.write(
        lambda w: (w.upsert("stock_levels", stock((2, 1, 7), (1, 1, 5))), w.upsert("pos_tenders", tenders("a", "1.50")))
    )
    done = publish(lake)
    assert (done.renewed, done.rows["stock_levels"], done.rows["pos_tenders"]) == (True, 2, 1)
    assert question(lake, "SELECT product_id, in_stock FROM stock_levels") == [(1, 5), (2, 7)]
    assert question(lake, "SELECT amount, typeof(amount) FROM pos_tenders") == [(Decimal("1.5000"), "DECIMAL(18,4)")]
    assert question(lake, "SELECT count(*), count(DISTINCT snapshot_id), min(snapshot_id) FROM published") == [
        (len(PUBLISHED), 1, done.snapshot_id)
    ]
    words = "SELECT comment FROM duckdb_columns() WHERE table_name = 'stock_levels' AND column_name = 'in_transit'"
    assert question(lake, words) == [("On its way between warehouses.",)]
    assert question(lake, "SELECT count(*) FROM duckdb_tables() WHERE comment IS NULL") == [(0,)]
    assert left(lake) == ["finance.duckdb"]


def test_an_unchanged_lake_is_not_published_again_unless_asked_for(lake: Lake) -> None:
    first = publish(lake, ONE)
    number = lake.home.finance_file.stat().st_ino
    again = publish(lake, ONE)
    assert (again.renewed, again.rows, again.snapshot_id) == (False, first.rows, first.snapshot_id)
    assert lake.home.finance_file.stat().st_ino == number
    assert publish(lake, ONE, always=True).renewed


def test_a_reader_keeps_the_file_it_has_open(lake: Lake) -> None:
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5))))
    publish(lake, ONE)
    with duckdb.connect(str(lake.home.finance_file), read_only=True) as old:
        lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 6))))
        assert publish(lake, ONE).renewed
        assert old.execute("SELECT in_stock FROM stock_levels").fetchall() == [(5,)]
    assert question(lake, "SELECT in_stock FROM stock_levels") == [(6,)]


def test_a_tool_that_holds_the_file_for_writing_does_not_stop_the_next_one(lake: Lake) -> None:
    publish(lake, ONE)
    code = "import duckdb, sys; duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    tool = subprocess.Popen(
        [sys.executable, "-c", code, str(lake.home.finance_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert tool.stdout is not None
    assert tool.stdout.readline() == "held\n"
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 6))))
    assert publish(lake, ONE).renewed
    assert question(lake, "SELECT in_stock FROM stock_levels") == [(6,)]
    tool.communicate(timeout=30)


def test_a_killed_publish_leaves_the_old_file_and_the_next_one_clears_up(lake: Lake) -> None:
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5))))
    publish(lake, ONE)
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 6))))
    command = [sys.executable, "-c", KILLED, str(lake.home.root), lake.dsn]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert question(lake, "SELECT in_stock FROM stock_levels") == [(5,)]
    assert len(left(lake)) == 2
    assert publish(lake, ONE).renewed
    assert question(lake, "SELECT in_stock FROM stock_levels") == [(6,)]
    assert left(lake) == ["finance.duckdb"]


def test_a_failed_publish_leaves_the_old_file_and_no_other(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(lake, ONE)
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 6))))

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("bp_assets.lake.publish.sync", full)
    with pytest.raises(LakeUnavailable, match="There is no space left"):
        publish(lake, ONE)
    assert question(lake, "SELECT count(*) FROM stock_levels") == [(0,)]
    assert left(lake) == ["finance.duckdb"]


def test_a_damaged_published_file_is_simply_replaced(lake: Lake) -> None:
    lake.home.finance_file.write_bytes(b"not a database")
    assert publish(lake, ONE).renewed
    assert question(lake, "SELECT count(*) FROM stock_levels") == [(0,)]
