"""What every check is given besides the lake, and how it words what it found. Read: nothing. Written: nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from duckdb import DuckDBPyConnection

from bp_assets.config.shops import ShopsFile
from bp_assets.domain.findings import Finding
from bp_assets.domain.money import exponent, to_minor
from checks.playbook import BY_NAME


@dataclass(frozen=True, slots=True)
class CheckContext:
    """``now`` is the instant that ages are measured to (time zone aware)."""

    shops: ShopsFile
    now: datetime

    @property
    def promise(self) -> timedelta:
        return timedelta(seconds=self.shops.posting.promise_seconds)


def rows(
    connection: DuckDBPyConnection, sql: str, parameters: dict[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """The result of a query, one dictionary a row."""
    result = connection.execute(sql, parameters or {})
    names = [column[0] for column in result.description or ()]
    for values in result.fetchall():
        yield dict(zip(names, values, strict=True))


def found(
    check: str, kind: str, row: dict[str, Any], fact: str, *, expected: str, actual: str,
    difference: Decimal | None = None, place: str = "", owner: str = "", advice: str = "",
) -> Finding:  # fmt: skip
    """A finding about the receipt, shop or day in ``row``. Owner and advice come from the playbook unless given.

    ``difference`` is in main units, till less ERP; ``None`` where the fact is no money.

    Raises:
        KeyError: the playbook has no such check or kind, which is a mistake in our code.
    """
    entry = BY_NAME[check].kind(kind)
    currency = row.get("currency") or ""
    return Finding(
        check=check,
        kind=kind,
        shop=row.get("shop") or "",
        receipt_number=row.get("receipt_number") or "",
        sale_id=row.get("sale_id") or "",
        business_date=row.get("business_date"),
        expected=expected,
        actual=actual,
        difference_minor=None if difference is None else to_minor(difference, currency),
        currency="" if difference is None else currency,
        place=place,
        owner=owner or entry.owner,
        message=f"{fact} {advice or entry.what_to_do}",
    )


def money(amount: Decimal | None, currency: str) -> str:
    """``12.00 GBP``; ``an unread amount`` where the receipt could not be read."""
    if amount is None:
        return "an unread amount"
    places = max(exponent(currency), -int(amount.normalize().as_tuple().exponent))
    return f"{amount:.{places}f} {currency}"


def plain(number: Decimal | int) -> str:
    """A quantity or rate without useless zeros: 2, 0.345, 17.5."""
    text = format(Decimal(number).normalize(), "f")
    return "0" if text == "-0" else text


def receipt_of(row: dict[str, Any]) -> str:
    """How a sentence names a receipt: ``Receipt 1001 of leeds``."""
    return (
        f"Receipt {row.get('receipt_number') or row.get('sale_id') or '(no number)'} of {row.get('shop') or 'no shop'}"
    )


def age(span: timedelta) -> str:
    """A span in the two largest words that fit: ``3 days``, ``2 hours 5 minutes``, ``45 minutes``."""
    minutes = int(span.total_seconds() // 60)
    if minutes >= 48 * 60:
        return f"{minutes // (24 * 60)} days"
    hours, left = divmod(minutes, 60)
    parts = [_count(hours, "hour")] if hours else []
    if left or not hours:
        parts.append(_count(left, "minute"))
    return " ".join(parts)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
