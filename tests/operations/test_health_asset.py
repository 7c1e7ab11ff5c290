"""The asset shop_health: one row per shop and currency from the ledger, with what waits in count and money."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import dagster as dg
import sqlalchemy as sa

from bp_assets.definitions import resources
from bp_assets.lake.connect import Lake
from bp_assets.ledger import marks
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.postings import defer, mark_posted, park
from bp_assets.model.pos import till_tables
from bp_assets.operations.health_asset import shop_health
from tests.ledger.receipts import waiting


def materialised() -> dict[str, Any]:
    assets = [till_tables, shop_health]
    result = dg.materialize(assets, resources=resources(), instance=dg.DagsterInstance.ephemeral())
    (event,) = result.asset_materializations_for_node("shop_health")
    return {name: value.value for name, value in event.metadata.items()}


def test_what_waits_backs_off_and_is_parked_stands_with_its_money_and_next_attempt(
    ledger: Ledger, lake: Lake, shops_path: None
) -> None:
    ids = waiting(ledger, "1", "2", "3", "4", "5")
    marks.asked(ledger, "leeds")
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=4)
    defer(ledger, ids[0], until, "the ERP is busy")
    park(ledger, ids[1], "unknown_sku", "LOAF")
    park(ledger, ids[2], "unknown_sku", "LOAF")
    mark_posted(ledger, [ids[3]])
    marks.ask_failed(ledger, "auckland", "no such folder", until)
    shown = materialised()
    assert shown["shops_not_healthy"] == 2
    columns = (
        "state, reason_code, waiting_count, waiting_gross, retrying_count, next_attempt_at, unverified_count, "
        "rejected_count, rejected_gross, quarantined_count, parked_because, last_posted_at is not null, till_failures"
    )
    auckland, leeds = lake.read(f"select {columns} from shop_health order by shop").rows()
    assert leeds == (
        "erp_refusing", "unknown_sku", 2, Decimal(24), 1, until, 1, 2, Decimal(24), 0, "unknown_sku 2", True, 0,
    )  # fmt: skip
    assert auckland == ("till_failing", "", 0, 0, 0, None, 0, 0, 0, 0, "", False, 1)
    failing, refusing = shown["shops"].splitlines()
    assert failing.startswith("- **auckland** till_failing since ") and "no such folder" in failing
    assert refusing.endswith(": 2 receipts (24.00 GBP) are rejected: unknown_sku 2.")


def test_healthy_since_stays_while_it_is_and_begins_anew_after_a_trouble(
    ledger: Ledger, lake: Lake, shops_path: None
) -> None:
    def states() -> list[tuple[Any, ...]]:
        materialised()
        return lake.read("select state, since from shop_health where shop = 'leeds'").rows()

    for shop in ("leeds", "auckland"):
        marks.asked(ledger, shop)
    ((_, first),) = states()
    assert states() == [("healthy", first)]
    assert materialised()["shops"] == "- healthy: auckland, leeds"
    marks.ask_failed(ledger, "leeds", "away", kind="unreachable", state="resting")
    ((state, since),) = states()
    assert (state, since > first) == ("till_resting", True)
    marks.asked(ledger, "leeds")
    ((state, again),) = states()
    assert (state, again > since) == ("healthy", True)


def test_receipts_in_another_currency_have_a_row_of_their_own(ledger: Ledger, lake: Lake, shops_path: None) -> None:
    one, _ = waiting(ledger, "1", "2")
    with ledger.begin() as connection:
        euros = sa.text("update tillbridge.postings set currency = 'EUR' where sale_id = :sale_id")
        connection.execute(euros, {"sale_id": one})
    marks.asked(ledger, "leeds")
    materialised()
    query = "select currency, waiting_count, waiting_gross from shop_health where shop = 'leeds' order by 1"
    assert lake.read(query).rows() == [("EUR", 1, Decimal(12)), ("GBP", 1, Decimal(12))]
