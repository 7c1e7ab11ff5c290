"""The canonical till transaction: what every till system is decoded into and everything after works on.

Signs: goods and money that go to the customer's side of a sale are positive, what comes back is negative. So a
returned line has a negative quantity, net, tax and gross; a refund tender is negative. ``net + tax = gross`` holds on
every line. Amounts are integers of the smallest unit of ``Sale.currency``.
Read: nothing. Written: nothing.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator


class Kind(StrEnum):
    """What a transaction is; decides the documents it becomes in the ERP."""

    SALE = "sale"
    GOODS_RETURN = "goods_return"
    EXCHANGE = "exchange"
    REFUND_ONLY = "refund_only"
    VOID = "void"
    DEPOSIT = "deposit"
    CASH_MOVEMENT = "cash_movement"


class LineType(StrEnum):
    ITEM = "item"
    DISCOUNT = "discount"
    SHIPPING = "shipping"
    TIP = "tip"
    GIFT_CARD_SALE = "gift_card_sale"
    SERVICE_CHARGE = "service_charge"
    FEE = "fee"
    DEPOSIT = "deposit"
    ROUNDING = "rounding"
    ADJUSTMENT = "adjustment"


class TenderType(StrEnum):
    CASH = "cash"
    CARD = "card"
    GIFT_CARD = "gift_card"
    STORE_CREDIT = "store_credit"
    ACCOUNT = "account"
    VOUCHER = "voucher"
    OTHER = "other"


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("must be a finite number")
    return value


FiniteDecimal = Annotated[Decimal, AfterValidator(_finite)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Tax(_Record):
    """One tax on one line. ``code`` is the till's own name for it, empty where it has none; ``rate`` is in percent."""

    code: str = ""
    rate: FiniteDecimal
    amount_minor: int
    inclusive: bool


class Discount(_Record):
    """A discount already contained in the line's amounts, in the price basis of the line. Negative on a sale."""

    code: str = ""
    amount_minor: int


class Original(_Record):
    """Where a returned line was sold: the till's own id of the transaction, and of the line if known."""

    source_id: str
    line_id: str | None = None


class Restock(_Record):
    """Where returned goods go. ``place`` is ``shop`` (back on sale), ``quarantine`` (damaged) or ``none``."""

    place: str = Field(default="shop", pattern="^(shop|quarantine|none)$")


class Line(_Record):
    """One line of a receipt, after its own discounts.

    ``returned`` says on which side the line stands: it belongs to the credit, not to the order. A reversed discount
    is a returned line with a positive amount, so the sign alone cannot tell.
    """

    line_id: str
    type: LineType = LineType.ITEM
    returned: bool = False
    sku: str | None = None
    source_product_id: str | None = None
    gtin: str | None = None
    description: str = ""
    quantity: FiniteDecimal
    unit_price: FiniteDecimal | None = None  # main units, in the till's price basis, before discounts
    discounts: tuple[Discount, ...] = ()
    taxes: tuple[Tax, ...] = ()
    net_minor: int
    tax_minor: int
    gross_minor: int
    ship_later: bool = False
    original: Original | None = None
    restock: Restock | None = None
    reason: str = ""

    @model_validator(mode="after")
    def _adds_up(self) -> Line:
        if self.net_minor + self.tax_minor != self.gross_minor:
            raise ValueError(
                f"line {self.line_id}: net {self.net_minor} + tax {self.tax_minor} is not gross {self.gross_minor}"
            )
        if self.type is LineType.ITEM and self.quantity and (self.quantity < 0) != self.returned:
            raise ValueError(f"line {self.line_id}: quantity {self.quantity} contradicts returned={self.returned}")
        return self

    @property
    def rate(self) -> Decimal | None:
        """The tax rate in percent if the line has exactly one tax, else ``None``."""
        return self.taxes[0].rate if len(self.taxes) == 1 else None


class Tender(_Record):
    """How a transaction was paid, net of change. ``method`` is the till's own name, the key of the tender map."""

    tender_id: str
    type: TenderType
    method: str
    amount_minor: int  # signed; contains the tip
    tip_minor: int = 0
    change_minor: int = 0
    rounding_minor: int = 0
    provider: str = ""
    provider_payment_id: str = ""
    parent_tender_id: str | None = None
    last4: str = ""
    auth_code: str = ""
    processed_at: AwareDatetime | None = None


class Totals(_Record):
    """The receipt's own totals as the till states them; compared with the lines, never used to repair them."""

    net_minor: int | None = None
    tax_minor: int | None = None
    gross_minor: int | None = None
    discount_minor: int | None = None
    tip_minor: int | None = None
    rounding_minor: int | None = None
    tendered_minor: int | None = None


class Customer(_Record):
    source_id: str = ""
    email: str = ""


class Sale(_Record):
    """One closed till transaction of any kind. ``sold_at`` is an instant, ``business_date`` the shop's trading day."""

    source: str  # square, file_drop, ...
    account: str  # the till account or feed within the source
    source_id: str
    event_id: str = ""  # set where one source record carries several events
    source_version: str = ""
    kind: Kind
    channel: str = Field(default="pos", pattern="^(pos|online)$")
    shop: str
    location_id: str = ""
    register_id: str = ""
    operator_id: str = ""
    session_id: str = ""
    receipt_number: str
    sold_at: AwareDatetime
    time_zone: str
    business_date: date
    currency: str = Field(pattern="^[A-Z]{3}$")
    prices_include_tax: bool
    lines: tuple[Line, ...] = ()
    tenders: tuple[Tender, ...] = ()
    stated: Totals = Totals()
    customer: Customer = Customer()
    original_source_id: str | None = None
    exchange_group: str | None = None
    order_ref: str = ""
    notes: tuple[str, ...] = ()

    @property
    def sale_id(self) -> str:
        return make_sale_id(self.source, self.account, self.source_id, self.event_id)

    @property
    def net_minor(self) -> int:
        return sum(line.net_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        return sum(line.tax_minor for line in self.lines)

    @property
    def gross_minor(self) -> int:
        return sum(line.gross_minor for line in self.lines)

    @property
    def tendered_minor(self) -> int:
        return sum(tender.amount_minor for tender in self.tenders)

    @property
    def outstanding_minor(self) -> int:
        """What the customer still owes: gross less tenders."""
        return self.gross_minor - self.tendered_minor


_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
_HASHED = re.compile(r"-[0-9a-f]{16}\Z")


def make_sale_id(source: str, account: str, source_id: str, event_id: str = "") -> str:
    """Our stable id of a transaction: the ERP's external reference is built from it, so it must never change.

    Readable where it can be (at most 48 characters of letters, digits, ``_ . -``); otherwise the readable beginning
    and the first 16 hex digits of the SHA-256 of the whole, so that two different keys never share an id.
    """
    # The ledger can't hold NUL and stores a replacement; a sale read back from it must have the id it was taken under.
    source, account, source_id, event_id = (
        part.replace("\x00", "\ufffd") for part in (source, account, source_id, event_id)
    )
    event = f"~{event_id}" if event_id else ""
    plain = f"{source}-{account}-{source_id}{event}"
    # A dash in source or account could make two different keys read alike; the hash tells those apart.
    readable = not any(_UNSAFE.search(part) for part in (source, account, source_id, event_id))
    # A plain id that ends as the hashed ones do could be another key's hashed id.
    if readable and "-" not in source + account and len(plain) <= 48 and not _HASHED.search(plain):
        return plain
    parts = [part.replace("\x1e", "\x1e0").replace("\x1f", "\x1e1") for part in (source, account, source_id, event_id)]
    digest = hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{_UNSAFE.sub('_', plain)[:31]}-{digest}"


def content_hash(content: bytes) -> str:
    """SHA-256 of a raw receipt, in hex: how the ledger tells the same receipt from another version of it."""
    return hashlib.sha256(content).hexdigest()


def business_date_of(sold_at: datetime, zone: tzinfo) -> date:
    """The calendar day of the instant in the shop's time zone."""
    return sold_at.astimezone(zone).date()
