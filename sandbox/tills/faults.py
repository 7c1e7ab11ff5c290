"""Faults of the tills' side, asked for at ``POST /sandbox/tills/faults``: which one, where, how often.

Read: requests as they come. Written: the remaining counts. ``late`` and ``half_written`` concern deliveries, the
others requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

REQUEST_FAULTS = ("offline", "error", "throttle", "expired_token", "slow")
DELIVERY_FAULTS = ("late", "half_written")


@dataclass(slots=True)
class Fault:
    """One fault. ``count`` None means until cleared; ``path`` narrows to Square routes that start with it."""

    kind: str
    where: str = ""
    path: str = ""
    count: int | None = 1
    seconds: float = 1.0
    after: int = 0


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self.active: list[Fault] = []

    def add(self, asked: Mapping[str, Any]) -> Fault:
        """Take one from a request body ``{"fault", "shop"?, "path"?, "count"?, "seconds"?, "after"?}``; ValueError
        names a bad one.
        """
        kind = {"500": "error", "429": "throttle"}.get(str(asked.get("fault")), str(asked.get("fault")))
        if kind not in REQUEST_FAULTS + DELIVERY_FAULTS:
            raise ValueError(f"unknown fault {kind!r}; there are {', '.join(REQUEST_FAULTS + DELIVERY_FAULTS)}")
        count = asked.get("count", None if kind == "offline" else 1)
        fault = Fault(
            kind,
            str(asked.get("shop") or ""),
            str(asked.get("path") or ""),
            None if count is None else int(count),
            float(asked.get("seconds", 1.0)),
            int(asked.get("after", 0)),
        )
        self.active.append(fault)
        return fault

    def take(self, where: str, path: str = "") -> Fault | None:
        """The fault that hits this request or delivery, counted down; None when there is none."""
        kinds = REQUEST_FAULTS if where == "square" else DELIVERY_FAULTS
        for fault in self.active:
            if fault.kind not in kinds or not path.startswith(fault.path):
                continue
            if where != "square" and fault.where not in ("", where):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.count is not None:
                fault.count -= 1
                if fault.count <= 0:
                    self.active.remove(fault)
            return fault
        return None

    def clear(self) -> None:
        """End them all."""
        self.active.clear()
