"""Every table that people read, described once: types, keys, words. Lake, docs, dictionary and Dagster all use this.

Read: nothing. Written: nothing. The descriptions stand in the files named below, by where the rows come from.
"""

from __future__ import annotations

from bp_assets.lake.erp_catalogue import CATALOGUE_TABLES
from bp_assets.lake.erp_goods import GOODS_TABLES
from bp_assets.lake.erp_orders import ORDER_TABLES
from bp_assets.lake.finance_tables import FINANCE_TABLES
from bp_assets.lake.forecasting_tables import FORECASTING_TABLES
from bp_assets.lake.lake_tables import LAKE_TABLES
from bp_assets.lake.personal import PERSONAL_TABLES
from bp_assets.lake.posting_tables import POSTING_TABLES
from bp_assets.lake.table import Table
from bp_assets.lake.till_tables import TILL_TABLES

TABLES: tuple[Table, ...] = (
    *CATALOGUE_TABLES, *ORDER_TABLES, *GOODS_TABLES, *PERSONAL_TABLES,
    *TILL_TABLES, *POSTING_TABLES, *FINANCE_TABLES,
    *FORECASTING_TABLES, *LAKE_TABLES,
)  # fmt: skip

BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}
PUBLISHED: tuple[Table, ...] = tuple(table for table in TABLES if table.published)
