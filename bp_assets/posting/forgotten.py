"""Summaries that stand in the ERP though this ledger made none: those of a ledger that was lost, or restored.

The reference of a summary does not say what it holds. A ledger that gathers a day once more may gather it in other
parts, and what the ERP has in the first summary must not be posted again in a second one. So the ERP is asked before a
summary is made: it has none of it (as ever, but after a restore), the very same, or something else.
Read: the ERP. Written: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.order_refs import find_orders_by_external_ref
from bp_assets.brightpearl.orders import ErpOrder, get_orders
from bp_assets.config import Shop
from bp_assets.ledger.summaries import NewSummary
from bp_assets.posting.aftermath import other_money
from bp_assets.posting.plan import CREDIT, ORDER, Plan, document_ref
from bp_assets.posting.summary import following_id, plan_of


def contradicted(client: ErpClient, made: Sequence[NewSummary], shop: Shop) -> dict[str, str]:
    """Why a summary that is about to be made can't be the one that the ERP has, by its id; fine ones are left out.

    Raises as :meth:`ErpClient.get`.
    """
    found = _documents(client, [one.sale.sale_id for one in made])
    there = [one for one in made if found[one.sale.sale_id]]
    if not there:
        return {}
    further = _documents(client, [following_id(one.sale) for one in there])
    ids = sorted({order_id for one in there for order_id in found[one.sale.sale_id].values()})
    orders = {one.order_id: one for one in get_orders(client, ids) if isinstance(one, ErpOrder)}
    why: dict[str, str] = {}
    for one in there:
        plan = plan_of(one.sale, shop, one.lines, one.tenders)
        words = _difference(plan, found[one.sale.sale_id], orders, more=bool(further[following_id(one.sale)]))
        if words:
            why[one.sale.sale_id] = (
                f"the ERP has the summary {one.sale.receipt_number} already, and of other receipts: {words}."
                " Once all receipts of the day came in again, retry those that it holds together."
            )
    return why


def _documents(client: ErpClient, summary_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Order ids by document of each of these summaries."""
    refs = {
        document_ref(code, summary_id): (summary_id, code) for summary_id in summary_ids for code in (ORDER, CREDIT)
    }
    found: dict[str, dict[str, int]] = {summary_id: {} for summary_id in summary_ids}
    for ref, ids in find_orders_by_external_ref(client, sorted(refs)).items():
        if ids:
            summary_id, code = refs[ref]
            found[summary_id][code] = min(ids)
    return found


def _difference(plan: Plan, found: Mapping[str, int], orders: Mapping[int, ErpOrder], *, more: bool) -> str:
    """In what the summary differs from the documents that were found. One that lacks may not have been sent yet, unless
    ``more`` summaries follow: what it would hold may be in one of those.
    """
    planned = {document.code: document for document in plan.documents}
    for code, order_id in found.items():
        order = orders.get(order_id)
        if order is None:
            return f"order {order_id} can't be read"
        if code not in planned:
            return f"order {order_id} ({code}) would have no receipt"
        if words := other_money(planned[code], order, plan.currency):
            return f"order {order_id}: {words}"
    lacking = planned.keys() - found.keys()
    return f"it has no {' and '.join(sorted(lacking))}, and further summaries follow it" if lacking and more else ""
