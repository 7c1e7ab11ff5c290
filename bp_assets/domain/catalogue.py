"""What posting must know of the ERP's master data: products by SKU, places and codes. Pure data, loaded at the edge."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Product:
    """One ERP product. ``stock_tracked`` is false for bundles and services: those can't be put on a goods-out note."""

    product_id: int
    sku: str
    stock_tracked: bool
    name: str = ""
    tax_code: str = ""
    status: str = "LIVE"


@dataclass(frozen=True, slots=True)
class Place:
    """One ERP warehouse with the two locations goods can be received into."""

    warehouse_id: int
    default_location_id: int
    quarantine_location_id: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Master data as of one pull. ``tax_rates`` maps a tax code to its percent (absent rate = zero)."""

    products: dict[str, Product] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    tax_rates: dict[str, Decimal] = field(default_factory=dict)
    duplicate_skus: frozenset[str] = frozenset()
    shipping_method_id: int = 0
    locked_until: date | None = None  # the last day of the accounting periods that are locked

    def product(self, sku: str | None) -> Product | None:
        """The product of a SKU, or ``None``: a SKU that two products share is not guessed at."""
        if not sku or sku in self.duplicate_skus:
            return None
        return self.products.get(sku)

    def locked(self, day: date) -> bool:
        """Whether a day lies in a locked accounting period: nothing can be booked there."""
        return self.locked_until is not None and day <= self.locked_until
