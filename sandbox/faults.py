"""Faults on request: what to break, where, how often. Kept apart from the ERP, which does not know it is broken.

Read: ``POST /sandbox/faults``. Written: nothing but the counters of the faults themselves.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from sandbox.erp.codes import ApiError
from sandbox.erp.idset import IdSet

KINDS = (
    "throttle", "error", "slow", "lost_reply", "duplicate_webhook", "search_lag", "item_failure", "expire_token",
    "odd_reply", "odd_field", "lying_count", "moving_rows", "vanishing_rows",
)  # fmt: skip
# How an answer may be odd: the items of a multi-message, its whole text, or the headers of any answer.
ODDITIES = (
    "fewer_items", "reordered_items", "doubled_labels", "invalid_content", "not_json", "no_headers", "absurd_headers",
)  # fmt: skip
# How a field may be odd: gone, null, another type, or the fault's own value (which may be a field that is new).
ODD_FIELDS = ("gone", "null", "text", "number", "list", "value")
IN_DATA = ("odd_field", "lying_count", "moving_rows", "vanishing_rows")
_HOWS = {"odd_reply": ODDITIES, "odd_field": ODD_FIELDS}
_MEMBERS = {
    "kind", "route", "shop", "count", "probability", "status", "seconds", "committed", "containing", "how", "after",
    "id", "path", "value",
}  # fmt: skip


@dataclass(slots=True)
class Fault:
    """One active fault. ``count`` is how often it may still fire; ``None`` is without end.

    ``after``: so many calls that fit go through first. ``id``: only calls that name this ID, alone or in a set.
    """

    id: int
    kind: str
    route: str
    shop: int | None
    count: int | None
    probability: float
    status: int
    seconds: float
    committed: bool
    containing: str
    how: str
    draw: random.Random
    after: int = 0
    id_named: int | None = None
    path: str = ""
    value: Any = None
    fired: int = 0

    def view(self) -> dict[str, Any]:
        shape: dict[str, Any] = {"id": self.id, "kind": self.kind, "route": self.route, "fired": self.fired}
        shape |= {
            "probability": self.probability,
            "status": self.status,
            "seconds": self.seconds,
            "committed": self.committed,
        }
        shape |= {} if self.shop is None else {"shop": self.shop}
        shape |= {"containing": self.containing} if self.containing else {}
        shape |= {"how": self.how} if self.how else {}
        shape |= {"path": self.path, "value": self.value} if self.path else {}
        shape |= {"after": self.after} if self.after else {}
        shape |= {} if self.id_named is None else {"named": self.id_named}
        return shape | ({} if self.count is None else {"count": self.count})


class Faults:
    """The active faults of one world; drawn from the seed, so that a failing test repeats."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._last = 0
        self.active: list[Fault] = []

    def add(self, entry: dict[str, Any]) -> Fault:
        """Raises ``ValueError`` naming what is wrong with the entry."""
        unknown = set(entry) - _MEMBERS
        if unknown:
            raise ValueError(f"a fault has no member {', '.join(sorted(unknown))}")
        if entry.get("kind") not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {entry.get('kind')!r}")
        how = str(entry.get("how") or "")
        hows = _HOWS.get(entry["kind"], ("",))
        if how not in hows:
            words = f"needs how: one of {', '.join(hows)}, not {how!r}" if hows[0] else "takes no how"
            raise ValueError(f"{entry['kind']} {words}")
        if (entry["kind"] == "odd_field") != bool(entry.get("path")):
            raise ValueError("odd_field, and no other kind, needs path: identity.sku, orderRows.*.quantity or the like")
        probability = float(entry.get("probability", 1))
        if not 0 < probability <= 1:
            raise ValueError(f"probability must be above 0 and at most 1, not {probability}")
        self._last += 1
        fault = Fault(
            id=self._last,
            kind=entry["kind"],
            route=str(entry.get("route") or "*"),
            shop=None if entry.get("shop") is None else int(entry["shop"]),
            count=None if entry.get("count") is None else int(entry["count"]),
            probability=probability,
            status=int(entry.get("status", 500)),
            seconds=float(entry.get("seconds", 1)),
            committed=bool(entry.get("committed", False)),
            containing=str(entry.get("containing") or ""),
            how=how,
            draw=random.Random(f"fault-{self._seed}-{self._last}"),
            after=int(entry.get("after", 0)),
            id_named=None if entry.get("id") is None else int(entry["id"]),
            path=str(entry.get("path") or ""),
            value=entry.get("value"),
        )
        self.active.append(fault)
        return fault

    def clear(self) -> None:
        self.active.clear()

    def fires(
        self, kind: str, call: str, shops: Callable[[], set[int]], text: Callable[[], str] = lambda: ""
    ) -> Fault | None:
        """The first fault of ``kind`` that fits ``call`` (``METHOD /path``) and strikes now; its count goes down.

        ``text`` is all that was sent: what ``containing`` is sought in.
        """
        return next(self.striking(kind, call, shops, text), None)

    def striking(self, kind: str, call: str, shops: Callable[[], set[int]], text: Callable[[], str]) -> Iterator[Fault]:
        """Every fault that :meth:`fires` could name, one after the other."""
        for fault in list(self.active):
            if fault.kind != kind or not fnmatchcase(call, fault.route):
                continue
            if fault.id_named is not None and kind != "odd_field" and not _names(call, fault.id_named):
                continue
            if fault.shop is not None and fault.shop not in shops():
                continue
            if fault.containing and fault.containing not in text():
                continue
            if fault.probability < 1 and fault.draw.random() >= fault.probability:
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.fired += 1
            if fault.count is not None:
                fault.count -= 1
                if fault.count <= 0:
                    self.active.remove(fault)
            yield fault

    def search_horizon(self, now_ms: int) -> int | None:
        """Records newer than this are invisible to searches; ``None`` without a search-lag fault."""
        lags = [fault.seconds for fault in self.active if fault.kind == "search_lag"]
        return now_ms - round(max(lags) * 1000) if lags else None


def _names(call: str, number: int) -> bool:
    """Whether a segment of the path is an ID set with ``number`` in it."""
    for part in call.partition(" ")[2].split("/"):
        try:
            if number in IdSet(part):
                return True
        except ApiError:
            continue
    return False
