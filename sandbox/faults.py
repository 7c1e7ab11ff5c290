"""Faults on request: what to break, where, how often. Kept apart from the ERP, which does not know it is broken.

Read: ``POST /sandbox/faults``. Written: nothing but the counters of the faults themselves.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

KINDS = (
    "throttle", "error", "slow", "lost_reply", "duplicate_webhook", "search_lag", "item_failure", "expire_token",
    "odd_reply",
)  # fmt: skip
# How an answer may be odd: the items of a multi-message, its whole text, or the headers of any answer.
ODDITIES = (
    "fewer_items", "reordered_items", "doubled_labels", "invalid_content", "not_json", "no_headers", "absurd_headers",
)  # fmt: skip
_MEMBERS = {"kind", "route", "shop", "count", "probability", "status", "seconds", "committed", "containing", "how"}


@dataclass(slots=True)
class Fault:
    """One active fault. ``count`` is how often it may still fire; ``None`` is without end."""

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
        if (entry["kind"] == "odd_reply") != (how in ODDITIES):
            raise ValueError(f"odd_reply, and no other kind, needs how: one of {', '.join(ODDITIES)}, not {how!r}")
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
        for fault in self.active:
            if fault.kind != kind or not fnmatchcase(call, fault.route):
                continue
            if fault.shop is not None and fault.shop not in shops():
                continue
            if fault.containing and fault.containing not in text():
                continue
            if fault.probability < 1 and fault.draw.random() >= fault.probability:
                continue
            fault.fired += 1
            if fault.count is not None:
                fault.count -= 1
                if fault.count <= 0:
                    self.active.remove(fault)
            return fault
        return None

    def search_horizon(self, now_ms: int) -> int | None:
        """Records newer than this are invisible to searches; ``None`` without a search-lag fault."""
        lags = [fault.seconds for fault in self.active if fault.kind == "search_lag"]
        return now_ms - round(max(lags) * 1000) if lags else None
