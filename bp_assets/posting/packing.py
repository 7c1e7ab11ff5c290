"""How the calls of a round are packed into requests. Pure.

Ten to a request; but a sale that was sent before and did not get through travels with fewer others each time, and at
last alone: a sale that breaks every request it is in parts from those it breaks. Payments that would open one more
request for themselves stay for the next round. Read and written: nothing.
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
    """The calls in requests; ``tries`` counts by sale. Those that failed as often travel together.

    A call that is left out can be made in the next round just as well, and that round is sure to come.
    """
    groups: list[list[Call]] = []
    for size in _SIZES:
        alike = [call for call in calls if room(tries[call.sale_id]) == size]
        if size == LIMIT:
            alike = _without_stragglers(alike)
        groups += [alike[start : start + size] for start in range(0, len(alike), size)]
    return groups


def _without_stragglers(calls: Sequence[Call]) -> list[Call]:
    """The calls, payments last, without the few payments that would be alone in the last request.

    Nothing waits for a payment; and where other calls are made, more will follow them.
    """
    payments = [call for call in calls if call.step.startswith("payment")]
    others = [call for call in calls if not call.step.startswith("payment")]
    left_over = len(calls) % LIMIT
    if len(calls) > LIMIT and others and len(payments) >= left_over:
        payments = payments[: len(payments) - left_over]
    return others + payments
