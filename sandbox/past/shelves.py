"""The range of an account with a past: brands, seasons, variations, suppliers, reorder levels, bundles, oddities.

Read: the seeded products. Written: what products and lists lack without a past, and sixty special products that no
till sells.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.erp.custom_fields import CustomField
from sandbox.erp.products import Product
from sandbox.erp.reference import Channel, PriceList
from sandbox.erp.times import DAY_MS
from sandbox.past.days import first_day

if TYPE_CHECKING:
    from sandbox.past.people import People
    from sandbox.world import World

SPECIALS = 20  # of each of the three kinds
MARKETPLACE = 6
_BRANDS = ("Harbour", "Moor", "Dales", "Ember", "Tarn", "Fell", "Beck", "Gill", "Wold", "Carr")
_COLOURS = {31: "Blue", 32: "Red", 33: "Green", 34: "Ivory"}
_SIZES = {41: "S", 42: "M", 43: "L"}
_AWKWARD = (
    "<p>Line one\twith a tab</p>\r\n<ul>\n<li>first</li>\n<li>second</li>\n</ul>",
    'Said "best ever"; costs < £10 & more | 100 % cotton\u2028next line',
    "<p>Ünïcödé — naïve café</p>\x0b",
)


@dataclass(slots=True)
class Shelves:
    """Product IDs. ``sold`` are what tills sell too, in the order of popularity."""

    sold: list[int] = field(default_factory=list)
    bundles: list[int] = field(default_factory=list)
    services: list[int] = field(default_factory=list)
    sold_out: list[int] = field(default_factory=list)
    of_supplier: dict[int, list[int]] = field(default_factory=dict)
    of_season: dict[int, list[int]] = field(default_factory=dict)


def furnish(world: World, people: People, at: int) -> Shelves:
    """Fill in the lists and the products. The same seed gives the same range."""
    _lists(world)
    begin = first_day(at)
    shelves = Shelves(sold=[item.product_id for item in world.items])
    reorders = _reorders(world)
    for place, number in enumerate(shelves.sold):
        product = world.products[number]
        product.created = begin - (len(shelves.sold) - place) * 60_000
        product.updated = product.created + (place * 7919 % 700) * DAY_MS
        product.brand_id = 74 + place % (2 + len(_BRANDS))
        product.supplier_id = people.suppliers[place % len(people.suppliers)]
        product.weight = (place % 97 + 1) * 250
        product.identity = {"barcode": f"{5_000_000_000_000 + number}", "ean": f"{5_000_000_000_000 + number}"}
        product.reorder = reorders[place % len(reorders)] if place % 2 == 0 else None
        product.description = _AWKWARD[place % 3] if place % 50 == 7 else f"<p>{product.name}</p>"
        product.custom = _custom(place)
        shelves.of_supplier.setdefault(product.supplier_id, []).append(number)
        if place % 3 == 0:
            season = place // 3 % 4
            product.seasons = (season + 1,)
            shelves.of_season.setdefault(season, []).append(number)
        if place % 12 < 4:
            product.type_id, product.group_id = 2, 500 + place // 12
            product.variations = ((4, 31 + place % 12), (5, 41 + place // 12 % 3))
        if place % 5 == 1:
            product.prices = {3: {1: product.net * 8 // 10, 12: product.net * 7 // 10, 144: product.net * 6 // 10}}
        elif place % 40 == 2:
            product.prices = {4: {}}
    _specials(world, shelves, begin)
    return shelves


def _lists(world: World) -> None:
    reference = world.reference
    for place, name in enumerate(_BRANDS):
        text = f"{name} of the North" if place % 2 else ""
        reference.brands[76 + place] = {"id": 76 + place, "name": name, "description": text}
    names = ("Winter", "Spring", "Summer", "Autumn")
    reference.seasons = {
        place + 1: {"id": place + 1, "name": name, "description": f"{name} range"} for place, name in enumerate(names)
    }
    reference.seasons[1] |= {"dateFrom": "2025-12-01T00:00:00.000Z", "dateTo": "2026-02-28T00:00:00.000Z"}
    reference.options = {4: "Colour", 5: "Size"}
    reference.option_values = {value: (4, text) for value, text in _COLOURS.items()}
    reference.option_values |= {value: (5, text) for value, text in _SIZES.items()}
    pair: dict[str, Any] = {"options": [{"id": 4, "name": "Colour"}, {"id": 5, "name": "Size"}]}
    reference.product_types[2] = {"id": 2, "name": "Variations", "associations": pair}
    reference.channels[MARKETPLACE] = Channel(MARKETPLACE, "Marketplace", 2)
    dinar = {"id": 4, "title": "Kuwaiti dinar", "code": "KWD", "symbol": "KD", "rate": 390_000}
    reference.currencies["KWD"] = dinar
    reference.price_lists[4] = PriceList(4, "Gulf", "GULF", "SELL", False, "KWD")
    fields = world.custom_fields["product"]
    fields[7] = CustomField(7, "PCF_ORIGIN", "Origin", "SELECT", options={36: "Italy", 37: "Portugal"})
    fields[8] = CustomField(8, "PCF_PACK", "Pack size", "INTEGER")
    fields[9] = CustomField(9, "PCF_LAUNCH", "Launch", "DATE")
    fields[10] = CustomField(10, "PCF_CARE", "Care", "TEXT_AREA")


def _reorders(world: World) -> list[dict[int, tuple[int, int, int]]]:
    """Ten patterns of reorder level and quantity per warehouse, shared by the products."""
    return [
        {
            number: (one.default_location, (5 + 2 * pattern) if number == 2 else pattern % 4, 24 if number == 2 else 6)
            for number, one in world.reference.warehouses.items()
        }
        for pattern in range(10)
    ]


def _custom(place: int) -> dict[str, Any] | None:
    held: dict[str, Any] = {}
    if place % 4 == 1:
        held["PCF_SEASON"] = ("AW", "SS")[place % 8 == 1]
    if place % 10 == 3:
        held["PCF_SERIAL"] = place % 20 == 3
    if place % 7 == 2:
        held["PCF_ORIGIN"] = ({"id": 36, "value": "Italy"}, {"id": 37, "value": "Portugal"})[place % 2]
    if place % 11 == 5:
        held |= {"PCF_PACK": place % 24 + 1, "PCF_LAUNCH": "2025-09-01"}
    if place % 60 == 9:
        held["PCF_CARE"] = "Wash at 30\nDo not\ttumble"
    return held or None


def _specials(world: World, shelves: Shelves, begin: int) -> None:
    """Bundles, services without stock, and goods that are gone: what a range has and a till does not sell."""
    number = max(world.products) + 1
    few = shelves.sold[:200]
    for place in range(SPECIALS):
        parts = sorted({few[place % len(few)], few[(place * 7 + 3) % len(few)]})
        net = sum(world.products[part].net for part in parts)
        bundle = Product(number, f"SET-{place:03d}", f"Gift set {place}", "T20", net, False, begin, begin)
        bundle.bundle = [(part, 1 + place % 2) for part in parts]
        service = Product(number + 1, f"SERV-{place:03d}", f"Service {place}", "T20", 50_000, False, begin, begin)
        gone = Product(number + 2, f"GONE-{place:03d}", f"Last of {place}", "T20", 120_000, True, begin, begin)
        gone.status = ("LIVE", "DISCONTINUED", "LIVE", "ARCHIVED")[place % 4]
        if place == SPECIALS - 1:  # an SKU that another product has, and one that is empty
            gone.sku, service.sku = "GONE-000", ""
        for one, kind in ((bundle, shelves.bundles), (service, shelves.services), (gone, shelves.sold_out)):
            world.add_product(one)
            kind.append(one.id)
        number += 3
