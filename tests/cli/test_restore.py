"""What ``docs/operators.md`` promises of a restore: a ledger that forgot everything posts nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from bp_assets.brightpearl.client import ErpClient
from bp_assets.config import Home, ShopsFile, loads
from bp_assets.ledger import totals
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.marks import all_marks
from bp_assets.posting import linger, verify
from sandbox.config import SandboxConfig
from sandbox.server import running
from tests.cli.terminal import ROOT
from tests.conftest import drop_database, make_database

WAITING = {"pending", "sending", "unknown"}


def run_until_quiet(ledger: Ledger, shops: ShopsFile) -> dict[str, int]:
    """Take, post and verify everything; receipts by state."""
    with ErpClient(shops.erp, lane="posting") as client:
        for _ in range(60):
            began = datetime.now(UTC)
            done = linger.run(ledger, client, shops, linger_seconds=1)
            asked = {mark.shop for mark in all_marks(ledger) if mark.asked_at and mark.asked_at > began}
            if len(asked) == len(shops.shops) and not done.received and not WAITING & states(ledger).keys():
                break
        verify.verify_posted(ledger, client, shops)
    return states(ledger)


def states(ledger: Ledger) -> dict[str, int]:
    found: dict[str, int] = {}
    for counted in totals.counts(ledger).values():
        for state, number in counted.items():
            found[state] = found.get(state, 0) + number
    return found


def erp_books(url: str) -> dict[str, Any]:
    """Orders with their money, and every movement of stock."""
    books = httpx.get(f"{url}/sandbox/books?history=false&opening=false").json()
    orders = sorted((one["externalRef"], one["total"], one["paid"], one["invoiced"]) for one in books["orders"])
    moves = sorted(
        (one["orderId"], one["productId"], one["warehouseId"], one["quantity"]) for one in books["stockMoves"]
    )
    return {"orders": orders, "moves": moves}


@pytest.mark.slow
def test_an_empty_ledger_finds_its_own_orders_and_posts_nothing_twice(
    ledger: Ledger, home: Home, postgres: sa.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    drops = home.root / "drop"
    with running(SandboxConfig(port=0, requests_per_minute=0, drop_dir=drops)) as server:
        for name, value in {
            "TILLBRIDGE_ERP_URL": server.url,
            "TILLBRIDGE_ERP_TOKEN": "sandbox-token",
            "TILLBRIDGE_SQUARE_URL": f"{server.url}/square",
            "SQUARE_ACCESS_TOKEN": "square-sandbox-token",
        }.items():
            monkeypatch.setenv(name, value)
        text = (ROOT / "shops.toml").read_text(encoding="utf-8")
        text = text.replace("requests_per_minute = 200", "requests_per_minute = 1000000")
        shops = loads(text.replace("settle_seconds = 1", "settle_seconds = 0"))
        day = {"date": "2026-11-20", "transactions": 40, "seed": 7}
        httpx.post(f"{server.url}/sandbox/tills/trade", json=day, timeout=60).raise_for_status()
        first = run_until_quiet(ledger, shops)
        before = erp_books(server.url)
        assert first["verified"] >= 30
        assert len(before["orders"]) >= 30

        url = make_database(postgres, f"empty_{Path(home.root).parent.name}", template="ready")
        with Ledger(url.render_as_string(hide_password=False)) as restored:
            second = run_until_quiet(restored, shops)
        drop_database(postgres, str(url.database))
        after = erp_books(server.url)
    assert after == before
    assert second["verified"] + second.get("posted", 0) == first["verified"] + first.get("posted", 0)
    assert not WAITING & second.keys()
