"""Posting inside Dagster: the ops of ``post_sales`` and ``retry_rejected``, and the table of every ERP call.

Read: tills, ledger, ERP. Written: ledger and ERP (by the ops), ``posting_log`` (by the asset). The ops decide nothing:
what is due, what was sent and what is unknown stands in the ledger, so a run that dies loses only its log lines.
"""

import dagster as dg

from bp_assets.ledger.postings import requeue
from bp_assets.posting.linger import run
from bp_assets.resources import ErpResource, LedgerResource, ShopsResource


class Linger(dg.Config):
    """How long a posting run waits for more sales after the last one; ``None`` is what the shops file says."""

    linger_seconds: float | None = None


class Retry(dg.Config):
    """Which rejected sales to post again; empty means all."""

    shop: str = ""
    reason_code: str = ""
    sale_ids: list[str] = []


@dg.op(description="Take new receipts from every till, post what is due, wait for more; until it is quiet.")
def take_and_post(
    context: dg.OpExecutionContext, config: Linger, ledger: LedgerResource, erp: ErpResource, shops: ShopsResource
) -> None:
    _post(context, ledger, erp, shops, config.linger_seconds)


@dg.op(description="Put rejected sales back into the queue and post them.")
def retry_rejected_sales(
    context: dg.OpExecutionContext, config: Retry, ledger: LedgerResource, erp: ErpResource, shops: ShopsResource
) -> None:
    chosen = list(config.sale_ids) or None
    count = requeue(ledger.open(), chosen, shop=config.shop or None, reason_code=config.reason_code or None)
    context.log.info(f"{count} rejected sales wait again")
    _post(context, ledger, erp, shops, 0)


def _post(
    context: dg.OpExecutionContext,
    ledger: LedgerResource,
    erp: ErpResource,
    shops: ShopsResource,
    linger_seconds: float | None,
) -> None:
    """The one line that joins Dagster to the posting engine, and what it says while it works."""
    file = shops.load()
    seconds = file.posting.linger_seconds if linger_seconds is None else linger_seconds
    with erp.client("posting") as client:
        summary = run(ledger.open(), client, file, seconds, on_batch=lambda batch: context.log.info(str(batch)))
    context.log.info(f"quiet: {summary}")
