"""``erp_changes``: the ERP says, or shows when asked, that something changed. Read: webhook inbox, ERP. Written: nothing.

Hints (webhooks) are answered within a tick; the assets that act on them mark them as handled after their tables are
written, so a killed run leaves them open. What no hint told is asked for every five minutes with one search each:
products and goods movements changed since the last time (two requests of the account's budget).
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from bp_assets.brightpearl.errors import ErpError
from bp_assets.brightpearl.search import count, period
from bp_assets.jobs import ERP_TABLES, SALES_TABLES, STOCK_TABLES, read_back, refresh_products, refresh_stock
from bp_assets.ledger.webhooks import open_webhooks
from bp_assets.resources import ErpResource, LedgerResource
from bp_assets.staging.hints import JOB_OF_HINT, job_of
from sensors.runs import under_way

SWEEP_SECONDS = 300
OVERLAP = timedelta(minutes=2)  # the ERP's clock is not ours, and a search may lag behind a change
JOBS = {"refresh_products": ERP_TABLES, "refresh_stock": STOCK_TABLES, "read_back": SALES_TABLES}
SEARCHES = {
    "refresh_products": "/product-service/product-search",
    "refresh_stock": "/warehouse-service/goods-movement-search",
}
