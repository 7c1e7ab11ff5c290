"""What nobody knows is looked up: steps whose answer never came are settled by what the ERP shows.

An order is found by its external reference, everything else in the order itself; up to 200 sales in a handful of
requests. The ERP's searches lag behind by seconds, so an absence is believed only after that time.
Read: the ERP, ``steps``. Written: ``steps``, ``postings`` (a sale that must wait for the search stays unknown).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.order_refs import find_orders_by_external_ref
from bp_assets.brightpearl.orders import ORDER_SEARCH
from bp_assets.config import ShopsFile
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.postings import set_unknown
from bp_assets.ledger.steps import Intent, Outcome, Step, adopt, clock_ahead, settle
from bp_assets.posting.facts import Facts, done_steps, gather
from bp_assets.posting.past import Past
from bp_assets.posting.work import Work

_CLOCKS = timedelta(minutes=15)  # how far ours and the ERP's may be apart
_UNREAD_PAUSE = timedelta(minutes=5)
ABSENT = "not in the ERP when it was looked up"


def look_up(
    ledger: Ledger, client: ErpClient, works: Sequence[Work], past: Past, shops: ShopsFile, now: datetime
) -> None:
    """Settle the open steps of the works; a work whose answer can't be believed yet is halted as unknown. Take over
    orders that the ERP has and this ledger knows nothing of.

    Raises as :meth:`ErpClient.get`; then nothing is settled.
    """
    _take_over(ledger, past, works)
    unknown = [work for work in works if work.open]
    if not unknown:
        return
    found = _orders(client, [step for work in unknown for step in work.open.values() if step.step == "order"])
    for work in unknown:
        for key, step in work.open.items():
            if key[1] == "order" and found.get(step.handle):
                work.known.done[key] = str(min(found[step.handle]))
    facts = gather(client, _order_ids(unknown), _reserving(unknown))
    outcomes: list[Outcome] = []
    ahead = clock_ahead(ledger)
    for work in unknown:
        outcomes += _settle(ledger, work, facts, shops, now, ahead)
    settle(ledger, outcomes)


def _orders(client: ErpClient, steps: Sequence[Step]) -> dict[str, list[int]]:
    """Order ids by the reference of lost order steps."""
    # An order that the ERP tells from a new one may be sent once too often: a walk through the newest orders will do.
    # All others must be surely absent, whatever the clocks say.
    safe = [step for step in steps if isinstance(step.body, dict) and step.body.get("installedIntegrationInstanceId")]
    since = min((step.intended_at for step in safe), default=None)
    found = find_orders_by_external_ref(
        client, [step.handle for step in safe], since=since - _CLOCKS if since else None
    )
    return found | find_orders_by_external_ref(client, [step.handle for step in steps if step.handle not in found])


def _take_over(ledger: Ledger, past: Past, works: Sequence[Work]) -> None:
    doubts = past.doubts(works)
    found = past.find(doubts) if doubts else {}
    taken: list[tuple[Intent, str]] = []
    for work, document in doubts:
        if ids := found.get(document.ref):
            work.known.done[document.code, "order"] = str(min(ids))
            intent = Intent(work.sale_id, document.code, "order", document.ref, "GET", ORDER_SEARCH)
            taken.append((intent, str(min(ids))))
    adopt(ledger, taken)


def _order_ids(works: Sequence[Work]) -> list[int]:
    return [order_id for work in works for code in ("SO", "SC") if (order_id := work.known.order_id(code))]


def _reserving(works: Sequence[Work]) -> list[int]:
    return [
        order_id
        for work in works
        for document in work.plan.documents
        if document.reserved() and (order_id := work.known.order_id(document.code))
    ]


def _settle(
    ledger: Ledger, work: Work, facts: dict[int, Facts], shops: ShopsFile, now: datetime, ahead: timedelta
) -> list[Outcome]:
    """What became of the work's open steps. Stamps are the ledger's, whose clock is ``ahead`` of the caller's."""
    now += ahead
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
        elif searched(step) and lag and (step.done_at is None or step.done_at > now):
            # Whoever made this call died over it, at a moment nobody noted, or a clock was set back since: it counts
            # as lost now.
            outcomes.append(Outcome(step.step_id, "unknown", step.status, None, step.error))
            believed_at = max(believed_at, now + lag)
            continue
        elif searched(step) and _lost_at(step, now) + lag > now:
            believed_at = max(believed_at, _lost_at(step, now) + lag)
            continue
        else:
            outcomes.append(Outcome(step.step_id, "failure", step.status, None, step.error or ABSENT))
        del work.open[key]
    if work.open:
        work.halted = "unknown"
        set_unknown(ledger, [work.sale_id], words[:1000], believed_at - ahead)
    return outcomes


def _lost_at(step: Step, now: datetime) -> datetime:
    """The last moment at which the ERP may have done it: a call may wait long for its place in the cap."""
    stamps = (step.intended_at, step.done_at)
    return max((stamp for stamp in stamps if stamp is not None and stamp <= now), default=now)


def searched(step: Step) -> bool:
    """Whether an absence is believed only after a time: what a search finds lags, and a goods-out note that is still
    under way has nothing that would keep a second one off.
    """
    return step.step in ("order", "goods_out") or step.step.startswith("payment")


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
