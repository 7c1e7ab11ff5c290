"""Which members the ERP's records have: a new one is ignored, but counted and told once. Pure: no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

_DEEPEST = 8
_MOST_SHAPES = 10_000


class Members:
    """The names of members that a resource's records have, nested ones with their path; ids in them count as ``*``.

    What was never met before is counted in full, so that a member the ERP adds is told once. Shapes already looked at
    are passed over: an account has few of them.
    """

    def __init__(self, known: Iterable[str] = (), *, learning: bool = False) -> None:
        self.known = set(known)
        self._learning = learning  # nothing is known yet, so nothing is new: each name counts once
        self._shapes: set[tuple[str, tuple[str, ...]]] = set()

    def look(self, raw: Any, new: Counter[str], path: str = "", depth: int = 0) -> None:
        if isinstance(raw, dict):
            self._members(raw, new, path, depth)
        elif isinstance(raw, list) and depth < _DEEPEST:
            for one in raw:
                self.look(one, new, path, depth + 1)

    def _members(self, raw: dict[str, Any], new: Counter[str], path: str, depth: int) -> None:
        names = tuple(raw)
        if names and names[0].isdigit():  # a map by id: its keys are no names
            for one in raw.values():
                self.look(one, new, f"{path}*.", depth + 1)
            return
        shape = (path, names)
        if shape not in self._shapes:
            strange = [f"{path}{name}" for name in names if f"{path}{name}" not in self.known]
            new.update(strange)
            if self._learning:
                self.known.update(strange)
            if (self._learning or not strange) and len(self._shapes) < _MOST_SHAPES:
                self._shapes.add(shape)
        if depth < _DEEPEST:
            for name, one in raw.items():
                if isinstance(one, dict | list):
                    self.look(one, new, f"{path}{name}.", depth + 1)
