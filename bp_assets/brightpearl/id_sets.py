"""ID sets: ``1-2,5,8,10-41``. Ascending, since the ERP refuses a comma list that is not; short, since a URL has an end.

Read: nothing. Written: nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

LIMIT = 200  # ids per GET of most resources
MAX_CHARS = 1500  # of one set; with address and query a URL stays below 2000


def pack(ids: Iterable[int], limit: int = LIMIT, max_chars: int = MAX_CHARS) -> list[str]:
    """Sets that together name exactly ``ids``, each once, at most ``limit`` ids and ``max_chars`` characters a set.

    Raises:
        ValueError: an id below 1, or a limit that leaves no room for a single id.
    """
    ascending = sorted(set(ids))
    if not ascending:
        return []
    if ascending[0] < 1:
        raise ValueError(f"{ascending[0]} is no id; ids are positive")
    if limit < 1 or max_chars < len(str(ascending[-1])):
        raise ValueError("the limits leave no room for an id")
    return list(_sets(ascending, limit, max_chars))


def unpack(text: str) -> list[int]:
    """The ids a set names, in its own order.

    Raises:
        ValueError: not an id set.
    """
    ids: list[int] = []
    for part in text.replace(".", ",").split(","):
        low, dash, high = part.partition("-")
        first = int(low)
        last = int(high) if dash else first
        if first < 1 or last < first:
            raise ValueError(f"{text!r} is no id set")
        ids.extend(range(first, last + 1))
    return ids


def _sets(ascending: list[int], limit: int, max_chars: int) -> Iterator[str]:
    parts: list[str] = []
    count = length = 0
    for low, high in _runs(ascending):
        while low <= high:
            # As much of the run as the count allows; a single id if the text is nearly full.
            last = min(high, low + limit - count - 1)
            text = _text(low, last)
            if (parts and length + 1 + len(text) > max_chars) or count == limit:
                yield ",".join(parts)
                parts, count, length = [], 0, 0
                continue
            if len(text) > max_chars:
                last, text = low, str(low)
            parts.append(text)
            count += last - low + 1
            length += len(text) + (1 if len(parts) > 1 else 0)
            low = last + 1
    if parts:
        yield ",".join(parts)


def _runs(ascending: list[int]) -> Iterator[tuple[int, int]]:
    low = previous = ascending[0]
    for value in ascending[1:]:
        if value != previous + 1:
            yield low, previous
            low = value
        previous = value
    yield low, previous


def _text(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"
