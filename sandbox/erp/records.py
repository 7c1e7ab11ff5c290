"""A store by ID that also knows its IDs in ascending order, so that a page deep inside a big one costs a page."""

from __future__ import annotations

from typing import Any, TypeVar

V = TypeVar("V")


class Records(dict[int, V]):
    """A dictionary of which items are set, deleted and popped one by one."""

    def __init__(self) -> None:
        super().__init__()
        self._ids: list[int] | None = []

    def __setitem__(self, number: int, record: V) -> None:
        if self._ids is not None and number not in self:
            if not self._ids or self._ids[-1] < number:
                self._ids.append(number)
            else:
                self._ids = None
        super().__setitem__(number, record)

    def __delitem__(self, number: int) -> None:
        super().__delitem__(number)
        self._ids = None

    def pop(self, number: int, *default: Any) -> Any:
        self._ids = None
        return super().pop(number, *default)

    def ids(self) -> list[int]:
        if self._ids is None:
            self._ids = sorted(self)
        return self._ids

    def page(self, first: int, last: int) -> list[V]:
        return [self[number] for number in self.ids()[first:last]]
