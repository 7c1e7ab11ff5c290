"""What one refresh of a resource will ask the ERP for, decided before it begins and kept, so that it can be resumed.

A plan names id sets to GET, or searches whose rows are the records, or (a small list) one request. Pure: no I/O.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bp_assets.brightpearl.id_sets import MAX_CHARS, pack
from bp_assets.brightpearl.search import period
from bp_assets.extraction.resource import Changes, Chosen, Resource, Whole

# With the address and a wildcard path a URL stays below 2,000 characters.
_ROOM_FOR_PATH = 120


class Kind(StrEnum):
    """``FULL``: everything is read. ``SWEEP``: everything is listed, what is new or due is read. ``CHANGES``: what a
    search, a hint or the turn names is read."""

    FULL = "full"
    SWEEP = "sweep"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Plan:
    """``clock`` is the ERP's when the plan was made: what changes later, the next refresh finds.

    ``sets`` are id sets in the order they are asked; ``searches`` filters of searches. ``listed`` are id sets of all
    objects there are, ``None`` where not all are known; ``whole`` says that what the answers name is all there is.
    ``moments`` are the marks that move when the plan is done.
    """

    resource: str
    kind: Kind
    made: datetime
    clock: datetime
    fingerprint: str
    sets: tuple[str, ...] = ()
    searches: tuple[dict[str, Any], ...] = ()  # each with its name and its filters
    listed: tuple[str, ...] | None = None
    whole: bool = False
    moments: dict[str, datetime] = field(default_factory=dict)

    def dumps(self) -> str:
        return json.dumps(asdict(self), default=datetime.isoformat)

    @classmethod
    def loads(cls, text: str) -> Plan:
        """Raises:
        ValueError, KeyError, TypeError: not a plan of this version.
        """
        said = json.loads(text)
        return cls(
            resource=said["resource"],
            kind=Kind(said["kind"]),
            made=datetime.fromisoformat(said["made"]),
            clock=datetime.fromisoformat(said["clock"]),
            fingerprint=said["fingerprint"],
            sets=tuple(said["sets"]),
            searches=tuple(said["searches"]),
            listed=None if said["listed"] is None else tuple(said["listed"]),
            whole=said["whole"],
            moments={name: datetime.fromisoformat(at) for name, at in said["moments"].items()},
        )


@dataclass(frozen=True, slots=True)
class State:
    """What the lake knows of a resource's last refreshes. It is the mark of its main table.

    ``moments``: up to when each question of its changes was asked. ``listed``: when all ids were last compared.
    ``members`` are the names of members its records were seen to have. ``contexts``: those its objects were asked in.
    """

    version: int
    moments: dict[str, datetime]
    listed: datetime
    members: tuple[str, ...] = ()
    contexts: tuple[int, ...] = ()

    def as_mark(self) -> dict[str, Any]:
        return {
            "engine": 1,
            "version": self.version,
            "moments": {name: at.isoformat() for name, at in self.moments.items()},
            "listed": self.listed.isoformat(),
            "members": list(self.members),
            "contexts": list(self.contexts),
        }

    @classmethod
    def of_mark(cls, mark: Any) -> State | None:
        """``None`` for a mark of somebody else: then everything is read."""
        if not isinstance(mark, dict) or mark.get("engine") != 1:
            return None
        moments = {name: datetime.fromisoformat(at) for name, at in mark["moments"].items()}
        listed, contexts = datetime.fromisoformat(mark["listed"]), tuple(mark.get("contexts", ()))
        return cls(mark["version"], moments, listed, tuple(mark["members"]), contexts)


def kind_of(resource: Resource, state: State | None, now: datetime, *, full: bool) -> Kind:
    """How much is read this time."""
    if full or state is None or state.version < resource.version or state.contexts != resource.contexts:
        return Kind.FULL
    if isinstance(resource.listing, Chosen):
        return Kind.SWEEP  # listing costs no request
    if isinstance(resource.listing, Whole) or not (resource.changes or resource.rotate):
        return Kind.FULL
    if resource.sweep.every is not None and now >= state.listed + resource.sweep.every:
        return Kind.FULL if resource.get is None else Kind.SWEEP
    return Kind.CHANGES


def names_of(changes: Changes | None) -> list[str]:
    """The names of the questions that a resource's changes ask, under which their marks are kept."""
    return [*changes.moments, *(_named(filters) for filters in changes.standing)] if changes else []


def questions(changes: Changes, state: State) -> list[tuple[str, dict[str, Any]]]:
    """The searches of a resource's changes, name and filters, the one that waited longest first.

    A moment that was never asked goes back to the last complete listing.
    """
    asked: list[tuple[str, dict[str, Any]]] = [
        (name, {name: period(state.moments.get(name, state.listed) - changes.overlap)}) for name in changes.moments
    ]
    asked += [(_named(filters), dict(filters)) for filters in changes.standing]
    return sorted(asked, key=lambda one: state.moments.get(one[0], state.listed))


def _named(filters: Mapping[str, Any]) -> str:
    return json.dumps(filters, sort_keys=True)


def sets_of(resource: Resource, ids: Iterable[int]) -> tuple[str, ...]:
    """Id sets for the resource's GET: as few as its limit and the length of a URL allow."""
    if resource.get is None:
        raise ValueError(f"resource {resource.name} has no GET")
    return tuple(pack(ids, resource.get.limit, MAX_CHARS - _ROOM_FOR_PATH))


def fingerprint(resource: Resource) -> str:
    """What parts of a plan must have in common with the description, so that they can be put together."""
    tables = [(name, list(rows.columns)) for name, rows in resource.tables.items()]
    told = [resource.name, resource.version, tables, resource.contexts]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def share_due(count: int, rotate: timedelta, passed: timedelta) -> int:
    """How many objects are read again now that ``passed`` went by, so that none gets older than ``rotate``: a share,
    and a tenth more."""
    return -(-count * 11 * int(passed.total_seconds()) // (10 * int(rotate.total_seconds())))
