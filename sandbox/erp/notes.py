"""How notes of all kinds are asked for: by a set of orders, by a set of notes, or by both; ``*`` is every order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from sandbox.erp import codes
from sandbox.erp.dispatch import Call
from sandbox.erp.idset import IdSet

N = TypeVar("N")


def asked(
    call: Call,
    limit: int,
    notes: Mapping[int, N],
    by_order: Mapping[int, list[int]],
    orders_of: Callable[[N], set[int]],
) -> list[N]:
    """The notes that a path ``{orders}/goods-note/{kind}/[{notes}]`` names, each once; 404 when there is none."""
    if len(call.params) > 1:
        found = IdSet(call.params[1]).limited(limit).pick(notes)
        if call.params[0] != "*":
            orders = IdSet(call.params[0]).limited(limit)
            found = [note for note in found if any(one in orders for one in orders_of(note))]
    else:
        wanted = IdSet(call.params[0]).limited(limit).pick(call.world.orders.by_id)
        ids = dict.fromkeys(one for order in wanted for one in by_order.get(order.id, ()))
        found = [notes[one] for one in ids]
    if not found:
        kind = call.route.partition("/goods-note/")[2].partition("/")[0]
        raise codes.NOT_FOUND.error(what=f"No {kind} notes available in {'/'.join(call.params)}")
    return found
