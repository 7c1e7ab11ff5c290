"""The files of goods-out and goods-in notes and of stock transfers. Pure."""

from __future__ import annotations

from bp_assets.export.sheet import Sheet, flag, moment, number, text, whole

GOODS_OUTS = Sheet(
    "Brightpearl_GoodsOuts",
    ("goods_outs",),
    "goods_outs AS n",
    ("n.goods_out_id",),
    (
        whole("Id", "n.goods_out_id"),
        whole("OrderId", "n.order_id"),
        whole("CreatedBy", "n.created_by"),
        moment("CreatedOn", "n.created_on"),
        whole("EventCount", "n.event_count"),
        text("LabelUri", "label.label_uri", personal=True),  # the label shows a name and an address
        whole("OrderRowCount", "n.order_row_count"),
        flag("Packed", "n.packed"),
        whole("PackedById", "n.packed_by_id"),
        moment("PackedOn", "n.packed_on"),
        flag("Picked", "n.picked"),
        whole("PickedById", "n.picked_by_id"),
        moment("PickedOn", "n.picked_on"),
        flag("Printed", "n.printed"),
        whole("PrintedById", "n.printed_by_id"),
        moment("PrintedOn", "n.printed_on"),
        flag("Priority", "n.priority"),
        moment("ReleaseDate", "n.release_date"),
        whole("Sequence", "n.sequence"),
        flag("Shipped", "n.shipped"),
        whole("ShippedById", "n.shipped_by_id"),
        moment("ShippedOn", "n.shipped_on"),
        whole("ShippingBoxes", "n.shipping_boxes"),
        whole("ShippingMethodId", "n.shipping_method_id"),
        text("ShippingReference", "n.shipping_reference"),
        flag("Transfer", "n.transfer"),
        whole("WarehouseId", "n.warehouse_id"),
        number("Weight", "n.weight"),
    ),
    personal_join="LEFT JOIN personal.goods_out_labels AS label ON label.goods_out_id = n.goods_out_id",
    personal_reads=("goods_out_labels",),
)

GOODS_OUT_ORDER_ROWS = Sheet(
    "Brightpearl_GoodsOutOrderRows",
    ("goods_out_order_rows",),
    "goods_out_order_rows",
    ("goods_out_id", "order_row_id", "position"),
    (
        whole("Id", "nullif(order_row_id, 0)"),  # rows of a transfer are rows of no order
        number("Quantity", "quantity"),
        whole("GoodsOutId", "goods_out_id"),
        whole("LocationId", "location_id"),
        whole("ProductId", "product_id"),
        text("UserBatchReference", "NULL"),  # on no goods-out note of the API: docs/export.md
    ),
)

GOODS_OUT_EVENTS = Sheet(
    "Brightpearl_GoodsOutEvents",
    ("goods_out_events",),
    "goods_out_events",
    ("goods_out_id", "position"),
    (
        text("EventCode", "event_code"),
        whole("EventOwnerId", "event_owner_id"),
        whole("GoodsOutId", "goods_out_id"),
        moment("Occured", "occurred_on"),  # Brightpearl's spelling
    ),
)

STOCK_TRANSFERS = Sheet(
    "Brightpearl_StockTransfers",
    ("stock_transfers",),
    "stock_transfers",
    ("stock_transfer_id",),
    (
        whole("CreatedBy", "created_by"),
        moment("CreatedOn", "created_on"),
        whole("GoodsOutNoteId", "goods_out_note_id"),
        text("Reference", "reference"),
        whole("SourceWarehouseId", "source_warehouse_id"),
        whole("StockTransferId", "stock_transfer_id"),
        whole("TargetWarehouseId", "target_warehouse_id"),
    ),
)

GOODS_IN = Sheet(
    "Brightpearl_GoodsIn",
    ("goods_ins",),
    "goods_ins",
    ("goods_note_id",),
    (
        whole("OrderId", "order_id"),
        whole("CreatedBy", "created_by"),
        whole("GoodsMovementCount", "goods_movement_count"),
        whole("GoodsNoteId", "goods_note_id"),
        text("GoodsNoteStatus", "goods_note_status"),
        moment("ReceivedOn", "received_on"),
        flag("Transfer", "transfer"),
        text("UserBatchReference", "user_batch_reference"),
    ),
)

GOODS_IN_MOVEMENTS = Sheet(
    "Brightpearl_GoodsInMovements",
    ("goods_in_movements",),
    "goods_in_movements",
    ("goods_note_id", "position"),
    (
        number("Quantity", "quantity"),
        flag("Allocated", "allocated"),
        whole("BatchGoodsNoteId", "batch_goods_note_id"),
        flag("Cleared", "cleared"),
        whole("CreatedBy", "created_by"),
        moment("CreatedOn", "created_on"),
        whole("DestinationLocationId", "destination_location_id"),
        whole("GoodsNoteId", "goods_note_id"),
        whole("ProductId", "product_id"),
        number("ProductValue", "product_value"),
        text("ProductValueCurrency", "product_value_currency"),
        whole("PurchaseOrderRowId", "purchase_order_row_id"),
        flag("Quarantine", "quarantine"),
        whole("UpdatedBy", "updated_by"),
        moment("UpdatedOn", "updated_on"),
        flag("ValueConfirmed", "value_confirmed"),
        whole("WarehouseId", "warehouse_id"),
    ),
)
