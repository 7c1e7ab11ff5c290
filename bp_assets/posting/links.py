"""What a plan points at outside itself: the customer's contact, and for a credit the order it belongs to.

Read: the ERP (contacts by e-mail, orders by external reference), the ledger (steps of the original sale).
Written: nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.contacts import find_contact_by_email
from bp_assets.brightpearl.errors import ErpRefused
from bp_assets.brightpearl.order_refs import find_orders_by_external_ref
from bp_assets.config import ShopsFile
from bp_assets.domain.sale import Kind
from bp_assets.domain.states import State
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.postings import Posting, postings_by_receipt, postings_of
from bp_assets.ledger.steps import steps_of
from bp_assets.posting.plan import CREDIT, ORDER, Document, document_ref
from bp_assets.posting.work import Work

_WILL_COME = (State.PENDING, State.SENDING, State.UNKNOWN)
_WILL_NOT_COME_BY_ITSELF = (State.REJECTED, State.QUARANTINED)
_WITHOUT_ORDER = (Kind.GOODS_RETURN, Kind.REFUND_ONLY)  # credits only: two that name each other would wait for ever
NO_PARENT = 0
# Whatever else was typed in there is not searched for: "@" alone would match, and page through, every contact.
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Links:
    """Looks up contacts and parents for a run, each only once."""

    def __init__(self, ledger: Ledger, client: ErpClient, shops: ShopsFile) -> None:
        self.ledger, self.client, self.shops = ledger, client, shops
        self._contacts: dict[str, int | None] = {}

    def contacts(self, works: Sequence[Work]) -> None:
        """Set each work's contact: an exact match of the till's e-mail, else the shop's walk-in contact."""
        for work in works:
            if all(work.known.order_id(document.code) for document in work.plan.documents):
                continue  # nothing that names a contact is left to be sent
            email = work.plan.sale.customer.email.strip()
            found = self._contact(email) if _ADDRESS.fullmatch(email) else None
            work.known.contact_id = found or work.plan.shop.walk_in_contact_id

    def _contact(self, email: str) -> int | None:
        key = email.lower()
        if key not in self._contacts:
            try:
                self._contacts[key] = find_contact_by_email(self.client, email)
            except ErpRefused:  # what the search can't take is nobody's address; one such sale must not stop the rest
                self._contacts[key] = None
        return self._contacts[key]

    def parents(self, works: Sequence[Work]) -> dict[str, str]:
        """Set each credit's parent order; returns why a work can't go on yet or at all, by sale id.

        A parent in the same wave is left open: it is set by :func:`adopt` once its order exists.
        """
        named = {
            work.sale_id: one.original_sale_id for work in works if (one := _credit(work)) and one.original_sale_id
        }
        there = set(postings_of(self.ledger, sorted(set(named.values())))) if named else set()
        for work in works:
            original = named.get(work.sale_id)
            work.original_sale_id = original if original in there else self._elsewhere(work, original)
            if work.original_sale_id is None:
                work.known.parent_id = NO_PARENT
        wanted = {
            work.sale_id: work.original_sale_id
            for work in works
            if work.original_sale_id and work.known.order_id(CREDIT) is None
        }
        if not wanted:
            return {}
        held = postings_of(self.ledger, sorted(set(wanted.values())))
        orders = self._order_ids(sorted(set(wanted.values()))) | self._orders_of_summaries(held)
        outside = [original for original in wanted.values() if original not in held]
        orders.update(self._in_erp(outside))
        blocked: dict[str, str] = {}
        for work in works:
            original = wanted.get(work.sale_id)
            if original is None:
                continue
            if original in orders:
                work.known.parent_id = orders[original]
            elif original == work.sale_id and not any(d.code == ORDER for d in work.plan.documents):
                work.known.parent_id = NO_PARENT  # a return that names itself would wait for itself
            elif original in held:
                self._held_back(work, held[original], blocked)
            else:
                work.known.parent_id = NO_PARENT
        return blocked

    def _orders_of_summaries(self, held: Mapping[str, Posting]) -> dict[str, int]:
        """The summary order of each original that is part of one, or none as long as its day is not closed.

        Goods that came back don't wait for a close; the drill-down tells the original either way.
        """
        members = {sale_id: one.summary_id for sale_id, one in held.items() if one.role == "member"}
        orders = self._order_ids(sorted({summary_id for summary_id in members.values() if summary_id}))
        return {sale_id: orders.get(summary_id or "", NO_PARENT) for sale_id, summary_id in members.items()}

    def _held_back(self, work: Work, original: Posting, blocked: dict[str, str]) -> None:
        if original.kind in _WITHOUT_ORDER:
            work.known.parent_id = NO_PARENT
        elif original.state in _WILL_NOT_COME_BY_ITSELF:
            blocked[work.sale_id] = (
                f"the original receipt {original.receipt_number} of {original.shop} is {original.state}"
                f" ({original.reason_code or 'no reason'}) and has no order in the ERP"
            )
        elif original.state not in _WILL_COME:
            work.known.parent_id = NO_PARENT  # excluded: there will never be an order

    def _elsewhere(self, work: Work, original: str | None) -> str | None:
        """The sale a credit names and we don't hold. Tills that know only a receipt number may mean another shop's."""
        if original is None:
            return None
        number = work.plan.sale.original_source_id or next(
            (line.original.source_id for line in work.plan.sale.lines if line.original), ""
        )
        others = [one for one in postings_by_receipt(self.ledger, number) if one.source == work.plan.sale.source]
        return others[0].sale_id if len(others) == 1 else original

    def _order_ids(self, sale_ids: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for sale_id, steps in steps_of(self.ledger, sale_ids).items():
            for step in steps:
                if step.document == ORDER and step.step == "order" and step.outcome == "success" and step.erp_id:
                    found[sale_id] = int(step.erp_id)
        return found

    def _in_erp(self, sale_ids: Sequence[str]) -> dict[str, int]:
        """Orders of sales that our ledger never held: posted before it began, perhaps by an earlier installation."""
        refs = {document_ref(ORDER, sale_id): sale_id for sale_id in sale_ids}
        if not refs:
            return {}
        found = find_orders_by_external_ref(self.client, sorted(refs))
        return {refs[ref]: min(ids) for ref, ids in found.items() if ids}


def _credit(work: Work) -> Document | None:
    return next((document for document in work.plan.documents if document.code == CREDIT), None)


def adopt(works: Sequence[Work]) -> None:
    """Give credits whose parent was made in this wave their parent's order id."""
    made = {work.sale_id: order_id for work in works if (order_id := work.known.order_id(ORDER))}
    for work in works:
        if _credit(work) and work.known.parent_id is None and work.original_sale_id in made:
            work.known.parent_id = made[work.original_sale_id]
