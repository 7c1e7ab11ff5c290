"""From till to ERP with everything running as in ``tillbridge dev``: Dagster's daemon, the sandbox, its tills, the cap.

Sixty sales a minute under the real cap of 200 requests in a real minute. Moments are the ledger's own stamps, beside
the till's: sold, captured, posted (the last step of the sale succeeded). Square is asked every two seconds; the
file tills write a file every few seconds, which is no time of ours, so from sold to posted only Square counts. At the
end the simulated ERP's own books are held against the ledger: no order stands there that the ledger does not know.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from benchmarks.figures import Figures
from bp_assets.config import Home
from bp_assets.ledger.connection import Ledger

ROOT = Path(__file__).resolve().parents[1]
SALES_A_MINUTE = 60
WARM_UP_SECONDS = 60.0  # the first run starts, master data is read
_TAIL_SECONDS = 20.0
_QUERY = sa.text("""
    select source, state, sold_at, captured_at, posted_at, kind from tillbridge.postings
    where captured_at between :first and :last and state not in ('excluded', 'quarantined', 'rejected')
""")


def run(options: argparse.Namespace) -> Figures:
    """``options.minutes`` of trading."""
    figures = Figures("live")
    with tempfile.TemporaryDirectory(prefix="live-") as folder, _dev(Path(folder)) as url:
        figures.say(f"{SALES_A_MINUTE} sales a minute for {options.minutes:g} minutes, 200 requests a minute")
        time.sleep(WARM_UP_SECONDS)
        first = datetime.now(UTC)
        time.sleep(options.minutes * 60)
        last = datetime.now(UTC)
        time.sleep(_TAIL_SECONDS)
        books = httpx.get(f"{url}/sandbox/books?opening=false", timeout=60).raise_for_status().json()
        with Ledger.open(Home(Path(folder) / "dev")) as ledger, ledger.begin() as connection:  # after the books
            rows = list(connection.execute(_QUERY, {"first": first, "last": last}))
            refs = set(connection.scalars(sa.text("select handle from tillbridge.steps where step = 'order'")))
    _tell(figures, rows, options.minutes)
    strays = [one for one in books["orders"] if one["externalRef"] and one["externalRef"] not in refs]
    figures.add("orders in the ERP that the ledger does not know", len(strays), "", most=0)
    figures.add("requests refused for the cap", books["refused"], "", most=0)
    return figures


def _tell(figures: Figures, rows: list[sa.Row[Any]], minutes: float) -> None:
    figures.add("sales captured", len(rows) / minutes, "a minute", least=SALES_A_MINUTE * 0.8)
    if not rows:
        raise AssertionError("nothing was captured: is the sandbox trading?")
    figures.add("captured and not posted", sum(row.posted_at is None for row in rows), "sales", most=0)
    posted = [row for row in rows if row.posted_at is not None]
    captured = _seconds([row.posted_at - row.captured_at for row in posted])
    figures.add("captured to posted, p50", _part(captured, 50), "s", most=1.0)
    figures.add("captured to posted, p95", _part(captured, 95), "s", most=3.0)
    sold = _seconds([row.posted_at - row.sold_at for row in posted if row.source == "square"])
    figures.note("sold to posted at Square, p50", _part(sold, 50), "s")
    figures.add("sold to posted at Square, p95", _part(sold, 95), "s", most=5.0)
    figures.note("the slowest", sold[-1], "s")


def _seconds(waits: list[timedelta]) -> list[float]:
    return sorted(one.total_seconds() for one in waits)


def _part(ordered: list[float], percent: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


@contextlib.contextmanager
def _dev(home: Path) -> Iterator[str]:
    """``tillbridge dev`` in a home of its own; gives the sandbox's address."""
    port, sandbox_port = _free_port(), _free_port()
    command = [sys.executable, "-m", "bp_assets.cli.app", "dev", "--home", str(home), "--port", str(port)]
    command += ["--sandbox-port", str(sandbox_port), "--sales-per-minute", str(SALES_A_MINUTE)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        if not any(b"Ctrl-C stops" in line for line in process.stdout):
            raise RuntimeError("tillbridge dev did not come up")
        yield f"http://127.0.0.1:{sandbox_port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(90)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
