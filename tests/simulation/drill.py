"""The drill: one sale, one return, one exchange, each killed at every commit and at every request in turn.

A day of its own for each kill: what came before is posted in peace, then the process that posts the one in question
dies at the n-th moment of a kind, and the day must end as if nothing had happened. The n grows until the process lives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from sandbox.catalogue import Item
from sandbox.tills.baskets import item_line
from sandbox.tills.events import LONDON, YORK, Transaction
from sandbox.tills.trading import Floor
from tests.simulation.day import DATE, OPENS, Event, Plan
from tests.simulation.disturbances import MOMENTS
from tests.simulation.run import Outcome, Stage

SUBJECTS = ("sale", "goods_return", "exchange")
_MOST = 60  # moments of one kind in one turn; a limit on the loop
_ONE_BY_ONE = {"kind": "error", "route": "POST /multi-message", "status": 404}


def drill(
    stage: Stage, subject: str, moments: Sequence[str] = MOMENTS, *, packed: bool = True, step: int = 1
) -> Iterator[Outcome]:
    """A day for each kill; at every ``step``-th moment."""
    baskets = _baskets(subject, stage.erp.server.world.items)
    for moment in moments:
        for number in range(1, _MOST, step):
            outcome = stage.play(_plan(baskets, moment, number, packed=packed))
            died = any(name.startswith("killed: ") for name in outcome.counts)
            if not died and not outcome.failure:
                break
            outcome.name = f"{subject}{'' if packed else ' one by one'}, {moment} {number}"
            yield outcome
        else:
            raise AssertionError(f"a {subject} has more than {_MOST} moments of {moment}")


def _baskets(subject: str, items: Sequence[Item]) -> tuple[Transaction, ...]:
    """A sale of two products paid in two ways; and what comes back of it, damaged, or against something else."""
    floor = Floor(Random("drill"), items, "drill")
    opened = datetime.combine(DATE, OPENS, LONDON)
    lines = [item_line(YORK, "l1", items[0], Decimal(2)), item_line(YORK, "l2", items[1], Decimal(1))]
    sold = floor.close(YORK, opened, "sale", lines)
    due = sum(line.gross for line in sold.lines)
    tender = replace(sold.tenders[0], type="cash", amount_minor=due - 500, change_minor=0, tip_minor=0)
    rest = replace(tender, uid=f"{tender.uid}b", type="card", amount_minor=500)
    sold = replace(sold, tenders=(tender, rest), linked=True)
    if subject == "sale":
        return (sold,)
    back = floor.goods_return(
        YORK, opened + timedelta(minutes=30), sold, sold.lines[0], exchange=subject == "exchange", quantity=Decimal(1)
    )
    return (sold, replace(back, linked=True))


def _plan(baskets: tuple[Transaction, ...], moment: str, number: int, *, packed: bool) -> Plan:
    events = [] if packed else [Event("outage", 0, _ONE_BY_ONE)]
    for place in range(len(baskets) - 1):
        events += [Event("deliver", 0, {"shop": "york", "baskets": [place]}), Event("turn", 1), Event("verify", 1)]
    events.append(Event("deliver", 30, {"shop": "york", "baskets": [len(baskets) - 1]}))
    events.append(Event("killed", 1, {"moment": moment, "number": number}))
    return Plan(0, baskets, tuple(events))
