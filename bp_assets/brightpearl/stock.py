"""Stock per product and warehouse. Read: ``product-availability``. Written: nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import ErpRefused
from bp_assets.brightpearl.id_sets import pack, unpack
from bp_assets.brightpearl.reading import Misread, Record, decode_map

AVAILABILITY = "/warehouse-service/product-availability"
NONE_TRACKED = "WHSC-097"


@dataclass(frozen=True, slots=True)
class StockLevel:
    """The ERP's four figures of one product in one warehouse, in units. ``on_hand = in_stock - allocated``."""

    product_id: int
    warehouse_id: int
    in_stock: int
    on_hand: int
    allocated: int
    in_transit: int


@dataclass(slots=True)
class Availability:
    """``left_out`` are products the ERP refuses to give stock for: not stock-tracked, or unknown."""

    levels: list[StockLevel] = field(default_factory=list)
    misread: list[Misread] = field(default_factory=list)
    left_out: set[int] = field(default_factory=set)


def availability(client: ErpClient, product_ids: Iterable[int], warehouse_ids: Iterable[int] = ()) -> Availability:
    """Stock of stock-tracked products.

    The ERP leaves out warehouses, and products, that hold nothing: for every product asked for and not refused, each
    of ``warehouse_ids`` that is missing counts as zero. One bad id makes the ERP refuse a whole set; the set is then
    halved until only the bad id is left out. Raises as :meth:`ErpClient.get`.
    """
    wanted = sorted(set(warehouse_ids))
    found = Availability()
    for ids in pack(product_ids):
        _ask(client, unpack(ids), wanted, found)
    found.levels.sort(key=lambda level: (level.product_id, level.warehouse_id))
    return found


def _ask(client: ErpClient, ids: list[int], warehouse_ids: list[int], found: Availability) -> None:
    try:
        answer = client.get(f"{AVAILABILITY}/{pack(ids)[0]}")
    except ErpRefused as error:
        if error.status != 400:
            raise
        if len(ids) == 1 or error.code == NONE_TRACKED:
            found.left_out.update(ids)
        else:
            middle = len(ids) // 2
            _ask(client, ids[:middle], warehouse_ids, found)
            _ask(client, ids[middle:], warehouse_ids, found)
        return
    unread: set[str] = set()
    held: set[tuple[int, int]] = set()
    for one in decode_map("product-availability", answer, _levels):
        if isinstance(one, Misread):
            found.misread.append(one)
            unread.add(one.id)
        else:
            found.levels += one
            held.update((level.product_id, level.warehouse_id) for level in one)
    found.levels += [
        StockLevel(product, warehouse, 0, 0, 0, 0)
        for product in ids
        if str(product) not in unread
        for warehouse in warehouse_ids
        if (product, warehouse) not in held
    ]


def _levels(product_id: int, raw: Record) -> list[StockLevel]:
    places = raw.child("warehouses")
    return [
        StockLevel(
            product_id=product_id,
            warehouse_id=int(place),
            in_stock=places.whole(place, "inStock"),
            on_hand=places.whole(place, "onHand"),
            allocated=places.whole(place, "allocated"),
            in_transit=places.whole(place, "inTransit", default=0),
        )
        for place in places.raw
    ]
