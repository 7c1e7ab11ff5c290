"""How the calls of a round are packed into requests. Pure.

Ten to a request; but a sale that was sent before and did not get through travels with fewer others each time, and at
last alone: a sale that breaks every request it is in parts from those it breaks. Read and written: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bp_assets.brightpearl.multi_message import LIMIT
from bp_assets.posting.progress import Call

_SIZES = (LIMIT, 5, 2, 1)  # by earlier tries; the last one from then on


def room(tries: int) -> int:
    """With how many calls a sale may share a request, itself counted, after so many tries that failed."""
    return _SIZES[min(tries, len(_SIZES) - 1)]


def packed(calls: Sequence[Call], tries: Mapping[str, int]) -> list[list[Call]]:
    """The calls in requests, in their order; ``tries`` counts by sale. Those that failed as often travel together."""
    groups: list[list[Call]] = []
    for size in _SIZES:
        alike = [call for call in calls if room(tries[call.sale_id]) == size]
        groups += [alike[start : start + size] for start in range(0, len(alike), size)]
    return groups
