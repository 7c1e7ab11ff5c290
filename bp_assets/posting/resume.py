"""Reading an order before anything follows it: its row ids, and whatever became of it since it was made.

A step of which the ledger knows nothing may have been done all the same: by a ledger that was lost and restored from an
older backup, or by a person. What is there is taken over; what contradicts the plan stops the sale. An order made a
moment ago, in this very wave, shows nothing of the kind and costs no further request.
Read: the ERP. Written: ``steps`` (what was found done).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from bp_assets.brightpearl.accounts import OrderStatus, order_statuses
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.orders import ErpOrder, get_orders
from bp_assets.brightpearl.reading import Misread
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.steps import Intent, adopt
from bp_assets.posting.aftermath import done_since, obstacle, other_money, untouched
from bp_assets.posting.facts import erp_rows, gather
from bp_assets.posting.plan import Document
from bp_assets.posting.progress import document_steps
from bp_assets.posting.work import Work

_CANCELLED = "cancelled_statuses"
_UNREADABLE_TRIES = 5  # an order that its own ERP does not show is given so many tries

Park = Callable[[Work, str, str], None]


class Defer(Protocol):
    """``tried``: count it as an attempt, though nothing was sent."""

    def __call__(self, work: Work, message: str, *, tried: bool = False) -> None: ...


class Resumption:
    """Reads the orders of a wave. ``park`` and ``defer`` are the wave's ways to let go of a sale."""

    def __init__(self, ledger: Ledger, client: ErpClient, close: bool, park: Park, defer: Defer) -> None:
        self.ledger, self.client, self.close = ledger, client, close
        self.park, self.defer = park, defer

    def read(self, works: Sequence[Work]) -> None:
        """Read what must be read now; works that can't go on are parked or deferred. Raises as ErpClient.get."""
        wanted = {
            order_id: (work, document)
            for work in works
            if not work.halted
            for document in work.plan.documents
            if (order_id := work.known.order_id(document.code)) and self._must_read(work, document)
        }
        if not wanted:
            return
        unread, unclear = dict(wanted), ""
        touched: list[tuple[Work, Document]] = []
        for order in get_orders(self.client, sorted(wanted)):
            if isinstance(order, Misread):
                unclear = f"order {order.id}: {order.reason}"
            elif order.order_id in unread:
                work, document = unread.pop(order.order_id)
                if self._fits(work, document, order) and not untouched(document, order):
                    touched.append((work, document))
        for order_id, (work, document) in unread.items():
            self._absent(work, document, order_id, unclear)
        self._take_over(touched)

    def _must_read(self, work: Work, document: Document) -> bool:
        left = self._left(work, document)
        if document.code in work.read:
            return False
        if document.code not in work.made:
            return bool(left) or work.posting.role == "summary"
        return any(step.startswith(("goods", "reserve")) for step in left)

    def _left(self, work: Work, document: Document) -> list[str]:
        steps = document_steps(document, self.close)
        return [step for step in steps if (document.code, step) not in work.known.done]

    def _fits(self, work: Work, document: Document, order: ErpOrder) -> bool:
        work.read.add(document.code)
        rows = erp_rows(document, order)
        if isinstance(rows, str):
            self.park(work, "bad_answer" if document.code in work.made else "changed_in_erp", rows)
        elif document.code not in work.made and order.status_id in self._cancelled():
            self.park(work, "changed_in_erp", f"order {order.order_id} was cancelled ({order.status_name})")
        elif why := self._other_receipts(work, document, order):
            self.park(work, "changed_in_erp", why)
        else:
            work.known.rows[document.code] = rows
            return True
        return False

    def _other_receipts(self, work: Work, document: Document, order: ErpOrder) -> str:
        """Why a summary that was found in the ERP can't be the one that is meant. Its reference does not say what it
        holds: a ledger that was restored may have gathered other receipts for it.
        """
        if work.posting.role != "summary" or document.code in work.made:
            return ""
        why = other_money(document, order, work.plan.currency)
        return f"order {order.order_id} is of other receipts, or was edited: {why}" if why else ""

    def _absent(self, work: Work, document: Document, order_id: int, unclear: str) -> None:
        if unclear or document.code in work.made or work.posting.attempts < _UNREADABLE_TRIES:
            # Reading sends nothing that counts as an attempt; the order may be gone for good.
            self.defer(work, f"the rows of {document.code} can't be read yet {unclear}".strip(), tried=not unclear)
        else:
            self.park(work, "changed_in_erp", f"order {order_id} is no longer in the ERP")

    def _take_over(self, touched: Sequence[tuple[Work, Document]]) -> None:
        """Commit what the ERP shows to be done; park what it shows to be otherwise than planned."""
        if not touched:
            return
        ids = [work.known.order_id(document.code) or 0 for work, document in touched]
        reserving = [order_id for order_id, (_, document) in zip(ids, touched, strict=True) if document.reserved()]
        facts = gather(self.client, ids, reserving)
        taken: list[tuple[Intent, str]] = []
        for order_id, (work, document) in zip(ids, touched, strict=True):
            found = done_since(document, facts[order_id], work.plan.currency)
            for step in self._left(work, document):
                if step in found and (document.code, step) not in work.open:
                    work.known.done[document.code, step] = found[step]
                    path = f"/order-service/order/{order_id}"
                    intent = Intent(work.sale_id, document.code, step, document.ref, "GET", path)
                    taken.append((intent, found[step]))
            done = {step: erp_id for (code, step), erp_id in work.known.done.items() if code == document.code}
            if why := obstacle(document, facts[order_id], done, self._left(work, document)):
                self.park(work, "changed_in_erp", f"order {order_id}: {why}")
        adopt(self.ledger, taken)

    def _cancelled(self) -> set[int]:
        """The statuses of cancelled orders; asked once per client, and only when an order is taken up again."""
        if _CANCELLED not in self.client.traits:
            statuses = [one for one in order_statuses(self.client) if isinstance(one, OrderStatus)]
            self.client.traits[_CANCELLED] = {one.status_id for one in statuses if one.state == "cancelled"}
        cancelled: set[int] = self.client.traits[_CANCELLED]
        return cancelled
