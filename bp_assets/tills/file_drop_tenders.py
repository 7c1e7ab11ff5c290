"""How a file-drop receipt was paid. Pure.

Read: the receipt's rows. Written: nothing. Tenders come from rows of their own (``row_kind``), from columns of the
line rows, or, where the file tells nothing, from the declared default tender.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bp_assets.config import FileDropFeed
from bp_assets.domain.sale import Tender, TenderType
from bp_assets.tills.file_drop_rows import Fault, Reader

_BY_NAME = {
    "cash": TenderType.CASH,
    "card": TenderType.CARD,
    "gift_card": TenderType.GIFT_CARD,
    "giftcard": TenderType.GIFT_CARD,
    "voucher": TenderType.VOUCHER,
    "account": TenderType.ACCOUNT,
    "store_credit": TenderType.STORE_CREDIT,
}


def tender_type(feed: FileDropFeed, method: str) -> TenderType:
    """The type declared for a method (case is ignored), else the one its name says, else ``other``."""
    declared = {name.lower(): kind for name, kind in feed.tender_types.items()}
    plain = method.lower()
    return declared.get(plain) or _BY_NAME.get(plain.replace(" ", "_"), TenderType.OTHER)


def tenders(feed: FileDropFeed, receipt: str, rows: Sequence[Reader], gross: int, sold_at: datetime) -> list[Tender]:
    """Signed tenders of the receipt; ``gross`` is what its lines add up to."""
    columns = feed.columns
    told: list[Tender] = []
    pairs: set[tuple[str, int]] = set()
    ids: set[str] = set()
    for row in rows:
        amount = row.minor(columns.tender_amount)
        if amount is None:
            continue
        method = row.text(columns.tender_method) or feed.default_tender
        if not method:
            raise Fault(
                "malformed", f"{row.place}: {columns.tender_amount} without {columns.tender_method or 'a method'}"
            )
        uid = row.text(columns.tender_id)
        if uid and uid in ids:
            continue  # the same tender repeated on every row of the receipt
        ids.add(uid)
        pairs.add((method, amount))
        told.append(_tender(feed, row, uid or f"{receipt}-t{len(told) + 1}", method, amount, sold_at))
    # An export that repeats the receipt's one tender on every line, without an id to tell so.
    if len(told) > 1 and len(pairs) == 1 and not columns.row_kind and not columns.tender_id:
        whole = told[0].amount_minor
        if whole == gross and whole * len(told) != gross:
            told = told[:1]
    if not told and feed.default_tender and gross:
        kind = tender_type(feed, feed.default_tender)
        return [
            Tender(
                tender_id=f"{receipt}-t1",
                type=kind,
                method=feed.default_tender,
                amount_minor=gross,
                processed_at=sold_at,
            )
        ]
    return told


def _tender(feed: FileDropFeed, row: Reader, uid: str, method: str, amount: int, sold_at: datetime) -> Tender:
    return Tender(
        tender_id=uid,
        type=tender_type(feed, method),
        method=method,
        amount_minor=amount,
        tip_minor=row.minor(feed.columns.tender_tip) or 0,
        change_minor=row.minor(feed.columns.tender_change) or 0,
        rounding_minor=row.minor(feed.columns.tender_rounding) or 0,
        processed_at=sold_at,
    )
