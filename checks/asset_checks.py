"""The asset checks as Dagster sees them: each opens the lake, asks its pure check, keeps and words the findings.

Read: the lake, the shops file. Written: the table ``findings``. None of them blocks: people must see disagreements.
``CHECKS`` is what ``definitions.py`` loads.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from duckdb import DuckDBPyConnection

from bp_assets.catalog import key
from bp_assets.domain.findings import Finding
from bp_assets.lake.connect import Lake
from bp_assets.lake.freshness import FRESHNESS
from bp_assets.resources import LakeResource, ShopsResource
from checks.cancelled_statuses import cancelled_statuses
from checks.changed_receipts import changed_receipts
from checks.conservation import conservation
from checks.context import CheckContext
from checks.contracts import TABLE_NAMES, contracts
from checks.freshness import freshness
from checks.playbook import BY_NAME
from checks.report import frame_table, result
from checks.return_drift import return_drift
from checks.shop_health import shop_health
from checks.stock_drift import decomposition, stock_drift
from checks.stock_position import stock_position
from checks.store import any_stored, store_findings
from checks.tax_mismatches import tax_mismatches
from checks.unposted_sales import unposted_sales

PureCheck = Callable[[DuckDBPyConnection, CheckContext], list[Finding]]
PerTable = Callable[[DuckDBPyConnection, CheckContext, Collection[str]], list[Finding]]


def _run(name: str, check: PureCheck, lake: LakeResource, shops: ShopsResource) -> dg.AssetCheckResult:
    context = CheckContext(shops.load(), datetime.now(UTC))
    opened = lake.open()
    with opened.open() as connection:
        findings = check(connection, context)
    _keep(opened, name, findings, context.now)
    return result(name, findings)


def _keep(lake: Lake, name: str, findings: list[Finding], now: datetime, tables: Collection[str] | None = None) -> None:
    """Reading is done by now: the lake's one writer is held only as long as it takes to store what was found."""
    if not findings:
        with lake.open() as connection:
            if not any_stored(connection, name, tables):
                return
    lake.write(lambda writer: store_findings(writer.connection, name, findings, now, tables))


def _on(name: str) -> dict[str, Any]:
    """Where a check stands and when it runs: on its table's asset, after the tables it reads."""
    entry = BY_NAME[name]
    reads = [key(table) for table in entry.reads]
    return {
        "asset": key(entry.table), "name": name, "description": entry.description, "additional_deps": reads,
        "blocking": False,
    }  # fmt: skip


@dg.asset_check(**_on("unposted_sales"))
def unposted_sales_check(lake: LakeResource, shops: ShopsResource) -> dg.AssetCheckResult:
    return _run("unposted_sales", unposted_sales, lake, shops)


@dg.asset_check(**_on("tax_mismatches"))
def tax_mismatches_check(lake: LakeResource, shops: ShopsResource) -> dg.AssetCheckResult:
    return _run("tax_mismatches", tax_mismatches, lake, shops)


@dg.asset_check(**_on("return_drift"))
def return_drift_check(lake: LakeResource, shops: ShopsResource) -> dg.AssetCheckResult:
    return _run("return_drift", return_drift, lake, shops)


@dg.asset_check(**_on("stock_drift"))
def stock_drift_check(lake: LakeResource, shops: ShopsResource) -> dg.AssetCheckResult:
    """Beside its findings it shows every difference with the parts that explain it."""
    context = CheckContext(shops.load(), datetime.now(UTC))
    opened = lake.open()
    with opened.open() as connection:
        findings = stock_drift(connection, context)
        parts = decomposition(connection, context)
    _keep(opened, "stock_drift", findings, context.now)
    return result("stock_drift", findings, extra={"differences": dg.MetadataValue.md(frame_table(parts))})


@dg.asset_check(**_on("conservation"))
def conservation_check(lake: LakeResource, shops: ShopsResource) -> dg.AssetCheckResult:
    return _run("conservation", conservation, lake, shops)


@dg.asset_check(**_on("changed_receipts"))
def changed_receipts_check(lake: LakeResource, shops: ShopsResource) -> dg.AssetCheckResult:
    return _run("changed_receipts", changed_receipts, lake, shops)


@dg.asset_check(**_on("shop_health"))
def shop_health_check(lake: LakeResource, shops: ShopsResource) -> dg.AssetCheckResult:
    return _run("shop_health", shop_health, lake, shops)


@dg.asset_check(**_on("cancelled_statuses"))
def cancelled_statuses_check(lake: LakeResource, shops: ShopsResource) -> dg.AssetCheckResult:
    return _run("cancelled_statuses", cancelled_statuses, lake, shops)


@dg.asset_check(**_on("stock_position"))
def stock_position_check(lake: LakeResource, shops: ShopsResource) -> dg.AssetCheckResult:
    return _run("stock_position", stock_position, lake, shops)


def _per_table(name: str, tables: Iterable[str]) -> list[dg.AssetCheckSpec]:
    description = BY_NAME[name].description
    return [dg.AssetCheckSpec(name, asset=key(table), description=description, blocking=False) for table in tables]


def _run_per_table(
    context: dg.AssetCheckExecutionContext, name: str, check: PerTable, lake: LakeResource, shops: ShopsResource
) -> Iterator[dg.AssetCheckResult]:
    """One verdict per selected table, from one call: each table's page shows its own."""
    tables = sorted(selected.asset_key.path[-1] for selected in context.selected_asset_check_keys)
    given = CheckContext(shops.load(), datetime.now(UTC))
    opened = lake.open()
    with opened.open() as connection:
        findings = check(connection, given, tables)
    _keep(opened, name, findings, given.now, tables)
    for table in tables:
        own = [item for item in findings if item.place.split(".")[0] == table]
        yield result(name, own, asset_key=key(table), check_name=name)


@dg.multi_asset_check(name="freshness", specs=_per_table("freshness", FRESHNESS), can_subset=True)
def freshness_checks(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, shops: ShopsResource
) -> Iterator[dg.AssetCheckResult]:
    yield from _run_per_table(context, "freshness", freshness, lake, shops)


@dg.multi_asset_check(name="contracts", specs=_per_table("contracts", TABLE_NAMES), can_subset=True)
def contracts_checks(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, shops: ShopsResource
) -> Iterator[dg.AssetCheckResult]:
    yield from _run_per_table(context, "contracts", contracts, lake, shops)


CHECKS = (
    unposted_sales_check, tax_mismatches_check, return_drift_check, stock_drift_check, conservation_check,
    changed_receipts_check, shop_health_check, cancelled_statuses_check, stock_position_check, freshness_checks,
    contracts_checks,
)  # fmt: skip
