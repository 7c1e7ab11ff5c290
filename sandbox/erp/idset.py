"""ID sets: ``8``, ``10-41``, ``1,5,9`` (ascending), ``9.1.5`` (any order), ``1-3,5,8-10``; and back to text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from sandbox.erp.codes import BAD_ID_SET, LIST_NOT_ASCENDING, TOO_MANY_IDS

_PART = re.compile(r"(\d{1,15})(?:-(\d{1,15}))?$")
V = TypeVar("V")


class IdSet:
    """Inclusive ranges as given. Raises ``ApiError`` 400 when the text is no ID set or a comma list descends."""

    __slots__ = ("ranges", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.ranges: list[tuple[int, int]] = []
        ordered = "." not in text
        last = 0
        for part in re.split(r"[,.]", text):
            match = _PART.match(part.strip())
            if match is None:
                raise BAD_ID_SET.error(value=text)
            low = int(match[1])
            high = int(match[2]) if match[2] else low
            if low < 1 or high < low:
                raise BAD_ID_SET.error(value=text)
            if ordered and low <= last:
                raise LIST_NOT_ASCENDING.error(value=text)
            last = high
            self.ranges.append((low, high))

    @property
    def count(self) -> int:
        return sum(high - low + 1 for low, high in self.ranges)

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int) and any(low <= value <= high for low, high in self.ranges)

    def limited(self, limit: int) -> IdSet:
        if self.count > limit:
            raise TOO_MANY_IDS.error(count=self.count, limit=limit)
        return self

    def pick(self, records: Mapping[int, V]) -> list[V]:
        """The records whose ID is in the set, each once; missing IDs are left out silently."""
        if self.count <= len(records):
            keys = dict.fromkeys(key for low, high in self.ranges for key in range(low, high + 1))
            return [records[key] for key in keys if key in records]
        return [record for key, record in records.items() if key in self]


def compressed(ids: Iterable[int]) -> str:
    """``1-2,5,8,10-41`` of ascending ``ids``."""
    ids = list(ids)
    if len(ids) > 2 and ids[-1] - ids[0] == len(ids) - 1:  # no holes
        return f"{ids[0]}-{ids[-1]}"
    parts: list[str] = []
    start = previous = None
    for value in [*ids, None]:
        if start is not None and previous is not None and value == previous + 1:
            previous = value
            continue
        if start is not None:
            parts.append(str(start) if start == previous else f"{start}-{previous}")
        start = previous = value
    return ",".join(parts)


def get_uris(resource: str, ids: list[int], limit: int = 200) -> dict[str, list[str]]:
    """The answer to OPTIONS: URIs of existing IDs in chunks of the GET limit."""
    ids = sorted(ids)
    return {
        "getUris": [f"/{resource}/{compressed(ids[at : at + limit])}" for at in range(0, len(ids), limit)],
    }


def any_order(records: list[V], key: Callable[[V], int], shuffle: bool) -> list[V]:
    """A repeatable disorder: the real service answers ID sets in no particular order."""
    if shuffle and len(records) > 1:
        records.sort(key=lambda record: key(record) * 2654435761 & 0xFFFFFFFF)
    return records
