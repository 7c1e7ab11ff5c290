"""What the ERP only ever adds to: its stock ledger and customers' payments. The rows of their searches are the records.

Read: goods-movement and customer-payment search, 500 rows a request. Written: ``goods_movements``,
``customer_payments``. Pure.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from bp_assets.extraction.fields import Fields, flag, instant, may, money, need, quantity, ref, text, whole
from bp_assets.extraction.resource import Changes, Context, Decoded, Resource, Rows, Search, Sweep

MOVEMENTS = "/warehouse-service/goods-movement-search"
PAYMENTS = "/accounting-service/customer-payment-search"

MOVEMENT = Fields(
    need("product_id", whole, "productId"),
    may("warehouse_id", ref, "warehouseId"),
    need("quantity", quantity, "quantity"),
    may("goods_note_type", text, "goodsNoteTypeCode", default=""),
    may("goods_note_id", ref, "goodsNoteId"),
    may("order_id", ref, "orderId"),
    may("batch_id", ref, "batchId"),
    may("is_quarantine", flag, "isQuarantine"),
    may("product_value", money, "productValue"),
    may("currency", text, "currencyCode"),
    may("updated_on", instant, "updatedOn"),
    given=("goods_movement_id",),
)
PAYMENT = Fields(
    may("order_id", ref, "orderId"),
    may("transaction_ref", text, "transactionRef"),
    may("payment_method", text, "paymentMethodCode"),
    need("payment_type", text, "paymentType"),
    may("amount_paid", money, "amountPaid", default=Decimal(0)),
    need("currency", text, "currencyCode"),
    may("payment_date", instant, "paymentDate"),
    may("created_on", instant, "createdOn"),
    may("journal_id", ref, "journalId"),
    given=("payment_id",),
)
MOVEMENT_COLUMNS = (
    "goodsMovementId", "productId", "warehouseId", "quantity", "goodsNoteTypeCode", "goodsNoteId", "orderId",
    "batchId", "isQuarantine", "productValue", "currencyCode", "updatedOn",
)  # fmt: skip
PAYMENT_COLUMNS = (
    "paymentId", "orderId", "transactionRef", "paymentMethodCode", "paymentType", "amountPaid", "currencyCode",
    "paymentDate", "createdOn", "journalId",
)  # fmt: skip


def decode_movement(movement_id: int, raw: Any, context: Context) -> Decoded:
    return {"goods_movements": [MOVEMENT.of(raw, movement_id)]}


def decode_payment(payment_id: int, raw: Any, context: Context) -> Decoded:
    """An authorisation moves no money: its amount is in a column of its own, and here 0."""
    return {"customer_payments": [PAYMENT.of(raw, payment_id)]}


RESOURCES = (
    Resource(
        name="goods_movements",
        title="Goods movements",
        tables={"goods_movements": Rows("goods_movement_id", MOVEMENT.names)},
        listing=Search(MOVEMENTS, "goodsMovementId", columns=MOVEMENT_COLUMNS),
        get=None,
        decode=decode_movement,
        changes=Changes(MOVEMENTS, "goodsMovementId", ("updatedOn",)),
        sweep=Sweep(every=None),
        every=timedelta(hours=1),
        traps="A ledger: nothing is ever deleted, so it is read whole once and followed by `updatedOn`. Reservations "
        "are no movements. Of the seven codes of `goods_note_type` only GO, SC and IT are documented; the arrival of "
        "a transfer is GO too.",
    ),
    Resource(
        name="customer_payments",
        title="Customers' payments",
        tables={"customer_payments": Rows("payment_id", PAYMENT.names)},
        listing=Search(PAYMENTS, "paymentId", columns=PAYMENT_COLUMNS),
        get=None,
        decode=decode_payment,
        changes=Changes(PAYMENTS, "paymentId", ("createdOn",)),
        sweep=Sweep(every=timedelta(days=7)),
        every=timedelta(hours=1),
        traps="A payment is never changed, and deleted seldom: a weekly sweep finds that. Amounts are positive both "
        "ways; `payment_type` says which. What suppliers are paid has a search that lies about its size and is not "
        "read.",
    ),
)
