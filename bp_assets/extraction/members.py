"""Which members the ERP's records have: a new one is ignored, but counted and told once. Pure: no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

_DEEPEST = 8
_MOST_SHAPES = 1_000  # at one place of a record
# Where nothing is known yet nothing is to be told: after so many records that brought no new member one in so many is
# looked at. A member that is rarer is told when it comes later, as if the ERP had added it.
_SETTLED, _ONE_IN = 1_000, 16


class _Place:
    """A place in a record: its path, what stands below it, and the sets of members seen there and found known."""

    __slots__ = ("below", "path", "shapes")

    def __init__(self, path: str) -> None:
        self.path = path
        self.below: dict[str, _Place] = {}
        self.shapes: set[tuple[str, ...]] = set()

    def under(self, name: str) -> _Place:
        found = self.below.get(name)
        if found is None:
            found = self.below[name] = _Place(f"{self.path}{name}.")
        return found


class Members:
    """The names of members that a resource's records have, nested ones with their path; ids in them count as ``*``.

    What was never met before is counted in full, so that a member the ERP adds is told once. Shapes already looked at
    are passed over: an account has few of them.
    """

    def __init__(self, known: Iterable[str] = (), *, learning: bool = False) -> None:
        self.known = set(known)
        self._learning = learning  # nothing is known yet, so nothing is new: each name counts once
        self._top = _Place("")
        self._quiet = 0  # records since something was strange

    def look(self, raw: Any, new: Counter[str]) -> None:
        """Count what is new in a record."""
        self._quiet += 1
        if self._learning and self._quiet > _SETTLED and self._quiet % _ONE_IN:
            return
        self._look(raw, self._top, new, 0)

    def _look(self, raw: Any, place: _Place, new: Counter[str], depth: int) -> None:
        if type(raw) is not dict:
            if type(raw) is list and depth < _DEEPEST:
                for one in raw:
                    self._look(one, place, new, depth + 1)
            return
        names = tuple(raw)
        if names not in place.shapes:
            if names and names[0].isdigit():  # a map by id: its keys are no names
                below = place.under("*")
                for one in raw.values():
                    self._look(one, below, new, depth + 1)
                return
            self._strange(names, place, new)
        if depth < _DEEPEST:
            for name, one in raw.items():
                if (kind := type(one)) is dict or kind is list:
                    self._look(one, place.under(name), new, depth + 1)

    def _strange(self, names: tuple[str, ...], place: _Place, new: Counter[str]) -> None:
        strange = [full for name in names if (full := f"{place.path}{name}") not in self.known]
        new.update(strange)
        self._quiet = 0 if strange else self._quiet
        if self._learning:
            self.known.update(strange)
        if (self._learning or not strange) and len(place.shapes) < _MOST_SHAPES:
            place.shapes.add(names)
