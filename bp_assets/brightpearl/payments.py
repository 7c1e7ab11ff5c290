"""Customer payments as the ERP holds them. Read: ``customer-payment-search``. Written: nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.id_sets import pack
from bp_assets.brightpearl.reading import Misread, Record, decode_rows
from bp_assets.brightpearl.search import Filters, search

PAYMENT_SEARCH = "/accounting-service/customer-payment-search"
ZERO = Decimal(0)
# Money in counts up, money out counts down; an authorisation moves none.
_SIGNS = {"RECEIPT": 1, "CAPTURE": 1, "PAYMENT": -1}


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment; ``amount`` is as the ERP stores it, main units, positive for refunds too (see ``signed``)."""

    payment_id: int
    order_id: int
    type: str  # RECEIPT, PAYMENT, AUTH, CAPTURE, VOID
    method: str
    transaction_ref: str
    transaction_code: str
    currency: str
    amount: Decimal
    amount_authorized: Decimal
    journal_id: int
    payment_date: datetime | None
    created_on: datetime | None

    @property
    def signed(self) -> Decimal:
        """What it adds to the money received: negative for money paid out."""
        return self.amount * _SIGNS.get(self.type, 0)


def payments_of(client: ErpClient, order_ids: Iterable[int]) -> list[Payment | Misread]:
    """Every payment on the orders of ``order_ids``. Raises as :meth:`ErpClient.get`."""
    found: list[Payment | Misread] = []
    for ids in pack(order_ids):
        rows = search(client, PAYMENT_SEARCH, {"orderId": ids})
        found += decode_rows("customer-payment", rows, "paymentId", _read)
    return found


def find_payment(client: ErpClient, order_id: int, transaction_ref: str, method: str) -> int | None:
    """The id of the payment with this reference and method on the order: asked before a payment is sent again."""
    filters: Filters = {"orderId": order_id, "transactionRef": transaction_ref}
    found = decode_rows("customer-payment", search(client, PAYMENT_SEARCH, filters), "paymentId", _read)
    ids = [
        one.payment_id
        for one in found
        if isinstance(one, Payment)
        and (one.order_id, one.transaction_ref, one.method) == (order_id, transaction_ref, method)
    ]
    return min(ids, default=None)


def _read(raw: Record) -> Payment:
    return Payment(
        payment_id=raw.whole("paymentId"),
        order_id=raw.whole("orderId", default=0),
        type=raw.text("paymentType"),
        method=raw.text("paymentMethodCode", default=""),
        transaction_ref=raw.text("transactionRef", default=""),
        transaction_code=raw.text("transactionCode", default=""),
        currency=raw.text("currencyCode", default=""),
        amount=raw.number("amountPaid", default=ZERO),
        amount_authorized=raw.number("amountAuthorized", default=ZERO),
        journal_id=raw.whole("journalId", default=0),
        payment_date=raw.moment("paymentDate"),
        created_on=raw.moment("createdOn"),
    )
