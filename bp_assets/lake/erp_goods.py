"""The tables of the ERP's goods: sent out, received, moved between warehouses, sent by suppliers.

Read: nothing. Written: nothing. One of the files that ``tables.py`` puts together.
"""

from __future__ import annotations

from bp_assets.lake.columns import Column, col, opt
from bp_assets.lake.table import AS_OF, INSTANT, MONEY, QUANTITY, Table

_POSITION = "Position within Brightpearl's list, from 1."
_EVENTS = (
    "PLA placed, PRI printed, PIC picked, PAC packed, SHW shipped; UPR, UPI and UPA take one of them back."
)  # fmt: skip


def _order(description: str, *, nullable: bool = False) -> Column:
    return col("order_id", "BIGINT", description, nullable=nullable, references="orders.order_id", loose=True)


def _product() -> Column:
    return col("product_id", "BIGINT", "Product.", references="products.product_id", loose=True)


def _warehouse(name: str, description: str, *, nullable: bool = False) -> Column:
    return col(name, "BIGINT", description, nullable=nullable, references="warehouses.warehouse_id", loose=True)


def _shipping_method() -> Column:
    return opt("shipping_method_id", "BIGINT", "Shipping method.",
               references="shipping_methods.shipping_method_id", loose=True)  # fmt: skip


def _done(word: str) -> tuple[Column, Column, Column]:
    """Whether, by whom and when a step of a note was done."""
    return (
        col(word, "BOOLEAN", f"Whether it is {word}."),
        opt(f"{word}_by_id", "BIGINT", f"Who {word} it: a contact's number."),
        opt(f"{word}_on", INSTANT, f"When it was {word}."),
    )


GOODS_OUTS = Table(
    "goods_outs",
    "Goods-out notes: what is sent to customers and between warehouses, with how far it is.",
    (
        col("goods_out_id", "BIGINT", "Brightpearl's goods-out note."),
        col("order_id", "BIGINT", "Sales order; 0 for a transfer between warehouses."),
        opt("created_by", "BIGINT", "Who made the note: a contact's number."),
        opt("created_on", INSTANT, "When it was made."),
        col("event_count", "INTEGER", "Number of its events."),
        col("order_row_count", "INTEGER", "Number of its order rows; 0 for a transfer."),
        *_done("packed"), *_done("picked"), *_done("printed"),
        col("priority", "BOOLEAN", "Whether it goes first."),
        opt("release_date", INSTANT, "When it may be sent."),
        opt("sequence", "INTEGER", "Which note of its order it is, from 1."),
        *_done("shipped"),
        opt("shipping_boxes", "INTEGER", "Number of boxes."),
        _shipping_method(),
        opt("shipping_reference", "VARCHAR", "The carrier's reference."),
        col("transfer", "BOOLEAN", "Whether it goes to another warehouse instead of a customer."),
        opt("stock_transfer_id", "BIGINT", "Transfers only: the stock transfer.",
            references="stock_transfers.stock_transfer_id", loose=True),
        _warehouse("target_warehouse_id", "Transfers only: where it goes.", nullable=True),
        _warehouse("warehouse_id", "Warehouse it leaves."),
        opt("weight", QUANTITY, "Weight of the whole, in the account's unit of weight."),
        opt("external_ref", "VARCHAR", "The other system's reference."),
        AS_OF,
    ),
    ("goods_out_id",), "goods", "warehouse", "Brightpearl goods-out note GET, 500 a request", published=False,
)  # fmt: skip

GOODS_OUT_ORDER_ROWS = Table(
    "goods_out_order_rows",
    "What goods-out notes hold: one row per order row and location.",
    (
        col("goods_out_id", "BIGINT", "Goods-out note.", references="goods_outs.goods_out_id"),
        col("order_row_id", "BIGINT", "Order row; 0 for a transfer."),
        col("position", "INTEGER", _POSITION),
        _product(),
        col("quantity", QUANTITY, "How many."),
        col("location_id", "BIGINT", "Location they leave."),
        AS_OF,
    ),
    ("goods_out_id", "order_row_id", "position"), "goods", "warehouse",
    "Brightpearl goods-out note GET, 500 a request", published=False,
)  # fmt: skip

GOODS_OUT_EVENTS = Table(
    "goods_out_events",
    "What happened to goods-out notes, in Brightpearl's order: events of one moment stand as it lists them.",
    (
        col("goods_out_id", "BIGINT", "Goods-out note.", references="goods_outs.goods_out_id"),
        col("position", "INTEGER", _POSITION),
        col("event_code", "VARCHAR", _EVENTS),
        col("occurred_on", INSTANT, "When it happened."),
        opt("event_owner_id", "BIGINT", "Who did it: a contact's number."),
        AS_OF,
    ),
    ("goods_out_id", "position"), "goods", "warehouse", "Brightpearl goods-out note GET, 500 a request",
    published=False,
)  # fmt: skip

DROPSHIP_NOTES = Table(
    "dropship_notes",
    "Drop-ship notes: goods that a supplier sends straight to the customer.",
    (
        col("dropship_note_id", "BIGINT", "Brightpearl's drop-ship note."),
        _order("Sales order it fulfils."),
        opt("purchase_order_id", "BIGINT", "Purchase order to the supplier.",
            references="orders.order_id", loose=True),
        opt("supplier_id", "BIGINT", "Supplier.", references="suppliers.supplier_id", loose=True),
        col("is_shipped", "BOOLEAN", "Whether the supplier sent it."),
        opt("shipped_on", INSTANT, "When it was sent."),
        opt("shipped_by_id", "BIGINT", "Who said so: a contact's number."),
        _shipping_method(),
        opt("shipping_ref", "VARCHAR", "The carrier's reference."),
        AS_OF,
    ),
    ("dropship_note_id",), "goods", "warehouse", "Brightpearl drop-ship note GET", published=False,
)  # fmt: skip

DROPSHIP_NOTE_ORDER_ROWS = Table(
    "dropship_note_order_rows",
    "What drop-ship notes hold: one row per order row.",
    (
        col("dropship_note_id", "BIGINT", "Drop-ship note.", references="dropship_notes.dropship_note_id"),
        col("order_row_id", "BIGINT", "Row of the sales order.", references="order_rows.order_row_id", loose=True),
        col("position", "INTEGER", _POSITION),
        _product(),
        col("quantity", QUANTITY, "How many."),
        col("location_id", "BIGINT", "Always 0: the goods are never in a warehouse."),
        _order("Sales order of the note."),
        opt("purchase_order_id", "BIGINT", "Purchase order of the note.",
            references="orders.order_id", loose=True),
        AS_OF,
    ),
    ("dropship_note_id", "order_row_id", "position"), "goods", "warehouse", "Brightpearl drop-ship note GET",
    published=False,
)  # fmt: skip

DROPSHIP_NOTE_EVENTS = Table(
    "dropship_note_events",
    "What happened to drop-ship notes.",
    (
        col("dropship_note_id", "BIGINT", "Drop-ship note.", references="dropship_notes.dropship_note_id"),
        col("position", "INTEGER", _POSITION),
        col("event_code", "VARCHAR", "SHS: sent by the supplier."),
        col("occurred_on", INSTANT, "When it happened."),
        opt("event_owner_id", "BIGINT", "Who said so: a contact's number."),
        _order("Sales order of the note."),
        opt("purchase_order_id", "BIGINT", "Purchase order of the note.",
            references="orders.order_id", loose=True),
        AS_OF,
    ),
    ("dropship_note_id", "position"), "goods", "warehouse", "Brightpearl drop-ship note GET", published=False,
)  # fmt: skip

STOCK_TRANSFERS = Table(
    "stock_transfers",
    "Transfers of stock between warehouses.",
    (
        col("stock_transfer_id", "BIGINT", "Brightpearl's transfer."),
        opt("created_by", "BIGINT", "Who made it: a contact's number."),
        opt("created_on", INSTANT, "When it was made."),
        opt("goods_out_note_id", "BIGINT", "The note that sends it; empty until there is one.",
            references="goods_outs.goods_out_id", loose=True),
        opt("reference", "VARCHAR", "Reference given by people."),
        _warehouse("source_warehouse_id", "Where it leaves."),
        _warehouse("target_warehouse_id", "Where it goes."),
        AS_OF,
    ),
    ("stock_transfer_id",), "goods", "warehouse", "Brightpearl stock-transfer GET", published=False,
)  # fmt: skip

GOODS_INS = Table(
    "goods_ins",
    "Goods-in notes: what was received on purchases, and what came back on sales credits.",
    (
        col("goods_note_id", "BIGINT", "Brightpearl's goods-in note; also the number of its batch."),
        _order("Purchase order, or sales credit for a return."),
        opt("created_by", "BIGINT", "Who made the note: a contact's number."),
        col("goods_movement_count", "INTEGER", "Number of its movements."),
        opt("goods_note_status", "VARCHAR", "OPEN, CLOSED or CANCELLED."),
        opt("received_on", INSTANT, "When the goods arrived."),
        col("transfer", "BOOLEAN", "Whether it came from another warehouse."),
        opt("user_batch_reference", "VARCHAR", "Reference given when it was received."),
        AS_OF,
    ),
    ("goods_note_id",), "goods", "warehouse", "Brightpearl goods-in note GET, 200 a request", published=False,
)  # fmt: skip

GOODS_IN_MOVEMENTS = Table(
    "goods_in_movements",
    "What goods-in notes hold: one row per product, location and batch.",
    (
        col("goods_note_id", "BIGINT", "Goods-in note.", references="goods_ins.goods_note_id"),
        col("position", "INTEGER", _POSITION),
        _product(),
        opt("purchase_order_row_id", "BIGINT", "Row of the purchase, or of the sales credit.",
            references="order_rows.order_row_id", loose=True),
        col("quantity", QUANTITY, "How many came in."),
        _warehouse("warehouse_id", "Warehouse.", nullable=True),
        opt("destination_location_id", "BIGINT", "Location they were put."),
        opt("batch_goods_note_id", "BIGINT", "Batch they belong to: the goods-in note that began it."),
        opt("product_value", MONEY, "What one unit cost."),
        opt("product_value_currency", "VARCHAR", "ISO 4217 code of that value."),
        opt("cleared", "BOOLEAN", "Whether Brightpearl calls it cleared."),
        opt("quarantine", "BOOLEAN", "Whether it went into the quarantine location."),
        opt("allocated", "BOOLEAN", "Whether it was allocated when it came in."),
        opt("value_confirmed", "BOOLEAN", "Whether its value is confirmed."),
        opt("created_on", INSTANT, "When the movement was made."),
        opt("created_by", "BIGINT", "Who made it: a contact's number."),
        opt("updated_on", INSTANT, "When it was last changed."),
        opt("updated_by", "BIGINT", "Who changed it: a contact's number."),
        AS_OF,
    ),
    ("goods_note_id", "position"), "goods", "warehouse", "Brightpearl goods-in note GET, 200 a request",
    published=False,
)  # fmt: skip

GOODS_MOVEMENTS = Table(
    "goods_movements",
    "Brightpearl's stock ledger: every movement in, out, between places and by correction.",
    (
        col("goods_movement_id", "BIGINT", "Brightpearl's movement."),
        _product(),
        _warehouse("warehouse_id", "Warehouse.", nullable=True),
        col("quantity", QUANTITY, "Signed: positive came, negative left."),
        col("goods_note_type", "VARCHAR", "GO goods out, SC stock correction, IT internal transfer or release from "
            "quarantine, and further codes of Brightpearl."),
        opt("goods_note_id", "BIGINT", "The note it belongs to."),
        _order("Order it was made for; empty where none.", nullable=True),
        opt("batch_id", "BIGINT", "Batch: the goods-in note that began it."),
        opt("is_quarantine", "BOOLEAN", "Whether it is a quarantine location."),
        opt("product_value", MONEY, "Value of one unit."),
        opt("currency", "VARCHAR", "ISO 4217 code of that value."),
        opt("updated_on", INSTANT, "When it was last changed."),
        AS_OF,
    ),
    ("goods_movement_id",), "goods", "warehouse", "Brightpearl goods-movement search", published=False,
)  # fmt: skip

GOODS_TABLES = (
    GOODS_OUTS, GOODS_OUT_ORDER_ROWS, GOODS_OUT_EVENTS, DROPSHIP_NOTES, DROPSHIP_NOTE_ORDER_ROWS, DROPSHIP_NOTE_EVENTS,
    STOCK_TRANSFERS, GOODS_INS, GOODS_IN_MOVEMENTS, GOODS_MOVEMENTS,
)  # fmt: skip
