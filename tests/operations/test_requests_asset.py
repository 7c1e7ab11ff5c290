"""The asset erp_requests follows the ledger, and every run that talks to the ERP says what it spent."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import dagster as dg
import sqlalchemy as sa

from bp_assets.lake.connect import Lake
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.requests import Spending, change_usage, forget_spent
from bp_assets.operations.requests_asset import erp_requests
from bp_assets.resources import LakeResource, LedgerResource
from bp_assets.telling import requests_made


def spend(ledger: Ledger, *spent: Spending) -> None:
    change_usage(ledger, "acme", lambda text, now: (text, spent))


def made(ledger: Ledger, lake: Lake) -> dict[str, Any]:
    resources = {"ledger": LedgerResource(root=str(lake.home.root)), "lake": LakeResource(root=str(lake.home.root))}
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([erp_requests], resources=resources, instance=instance)
    (event,) = result.asset_materializations_for_node("erp_requests")
    return {name: value.value for name, value in event.metadata.items()}


def test_minutes_and_lanes_are_followed_and_outlive_the_ledger(ledger: Ledger, lake: Lake) -> None:
    spend(ledger, Spending("posting", 30, 1, 1500), Spending("verify", 2, 0, 0))
    with ledger.begin() as connection:  # one minute, wherever in it the test runs
        connection.execute(sa.text("update tillbridge.erp_requests set minute = '2026-11-20 10:00+00'"))
    assert made(ledger, lake)["requests_in_these_minutes"] == 32
    assert forget_spent(ledger, timedelta()) == 2
    spend(ledger, Spending("sweep", 7, 0, 0))
    assert made(ledger, lake)["requests_in_these_minutes"] == 7
    query = "select lane, requests, refused, waited_seconds from erp_requests order by minute, lane"
    with lake.open() as reading:
        assert reading.execute(query).fetchall() == [
            ("posting", 30, 1, Decimal("1.500")), ("verify", 2, 0, Decimal(0)), ("sweep", 7, 0, Decimal(0)),
        ]  # fmt: skip


def test_a_run_tells_its_requests_by_minute_and_lane_of_all_its_clients() -> None:
    ten, eleven = (datetime(2026, 11, 20, 10, minute, tzinfo=UTC) for minute in (0, 1))
    posting = SimpleNamespace(minutes=Counter({(eleven, "posting"): 3, (ten, "posting"): 20}))
    reading = SimpleNamespace(minutes=Counter({(ten, "changes"): 4}))
    told = requests_made(posting, reading)  # type: ignore[arg-type]  # only the counts of a client are asked
    assert told["erp_requests"] == 27
    assert [record.data for record in told["erp_requests_by_minute"].records] == [
        {"minute": "2026-11-20 10:00", "lane": "changes", "requests": 4},
        {"minute": "2026-11-20 10:00", "lane": "posting", "requests": 20},
        {"minute": "2026-11-20 10:01", "lane": "posting", "requests": 3},
    ]
