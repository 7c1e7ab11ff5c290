"""A file-drop shop of any declaration over a folder, and rows for it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bp_assets.config import FileDropFeed, Shop
from bp_assets.domain.sale import Sale
from bp_assets.tills.file_drop import FileDropTill
from bp_assets.tills.protocol import Decoded, Fetch, Quarantine
from bp_assets.tills.systems import decode

COLUMNS = {
    "receipt": "no",
    "sold_at": "at",
    "quantity": "qty",
    "sku": "sku",
    "gross": "gross",
    "tax_rate": "rate",
}
ROW = {"no": "R1", "at": "2026-11-20T10:00:00", "qty": "1", "sku": "MUG", "gross": "12.00", "rate": "20"}


def shop(folder: Path, columns: Mapping[str, str] | None = None, **feed: Any) -> Shop:
    declared = {
        "kind": "file_drop",
        "folder": folder,
        "settle_seconds": 0,
        "prices_include_tax": True,
        "default_tender": "cash",
        "columns": {**COLUMNS, **(columns or {})},
    }
    return Shop(
        key="york",
        name="York",
        warehouse_id=2,
        channel_id=1,
        price_list_id=2,
        walk_in_contact_id=200,
        time_zone="Europe/London",
        feed=FileDropFeed.model_validate(declared | feed),
    )


def row(**values: str) -> dict[str, str]:
    return ROW | values


def csv_bytes(rows: Iterable[Mapping[str, str]], header: Sequence[str] | None = None) -> bytes:
    every = list(rows)
    names = header or list(dict.fromkeys(name for one in every for name in one))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(every)
    return text.getvalue().encode()


def ndjson_bytes(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in rows).encode()


def fetched(place: Shop) -> Fetch:
    return FileDropTill(place, "GBP").fetch(None)


def outcomes(place: Shop) -> dict[str, Decoded]:
    return {raw.source_id: decode(raw, place, "GBP") for raw in fetched(place).receipts}


def only(place: Shop) -> Decoded:
    """The one receipt in the folder, decoded."""
    (outcome,) = outcomes(place).values()
    return outcome


def one_receipt(folder: Path, rows: Sequence[Mapping[str, str]], **declared: Any) -> Decoded:
    """Rows written as one CSV into the folder, and what they become."""
    (folder / "till.csv").write_bytes(csv_bytes(rows))
    return only(shop(folder, **declared))


def sale(folder: Path, *rows: dict[str, str], **declared: Any) -> Sale:
    """The one receipt of the rows, understood."""
    outcome = one_receipt(folder, rows, **declared)
    assert isinstance(outcome, Sale), outcome
    return outcome


def fault(folder: Path, *rows: dict[str, str], **declared: Any) -> Quarantine:
    """The one receipt of the rows, not understood."""
    outcome = one_receipt(folder, rows, **declared)
    assert isinstance(outcome, Quarantine), outcome
    return outcome
