"""Asking what a plan names, several requests at once, and putting the answers into the spool as they come.

An id that makes the ERP refuse a whole set is found by halving the set, and goes to quarantine alone; a URL that is too
long is halved as well. Where nearly everything is refused it is not the ids: then the run ends with what the ERP said.
Read: the ERP. Written: parts of the spool.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any

import polars as pl

from bp_assets.brightpearl import wire
from bp_assets.brightpearl.errors import BadAnswer, ErpRefused
from bp_assets.brightpearl.id_sets import unpack
from bp_assets.brightpearl.reader import ErpReader
from bp_assets.extraction.decoding import Batch
from bp_assets.extraction.layout import Layout
from bp_assets.extraction.members import Members
from bp_assets.extraction.pages import STRIDE, Asked, Cursor, pages
from bp_assets.extraction.plan import Kind, Plan, sets_of
from bp_assets.extraction.progress import Progress
from bp_assets.extraction.resource import Context, Get, Resource, Search, Unclear
from bp_assets.extraction.spool import Done, Spool

PART_ROWS = 10_000  # a part is written at this many rows
PART_SECONDS = 2.0  # or when this much time is in it: what a killed run loses
FEW_REFUSED = 16  # refused ids that are borne in any case
MOST_REFUSED_SHARE = 0.1  # of all ids asked: beyond, it is not the ids


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one request of a set brought: the ids it asked, and the records, or why it was refused."""

    asked: Sequence[int]
    found: Iterable[tuple[int | None, Any]]
    read_on: datetime
    refused: str = ""


class Fetch:
    """One run through a plan. ``lookups`` are what the decode function may ask."""

    def __init__(
        self,
        resource: Resource,
        plan: Plan,
        spool: Spool,
        reader: ErpReader,
        members: Members,
        lookups: Mapping[str, Any],
        progress: Progress,
    ) -> None:
        self.resource, self.plan, self.spool, self.reader = resource, plan, spool, reader
        self._members, self._lookups, self._progress = members, lookups, progress
        self._layout = Layout(resource)
        self._batch, self._done = Batch(self._layout), Done()
        self._written = time.monotonic()
        self._asked_ids = self._refused_ids = 0

    async def run(self) -> None:
        """To the plan's end; what was read until an error stays in the spool.

        Raises: what the reader raises, and :class:`BadAnswer` for answers of another shape.
        """
        before = self.spool.done()
        self._progress.phase = "reading"
        self._progress.rows = sum(part.rows for part in before)
        try:
            if self.plan.searches:
                await self._searches(before)
            else:
                await self._sets({number for part in before for number in part.sets})
        finally:
            self._write()

    # -- id sets ---------------------------------------------------------------------------------------------------
    async def _sets(self, answered: set[int]) -> None:
        each = 1 + len(self.resource.contexts)
        self._progress.planned = each * len(self.plan.sets)
        self._progress.answered = self._progress.before = each * len(answered)
        waiting = iter([number for number in range(len(self.plan.sets)) if number not in answered])
        await _all([self._worker(waiting) for _ in range(self.reader.in_flight)])

    async def _worker(self, waiting: Iterator[int]) -> None:
        for number in waiting:
            text = self.plan.sets[number]
            pieces = await self._whole() if not text else await self._ask(text, unpack(text))
            self._make_room(pieces[0].read_on)
            for piece in pieces:
                self._take(piece, None if not text else frozenset(piece.asked))
            self._done.sets.append(number)
            self._answered(1 + len(self.resource.contexts))

    async def _whole(self) -> list[_Piece]:
        get, read_on = self._get(), self.reader.erp_clock
        answer = await self.reader.get(get.path, get.params)
        return [_Piece((), self._split(get, answer.response, ()), answer.asked_on or read_on)]

    async def _ask(self, text: str, ids: list[int]) -> list[_Piece]:
        """One set, in halves where the ERP refuses it."""
        get, read_on = self._get(), self.reader.erp_clock
        path = get.path.replace("{ids}", text)
        try:
            answer = await self.reader.get(path, get.params, sealed=True)
            within = [await self.reader.get(path, params, sealed=True) for params in get.again]
        except (ErpRefused, BadAnswer) as why:
            if isinstance(why, ErpRefused) and why.code in get.nothing:
                return [_Piece(ids, (), read_on)]
            if len(ids) == 1:
                return [self._refuse(ids, why, read_on)]
            if isinstance(why, ErpRefused) and why.elsewhere:
                raise
            middle = len(ids) // 2
            halves = [half for part in (ids[:middle], ids[middle:]) for half in sets_of(self.resource, part)]
            return [piece for half in halves for piece in await self._ask(half, unpack(half))]
        self._asked_ids += len(ids)
        found = self._split(get, answer.response, ids)
        if get.within and within:
            found = _joined(found, [_by_id(self._split(get, one.response, ids)) for one in within], get.within.add)
        return [_Piece(ids, found, answer.asked_on or read_on)]

    def _refuse(self, ids: list[int], why: ErpRefused | BadAnswer, read_on: datetime) -> _Piece:
        """A single id that the ERP won't tell of: unless it won't tell of nearly any."""
        self._asked_ids += 1
        self._refused_ids += 1
        many = self._refused_ids > self._asked_ids * MOST_REFUSED_SHARE
        if (many and self._refused_ids >= FEW_REFUSED) or why.status == 414:
            raise why
        return _Piece(ids, (), read_on, f"the ERP refuses to tell of it: {why}")

    def _split(self, get: Get, payload: Any, asked: Sequence[int]) -> Iterable[tuple[int | None, Any]]:
        """The records, to be opened one by one; a payload of another shape is known before the first."""
        found = iter(get.split(payload, asked))
        try:
            first = list(islice(found, 1))
        except Unclear as why:
            raise BadAnswer(f"{get.path}: {why}") from None
        return chain(first, found)

    def _get(self) -> Get:
        assert self.resource.get is not None  # plans of sets are made for resources with a GET
        return self.resource.get

    # -- searches --------------------------------------------------------------------------------------------------
    async def _searches(self, before: Sequence[Done]) -> None:
        listing = self.resource.listing
        assert isinstance(listing, Search)  # the description was checked
        found = any(part.objects for part in before)
        seen = self._objects_so_far() if len(self.plan.searches) > 1 else None
        for number, search in enumerate(self.plan.searches):
            so_far = [part for part in before if part.search == number]
            if so_far and so_far[-1].ended:
                continue
            if number and not found and self.plan.kind is Kind.CHANGES:
                return  # a quiet account: the other questions wait for their turn
            begin = Cursor(so_far[-1].last_id, so_far[-1].place) if so_far else Cursor()
            self._done = Done(search=number, last_id=begin.last_id, place=begin.place)
            self._progress.before = self._progress.answered = (begin.place - 1) // STRIDE
            asked = Asked(listing.path, listing.id_column, search["filters"], listing.columns)
            async for page in pages(self.reader, asked, begin):
                found = True
                rows = page.rows
                if seen is not None:  # an object that answers two questions is taken once
                    rows = [(one, row) for one, row in rows if one not in seen]
                    seen.update(one for one, _ in rows)
                self._make_room(page.read_on)
                self._take(_Piece((), [*rows, *((None, row) for row in page.unread)], page.read_on), None)
                self._done.last_id, self._done.place = page.after.last_id, page.after.place
                self._progress.planned = max(1, -(-max(page.available, page.after.place - 1) // STRIDE))
                self._answered()
            self._done.ended = True
            self._write()

    def _objects_so_far(self) -> set[int]:
        files = self.spool.files("_objects")
        return set(pl.read_parquet(files, columns=["object_id"])["object_id"]) if files else set()

    # -- what came -------------------------------------------------------------------------------------------------
    def _make_room(self, read_on: datetime) -> None:
        """A part's rows have one ``as_of``, that of its first answer: after a long wait another part begins."""
        if read_on - self._batch.since > timedelta(seconds=PART_SECONDS):
            self._write()

    def _take(self, piece: _Piece, asked: Collection[int] | None) -> None:
        context = Context(piece.read_on, self._lookups)
        if piece.refused:
            for object_id in piece.asked:
                self._batch.unclear(object_id, piece.refused, None, piece.read_on)
        else:
            self._batch.take(piece.found, asked, context, self._members)

    def _answered(self, requests: int = 1) -> None:
        """So many requests of the plan are done: what they brought may be written."""
        self._progress.answered += requests
        self._progress.sent = self.reader.requests
        self._progress.note()
        if self._batch.size >= PART_ROWS or time.monotonic() - self._written >= PART_SECONDS:
            self._write()

    def _write(self) -> None:
        done, batch = self._done, self._batch
        if done.sets or done.search is not None:
            self._progress.rows += batch.size
            self.spool.write(batch, done)
        self._batch, self._written = Batch(self._layout), time.monotonic()
        search = None if done.ended else done.search
        self._done = Done(search=search, last_id=done.last_id, place=done.place) if search is not None else Done()


def _by_id(found: Iterable[tuple[int | None, Any]]) -> dict[int, Any]:
    """The records of an answer, closed, by the object they tell of."""
    held: dict[int, Any] = {}
    for object_id, record in found:
        wire.close(record)
        if object_id is not None:
            held.setdefault(object_id, record)
    return held


def _joined(
    found: Iterable[tuple[int | None, Any]], others: Sequence[Mapping[int, Any]], add: Callable[[Any, Any], Any]
) -> Iterator[tuple[int | None, Any]]:
    """Each record with what the other answers say of the same object; one that they leave out is as it was."""
    for object_id, record in found:
        said = [held[object_id] for held in others if object_id is not None and object_id in held]
        yield object_id, wire.Joined((record, *said), add) if said else record


async def _all(work: Sequence[Any]) -> None:
    """Run all; the first that fails ends the others, and its error is raised."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
