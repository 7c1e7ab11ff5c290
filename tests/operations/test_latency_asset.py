"""The asset posting_latency follows the ledger hour by hour and shows a plot."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import dagster as dg
import sqlalchemy as sa

from bp_assets.definitions import resources
from bp_assets.lake.connect import Lake
from bp_assets.ledger.connection import Ledger
from bp_assets.model.pos import till_tables
from bp_assets.operations.latency_asset import posting_latency
from tests.ledger.receipts import waiting


def stamp(ledger: Ledger, sale_id: str, **instants: datetime) -> None:
    changes = ", ".join(f"{name} = :{name}" for name in instants)
    with ledger.begin() as connection:
        update = sa.text(f"update tillbridge.postings set {changes} where sale_id = :sale_id")
        connection.execute(update, {"sale_id": sale_id, **instants})


def materialised() -> dict[str, Any]:
    assets = [till_tables, posting_latency]
    result = dg.materialize(assets, resources=resources(), instance=dg.DagsterInstance.ephemeral())
    (event,) = result.asset_materializations_for_node("posting_latency")
    return {name: value.value for name, value in event.metadata.items()}


def test_hours_follow_the_ledger_and_only_those_that_moved_are_computed(
    ledger: Ledger, lake: Lake, shops_path: None
) -> None:
    one, two = waiting(ledger, "1", "2")
    ten, eleven = (datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (10, 11))
    stamp(ledger, one, captured_at=ten)
    stamp(ledger, two, captured_at=eleven)
    assert materialised()["hours_computed"] == "all"
    stamp(ledger, two, posted_at=eleven.replace(second=4))
    moved = materialised()
    assert (moved["hours_computed"], moved["rows_written"], moved["dagster/row_count"]) == ("1", 1, 2)
    query = "select hour_start, sales, posted, captured_to_posted_max_seconds from posting_latency order by 1"
    assert lake.read(query).rows() == [(ten, 1, 0, None), (eleven, 1, 1, Decimal("4.000"))]
    with ledger.begin() as connection:
        connection.execute(
            sa.text("update tillbridge.postings set state = 'excluded' where sale_id = :id"), {"id": one}
        )
    assert materialised()["rows_deleted"] == 1
    assert lake.read(query).rows() == [(eleven, 1, 1, Decimal("4.000"))]
    quiet = materialised()
    assert (quiet["hours_computed"], quiet["rows_written"]) == ("0", 0)
    assert quiet["plot"].startswith("![How long sales took")
    assert quiet["last_24_hours"] == "Nothing arrived in the last 24 hours."


def test_the_last_day_stands_beside_the_plot_in_figures(ledger: Ledger, lake: Lake, shops_path: None) -> None:
    (one,) = waiting(ledger, "1")
    now = datetime.now(UTC)
    stamp(ledger, one, sold_at=now, captured_at=now, posted_at=now)
    shown = materialised()
    assert shown["last_24_hours"].replace("\N{NO-BREAK SPACE}", " ").splitlines()[2:] == [
        "| all shops | 1 | 1 | 0.0 s | 0.0 s | 0.0 s | 0.0 s | 0.0 s | 0.0 s |",
        "| leeds | 1 | 1 | 0.0 s | 0.0 s | 0.0 s | 0.0 s | 0.0 s | 0.0 s |",
    ]
    assert shown["p95_seconds_last_hour"] == 0.0
