"""One sale in the hands of the poster: its plan, what is known to be done, what is still open.

Read: the ledger's postings and steps. Written: ``postings`` (a sale that can't be planned is parked with its reason).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bp_assets.config import ShopsFile
from bp_assets.domain.catalogue import Catalogue, Product
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.postings import Posting, park
from bp_assets.ledger.steps import Step, steps_of
from bp_assets.ledger.summaries import parts_of
from bp_assets.posting.plan import Document, Plan, Refusal, Row, plan_sale
from bp_assets.posting.progress import Known, steps_of_plan
from bp_assets.posting.summary import plan_of


@dataclass(slots=True)
class Work:
    """``halted`` says why nothing more is done for the sale in this wave; empty while it goes on."""

    posting: Posting
    plan: Plan
    known: Known = field(default_factory=Known)
    open: dict[tuple[str, str], Step] = field(default_factory=dict)
    halted: str = ""
    original_sale_id: str | None = None  # the sale its credit belongs to, as far as we could find it
    sent: dict[str, Any] = field(default_factory=dict)  # by document: the body its order was sent with
    last_step_id: int = 0  # of its last call before this wave
    made: set[str] = field(default_factory=set)  # documents whose order is surely new: made by this wave
    read: set[str] = field(default_factory=set)  # documents whose order this wave has read

    @property
    def sale_id(self) -> str:
        return self.posting.sale_id

    def complete(self, close: bool) -> bool:
        """Whether every step of the plan succeeded."""
        return all(key in self.known.done for key in steps_of_plan(self.plan, close))


@dataclass(slots=True)
class Loaded:
    works: list[Work]
    parked: int = 0


def load(
    ledger: Ledger,
    due: Sequence[Posting],
    shops: ShopsFile,
    catalogue: Catalogue,
    *,
    on_refusal: Callable[[Ledger, str, Refusal], None] | None = None,
) -> Loaded:
    """The works of what is due. A sale that can't be planned, or of a shop that is no longer there, is parked, or
    handed to ``on_refusal``.
    """
    refuse = on_refusal or _park
    loaded = Loaded([])
    history = steps_of(ledger, [posting.sale_id for posting in due])
    summed = _summaries(ledger, due, shops)
    for posting in due:
        plan = summed.get(posting.sale_id) or plan_posting(posting, shops, catalogue)
        if isinstance(plan, Refusal):
            refuse(ledger, posting.sale_id, plan)
            loaded.parked += 1
            continue
        work = Work(posting, _as_sent(plan, history[posting.sale_id], catalogue))
        for step in history[posting.sale_id]:  # in the order of attempts: the last word on a step wins
            key = (step.document, step.step)
            work.last_step_id = step.step_id
            work.open.pop(key, None)
            if step.open:
                work.open[key] = step
            elif step.outcome == "success":
                work.known.done[key] = step.erp_id or ""
            if step.step == "order" and _may_have_arrived(step):
                work.sent[step.document] = step.body
                work.known.sent_under[step.document] = step.body.get("installedIntegrationInstanceId")
        loaded.works.append(work)
    return loaded


def _may_have_arrived(step: Step) -> bool:
    """Whether an order may stand in the ERP: one that was answered with a refusal does not."""
    refused = step.outcome == "failure" and step.status is not None and 400 <= step.status < 500
    return isinstance(step.body, dict) and not refused


def _as_sent(plan: Plan, steps: Sequence[Step], catalogue: Catalogue) -> Plan:
    """The plan with the products its orders were made with.

    A SKU may become known, or stop being, between an order and its goods: the rows that the ERP has stand.
    """
    sent = {step.document: step.body for step in steps if step.step == "order" and step.outcome != "failure"}
    if not sent:
        return plan
    return replace(plan, documents=tuple(_rows_as_sent(one, sent.get(one.code), catalogue) for one in plan.documents))


def _rows_as_sent(document: Document, body: Any, catalogue: Catalogue) -> Document:
    rows = body.get("rows", ()) if isinstance(body, dict) else ()
    if len(rows) != len(document.rows):
        return document
    return replace(
        document, rows=tuple(_row_as_sent(row, one, catalogue) for row, one in zip(document.rows, rows, strict=True))
    )


def _row_as_sent(row: Row, body: dict[str, Any], catalogue: Catalogue) -> Row:
    product_id = body.get("productId")
    if product_id == (row.product.product_id if row.product else None):
        return row
    if product_id is None:
        return replace(row, product=None, name=str(body.get("name", "")), moves=False)
    known = (one for one in catalogue.products.values() if one.product_id == product_id)
    product = next(known, Product(product_id, "", stock_tracked=False))
    return replace(row, product=product, moves=product.stock_tracked and row.place != "none")


def _park(ledger: Ledger, sale_id: str, refusal: Refusal) -> None:
    park(ledger, sale_id, refusal.reason_code, refusal.message)


def _summaries(ledger: Ledger, due: Sequence[Posting], shops: ShopsFile) -> dict[str, Plan]:
    """The plans of the summaries among what is due: of the parts they were made with, whatever the maps say now."""
    made = [posting for posting in due if posting.role == "summary" and shops.has(posting.shop)]
    if not made:
        return {}
    lines, tenders = parts_of(ledger, [posting.sale_id for posting in made])
    return {
        one.sale_id: plan_of(one.sale, shops.shop(one.shop), lines[one.sale_id], tenders[one.sale_id]) for one in made
    }


def plan_posting(posting: Posting, shops: ShopsFile, catalogue: Catalogue) -> Plan | Refusal:
    """The plan of a stored receipt, or why there is none."""
    try:
        shops.shop(posting.shop)
    except KeyError as error:
        return Refusal("unknown_location", str(error.args[0]))
    try:
        sale = posting.sale
    except (ValueError, LookupError) as error:  # none, or stored by an older version in a form no longer valid
        # It must not hold up the others.
        return Refusal("malformed", f"the stored sale can't be read: {error}"[:500])
    try:
        return plan_sale(sale, shops, catalogue)
    except Exception as error:  # a mistake of ours must cost one sale, never the others
        return Refusal("malformed", f"can't be planned: {type(error).__name__}: {error}"[:500])
