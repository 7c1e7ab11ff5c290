"""What a till knows about one transaction. Everything else (Square's JSON, export rows, the books) is made from these.

Read and written: nothing. Amounts are pennies, signed: plus for goods out and money in, minus for goods back and
money out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
ZERO = Decimal(0)


def half_even(amount: Decimal) -> int:
    """Square's rounding of tax."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def half_away(amount: Decimal) -> int:
    """The rounding of the two file-drop tills (``ROUND_HALF_UP`` in Python's words goes away from zero)."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Shop:
    """A place with tills. ``system`` is ``square``, ``csv`` or ``ndjson``; ``place`` its location id or folder."""

    code: str
    system: str
    place: str
    prefix: str


LEEDS = Shop("leeds", "square", "LLEEDS", "LDS")
LONDON_SHOP = Shop("london", "square", "LLONDON", "LON")
YORK = Shop("york", "csv", "york", "YRK")
BATH = Shop("bath", "ndjson", "bath", "BTH")
SHOPS = (LEEDS, LONDON_SHOP, YORK, BATH)


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``kind``: item, discount, tip, service_charge, gift_card_sale, rounding, custom_amount.

    ``unit_minor`` and ``discount_minor`` (never negative) are in the till's price basis: with tax at Square and York,
    without at Bath. ``basket_discount_minor`` is this line's share of a whole-basket discount (Square only; the file
    tills print it as its own line). ``net + tax = gross`` is what was charged, after every discount.
    """

    uid: str
    kind: str
    sku: str
    name: str
    quantity: Decimal
    unit_minor: int
    rate: Decimal
    net: int
    tax: int
    gross: int
    discount_minor: int = 0
    basket_discount_minor: int = 0
    original_uid: str = ""
    restock: str = ""  # restock, quarantine, or empty when no goods came back


@dataclass(frozen=True, slots=True)
class Tender:
    """Money in (plus) or out (minus). ``amount_minor`` holds the tip and is what the till kept, after change."""

    uid: str
    type: str  # cash, card, gift_card, or the name of a tender that nobody has mapped
    amount_minor: int
    tip_minor: int = 0
    change_minor: int = 0
    last4: str = ""
    refunds: str = ""  # the tender of the original sale that is paid back


@dataclass(frozen=True, slots=True)
class Transaction:
    """One closed (or voided, or parked) basket at one shop, with the fault planted in it, if any."""

    shop: Shop
    number: int
    source_id: str
    receipt_number: str
    kind: str  # sale, goods_return, exchange, refund_only, void, parked
    sold_at: datetime
    lines: tuple[Line, ...]
    tenders: tuple[Tender, ...] = ()
    original: Transaction | None = None
    linked: bool = True  # whether the till recorded which receipt the goods came from
    email: str = ""
    register: str = ""
    operator: str = ""
    session: str = ""
    fault: str = ""
    revised: Transaction | None = None  # what the till sends under the same id the next time it is asked

    @property
    def business_date(self) -> date:
        """The trading day on the shop's own clock."""
        return self.sold_at.astimezone(LONDON).date()

    @property
    def net(self) -> int:
        return sum(line.net for line in self.lines)

    @property
    def tax(self) -> int:
        return sum(line.tax for line in self.lines)

    @property
    def gross(self) -> int:
        return sum(line.gross for line in self.lines)

    @property
    def counts(self) -> bool:
        """Whether money or goods moved: neither a voided nor a parked basket."""
        return self.kind not in ("void", "parked")
