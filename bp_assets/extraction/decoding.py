"""Records into rows: one batch of decoded objects, with what could not be understood. Pure: no I/O.

A record that can't be understood costs only its own object: it goes to quarantine with the reason and the raw JSON, and
the object's rows stay as they were last understood.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from bp_assets.brightpearl import wire
from bp_assets.extraction.layout import INSTANT, Layout, Misfit, instants
from bp_assets.extraction.members import Members
from bp_assets.extraction.resource import Context, Unclear

_NEVER = datetime.max.replace(tzinfo=UTC)
MOST_RAW = 200_000  # characters of a record's JSON that quarantine keeps

# What became of an object that was asked for.
KEPT, GONE, UNCLEAR = "kept", "gone", "unclear"
OBJECTS = {"object_id": pl.Int64(), "state": pl.String(), "content_hash": pl.String(), "as_of": INSTANT}
QUARANTINE = {"object_id": pl.String(), "reason": pl.String(), "raw": pl.String()}


@dataclass(slots=True)
class _Understood:
    """An object that was decoded: its rows, and its record until they are seen to fit."""

    object_id: int
    rows: Mapping[str, Sequence[tuple[Any, ...]]]
    record: Any
    read_on: datetime


@dataclass(slots=True)
class Batch:
    """Decoded objects that wait to be written. ``size`` is rows of all tables, ``objects`` how many were asked for."""

    layout: Layout
    fields: Counter[str] = field(default_factory=Counter)
    unasked: int = 0
    size: int = 0
    _understood: list[_Understood] = field(default_factory=list)
    _others: list[tuple[int, str, datetime]] = field(default_factory=list)
    _quarantined: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def since(self) -> datetime:
        """When the first object in it was read; an empty one begins in the far future."""
        return self._understood[0].read_on if self._understood else _NEVER

    @property
    def objects(self) -> int:
        return len(self._understood) + len(self._others)

    def take(
        self, found: Iterable[tuple[int | None, Any]], asked: Collection[int] | None, context: Context, known: Members
    ) -> None:
        """Records of one answer; ``asked`` are the ids it was to tell of (``None``: whatever there is)."""
        seen: set[int] = set()
        for object_id, record in found:
            if object_id is None:
                self.refuse(_label(record), "its id can't be read", record)
            elif asked is not None and object_id not in asked:
                self.unasked += 1
            elif object_id not in seen:
                seen.add(object_id)
                known.look(wire.opened(record), self.fields)
                self._decode(object_id, record, context)
            wire.close(record)
        if asked is not None:
            self.absent((one for one in asked if one not in seen), context)

    def absent(self, ids: Iterable[int], context: Context) -> None:
        """Objects that were asked for and are not there: gone, or without anything to say."""
        for object_id in ids:
            if self.layout.resource.absent_is_gone:
                self._others.append((object_id, GONE, context.read_on))
            else:
                self._decode(object_id, {}, context)

    def refuse(self, label: str, reason: str, record: Any) -> None:
        """A record for quarantine; ``label`` is its id, as far as there is one."""
        self._quarantined.append((label, reason, wire.text_of(record)[:MOST_RAW]))

    def unclear(self, object_id: int, reason: str, record: Any, read_on: datetime) -> None:
        """An object whose record goes to quarantine."""
        self._others.append((object_id, UNCLEAR, read_on))
        self.refuse(str(object_id), reason, record)

    def _decode(self, object_id: int, record: Any, context: Context) -> None:
        try:
            decoded = self.layout.resource.decode(object_id, wire.opened(record), context)
        except (Unclear, ValueError, ArithmeticError, TypeError, AttributeError, LookupError) as why:
            # A decode function should say Unclear; whatever else a strange record leads it to costs that record alone.
            reason = str(why) if isinstance(why, Unclear) else f"{type(why).__name__}: {why}"
            self.unclear(object_id, reason, record, context.read_on)
            return
        self._understood.append(_Understood(object_id, decoded, record, context.read_on))
        self.size += sum(map(len, decoded.values()))

    def frames(self) -> dict[str, pl.DataFrame]:
        """What is to be written, by name: the rows of each table, in its types, with ``as_of``; what became of the
        objects (``_objects``); what was refused (``_quarantined``). Empty ones are left out.

        Rows that can't stand in their table send their object, and no other, to quarantine.
        """
        found = self._fitting(self._understood) if self._understood else {}
        others = [(object_id, state, "", read_on) for object_id, state, read_on in self._others]
        objects = pl.DataFrame(others, schema=OBJECTS, orient="row")
        found["_objects"] = pl.concat([found["_objects"], objects]) if "_objects" in found else objects
        found["_quarantined"] = pl.DataFrame(self._quarantined, schema=QUARANTINE, orient="row")
        return {name: frame for name, frame in found.items() if frame.height}

    def _fitting(self, objects: Sequence[_Understood]) -> dict[str, pl.DataFrame]:
        """The frames of these objects; who does not fit is found by halving them."""
        try:
            return _framed(self.layout, objects)
        except Misfit as why:
            if len(objects) == 1:
                (one,) = objects
                reason = self.layout.fault(one.object_id, one.rows) or str(why)
                self.unclear(one.object_id, reason, one.record, one.read_on)
                return {}
        middle = len(objects) // 2
        left, right = self._fitting(objects[:middle]), self._fitting(objects[middle:])
        return {name: pl.concat([half[name] for half in (left, right) if name in half]) for name in left | right}


def _framed(layout: Layout, objects: Sequence[_Understood]) -> dict[str, pl.DataFrame]:
    """Raises: Misfit."""
    tables = {table.name: table for table in layout.tables}
    if strange := next((name for one in objects for name in one.rows if name not in tables), None):
        raise Misfit(f"rows for {strange}")
    as_of = pl.lit(min(one.read_on for one in objects), INSTANT).alias("as_of")
    frames, hashes = {}, []
    for number, (name, table) in enumerate(tables.items()):
        owners = [one.object_id for one in objects for _ in one.rows.get(name, ())]
        if owners:
            frame = table.frame(owners, [row for one in objects for row in one.rows.get(name, ())])
            hashes.append(pl.DataFrame({"object_id": owners, "hash": frame.hash_rows(seed=number)}))
            frames[name] = frame.with_columns(as_of)
    frames["_objects"] = _kept(objects, hashes)
    return frames


def _kept(objects: Sequence[_Understood], hashes: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Objects with the hash of their rows: a sum, since the order of rows does not count. Not of their JSON: what
    tillbridge ignores changes nothing.

    Another version of polars may hash otherwise: then what is read again counts as changed, once.
    """
    none = pl.DataFrame(schema={"object_id": pl.Int64(), "hash": pl.UInt64()})
    totals = pl.concat([none, *hashes]).group_by("object_id").agg(pl.col("hash").sum())
    ids = [one.object_id for one in objects]
    return (
        pl.DataFrame({"object_id": ids, "as_of": instants("as_of", [one.read_on for one in objects])})
        .join(totals, on="object_id", how="left", maintain_order="left")
        .select(
            "object_id", pl.lit(KEPT).alias("state"),
            pl.col("hash").fill_null(0).cast(pl.String()).alias("content_hash"), "as_of",
        )
    )  # fmt: skip


def _label(record: Any) -> str:
    """A name for a record without a readable id, so that two of them don't cover each other."""
    return "no id " + hashlib.blake2b(wire.text_of(record).encode("utf-8", "replace"), digest_size=4).hexdigest()
