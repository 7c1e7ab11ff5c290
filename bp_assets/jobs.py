"""The jobs: which assets and ops run together, and which of them must be alone. Read and written: nothing by itself.

Every job runs in one process: its work is a few requests and a few statements, a process per step would cost more than
the work. Tag ``tillbridge/alone`` (limit 1 per value, see ``dagster.yaml``): two runs that write the same tables, or
post to the same ERP account, queue up behind each other. ``dagster/max_runtime`` ends what hangs.
"""

import dagster as dg

from bp_assets.catalog import FINANCE_FILE
from bp_assets.posting.assets import retry_rejected_sales, take_and_post

ALONE = "tillbridge/alone"
POSTER, SALES_TABLES, ERP_TABLES, STOCK_TABLES = "poster", "sales_tables", "erp_tables", "stock_tables"

TILL_TABLES = ("pos_transactions", "pos_lines", "pos_tenders", "till_totals", "receipt_versions")
POSTED_TABLES = ("posting_log", "posted_orders", "posted_order_rows", "posted_payments", "posted_goods")
FINANCE_TABLES = ("sales_reconciliation", "daily_takings", FINANCE_FILE)
MASTER_TABLES = ("products", "price_lists", "prices", "warehouses", "channels", "tax_codes")


def _tags(alone: str, minutes: int) -> dict[str, str]:
    return {ALONE: alone, "dagster/max_runtime": str(minutes * 60)}


def _tables(*names: str) -> dg.AssetSelection:
    """Tables without their checks: a check that imports Great Expectations has no place in a run every few minutes."""
    return dg.AssetSelection.assets(*names) - dg.AssetSelection.all_asset_checks()


@dg.job(
    description="Take what is new from every till, post what is due to the ERP, and linger for more. "
    "One at a time per ERP account: by this job's tag, and by a lock in PostgreSQL.",
    executor_def=dg.in_process_executor,
    tags=_tags(POSTER, 60),
)
def post_sales() -> None:
    take_and_post()


@dg.job(
    description="Post rejected sales again after the shops file or the ERP was mended. Same rules as post_sales.",
    executor_def=dg.in_process_executor,
    tags=_tags(POSTER, 60),
)
def retry_rejected() -> None:
    retry_rejected_sales()
