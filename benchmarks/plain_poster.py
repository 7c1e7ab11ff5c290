"""The baseline: an honest poster as one would write it first. One sale after another, one request per step.

Order, its rows, a payment per tender, goods-out note and ship event (or goods-in note), close, and a read-back. It uses
the product's plan and its bodies, so both send the same; it packs nothing, keeps no ledger and repeats nothing.
Read: ``postings`` (through the caller), the ERP. Written: the ERP.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.order_refs import find_orders_by_external_ref
from bp_assets.brightpearl.orders import get_orders
from bp_assets.brightpearl.reading import Misread
from bp_assets.config import ShopsFile
from bp_assets.domain.catalogue import Catalogue
from bp_assets.domain.sale import Sale
from bp_assets.posting.facts import erp_rows
from bp_assets.posting.plan import CREDIT, ORDER, Plan, Refusal, document_ref, plan_sale
from bp_assets.posting.progress import Known, needs_row_ids, next_calls, steps_of_plan

_ROUNDS = 10  # a plan needs four


class PlainPoster:
    """Posts sales one by one; remembers order ids, for the returns that follow."""

    def __init__(self, client: ErpClient, shops: ShopsFile, catalogue: Catalogue) -> None:
        self.client, self.shops, self.catalogue = client, shops, catalogue
        self._orders: dict[str, int] = {}

    def post(self, sales: Iterable[Sale]) -> Iterator[Sale]:
        """Each sale once it stands in the ERP, is closed and was read back.

        Raises as :class:`ErpClient`, and ``ValueError`` for what the ERP shows differently: a baseline has no bad days.
        """
        for sale in sales:
            plan = plan_sale(sale, self.shops, self.catalogue)
            if isinstance(plan, Refusal):
                raise ValueError(f"{sale.sale_id}: {plan.message}")
            self._post(plan)
            yield sale

    def _post(self, plan: Plan) -> None:
        known = Known(contact_id=plan.shop.walk_in_contact_id, parent_id=self._parent(plan))
        for _ in range(_ROUNDS):
            for order_id in needs_row_ids(plan, known):
                self._read_rows(plan, known, order_id)
            calls = next_calls(plan, known, self.shops, self.catalogue)
            if not calls:
                break
            for call in calls:
                answer = self.client.request(call.method, call.path, body=call.body)
                known.done[call.document, call.step] = str(answer.new_id or "ok")
        if any(key not in known.done for key in steps_of_plan(plan, close=True)):
            raise ValueError(f"{plan.sale.sale_id}: not finished")
        if (made := known.order_id(ORDER)) is not None:
            self._orders[plan.sale.sale_id] = made
        for document in plan.documents:
            self._read_back(plan, known.order_id(document.code) or 0, document.code)

    def _parent(self, plan: Plan) -> int:
        credit = next((one for one in plan.documents if one.code == CREDIT), None)
        if credit is None or credit.original_sale_id is None:
            return 0
        known = self._orders.get(credit.original_sale_id)
        if known is not None:
            return known
        ref = document_ref(ORDER, credit.original_sale_id)
        found = find_orders_by_external_ref(self.client, [ref])
        return min(found[ref], default=0)

    def _read_rows(self, plan: Plan, known: Known, order_id: int) -> None:
        code = next(code for code in (ORDER, CREDIT) if known.order_id(code) == order_id)
        (order,) = get_orders(self.client, [order_id])
        rows = "it can't be read" if isinstance(order, Misread) else erp_rows(plan.document(code), order)
        if isinstance(rows, str):
            raise ValueError(f"{plan.sale.sale_id}: {rows}")
        known.rows[code] = rows

    def _read_back(self, plan: Plan, order_id: int, code: str) -> None:
        (order,) = get_orders(self.client, [order_id])
        total = 0 if isinstance(order, Misread) else order.total
        if total * 100 != plan.document(code).total_minor:
            raise ValueError(f"{plan.sale.sale_id}: the ERP's total is {total}")
