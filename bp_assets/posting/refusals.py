"""What the ERP's refusal of a call means: that it was done already, or why the sale is set aside.

Read: the ERP (the accounting periods' lock, stock). Written: nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bp_assets.brightpearl.calls import Sent
from bp_assets.brightpearl.catalogue import with_lock
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import BadAnswer, ErpError, ErpRefused
from bp_assets.brightpearl.stock import availability
from bp_assets.domain.catalogue import Catalogue, Product
from bp_assets.posting.plan import ORDER
from bp_assets.posting.progress import Call
from bp_assets.posting.work import Work


@dataclass(frozen=True, slots=True)
class Refused:
    """A step the ERP refused, waiting for its second look."""

    work: Work
    call: Call
    step_id: int
    sent: Sent

    @property
    def order_id(self) -> int:
        order_id = self.work.known.order_id(self.call.document)
        assert order_id is not None, "only steps after the order get a second look"
        return order_id

    @property
    def reserves(self) -> bool:
        return self.call.step == "reserve"


def maybe_done(call: Call, error: ErpError | None) -> bool:
    """A refusal that may only mean "this is there already": everything but the order itself is looked up then.

    The order's own POST is safe to repeat; for the rest no source states the code of a repetition.
    """
    return isinstance(error, ErpRefused) and call.step != "order"


class Reasons:
    """Reason codes for what was refused. Keep one for a wave: the lock is asked once."""

    def __init__(self, client: ErpClient, catalogue: Catalogue) -> None:
        self.client, self.catalogue = client, catalogue
        self._lock_asked: Catalogue | None = None  # the catalogue with the lock of this moment

    def why(self, one: Refused) -> tuple[str, str]:
        """The reason code and the words for a step that was refused and is not there. Raises as ErpClient.get."""
        error = one.sent.error
        assert error is not None, "only refusals get a second look"
        said = f"{one.call.document} {one.call.step}: {error}"
        if one.call.step == "goods_out":
            short = self._short(one.work)
            if short:
                return "not_enough_stock", f"{short}; {said}"
        return self.code(one.work, error), said

    def code(self, work: Work, error: ErpError) -> str:
        """The reason code of a refusal. No source names the ERP's code for a locked period, so its lock is asked."""
        if isinstance(error, ErpRefused):
            if self._lock_asked is None:
                self._lock_asked = with_lock(self.client, self.catalogue)
            if self._lock_asked.locked(work.plan.sale.business_date):
                return "closed_period"
        return error.reason_code

    def _short(self, work: Work) -> str:
        """Which products of an order the ERP has too few of, in words; empty if it has enough or can't say."""
        wanted: Counter[Product] = Counter()
        for row in work.plan.document(ORDER).moving():
            assert row.product is not None, "only rows of products move"
            wanted[row.product] += int(row.quantity)
        place = work.plan.shop.warehouse_id
        try:
            found = availability(self.client, [product.product_id for product in wanted], [place])
        except (ErpRefused, BadAnswer):
            return ""
        stock = {level.product_id: level.on_hand for level in found.levels if level.warehouse_id == place}
        return ", ".join(
            f"{product.sku}: {quantity} sold, {stock[product.product_id]} on hand in warehouse {place}"
            for product, quantity in wanted.items()
            if stock.get(product.product_id, quantity) < quantity
        )
