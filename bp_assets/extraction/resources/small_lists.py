"""Small lists of the catalogue and the warehouses, each read whole. Pure.

Read: GETs of brands, seasons and stock transfers. Written: ``brands``, ``seasons``, ``stock_transfers``.
"""

from __future__ import annotations

from datetime import timedelta

from bp_assets.extraction import splits
from bp_assets.extraction.fields import Fields, instant, may, need, ref, text, whole
from bp_assets.extraction.resource import Get, Resource, Rows, Whole
from bp_assets.extraction.resources.account_lists import row_of

BRAND = Fields(may("name", text, "name", default=""), may("description", text, "description"), given=("brand_id",))
SEASON = Fields(may("name", text, "name", default=""), may("description", text, "description"), given=("season_id",))
TRANSFER = Fields(
    may("created_by", ref, "createdBy"),
    may("created_on", instant, "createdOn"),
    may("goods_out_note_id", ref, "goodsOutNoteId"),
    may("reference", text, "reference"),
    need("source_warehouse_id", whole, "sourceWarehouseId"),
    need("target_warehouse_id", whole, "targetWarehouseId"),
    given=("stock_transfer_id",),
)

RESOURCES = (
    Resource(
        name="brands",
        title="Brands",
        tables={"brands": Rows("brand_id", BRAND.names)},
        listing=Whole(),
        get=Get("/product-service/brand", splits.by_member("id")),
        decode=row_of("brands", BRAND),
        every=timedelta(hours=24),
        traps="Newer accounts have a search with `updatedOn`; one request for all of them is no more.",
    ),
    Resource(
        name="seasons",
        title="Seasons",
        tables={"seasons": Rows("season_id", SEASON.names)},
        listing=Whole(),
        get=Get("/product-service/season", splits.by_member("id")),
        decode=row_of("seasons", SEASON),
        every=timedelta(hours=24),
        traps="An account without seasons answers with an empty list, or with 404.",
    ),
    Resource(
        name="stock_transfers",
        title="Stock transfers",
        tables={"stock_transfers": Rows("stock_transfer_id", TRANSFER.names)},
        listing=Whole(),
        get=Get("/warehouse-service/stock-transfer", splits.by_member("stockTransferId")),
        decode=row_of("stock_transfers", TRANSFER),
        traps="There is no search and no filter: all of them are read each time. `goodsOutNoteId` is 0 until there is "
        "a note; a transfer by itself moves nothing.",
    ),
)
