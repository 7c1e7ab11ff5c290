"""Making a plan: which objects there are, which of them changed, which are due. Asks the ERP and the lake.

Read: OPTIONS and searches of the ERP; ``extraction_objects`` and the resource's main table. Written: nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import duckdb
import polars as pl

from bp_assets.brightpearl.errors import BadAnswer
from bp_assets.brightpearl.id_sets import unpack
from bp_assets.brightpearl.reader import ErpReader
from bp_assets.brightpearl.times import instant
from bp_assets.extraction.pages import Asked, Cursor, pages
from bp_assets.extraction.plan import Kind, Plan, State, fingerprint, names_of, questions, sets_of, share_due
from bp_assets.extraction.resource import Changes, Chosen, Resource, Search, Uris, Whole
from bp_assets.extraction.spool import Listed, Spool
from bp_assets.lake.frames import mark
from bp_assets.lake.tables import BY_NAME

MOST_IN_A_URI = 100_000  # ids; the ERP names 200 at most
# An object that was read this long after its last change is not changed again at the same instant unnoticed.
WELL_AFTER = timedelta(seconds=60)
# What was asked for this long after something else saw what that saw.
NEARLY = timedelta(seconds=15)


async def plan_for(
    resource: Resource,
    kind: Kind,
    state: State | None,
    reader: ErpReader,
    lake: duckdb.DuckDBPyConnection,
    spool: Spool,
    hinted: Iterable[int] = (),
) -> Plan:
    """A long listing for a full pull is noted in the spool as it comes, and gone on with after a cut.

    Raises: as :class:`ErpReader`; ``duckdb.Error`` for a ``Chosen`` that is no query."""
    now = datetime.now(UTC)
    made = _Maker(resource, state, reader, lake)
    clock = min(now, reader.erp_clock)
    base = Plan(resource.name, kind, now, clock, fingerprint(resource))
    if isinstance(resource.listing, Whole):
        return replace(base, sets=("",), whole=True)
    if resource.get is None:
        return made.of_searches(base)
    if isinstance(resource.listing, Chosen):
        return await made.of_chosen(base, resource.listing, hinted)
    if kind is Kind.FULL:
        notes = spool.listing(base.fingerprint, clock)
        listed, clock = await made.listed(spool, notes), notes.clock
        sets = sets_of(resource, listed)
        base = replace(base, clock=clock)
        moments = dict.fromkeys(names_of(resource.changes), clock)
        return replace(base, sets=sets, listed=sets, moments=moments)
    wanted, moments = await made.changed(clock)
    wanted |= set(hinted)
    if kind is Kind.SWEEP:
        listed = await made.listed()  # after the changes: what it does not name any more is gone
        wanted |= made.unknown(listed) | made.due()
        wanted &= set(listed)
        return replace(base, sets=sets_of(resource, wanted), listed=sets_of(resource, listed), moments=moments)
    if resource.changes is None:
        wanted |= made.due()
    return replace(base, sets=sets_of(resource, wanted), moments=moments)


def touched_since(at: datetime | None, read_on: datetime | None) -> bool:
    """Whether what was touched ``at`` may not be in what was read. Both are instants of asking, which is a while before
    the ERP answers, by a clock that it tells in whole seconds.
    """
    return read_on is None or (at is not None and at > read_on - NEARLY)


class _Maker:
    """What the parts of a plan are made from."""

    def __init__(
        self, resource: Resource, state: State | None, reader: ErpReader, lake: duckdb.DuckDBPyConnection
    ) -> None:
        self.resource, self.state, self.reader, self.lake = resource, state, reader, lake
        found = mark(lake, resource.main)
        self._refreshed = found.as_of if found else None

    def of_searches(self, base: Plan) -> Plan:
        """A plan whose searches bring the records themselves."""
        listing = self.resource.listing
        assert isinstance(listing, Search)  # the description was checked
        if base.kind is Kind.FULL or self.state is None or self.resource.changes is None:
            moments = dict.fromkeys(names_of(self.resource.changes), base.clock)
            everything = {"name": "", "filters": dict(listing.filters)}
            return replace(base, searches=(everything,), whole=True, moments=moments)
        asked = [
            {"name": name, "filters": {**listing.filters, **filters}}
            for name, filters in questions(self.resource.changes, self.state)
        ]
        return replace(base, searches=tuple(asked))

    async def of_chosen(self, base: Plan, chosen: Chosen, hinted: Iterable[int]) -> Plan:
        rows = self.lake.execute(chosen.sql).fetchall()
        touched = {row[0]: row[1] if len(row) > 1 else None for row in rows}
        listed = sets_of(self.resource, touched) if chosen.forget else None
        if base.kind is Kind.FULL:
            moments = dict.fromkeys(names_of(self.resource.changes), base.clock)
            return replace(base, sets=sets_of(self.resource, touched), listed=listed, moments=moments)
        read = dict(self._objects("content_hash <> ''"))
        wanted, moments = await self.changed(base.clock)
        wanted |= self.due() | set(hinted)
        wanted |= {one for one, at in touched.items() if touched_since(at, read.get(one))}
        return replace(base, sets=sets_of(self.resource, wanted & set(touched)), listed=listed, moments=moments)

    async def listed(self, spool: Spool | None = None, notes: Listed | None = None) -> list[int]:
        """The ids of all objects there are, ascending."""
        listing = self.resource.listing
        if isinstance(listing, Uris):
            answer = await self.reader.options(listing.path)
            return sorted(ids_of_uris(listing.path, answer.response))
        assert isinstance(listing, Search)  # a whole list and what the lake chooses have no listing
        asked = Asked(listing.path, listing.id_column, listing.filters, listing.columns or (listing.id_column,))
        ids = set(notes.ids) if notes else set[int]()
        begin = Cursor(notes.last_id, notes.place) if notes else Cursor()
        async for page in pages(self.reader, asked, begin):
            new = {one for one, _ in page.rows}
            ids |= new
            if spool is not None:
                spool.listed(sorted(new), page.after.last_id, page.after.place)
        return sorted(ids)

    async def changed(self, clock: datetime) -> tuple[set[int], dict[str, datetime]]:
        """Ids that the searches for changes name and that are not known as they are now; marks of those asked."""
        changes, found, moments = self.resource.changes, set[int](), dict[str, datetime]()
        if changes is None or self.state is None:
            return found, moments
        for name, filters in questions(changes, self.state):
            columns = (changes.id_column, *changes.same)
            async for page in pages(self.reader, Asked(changes.path, changes.id_column, filters, columns)):
                found |= self._not_the_same(changes, page.rows)
            moments[name] = clock
            if not found:
                break
        return found, moments

    def due(self) -> set[int]:
        """Whose turn it is to be read again, and what could not be understood the last time."""
        due = {one for one, _ in self._objects("content_hash = ''")}
        resource = self.resource
        if resource.rotate is None:
            return due
        swept = resource.changes is not None and not isinstance(resource.listing, Chosen)
        usual = resource.sweep.every if swept and resource.sweep.every else resource.every
        last = self.state.listed if swept and self.state else self._refreshed
        now = datetime.now(UTC)
        passed = min(now - last, resource.rotate) if last else usual
        too_old = now - resource.rotate + usual / 2  # the next refresh would come too late for them
        held = self._objects("true")
        held.sort(key=lambda one: (one[1] is not None, one[1] or too_old))
        share = share_due(len(held), resource.rotate, passed)
        return due | {one for one, at in held[:share]} | {one for one, at in held if at is None or at < too_old}

    def unknown(self, listed: Sequence[int]) -> set[int]:
        known = {one for one, _ in self._objects("true")}
        return {one for one in listed if one not in known}

    def _objects(self, condition: str) -> list[tuple[int, datetime | None]]:
        query = f"SELECT object_id, read_on FROM extraction_objects WHERE resource = ? AND {condition}"
        return self.lake.execute(query, [self.resource.name]).fetchall()

    def _not_the_same(self, changes: Changes, rows: list[tuple[int, dict[str, Any]]]) -> set[int]:
        """Of the rows of a search those that differ from what the lake has, or were read too soon to be sure."""
        ids = {one for one, _ in rows}
        if not changes.same or not ids:
            return ids
        main, given = BY_NAME[self.resource.main], self.resource.tables[self.resource.main]
        columns = ", ".join(f't."{name}"' for name in changes.same.values())
        asked = pl.DataFrame({"id": sorted(ids)}, schema={"id": pl.Int64()})
        self.lake.register("asked_ids", asked.to_arrow())
        try:
            query = (
                f"SELECT o.object_id, o.read_on, {columns} FROM extraction_objects o JOIN {main.sql} t "
                f'ON t."{given.id}" = o.object_id '
                "WHERE o.resource = ? AND o.content_hash <> '' AND o.object_id IN (SELECT id FROM asked_ids)"
            )
            held = {row[0]: row[1:] for row in self.lake.execute(query, [self.resource.name]).fetchall()}
        finally:
            self.lake.unregister("asked_ids")
        return {one for one, row in rows if one not in held or not same(held[one], [row.get(c) for c in changes.same])}


def same(held: Sequence[Any], found: Sequence[Any]) -> bool:
    """Whether an object stands in the lake as a search shows it. ``held`` is when it was read, then its columns."""
    read_on, values = held[0], held[1:]
    if all(value is None for value in values):
        return False  # nothing tells that it is the same: an order that was just created has no `updatedOn`
    now = datetime.now(UTC)
    instants = [value for value in values if isinstance(value, datetime) and value <= now]  # later ones are dates due
    if read_on is None or any(read_on < moment + WELL_AFTER for moment in instants):
        return False
    return all(_equal(value, said) for value, said in zip(values, found, strict=True))


def _equal(value: Any, said: Any) -> bool:
    if value is None or said in (None, ""):
        return value is None and said in (None, "")
    try:
        if isinstance(value, datetime):
            return value == instant(str(said))
        if isinstance(value, Decimal):
            return value == Decimal(str(said))
    except (ValueError, InvalidOperation):
        return False
    if isinstance(value, str):
        return value == str(said)
    return type(value) is type(said) and bool(value == said)


def ids_of_uris(path: str, response: Any) -> list[int]:
    """The ids that an OPTIONS answer names: ``{"getUris": ["/product/1000-1180,1185", …]}``.

    Raises:
        BadAnswer: no such answer.
    """
    uris = response.get("getUris") if isinstance(response, dict) else ([] if response is None else None)
    if not isinstance(uris, list):
        raise BadAnswer(f"OPTIONS {path}: no list of URIs in the answer")
    resource = path.rsplit("/", 1)[-1]
    ids: list[int] = []
    for uri in uris:
        _, found, rest = str(uri).partition(f"/{resource}/")
        try:
            named = _bounded(rest.partition("/")[0]) if found else []
        except ValueError:
            named = []
        if not named:
            raise BadAnswer(f"OPTIONS {path}: {str(uri)[:80]!r} is no URI of ids")
        ids += named
    return ids


def _bounded(text: str) -> list[int]:
    for part in text.split(","):
        low, dash, high = part.partition("-")
        if dash and int(high) - int(low) > MOST_IN_A_URI:
            raise ValueError(f"{part} names too many ids")
    return unpack(text)
