"""A full disk: one clear line, nothing half written, and the next run works."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bp_assets.lake.connect import Lake
from bp_assets.lake.errors import LakeUnavailable
from bp_assets.lake.publish import publish
from tests.lake.frames_of_tests import stock

ROOT = Path(__file__).parents[2]
# Writes with a limit on the size of any file, which every system enforces; says the error it got.
LIMITED = """
import resource, sys
from pathlib import Path
from bp_assets.config.home import Home
from bp_assets.lake.connect import Lake
from bp_assets.lake.errors import LakeUnavailable
from bp_assets.lake.publish import publish
from tests.lake.frames_of_tests import stock
lake = Lake(Home(Path(sys.argv[1])), sys.argv[2])
big = stock(*((n, n * 7919 % 100003, n * 104729 % 1000003) for n in range(50000)))
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
for work in (lambda: lake.write(lambda w: w.upsert("stock_levels", big)), lambda: publish(lake, always=True)):
    try:
        work()
    except LakeUnavailable as error:
        print(error)
"""


@pytest.fixture
def small_disk(lake: Lake) -> Iterator[Path]:
    """The lake's folder on a disk of its own of one megabyte."""
    lake.home.lake.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(lake.home.lake)]
    try:
        mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("only root may mount a small disk; the test with a file size limit covers it")
    yield lake.home.lake
    subprocess.run(["umount", str(lake.home.lake)], check=True)


def test_a_full_disk_is_one_clear_line_and_the_next_run_works(lake: Lake, small_disk: Path) -> None:
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5))))
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 1_000_000)
    big = stock(*((n, n * 7919 % 100003, n * 104729 % 1000003) for n in range(50000)))
    with pytest.raises(LakeUnavailable, match=r"There is no space left for the lake in .*undone.*Free space") as caught:
        lake.write(lambda w: (w.upsert("stock_levels", stock((2, 1, 6))), w.upsert("stock_levels", big)))
    assert "\n" not in str(caught.value)
    assert lake.read("SELECT product_id, in_stock FROM stock_levels").rows() == [(1, 5)]
    assert list(small_disk.rglob("*.parquet")) == []  # a half-written file would keep the disk full
    ballast.unlink()
    few = stock(*((n, n * 7919 % 100003, 1) for n in range(2000)))
    assert lake.write(lambda w: w.upsert("stock_levels", few)).written == 2000


def test_a_file_size_limit_stops_lake_and_published_file_alike_and_leaves_both_whole(lake: Lake) -> None:
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5))))
    publish(lake)
    command = [sys.executable, "-c", LIMITED, str(lake.home.root), lake.dsn]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert [line[:38] for line in done.stdout.splitlines()] == ["There is no space left for the lake in"] * 2
    assert lake.read("SELECT product_id, in_stock FROM stock_levels").rows() == [(1, 5)]
    assert sorted(path.name for path in lake.home.root.iterdir() if "finance" in path.name) == ["finance.duckdb"]
    assert lake.write(lambda w: w.upsert("stock_levels", stock(*((n, 1, 1) for n in range(2000))))).written == 2000
