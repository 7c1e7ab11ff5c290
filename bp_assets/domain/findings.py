"""A finding: one fact that a check reports. It names the receipt, what was expected, what stands, and the difference.

Checks report findings; they never raise and never repair. Read: nothing. Written: nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """``difference_minor`` is signed, till minus ERP, in the smallest unit; ``None`` where the fact is not money."""

    check: str
    kind: str
    shop: str
    receipt_number: str
    sale_id: str
    business_date: date | None
    expected: str
    actual: str
    difference_minor: int | None = None
    currency: str = ""
    place: str = ""  # the line, order, product or warehouse it is about
    owner: str = "data"
    message: str = ""

    def as_row(self) -> dict[str, Any]:
        """The finding as one row of the table ``findings``."""
        return asdict(self)
