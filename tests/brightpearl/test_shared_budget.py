"""Several processes, one of them killed, one cap: the ledger's row between them, the sandbox over real HTTP."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from bp_assets.brightpearl.pacing import RequestBudget
from bp_assets.budget import LedgerUsage, shared_by_all
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.errors import LedgerUnavailable
from bp_assets.ledger.requests import forget_spent, spent_since, usage_of
from sandbox.config import SandboxConfig
from sandbox.server import running
from tests.brightpearl.conftest import erp

CAP, MINUTE = 80, 1.0
ROOT = Path(__file__).parents[2]


def spender(url: str, database: str, lane: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.brightpearl.spender", url, database, lane, str(CAP), str(MINUTE)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def spent(ledger: Ledger) -> int:
    return sum(one.requests for one in spent_since(ledger, timedelta(hours=1)))


def until_spent(ledger: Ledger, requests: int) -> None:
    end = time.monotonic() + 30
    while spent(ledger) < requests:
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.slow
def test_processes_that_share_the_cap_are_never_refused_even_if_one_is_killed(ledger: Ledger, database: str) -> None:
    """In a minute of the clock first, then in the last minute."""
    with running(SandboxConfig(port=0, products=1, requests_per_minute=CAP, minute_seconds=MINUTE)) as server:
        processes = [spender(server.url, database, lane) for lane in ("posting", "sweep", "posting")]
        posting, sweep, killed = processes
        assert [one.stdout.readline() for one in processes if one.stdout] == ["at work\n"] * 3
        until_spent(ledger, spent(ledger) + CAP)
        killed.kill()
        httpx.post(f"{server.url}/sandbox/switches", json={"rolling_window": "true"}).raise_for_status()
        until_spent(ledger, spent(ledger) + CAP)
        said = [tuple(map(int, one.communicate(timeout=30)[0].split())) for one in (posting, sweep)]
        killed.communicate()
        seen = httpx.get(f"{server.url}/sandbox/requests").json()
        refused = httpx.get(f"{server.url}/sandbox/books").json()["refused"]
    assert refused == 0
    assert seen["mostInAnyMinute"] <= CAP * 9 // 10
    assert seen["mostInAMinuteOfTheClock"] <= CAP * 9 // 10
    assert [ok for ok, _ in said] == [sent for _, sent in said]
    kept = dict.fromkeys(("posting", "sweep"), 0)
    for one in spent_since(ledger, timedelta(hours=1)):
        kept[one.lane] += one.requests
        assert one.refused == 0
    arrived = sum(minute["taken"] for minute in seen["minutes"])
    assert 0 <= sum(kept.values()) - arrived <= 4  # what the killed one had taken and never sent
    assert kept["sweep"] == said[1][1]
    assert kept["posting"] > kept["sweep"] > 0


def test_what_was_sent_is_kept_by_minute_and_lane_with_the_waiting(ledger: Ledger) -> None:
    budget = shared_by_all(ledger, erp("http://erp", requests_per_minute=2, reserve_percent=0, minute_seconds=0.4))
    for _ in range(3):
        budget.landed(budget.take("verify"), None)
    (budget.take("posting"),)
    kept = spent_since(ledger, timedelta(hours=1))
    assert {one.account for one in kept} == {"sandbox"}
    assert sum(one.requests for one in kept if one.lane == "verify") == 3
    assert sum(one.requests for one in kept if one.lane == "posting") == 1
    assert 300 < sum(one.waited_ms for one in kept if one.lane == "verify") < 3000
    assert forget_spent(ledger, timedelta(hours=1)) == 0
    assert forget_spent(ledger, timedelta(hours=-1)) == len(kept)
    assert spent_since(ledger, timedelta(hours=1)) == []


def test_a_process_that_died_within_its_turn_holds_nobody_up(ledger: Ledger, database: str) -> None:
    budget = shared_by_all(ledger, erp("http://erp"))
    budget.take("posting")
    dying = (
        "import os, sys; from bp_assets.ledger.connection import Ledger; "
        "from bp_assets.ledger.requests import change_usage; "
        "change_usage(Ledger(sys.argv[1]), 'sandbox', lambda text, now: os.kill(os.getpid(), 9))"
    )
    assert subprocess.run([sys.executable, "-c", dying, database], cwd=ROOT, check=False).returncode == -9
    began = time.monotonic()
    assert budget.take("posting").place == 2
    assert time.monotonic() - began < 2


def test_a_ledger_that_is_away_is_said_and_nothing_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bp_assets.ledger.connection.RETRY_ATTEMPTS", 2)
    with Ledger("postgresql+psycopg2://nobody@127.0.0.1:9/none") as away:
        budget = RequestBudget(store=LedgerUsage(away, "acme"))
        with pytest.raises(LedgerUnavailable, match="does not answer"):
            budget.take("posting")
        assert budget._queue == []


def test_a_row_of_another_version_is_begun_anew(ledger: Ledger) -> None:
    LedgerUsage(ledger, "sandbox").change(lambda text, now: ('{"version": 99}', {}))
    budget = shared_by_all(ledger, erp("http://erp"))
    assert budget.take("posting").place == 1
    text, now = usage_of(ledger, "sandbox")
    assert '"taken":1' in text
    assert abs(now - time.time()) < 60
