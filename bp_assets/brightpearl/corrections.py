"""Stock corrections as the ERP holds them: by the reason they were made for. Read: ``warehouse-service``.

Written: nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.encode import stock_correction_path
from bp_assets.brightpearl.errors import BadAnswer
from bp_assets.brightpearl.id_sets import pack
from bp_assets.brightpearl.reading import Misread, Record, decode_list
from bp_assets.brightpearl.search import Filters, ids_of, period

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
    for ids in pack(notes):
        answer = client.get(f"{stock_correction_path(warehouse_id)}/{ids}")
        for one in decode_list("stock-correction", answer, "goodsNoteId", _reason):
            if isinstance(one, Misread):
                raise BadAnswer(f"stock correction {one.id} can't be read: {one.reason}", answer.status)
            note_id, reason = one
            found[reason] = min(note_id, found.get(reason, note_id))
    return found


def _reason(raw: Record) -> tuple[int, str]:
    return raw.whole("goodsNoteId"), raw.text("reason", default="")
