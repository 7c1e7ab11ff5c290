"""Stock corrections as the ERP holds them: by the reason they were made for. Read: ``warehouse-service``.

Written: nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.encode import stock_correction_path
from bp_assets.brightpearl.errors import BadAnswer
from bp_assets.brightpearl.id_sets import pack
from bp_assets.brightpearl.reading import Misread, Record, decode_list
from bp_assets.brightpearl.search import Filters, ids_of, period


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction. ``moved`` by product and location, signed; a removal may come from several batches."""

    note_id: int
    reason: str
    moved: dict[tuple[int, int], Decimal]


MOVEMENT_SEARCH = "/warehouse-service/goods-movement-search"


def correction_notes(client: ErpClient, warehouse_id: int, since: datetime) -> set[int]:
    """The notes of a warehouse's corrections since an instant; the search lags behind. Raises as ``search``."""
    filters: Filters = {"goodsNoteTypeCode": "SC", "warehouseId": warehouse_id, "updatedOn": period(since)}
    return ids_of(client, MOVEMENT_SEARCH, filters, "goodsNoteId")


def notes_by_reason(client: ErpClient, warehouse_id: int, notes: Iterable[int]) -> dict[str, int]:
    """The first note of each reason among these corrections.

    Raises:
        BadAnswer: one of them can't be read: it may be the very one that is looked for. Otherwise as ``get``.
    """
    found: dict[str, int] = {}
    for one in get_corrections(client, warehouse_id, notes):
        if isinstance(one, Misread):
            raise BadAnswer(f"stock correction {one.id} can't be read: {one.reason}")
        found[one.reason] = min(one.note_id, found.get(one.reason, one.note_id))
    return found


def get_corrections(client: ErpClient, warehouse_id: int, notes: Iterable[int]) -> list[Correction | Misread]:
    """The corrections of these notes; those that don't exist are left out. Raises as :meth:`ErpClient.get`."""
    found: list[Correction | Misread] = []
    for ids in pack(notes):
        answer = client.get(f"{stock_correction_path(warehouse_id)}/{ids}")
        found += decode_list("stock-correction", answer, "goodsNoteId", _correction)
    return found


def _correction(raw: Record) -> Correction:
    moved: dict[tuple[int, int], Decimal] = {}
    for one in map(Record, raw.items("goodsMoved")):
        key = (one.whole("productId"), one.whole("destinationLocationId", default=0))
        moved[key] = moved.get(key, Decimal(0)) + one.number("quantity")
    return Correction(raw.whole("goodsNoteId"), raw.text("reason", default=""), moved)
