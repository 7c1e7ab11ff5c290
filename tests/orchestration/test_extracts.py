"""The account pulled by Dagster's own runs: the jobs, what they say of themselves, and the schedule that follows."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from bp_assets.cli import refresh
from bp_assets.extraction.resources import ALL
from bp_assets.lake.tables import BY_NAME
from bp_assets.resources import LakeResource
from bp_assets.schedules import erp_hourly
from tests.orchestration.house import House

TABLES = [table for resource in ALL for table in resource.tables]
# Resources with a filter for changes. (The contacts were made a moment ago: those without updatedOn are news.)
FOLLOWED = {
    "orders": "GET /order-service/order-search",
    "goods_outs": "GET /warehouse-service/goods-note/goods-out-search",
    "goods_ins": "GET /warehouse-service/goods-in-search",
    "goods_movements": "GET /warehouse-service/goods-movement-search",
    "customer_payments": "GET /accounting-service/customer-payment-search",
}


def due(house: House) -> Any:
    with dg.build_schedule_context(instance=house.instance, resources={"lake": LakeResource()}) as context:
        return erp_hourly.evaluate_tick(context)


@pytest.mark.slow
def test_the_account_is_pulled_once_with_reads_alone_and_followed_with_a_question_a_resource(
    old_house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house = old_house
    assert "never read whole" in due(house).skip_message
    with house.requests() as first:
        pulled = house.run("pull_erp")
    assert {route.split()[0] for route in first} == {"GET", "OPTIONS"}
    world = house.sandbox.world
    assert house.rows("select count(*) from orders") == [(len(world.orders.by_id),)]
    assert house.rows("select count(*) from personal.extraction_quarantine") == [(0,)]
    told = {
        event.asset_key.to_user_string(): event.event_specific_data.materialization.metadata
        for event in pulled.get_asset_materialization_events()
        if event.asset_key
    }
    for table in TABLES:
        assert told[table]["dagster/row_count"].value == house.rows(f"select count(*) from {BY_NAME[table].sql}")[0][0]
        assert told[table]["kind_of_refresh"].value == "full"
        assert told[table]["as_of"].value >= told[table]["high_water_mark"].value > 0
    assert told["orders"]["requests_planned"].value == 2  # 300 orders, 200 a request
    assert told["orders"]["erp_requests"].value == 3

    assert "backfill" in {row[0] for row in house.ledger_rows("select distinct lane from tillbridge.erp_requests")}
    assert len(due(house).run_requests) == 1
    with house.requests() as second:
        house.run("refresh_erp")
    assert {route.split()[0] for route in second} == {"GET"}
    assert {name: second[route] for name, route in FOLLOWED.items()} == dict.fromkeys(FOLLOWED, 1)
    assert second["GET /order-service/order/{ids}"] == 0

    noted = "select count(*) from availability_history"
    [(product, levels)] = house.rows("select max(product_id), count(*) from stock_levels")
    assert house.rows(noted) == [(levels,)]
    house.edit_stock(productId=product, warehouseId=2, quantity=7)
    capsys.readouterr()
    names = ["order_rows", "stock_levels"]
    assert refresh.run(house.home.root, house.shops, names, full=True, accept_deletions=False) == 0
    assert house.rows(noted) == [(levels + 1,)]  # by hand, too, each look is kept
    shown = " ".join(capsys.readouterr().out.split())
    assert "Orders, sales and purchases, with their credits: 2 of 2, 3 requests sent" in shown
    assert shown.count(" full ") == 2


def test_a_resource_that_there_is_not_is_told_with_those_there_are() -> None:
    assert [one.name for one in refresh.chosen(["order_rows", "orders"])] == ["orders"]
    told = r"There is no resource ordrs\. Did you mean orders.* Resources: .*orders"
    with pytest.raises(refresh.NoResource, match=told):
        refresh.chosen(["ordrs"])
