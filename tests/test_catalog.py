"""The graph as people see it: every asset described, owned and typed; every check on an asset that exists."""

from __future__ import annotations

import subprocess
import sys

import dagster as dg
import pytest

from bp_assets import catalog
from bp_assets.catalog import PLACES
from bp_assets.definitions import ASSETS, defs, resources
from bp_assets.lake.tables import BY_NAME

KEYS = {
    "availability_history", "cancelled_statuses", "purchases", "sales",
    "brands", "brightpearl", "bundle_components", "channels", "contact_postal_addresses",
    "contacts", "customer_payments", "daily_takings", "demand_daily", "dropship_note_events",
    "dropship_note_order_rows", "dropship_notes", "erp_requests", "extraction_objects", "extraction_quarantine",
    "finance_file", "findings", "forecasting_export", "goods_in_movements", "goods_ins", "goods_movements",
    "goods_out_events", "goods_out_labels", "goods_out_order_rows", "goods_outs", "lead_times", "nominal_codes",
    "order_fulfillment_locations", "order_fulfillments", "order_parties", "order_rows", "order_statuses", "orders",
    "partial_fulfillments", "pos_lines", "pos_tenders", "pos_transactions", "posted_goods", "posted_order_rows",
    "posted_orders", "posted_payments", "posting_latency", "posting_log", "postings", "price_lists", "prices",
    "product_custom_fields", "product_sales_channels", "product_variations", "product_warehouses", "products",
    "receipt_versions", "reservations", "sales_reconciliation", "seasons", "sell_through", "shipping_methods",
    "shop_health", "stock_corrections", "stock_levels", "stock_on_order", "stock_position", "stock_transfers",
    "summary_lines", "summary_tenders", "suppliers", "table_dictionary", "table_freshness", "tax_codes", "till_totals",
    "tills", "warehouses", "weeks_of_cover",
}  # fmt: skip
JOBS = {
    "close_day", "export_forecasting", "maintain_lake", "post_sales", "publish_tables", "pull_erp", "read_back",
    "refresh_all", "refresh_erp", "refresh_forecasting", "refresh_products", "refresh_stock", "refresh_warehouses",
    "retry_rejected", "run_checks", "watch_shops",
}  # fmt: skip
SENSORS = {
    "checked", "erp_changes", "forgotten_contacts", "new_sales", "run_failures", "shop_states", "unsettled_postings",
}  # fmt: skip
SCHEDULES = {
    "checks_hourly", "close_day_daily", "erp_hourly", "forecasting_export_daily", "forecasting_hourly",
    "maintain_lake_nightly", "products_hourly", "read_back_sweep", "stock_sweep",
}  # fmt: skip
GRAPH = defs.resolve_asset_graph()
SPECS = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
TABLES = sorted(set(KEYS) - {"brightpearl", "tills", "postings", "finance_file", "forecasting_export"})


def test_the_asset_keys_are_these_and_no_others() -> None:
    assert set(SPECS) == KEYS


def test_every_table_of_the_lake_is_an_asset_under_its_own_name() -> None:
    assert set(TABLES) == set(BY_NAME) == set(PLACES)


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_asset_says_what_it_is_and_whose(key: str) -> None:
    spec = SPECS[key]
    assert spec.description and len(spec.description) > 15
    assert spec.group_name in {"outside", "erp", "orders", "goods", "personal", "tills", "posting", "finance",
                               "operations", "checks", "forecasting", "extraction"}  # fmt: skip
    assert [owner.startswith("team:") for owner in spec.owners] == [True]
    assert spec.kinds


@pytest.mark.parametrize("table", TABLES)
def test_every_table_shows_its_columns_as_tables_py_has_them(table: str) -> None:
    schema = SPECS[table].metadata["dagster/column_schema"]
    shown = [(column.name, column.type, column.constraints.nullable) for column in schema.columns]
    assert shown == [(column.name, column.type, column.nullable) for column in BY_NAME[table].columns]


def test_only_these_tables_are_made_by_no_asset_here() -> None:
    made = {key.to_user_string() for one in ASSETS for key in one.keys}
    left = set(BY_NAME) - made
    assert {"findings", "table_freshness"} <= left
    assert {table.name for table in BY_NAME.values() if table.view} <= left


def test_column_lineage_names_only_columns_that_exist() -> None:
    named = [
        (dep.asset_key.to_user_string(), dep.column_name)
        for table in TABLES
        for deps in catalog.column_lineage(table).deps_by_column.values()
        for dep in deps
    ]
    assert ("posted_orders", "total") in named
    assert [one for one in named if one[1] not in {column.name for column in BY_NAME[one[0]].columns}] == []


def test_every_check_stands_on_an_asset_of_the_graph() -> None:
    checks = GRAPH.asset_check_keys
    assert {key.name for key in checks} >= {
        "conservation",
        "contracts",
        "freshness",
        "tax_mismatches",
        "unposted_sales",
    }
    assert {key.asset_key.to_user_string() for key in checks} <= set(TABLES)


def test_jobs_schedules_and_sensors_are_these_and_run_by_themselves() -> None:
    repository = defs.get_repository_def()
    assert {job.name for job in repository.get_all_jobs()} - {"__ASSET_JOB"} == JOBS
    assert {one.name for one in repository.schedule_defs} == SCHEDULES
    assert {one.name for one in repository.sensor_defs} == SENSORS
    assert {one.default_status for one in repository.schedule_defs} == {dg.DefaultScheduleStatus.RUNNING}
    assert {one.default_status for one in repository.sensor_defs} == {dg.DefaultSensorStatus.RUNNING}


def test_every_job_is_alone_of_its_kind_and_ends_when_it_hangs() -> None:
    for job in defs.get_repository_def().get_all_jobs():
        if job.name != "__ASSET_JOB":
            assert {"tillbridge/alone", "tillbridge/poster"} & set(job.tags), job.name
            assert int(job.tags["dagster/max_runtime"]) > 0, job.name


def test_frequent_jobs_run_no_checks() -> None:
    for name in ("refresh_products", "refresh_stock", "read_back", "refresh_all"):
        selected = defs.resolve_job_def(name).asset_layer.asset_graph.asset_check_keys
        assert set(selected) == set(), name


def test_a_misspelt_asset_is_refused_by_the_catalogue() -> None:
    with pytest.raises(KeyError, match="no asset 'sales_reconcilliation'; there are products"):
        catalog.key("sales_reconcilliation")


def test_no_secret_shows_in_any_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLBRIDGE_ERP_TOKEN", "hush-token")
    monkeypatch.setenv("TILLBRIDGE_DATABASE_URL", "postgresql://user:hush-password@db.example/tillbridge")
    shown = " ".join(f"{one!r} {one!s} {one.model_dump()}" for one in resources().values())
    assert "hush" not in shown
    assert "LedgerResource" in shown


def test_loading_the_definitions_imports_neither_great_expectations_nor_pandas() -> None:
    code = (
        "import sys, bp_assets.definitions as d; d.defs.get_repository_def();"
        "print(sorted({'great_expectations', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"
