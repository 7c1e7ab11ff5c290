"""Orders that may stand in the ERP though this ledger knows of none: looked for before a sale is first sent.

The ERP takes a second order for the first one only under the same integration instance. An account may have none; the
number may have changed; and a ledger that begins anew, or was restored, knows nothing of what an earlier one sent.
Read: the ERP, ``erp_instances``. Written: ``erp_instances`` (when a number is first used).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.order_refs import find_orders_by_external_ref, orders_made
from bp_assets.config import Erp
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.instances import used_since
from bp_assets.posting.plan import Document
from bp_assets.posting.work import Work

Doubt = tuple[Work, Document]
_CLOCKS = timedelta(hours=1)  # how far a till's, the ledger's and the ERP's clock may be apart
_BEFORE_SOLD = timedelta(days=1)  # no order is older than its sale; tills' clocks are the worst


class Past:
    """Keep one for a whole run: what stood in the ERP before is read once."""

    def __init__(self, ledger: Ledger, client: ErpClient, erp: Erp) -> None:
        self.ledger, self.client, self.erp = ledger, client, erp
        self._since: datetime | None = None
        self._made: dict[str, list[int]] = {}  # orders made between ``_read_from`` and the number's first use
        self._read_from: datetime | None = None

    @property
    def since(self) -> datetime:
        """When this ledger first sent orders under the account's present number."""
        if self._since is None:
            self._since = used_since(self.ledger, self.erp.account, self.erp.integration_instance_id)
        return self._since

    def doubts(self, works: Sequence[Work]) -> list[Doubt]:
        """The documents that are to be sent, and that the ERP would not recognise as sent before."""
        return [
            (work, document)
            for work in works
            for document in work.plan.documents
            if (document.code, "order") not in work.known.done
            and (document.code, "order") not in work.open
            and self._in_doubt(work, document)
        ]

    def _in_doubt(self, work: Work, document: Document) -> bool:
        if work.known.instance(document.code, self.erp) is None:
            return True
        return document.code not in work.known.sent_under and work.plan.sale.sold_at < self.since + _CLOCKS

    def find(self, doubts: Sequence[Doubt]) -> dict[str, list[int]]:
        """Order ids by reference. Raises as :meth:`ErpClient.get`."""
        unprotected, older = list[Doubt](), list[Doubt]()
        for work, document in doubts:
            alone = work.known.instance(document.code, self.erp) is None
            (unprotected if alone else older).append((work, document))
        found = find_orders_by_external_ref(self.client, [document.ref for _, document in unprotected])
        return found | self._before(older)

    def _before(self, doubts: Sequence[Doubt]) -> dict[str, list[int]]:
        """What was made before the number's first use: the later ones the ERP recognises by itself."""
        if not doubts:
            return {}
        start = min(work.plan.sale.sold_at for work, _ in doubts) - _BEFORE_SOLD
        refs = [document.ref for _, document in doubts]
        if self._read_from is None or start < self._read_from:
            made = orders_made(self.client, start, self.since + _CLOCKS)
            if made is None:
                return find_orders_by_external_ref(self.client, refs)
            self._made, self._read_from = made, start
        return {ref: self._made[ref] for ref in refs if ref in self._made}
