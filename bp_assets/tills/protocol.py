"""What every till system offers: fetch raw receipts since a mark, decode one receipt, tell a day's control totals.

Fetching talks to the outside and decides nothing about money; decoding is pure and can be repeated from the stored
content at any time. The ledger stores raw receipts and the new mark in one transaction; it also tells the same content
from another version of it, so a reader may hand over a receipt again. Read: nothing. Written: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol

from bp_assets.domain.sale import Sale, content_hash, make_sale_id

Mark = dict[str, Any]  # JSON; its shape is the reader's own business


@dataclass(frozen=True, slots=True)
class RawReceipt:
    """One receipt as it came. ``content`` is canonical: the same receipt gives the same bytes in whatever way it came.

    ``version`` is the till's own word for the state of the record, ``note`` where it came from (file and row
    numbers); neither is part of the content, so neither makes a new version of the receipt.
    """

    source: str
    account: str
    source_id: str
    content: bytes = field(repr=False)
    event_id: str = ""
    version: str = ""
    note: str = ""

    @property
    def sale_id(self) -> str:
        return make_sale_id(self.source, self.account, self.source_id, self.event_id)

    @property
    def content_hash(self) -> str:
        return content_hash(self.content)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something seen but not taken yet: a half-written file, a refund still pending. It comes with a later fetch."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fetch:
    """What is new, and the mark to store with it. ``more`` asks to be called again at once."""

    receipts: tuple[RawReceipt, ...]
    mark: Mark
    waiting: tuple[Waiting, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A receipt received but not understood. The other fields hold what could still be read of it, money signed."""

    reason_code: str
    message: str
    receipt_number: str = ""
    sold_at: datetime | None = None
    business_date: date | None = None
    net_minor: int | None = None
    tax_minor: int | None = None
    gross_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Excluded:
    """A receipt understood and deliberately not posted. A void has no money; any other keeps the lines it has."""

    reason_code: str
    message: str
    sale: Sale


Decoded = Sale | Excluded | Quarantine


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """What the till itself says of one shop's trading day: closed receipts, voided ones too, and their gross, signed.

    ``gross_minor`` is ``None`` when an amount could not be read; ``unreadable`` counts those receipts.
    """

    shop: str
    business_date: date
    transactions: int
    gross_minor: int | None
    currency: str
    unreadable: int = 0


class TillError(Exception):
    """The till could not be read; nothing was taken and the mark stays. The message says where and what to do."""

    def __init__(self, kind: Literal["no_access", "unreachable", "bad_answer"], message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Till(Protocol):
    """One shop's till feed."""

    def fetch(self, mark: Mark | None) -> Fetch:
        """What is new since ``mark`` (``None``: from the beginning). Raises :class:`TillError`."""
        ...

    def control_totals(self, business_date: date) -> ControlTotals:
        """The till's own totals of a trading day, read afresh from the till. Raises :class:`TillError`."""
        ...

    def problems(self) -> list[str]:
        """What stands in the way of reading this till, in words for a person; empty when all is well."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


def from_sale(reason_code: str, message: str, sale: Sale) -> Quarantine:
    """A quarantine of a receipt that could be read but must not be believed; its money is kept for the count."""
    return Quarantine(
        reason_code,
        message,
        sale.receipt_number,
        sale.sold_at,
        sale.business_date,
        sale.net_minor,
        sale.tax_minor,
        sale.gross_minor,
    )
