"""What the rows of one receipt say: numbers, amounts, times, sides. Pure.

Read: rows as text and the feed's declaration. Written: nothing. Money goes from text to ``Decimal`` to integers; the
only rounding is half away from zero, line by line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bp_assets.config import FileDropFeed
from bp_assets.domain.money import ZERO, parse_decimal, tax_inside, tax_on_top, to_minor

# An unset clock says 1970 or 1899, a missing time 9999: an order with such a tax date would land in no open period.
YEARS = range(2000, 2100)
MOST_DIGITS = 15  # before or after the point; anything beyond is a broken export, and would not fit the ledger


class Fault(Exception):
    """Why the receipt is quarantined; the message names file and row where there is one."""

    def __init__(self, reason_code: str, message: str) -> None:
        super().__init__(message)
        self.reason_code = reason_code


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one row's fields by their declared meaning."""

    values: Mapping[str, str]
    place: str
    feed: FileDropFeed
    currency: str

    def text(self, column: str | None) -> str:
        return self.values.get(column, "").strip() if column else ""

    def number(self, column: str | None) -> Decimal | None:
        """The number in a column, or ``None`` when it is empty. NaN, infinity and words are faults; ``-0`` is 0."""
        text = self.text(column)
        if not text:
            return None
        try:
            value = parse_decimal(text)
        except ValueError as problem:
            raise Fault("bad_number", f"{self.place}: {column}: {problem}") from None
        if abs(value.adjusted()) > MOST_DIGITS:
            raise Fault("bad_number", f"{self.place}: {column}: {text!r} has more than {MOST_DIGITS} places")
        return value

    def minor(self, column: str | None) -> int | None:
        """An amount of main units as an integer of the smallest unit."""
        value = self.number(column)
        return None if value is None else to_minor(value, self.currency)


@dataclass(frozen=True, slots=True)
class Amounts:
    """A line row's figures with the signs of a sale: what came back is negative."""

    quantity: Decimal
    returned: bool
    net: int
    tax: int
    gross: int
    rate: Decimal | None
    unit_price: Decimal | None
    discount: int


def is_returned(reader: Reader, receipt: str, quantity: Decimal) -> bool:
    """Whether the row stands on the return side: by the declared marker, or by a negative quantity."""
    marker = reader.feed.returns
    if marker.by == "receipt_prefix":
        marked = receipt.startswith(marker.prefix)
    elif marker.by == "column":
        marked = reader.text(marker.column) in marker.values
    else:
        marked = False
    if marked and quantity > 0 and not marker.positive_quantities:
        raise Fault("conflicting_rows", f"{reader.place}: marked as a return, but the quantity {quantity} is positive")
    if marked and quantity < 0 and marker.positive_quantities:
        raise Fault("conflicting_rows", f"{reader.place}: marked as a return, but the quantity {quantity} has a sign")
    return marked or quantity < 0


def amounts(reader: Reader, receipt: str) -> Amounts:
    """Quantity, net, tax and gross of a line row.

    Of ``net``, ``tax`` and ``gross`` two are enough; with one, or with a unit price, tax follows from the rate.
    """
    columns, feed = reader.feed.columns, reader.feed
    quantity = reader.number(columns.quantity)
    if quantity is None:
        raise Fault("bad_number", f"{reader.place}: {columns.quantity} is empty")
    returned = is_returned(reader, receipt, quantity)
    unsigned = returned and feed.returns.by != "sign" and feed.returns.positive_quantities
    flip = -1 if unsigned or (returned and not feed.amounts_are_signed) else 1
    if unsigned:
        quantity = -quantity or ZERO
    rate = reader.number(columns.tax_rate)
    rate = feed.default_tax_rate if rate is None else rate
    net, tax, gross = (reader.minor(column) for column in (columns.net, columns.tax, columns.gross))
    unit_price = reader.number(columns.unit_price)
    net, tax, gross = (None if minor is None else flip * minor for minor in (net, tax, gross))
    if net is None and gross is None:
        if unit_price is None:
            raise Fault("bad_number", f"{reader.place}: neither an amount nor a unit price")
        # No flip here: the quantity carries the sign already, a price never does.
        amount = to_minor(quantity * unit_price, reader.currency)
        net, gross = (None, amount) if feed.prices_include_tax else (amount, None)
    net, tax, gross = _complete(reader, net, tax, gross, rate)
    discount = reader.minor(columns.discount) or 0
    return Amounts(quantity, returned, net, tax, gross, rate, unit_price, -abs(discount) * (-1 if returned else 1))


def _complete(
    reader: Reader, net: int | None, tax: int | None, gross: int | None, rate: Decimal | None
) -> tuple[int, int, int]:
    if rate is not None and rate < 0:
        raise Fault("bad_number", f"{reader.place}: the tax rate {rate} is negative")
    if net is not None and gross is not None:
        found = gross - net
        if tax is not None and tax != found:
            raise Fault("totals_differ", f"{reader.place}: net {net} + tax {tax} is not gross {gross}")
    elif net is not None:
        found = tax if tax is not None else tax_on_top(net, rate or ZERO)
        gross = net + found
    else:
        gross = gross or 0
        found = tax if tax is not None else tax_inside(gross, rate or ZERO)
        net = gross - found
    if found and rate is None:
        raise Fault(
            "bad_number", f"{reader.place}: a tax of {found} without a tax rate; declare tax_rate or default_tax_rate"
        )
    return net, found, gross


def zone_of(reader: Reader, default: ZoneInfo) -> ZoneInfo:
    """The row's own time zone where a column is declared for it, else the shop's."""
    name = reader.text(reader.feed.columns.time_zone)
    if not name:
        return default
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Fault("unknown_time_zone", f"{reader.place}: unknown time zone {name!r}") from None


def instant(reader: Reader, zone: tzinfo) -> tuple[datetime, str]:
    """The row's time as an instant in UTC, and a note where the shop's clock was changed at that moment.

    A local time that happened twice is taken as the first time; one that never happened is moved forward by the gap.
    """
    column, text = reader.feed.columns.sold_at, reader.text(reader.feed.columns.sold_at)
    try:
        if reader.feed.time_format:
            moment = datetime.strptime(text, reader.feed.time_format)  # noqa: DTZ007  # the zone is added below
        else:
            moment = datetime.fromisoformat(text)
    except ValueError:
        wanted = reader.feed.time_format or "ISO 8601"
        raise Fault("malformed", f"{reader.place}: {column}: {text!r} is not a time in the form {wanted}") from None
    if moment.year not in YEARS:
        raise Fault("malformed", f"{reader.place}: {column}: {text!r} is no time of a sale: the year is {moment.year}")
    if moment.tzinfo is not None:
        return moment.astimezone(UTC), ""
    first, second = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    found = first.astimezone(UTC)
    if first.utcoffset() == second.utcoffset():
        return found, ""
    if found.astimezone(zone).replace(tzinfo=None) != moment:
        return found, f"the local time {moment.isoformat()} did not exist (clocks went forward); moved forward"
    return found, f"the local time {moment.isoformat()} happened twice (clocks went back); the first was taken"
