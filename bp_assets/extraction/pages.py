"""Paging through a search so that no row is missed, whatever happens to the rows meanwhile.

Rows are sorted by id, never by an instant, which many rows may share. Each page begins with the last row of the page
before: while that border row, or one before it, stands at the top, everything behind it is still to come, whatever was
added or deleted in between. Where it does not, rows have moved up, and the page before is asked again.
``resultsAvailable`` only says how many pages may be asked for ahead; a search has ended when a page is not full.
Read: ``*-search`` resources. Written: nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from bp_assets.brightpearl.errors import BadAnswer
from bp_assets.brightpearl.reader import ErpReader
from bp_assets.brightpearl.search import PAGE, read_page
from bp_assets.extraction.splits import id_of

STRIDE = PAGE - 1  # the border row comes twice
MOST_STEPS = 200  # pages in a row that bring nothing new: stepping back over what was deleted, or ERP gone mad
MOST_PAGES = 20_000  # ten million rows


@dataclass(frozen=True, slots=True)
class Asked:
    """A search: ``filters`` as query parameters, ``columns`` to limit what comes (empty: all)."""

    path: str
    id_column: str
    filters: Mapping[str, str | int | bool] = field(default_factory=dict)
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where to go on: the greatest id that was read, and the place (from 1) where its row stood."""

    last_id: int = 0
    place: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """Rows that were not seen before, ascending by id; ``after`` is where the next page begins.

    ``unread`` are rows without a readable id. ``available`` is what the ERP claims to have. ``read_on`` is when it was
    asked, by the reader's ``erp_clock``.
    """

    rows: list[tuple[int, dict[str, Any]]]
    unread: list[dict[str, Any]]
    after: Cursor
    available: int
    read_on: datetime


async def pages(reader: ErpReader, asked: Asked, begin: Cursor = Cursor()) -> AsyncIterator[Page]:
    """Every page from ``begin`` on. Some are asked for ahead of their turn.

    Raises:
        BadAnswer: no search result, not sorted, or no end. Otherwise as :meth:`ErpReader.get`.
    """
    ahead: dict[int, asyncio.Task[_Raw]] = {}
    cursor, steps = begin, 0
    try:
        for _ in range(MOST_PAGES):
            raw = await _from_ahead(reader, asked, ahead, cursor.place)
            if cursor.last_id and cursor.place > 1 and not (raw.ids and raw.ids[0] <= cursor.last_id):
                # What stood here moved up: somewhere before us rows were deleted.
                await _forget(ahead)
                cursor = Cursor(cursor.last_id, max(1, cursor.place - STRIDE))
                steps += 1
            else:
                new = [(id_, row) for id_, row in raw.rows if id_ > cursor.last_id]
                steps = 0 if new else steps + 1
                last = new[-1][0] if new else cursor.last_id
                cursor = Cursor(last, cursor.place + raw.border)
                if new or raw.unread:
                    yield Page(new, raw.unread, cursor, raw.available, raw.read_on)
                if raw.count < PAGE and not (raw.more and raw.count > 1):
                    return
                _look_ahead(reader, asked, ahead, cursor.place, raw.available)
            if steps > MOST_STEPS:
                raise BadAnswer(f"{asked.path}: {steps} pages in a row brought nothing new")
        raise BadAnswer(f"{asked.path}: no end after {MOST_PAGES} pages")
    finally:
        await _forget(ahead)


@dataclass(frozen=True, slots=True)
class _Raw:
    """One page as it came: ``count`` rows, of which ``rows`` have an id; before the last of them stand ``border``."""

    rows: list[tuple[int, dict[str, Any]]]
    ids: list[int]
    unread: list[dict[str, Any]]
    border: int
    count: int
    more: bool
    available: int
    read_on: datetime


async def _one(reader: ErpReader, asked: Asked, place: int) -> _Raw:
    params: dict[str, str | int | bool] = {**asked.filters, "pageSize": PAGE, "sort": f"{asked.id_column}.ASC"}
    if asked.columns:
        params["columns"] = ",".join(asked.columns)
    if place > 1:
        params["firstResult"] = place
    read_on = reader.erp_clock
    answer = await reader.get(asked.path, params)
    read_on = answer.asked_on or read_on
    if answer.response is None:
        return _Raw([], [], [], 0, 0, False, 0, read_on)
    names, found, meta = read_page(asked.path, answer.response)
    rows: list[tuple[int, dict[str, Any]]] = []
    unread: list[dict[str, Any]] = []
    border = 0
    for number, values in enumerate(found):
        row = dict(zip(names, values, strict=True))
        id_ = id_of(row.get(asked.id_column))
        if id_ is None:
            unread.append(row)
        else:
            rows.append((id_, row))
            border = number
    ids = [id_ for id_, _ in rows]
    if any(low > high for low, high in pairwise(ids)):
        raise BadAnswer(f"{asked.path}: the rows are not sorted by {asked.id_column}; some could be missing unnoticed")
    said, more = meta.get("resultsAvailable"), bool(meta.get("morePagesAvailable"))
    return _Raw(rows, ids, unread, border, len(found), more, said if type(said) is int else 0, read_on)


async def _from_ahead(reader: ErpReader, asked: Asked, ahead: dict[int, asyncio.Task[_Raw]], place: int) -> _Raw:
    task = ahead.pop(place, None)
    return await (task or _one(reader, asked, place))


def _look_ahead(
    reader: ErpReader, asked: Asked, ahead: dict[int, asyncio.Task[_Raw]], place: int, available: int
) -> None:
    """Ask for the next pages as long as the ERP claims that they are there: an end that lies costs a page or two."""
    for number in range(reader.in_flight):
        wanted = place + number * STRIDE
        if wanted < available and wanted not in ahead:
            ahead[wanted] = asyncio.ensure_future(_one(reader, asked, wanted))


async def _forget(ahead: dict[int, asyncio.Task[_Raw]]) -> None:
    for task in ahead.values():
        task.cancel()
    await asyncio.gather(*ahead.values(), return_exceptions=True)
    ahead.clear()
