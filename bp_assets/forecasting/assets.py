"""The assets of forecasting: each brings its table up to date from the lake, without a request to anybody.

Read: the lake, the shops file. Written: the tables, each in one transaction with its mark; rows that stay the same are
not touched. ``sales`` and ``purchases`` are views: nothing fills them.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from bp_assets import catalog
from bp_assets.config import ShopsFile
from bp_assets.forecasting import availability, demand, statuses, stock, store, supply
from bp_assets.forecasting.places import account_zone
from bp_assets.lake.frames import Writer
from bp_assets.resources import LakeResource, ShopsResource
from bp_assets.telling import Said, told

Parameters = Callable[[ShopsFile, datetime], dict[str, Any]]


class Demand(dg.Config):
    """``all_days``: compute every day anew, not only those that something touched."""

    all_days: bool = False


def _replaced(
    context: dg.AssetExecutionContext, lake: LakeResource, table: str, query: str, parameters: dict[str, Any]
) -> dg.MaterializeResult:
    """A table computed as a whole; what stays the same is not written."""
    now = datetime.now(UTC)

    def work(writer: Writer) -> Said:
        change = store.replace(writer, table, query, parameters | {"as_of": now})
        writer.set_mark(table, {}, now)
        return Said.of(writer, table, change)

    return told(context, table, lake.open().write(work))


@dg.asset(**catalog.attributes("availability_history"), retry_policy=catalog.RETRY)
def availability_history(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    def work(writer: Writer) -> Said:
        return Said.of(writer, "availability_history", availability.look(writer))

    return told(context, "availability_history", lake.open().write(work))


@dg.asset(**catalog.attributes("cancelled_statuses"), retry_policy=catalog.RETRY)
def cancelled_statuses(
    context: dg.AssetExecutionContext, lake: LakeResource, shops: ShopsResource
) -> dg.MaterializeResult:
    return _replaced(context, lake, "cancelled_statuses", statuses.CANCELLED, statuses.parameters(shops.load()))


@dg.asset(**catalog.attributes("stock_on_order"), retry_policy=catalog.RETRY)
def stock_on_order(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    return _replaced(context, lake, "stock_on_order", stock.STOCK_ON_ORDER, {})


@dg.asset(**catalog.attributes("stock_position"), retry_policy=catalog.RETRY)
def stock_position(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    return _replaced(context, lake, "stock_position", stock.STOCK_POSITION, {})


@dg.asset(**catalog.attributes("partial_fulfillments"), retry_policy=catalog.RETRY)
def partial_fulfillments(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    return _replaced(context, lake, "partial_fulfillments", stock.PARTIAL_FULFILLMENTS, {})


@dg.asset(**catalog.attributes("demand_daily"), retry_policy=catalog.RETRY)
def demand_daily(
    context: dg.AssetExecutionContext, config: Demand, lake: LakeResource, shops: ShopsResource
) -> dg.MaterializeResult:
    now, file = datetime.now(UTC), shops.load()

    def work(writer: Writer) -> tuple[Said, demand.Done]:
        done = demand.refresh(writer, file, now, all_days=config.all_days)
        return Said.of(writer, "demand_daily", done.change), done

    said, done = lake.open().write(work)
    days = "all" if done.days is None else str(len(done.days))
    return told(context, "demand_daily", said, days_computed=days)


@dg.asset(**catalog.attributes("lead_times"), retry_policy=catalog.RETRY)
def lead_times(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    return _replaced(context, lake, "lead_times", supply.LEAD_TIMES, {})


@dg.asset(**catalog.attributes("sell_through"), retry_policy=catalog.RETRY)
def sell_through(context: dg.AssetExecutionContext, lake: LakeResource, shops: ShopsResource) -> dg.MaterializeResult:
    return _replaced(context, lake, "sell_through", supply.SELL_THROUGH, {"zone": account_zone(shops.load())})


@dg.asset(**catalog.attributes("weeks_of_cover"), retry_policy=catalog.RETRY)
def weeks_of_cover(context: dg.AssetExecutionContext, lake: LakeResource, shops: ShopsResource) -> dg.MaterializeResult:
    today = datetime.now(ZoneInfo(account_zone(shops.load()))).date()
    return _replaced(context, lake, "weeks_of_cover", supply.WEEKS_OF_COVER, {"today": today})


FORECASTING = (
    availability_history, cancelled_statuses, stock_on_order, stock_position, partial_fulfillments, demand_daily,
    lead_times, sell_through, weeks_of_cover,
)  # fmt: skip
