"""The jobs: which assets and ops run together, and which of them must be alone. Read and written: nothing by itself.

Every job runs in one process: its work is a few requests and a few statements, a process per step would cost more than
the work. Tag ``tillbridge/alone`` (limit 1 per value, see ``dagster.yaml``): two runs that write the same tables queue
up behind each other. Tag ``tillbridge/poster`` (limit 2): one run that posts, and one that is about to take over from
it; which of them posts is decided by a lock in PostgreSQL. ``dagster/max_runtime`` ends what hangs.
"""

import dagster as dg

from bp_assets import catalog
from bp_assets.extraction.resources import ALL
from bp_assets.posting.assets import retry_rejected_sales, take_and_post
from bp_assets.upkeep import maintain

ALONE, POSTER = "tillbridge/alone", "tillbridge/poster"
SALES_TABLES, ERP_TABLES, STOCK_TABLES, FORECASTS = "sales_tables", "erp_tables", "stock_tables", "forecasts"
EXTRACTS = "extracts"
POSTERS = {POSTER: "yes"}

# What posting and its checks need of the ERP has jobs of its own; everything else is pulled where somebody wants it.
MASTERS, STOCK = ("channels", "tax_codes", "products", "price_lists", "prices"), "stock_levels"
PULLED = tuple(resource for resource in ALL if resource.name not in (*MASTERS, STOCK))
MASTER_TABLES = ("warehouses", *(table for resource in ALL if resource.name in MASTERS for table in resource.tables))
TILL_TABLES = ("pos_transactions", "pos_lines", "pos_tenders", "till_totals", "receipt_versions")
POSTED_TABLES = ("posting_log", "posted_orders", "posted_order_rows", "posted_payments", "posted_goods")
SUMMARY_TABLES = ("summary_lines", "summary_tenders", "stock_corrections")
OPERATIONS_TABLES = ("posting_latency", "erp_requests")
# Availability is looked at with every reading of the stock; the others follow the orders.
WATCHED_TABLES = ("stock_levels", "availability_history")
FORECASTING_TABLES = (
    "cancelled_statuses", "stock_on_order", "stock_position", "partial_fulfillments", "demand_daily", "lead_times",
    "sell_through", "weeks_of_cover",
)  # fmt: skip
FINANCE_TABLES = ("sales_reconciliation", "daily_takings", catalog.FINANCE_FILE)
# With its check, in a job of its own: a table that is filled without its check shows no verdict in the UI.
SHOPS_TABLES = ("shop_health",)
ABOUT_TABLES = ("table_dictionary",)
PULLED_TABLES = tuple(table for resource in PULLED for table in resource.tables)
SALES = (*TILL_TABLES, *POSTED_TABLES, *SUMMARY_TABLES, *OPERATIONS_TABLES, *FINANCE_TABLES)


def _tags(alone: str, minutes: int) -> dict[str, str]:
    return {ALONE: alone, **_at_most(minutes)}


def _at_most(minutes: int) -> dict[str, str]:
    return {"dagster/max_runtime": str(minutes * 60)}


def _tables(*names: str) -> dg.AssetSelection:
    """Tables without their checks: a check that imports Great Expectations has no place in a run every few minutes."""
    return dg.AssetSelection.assets(*names).without_checks()


@dg.job(
    description="Take what is new from every till, post what is due to the ERP, and wait for more until it is quiet. "
    "One posts to an ERP account at a time, held by a lock in PostgreSQL; the next one starts before it ends.",
    executor_def=dg.in_process_executor,
    tags=POSTERS | _at_most(90),  # the longest linger_seconds, and half an hour
)
def post_sales() -> None:
    take_and_post()


@dg.job(
    description="Put rejected sales back in line after the shops file or the ERP was mended, and post them; where a "
    "posting run is at work, it does the rest.",
    executor_def=dg.in_process_executor,
    tags=POSTERS | _at_most(60),
)
def retry_rejected() -> None:
    retry_rejected_sales()


@dg.job(
    description="Write small inserts out to files, merge files, forget old snapshots and old hints.",
    executor_def=dg.in_process_executor,
    tags=_tags(SALES_TABLES, 60),
)
def maintain_lake() -> None:
    maintain()


refresh_warehouses = dg.define_asset_job(
    "refresh_warehouses",
    _tables("warehouses"),
    description="Warehouses with their locations: what stock, orders and notes are read against.",
    executor_def=dg.in_process_executor,
    tags=_tags(ERP_TABLES, 30),
)

refresh_products = dg.define_asset_job(
    "refresh_products",
    _tables(*MASTER_TABLES),
    description="Products changed since the last reading, their prices, and the small lists. "
    "With `full: true` for `products` all of them, which also finds what was deleted.",
    executor_def=dg.in_process_executor,
    tags=_tags(ERP_TABLES, 120),
)

refresh_stock = dg.define_asset_job(
    "refresh_stock",
    _tables(*WATCHED_TABLES),
    description="Stock of the products that moved, and a further part of all others in turn, and what of it changed. "
    "`full: true` reads all.",
    executor_def=dg.in_process_executor,
    tags=_tags(STOCK_TABLES, 120),
)

refresh_forecasting = dg.define_asset_job(
    "refresh_forecasting",
    _tables(*FORECASTING_TABLES),
    description="The tables for demand forecasting from the lake as it stands, without a request to the ERP. "
    "`all_days: true` for `demand_daily` computes every day anew.",
    executor_def=dg.in_process_executor,
    tags=_tags(FORECASTS, 60),
)

refresh_erp = dg.define_asset_job(
    "refresh_erp",
    _tables(*PULLED_TABLES),
    description="What changed in Brightpearl's orders, notes, payments, contacts and lists; and a further part of what "
    "no filter shows. One request for a resource of an unchanged account. The first time it reads everything.",
    executor_def=dg.in_process_executor,
    tags=_tags(EXTRACTS, 180),
)

pull_erp = dg.define_asset_job(
    "pull_erp",
    _tables(*MASTER_TABLES, *WATCHED_TABLES, *PULLED_TABLES),
    description="All of Brightpearl, read whole: for a new installation, and after a version that keeps more columns. "
    "A run that was cut off is gone on with by the next one.",
    config={"ops": {name: {"config": {"full": True}} for name in (resource.name for resource in ALL)}},
    executor_def=dg.in_process_executor,
    tags=_tags(EXTRACTS, 480),
)

read_back = dg.define_asset_job(
    "read_back",
    _tables(*SALES),
    description="Read posted orders back from the ERP, compare, and bring sales and finance tables up to date.",
    executor_def=dg.in_process_executor,
    tags=_tags(SALES_TABLES, 120),
)

run_checks = dg.define_asset_job(
    "run_checks",
    dg.AssetSelection.all_asset_checks(),
    description="All checks, on the tables as they stand.",
    executor_def=dg.in_process_executor,
    tags=_tags(SALES_TABLES, 60),
)

watch_shops = dg.define_asset_job(
    "watch_shops",
    _tables(*SHOPS_TABLES) | dg.AssetSelection.checks(dg.AssetCheckKey(catalog.key("shop_health"), "shop_health")),
    description="How every shop stands, and the check on it: when a state changes, and every quarter of an hour.",
    executor_def=dg.in_process_executor,
    tags=_tags(SALES_TABLES, 30),
)

publish_tables = dg.define_asset_job(
    "publish_tables",
    _tables(catalog.FINANCE_FILE),
    description="finance.duckdb from the tables as they stand; nothing where it already holds them.",
    executor_def=dg.in_process_executor,
    tags=_tags(SALES_TABLES, 60),
)

close_day = dg.define_asset_job(
    "close_day",
    _tables(*SALES, *SHOPS_TABLES) | dg.AssetSelection.all_asset_checks(),
    description="The day's end: the last days' orders read again, the tills asked for their totals, every day computed "
    "anew, all checks run, the finance file published.",
    config={
        "ops": {
            "posted": {"config": {"again_days": 3}},
            "till_tables": {"config": {"ask_tills": True}},
            "sales_reconciliation": {"config": {"all_days": True}},
            "daily_takings": {"config": {"all_days": True}},
        }
    },
    executor_def=dg.in_process_executor,
    tags=_tags(SALES_TABLES, 180),
)

refresh_all = dg.define_asset_job(
    "refresh_all",
    _tables(*MASTER_TABLES, *WATCHED_TABLES, *SALES, *SHOPS_TABLES, *FORECASTING_TABLES, *ABOUT_TABLES),
    description="Every table once, in the order of the graph, but for those that only `pull_erp` fills. For a new "
    "installation, and by hand.",
    executor_def=dg.in_process_executor,
    tags=_tags(SALES_TABLES, 240),
)

export_forecasting = dg.define_asset_job(
    "export_forecasting",
    _tables(catalog.FORECASTING_EXPORT),
    description="The forecasting files from the tables as they stand; nothing where they show this snapshot already.",
    executor_def=dg.in_process_executor,
    tags=_tags(catalog.FORECASTING_EXPORT, 60),
)

JOBS = (
    post_sales, retry_rejected, refresh_warehouses, refresh_products, refresh_stock, refresh_erp, pull_erp,
    refresh_forecasting, read_back, run_checks, close_day, refresh_all, watch_shops, publish_tables, maintain_lake,
    export_forecasting,
)  # fmt: skip
