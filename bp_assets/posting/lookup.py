"""What nobody knows is looked up: steps whose answer never came are settled by what the ERP shows.

An order is found by its external reference, everything else in the order itself; up to 200 sales in a handful of
requests. The ERP's searches lag behind by seconds, so an absence is believed only after that time.
Read: the ERP, ``steps``. Written: ``steps``, ``postings`` (a sale that must wait for the search stays unknown).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.orders import find_orders_by_external_ref
from bp_assets.config import ShopsFile
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.postings import set_unknown
from bp_assets.ledger.steps import Outcome, Step, settle
from bp_assets.posting.facts import Facts, done_steps, gather
from bp_assets.posting.work import Work

_UNREAD_PAUSE = timedelta(minutes=5)
ABSENT = "not in the ERP when it was looked up"


def look_up(ledger: Ledger, client: ErpClient, works: Sequence[Work], shops: ShopsFile, now: datetime) -> None:
    """Settle the open steps of the works; a work whose answer can't be believed yet is halted as unknown.

    Raises as :meth:`ErpClient.get`; then nothing is settled.
    """
    unknown = [work for work in works if work.open]
    if not unknown:
        return
    found = find_orders_by_external_ref(
        client,
        [step.handle for work in unknown for key, step in work.open.items() if key[1] == "order"],
        shops.erp.integration_instance_id,
    )
    for work in unknown:
        for key, step in work.open.items():
            if key[1] == "order" and found.get(step.handle):
                work.known.done[key] = str(min(found[step.handle]))
    facts = gather(client, _order_ids(unknown), _reserving(unknown))
    outcomes: list[Outcome] = []
    for work in unknown:
        outcomes += _settle(ledger, work, facts, shops, now)
    settle(ledger, outcomes)


def _order_ids(works: Sequence[Work]) -> list[int]:
    return [order_id for work in works for code in ("SO", "SC") if (order_id := work.known.order_id(code))]


def _reserving(works: Sequence[Work]) -> list[int]:
    return [
        order_id
        for work in works
        for document in work.plan.documents
        if document.reserved() and (order_id := work.known.order_id(document.code))
    ]


def _settle(ledger: Ledger, work: Work, facts: dict[int, Facts], shops: ShopsFile, now: datetime) -> list[Outcome]:
    outcomes: list[Outcome] = []
    lag = timedelta(seconds=shops.erp.search_lag_seconds)
    believed_at, words = now, "waits until the ERP's search can be believed"
    for key, step in list(work.open.items()):
        erp_id = work.known.done.get(key) or _proof(work, step, facts)
        if erp_id is not None:
            work.known.done[key] = erp_id
            outcomes.append(Outcome(step.step_id, "success", step.status, erp_id, step.error))
        elif unread := _unread(work, step, facts):
            believed_at, words = max(believed_at, now + _UNREAD_PAUSE), f"the ERP's records can't be read: {unread}"
            continue
        elif searched(step) and step.outcome is None and lag:
            # Whoever made this call died over it, at a moment nobody noted: it counts as lost now.
            outcomes.append(Outcome(step.step_id, "unknown", step.status, None, step.error))
            believed_at = max(believed_at, now + lag)
            continue
        elif searched(step) and _lost_at(step) + lag > now:
            believed_at = max(believed_at, _lost_at(step) + lag)
            continue
        else:
            outcomes.append(Outcome(step.step_id, "failure", step.status, None, step.error or ABSENT))
        del work.open[key]
    if work.open:
        work.halted = "unknown"
        set_unknown(ledger, [work.sale_id], words[:1000], believed_at)
    return outcomes


def _lost_at(step: Step) -> datetime:
    """The last moment at which the ERP may have done it: a call may wait long for its place in the cap."""
    return max(step.intended_at, step.done_at or step.intended_at)


def searched(step: Step) -> bool:
    """Whether the effect is found through a search, which lags, rather than in the order itself."""
    return step.step == "order" or step.step.startswith("payment")


def _unread(work: Work, step: Step, facts: dict[int, Facts]) -> str:
    """What could not be understood of the step's order: it may be the very record that was looked for."""
    order_id = work.known.order_id(step.document)
    return "; ".join(facts[order_id].misread) if order_id in facts else ""


def _proof(work: Work, step: Step, facts: dict[int, Facts]) -> str | None:
    order_id = work.known.order_id(step.document)
    if order_id is None or order_id not in facts:
        return None
    document = next((d for d in work.plan.documents if d.code == step.document), None)
    return done_steps(document, facts[order_id]).get(step.step) if document else None
