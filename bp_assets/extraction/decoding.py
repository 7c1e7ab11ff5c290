"""Records into rows: one batch of decoded objects, with what could not be understood. Pure: no I/O.

A record that can't be understood costs only its own object: it goes to quarantine with the reason and the raw JSON, and
the object's rows stay as they were last understood.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from bp_assets.brightpearl import wire
from bp_assets.extraction.layout import INSTANT, Layout
from bp_assets.extraction.members import Members
from bp_assets.extraction.resource import Context, Unclear

MOST_RAW = 200_000  # characters of a record's JSON that quarantine keeps

# What became of an object that was asked for.
KEPT, GONE, UNCLEAR = "kept", "gone", "unclear"
OBJECTS = {"object_id": pl.Int64(), "state": pl.String(), "content_hash": pl.String(), "as_of": INSTANT}
QUARANTINE = {"object_id": pl.String(), "reason": pl.String(), "raw": pl.String()}


@dataclass(slots=True)
class Batch:
    """Decoded objects that wait to be written. ``size`` is rows of all tables."""

    layout: Layout
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    objects: list[tuple[int, str, str, datetime]] = field(default_factory=list)
    quarantined: list[tuple[str, str, str]] = field(default_factory=list)
    fields: Counter[str] = field(default_factory=Counter)
    unasked: int = 0
    size: int = 0

    def __post_init__(self) -> None:
        self.rows = {table.name: [] for table in self.layout.tables}

    def take(
        self, found: Iterable[tuple[int | None, Any]], asked: Collection[int] | None, context: Context, known: Members
    ) -> None:
        """Records of one answer; ``asked`` are the ids it was to tell of (``None``: whatever there is)."""
        seen: set[int] = set()
        for object_id, raw in found:
            if object_id is None:
                self.refuse(_label(raw), "its id can't be read", raw)
            elif asked is not None and object_id not in asked:
                self.unasked += 1
            elif object_id not in seen:
                seen.add(object_id)
                known.look(raw, self.fields)
                self._decode(object_id, raw, context)
        if asked is not None:
            self.absent((one for one in asked if one not in seen), context)

    def absent(self, ids: Iterable[int], context: Context) -> None:
        """Objects that were asked for and are not there: gone, or without anything to say."""
        for object_id in ids:
            if self.layout.resource.absent_is_gone:
                self.objects.append((object_id, GONE, "", context.read_on))
            else:
                self._decode(object_id, {}, context)

    def refuse(self, label: str, reason: str, raw: Any) -> None:
        """A record for quarantine; ``label`` is its id, as far as there is one."""
        text = "null" if raw is None else wire.dumps(_plain(raw)).decode()[:MOST_RAW]
        self.quarantined.append((label, reason, text))

    def unclear(self, object_id: int, reason: str, raw: Any, context: Context) -> None:
        """An object whose record goes to quarantine."""
        self.objects.append((object_id, UNCLEAR, "", context.read_on))
        self.refuse(str(object_id), reason, raw)

    def _decode(self, object_id: int, raw: Any, context: Context) -> None:
        try:
            decoded = {name: list(rows) for name, rows in self.layout.resource.decode(object_id, raw, context).items()}
            fault = self.layout.fault(object_id, decoded)
        except (Unclear, ValueError, ArithmeticError, TypeError, AttributeError, LookupError) as why:
            # A decode function should say Unclear; whatever else a strange record leads it to costs that record alone.
            fault = str(why) if isinstance(why, Unclear) else f"{type(why).__name__}: {why}"
        if fault:
            self.unclear(object_id, fault, raw, context)
            return
        self.objects.append((object_id, KEPT, _digest(decoded), context.read_on))
        for name, rows in decoded.items():
            self.rows[name] += rows
            self.size += len(rows)

    def frames(self) -> dict[str, pl.DataFrame]:
        """The rows of each table, in its types, with ``as_of``; empty tables are left out."""
        as_of = min((read_on for *_, read_on in self.objects), default=None)
        return {
            table.name: pl.DataFrame(self.rows[table.name], schema=table.schema, orient="row").with_columns(
                pl.lit(as_of, INSTANT).alias("as_of")
            )
            for table in self.layout.tables
            if self.rows[table.name]
        }


def _digest(decoded: Mapping[str, Sequence[tuple[Any, ...]]]) -> str:
    """Of the rows, not of the JSON: what tillbridge ignores changes nothing. Order of rows does not count."""
    told = [(name, sorted(map(repr, rows))) for name, rows in sorted(decoded.items()) if rows]
    return hashlib.blake2b(repr(told).encode(), digest_size=8).hexdigest()


def _label(raw: Any) -> str:
    """A name for a record without a readable id, so that two of them don't cover each other."""
    return "no id " + hashlib.blake2b(repr(raw).encode(), digest_size=4).hexdigest()


def _plain(raw: Any) -> Any:
    return raw if isinstance(raw, dict | list) else {"value": raw}
