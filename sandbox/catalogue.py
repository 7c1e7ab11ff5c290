"""The simulated retailer's range: what the sandbox ERP stocks and what its simulated tills sell.

Read: a seed and a size, or a catalogue file. Written: nothing; the ERP side turns items into products.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

FIRST_PRODUCT_ID = 1007  # 1000 and 1001 are the ERP's own hidden products
# The account's tax codes; T9 (outside the scope) and T2 (exempt) carry no rate.
TAX_RATES = {
    code: Decimal(rate) for code, rate in (("T20", 20), ("T5", 5), ("T0", 0), ("T1", 20), ("T2", 0), ("T9", 0))
}

_NOUNS = (
    "Scarf",
    "Mug",
    "Lamp",
    "Notebook",
    "Candle",
    "Teapot",
    "Cushion",
    "Basket",
    "Clock",
    "Puzzle",
    "Apron",
    "Kite",
)
_TONES = ("Red", "Blue", "Green", "Slate", "Ivory", "Amber", "Plum", "Teal")


@dataclass(frozen=True, slots=True)
class Item:
    """One product. ``net_price`` is the list price without tax, per unit, in the account's currency."""

    product_id: int
    sku: str
    name: str
    tax_code: str
    net_price: Decimal
    stock_tracked: bool = True

    @property
    def tax_rate(self) -> Decimal:
        """Percent, for example ``Decimal("20")``."""
        return TAX_RATES[self.tax_code]

    @property
    def gross_minor(self) -> int:
        """Shelf price with tax in the smallest unit (pennies)."""
        return int((self.net_price * (100 + self.tax_rate)).quantize(Decimal(1)))


def seeded(seed: int, size: int) -> list[Item]:
    """``size`` items drawn from ``seed``; the same seed gives the same range on every machine."""
    draw = random.Random(f"catalogue-{seed}")
    items = []
    for index in range(size):
        noun, tone = _NOUNS[index % len(_NOUNS)], _TONES[(index // len(_NOUNS)) % len(_TONES)]
        code = draw.choices(("T20", "T0", "T5"), weights=(75, 18, 7))[0]
        # Shelf prices end in .99 or .50, as shops like them; the net price carries four places.
        shelf = Decimal(draw.randrange(2, 90)) + draw.choice((Decimal("0.99"), Decimal("0.50")))
        net = (shelf / (1 + TAX_RATES[code] / 100)).quantize(Decimal("0.0001"))
        sku = f"{noun[:4].upper()}-{tone[:3].upper()}-{index:05d}"
        items.append(Item(FIRST_PRODUCT_ID + index, sku, f"{noun} {tone} {index}", code, net))
    return items


def from_csv(path: Path) -> list[Item]:
    """Items from a CSV with the header ``sku,name,tax_code,net_price`` (net price per unit, plain decimal)."""
    with path.open(newline="", encoding="utf-8") as lines:
        return [
            Item(FIRST_PRODUCT_ID + index, row["sku"], row["name"], row["tax_code"], Decimal(row["net_price"]))
            for index, row in enumerate(csv.DictReader(lines))
        ]
