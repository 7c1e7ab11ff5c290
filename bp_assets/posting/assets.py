"""Posting inside Dagster: the ops of ``post_sales`` and ``retry_rejected``, and the table of every ERP call.

Read: tills, ledger, ERP. Written: ledger and ERP (by the ops), ``posting_log`` (by the asset). The ops decide nothing:
what is due, what was sent and what is unknown stands in the ledger, so a run that dies loses only its log lines.
"""

from collections import deque
from contextlib import ExitStack

import dagster as dg
from pydantic import Field

from bp_assets import catalog
from bp_assets.framing import frame_of
from bp_assets.lake.frames import Writer, mark
from bp_assets.ledger.changes import changes
from bp_assets.ledger.postings import requeue
from bp_assets.ledger.runs import makes_way
from bp_assets.posting import linger
from bp_assets.posting.batches import Batches
from bp_assets.posting.stopping import signals_as_event
from bp_assets.resources import ErpResource, LakeResource, LedgerResource, ShopsResource
from bp_assets.telling import Said, requests_made, told

OVERSTAY_SECONDS = 60.0  # a run that received something waits so long beyond its time for one that starts slowly
TAKE_OVER_SECONDS = 150.0  # a run waits so long for the one before it to make way


class Linger(dg.Config):
    """How long a posting run stays to take more sales; ``None`` is what the shops file says, 0 one round."""

    linger_seconds: float | None = None


class Retry(dg.Config):
    """Which rejected sales to post again; empty means all."""

    shop: str = ""
    reason_code: str = ""
    sale_ids: list[str] = Field(default_factory=list)


@dg.op(description="Take new receipts from every till, post what is due, wait for more; until its time is over.")
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
    context.log.info(f"{count} sales wait again")
    _post(context, ledger, erp, shops, 0)


def _post(
    context: dg.OpExecutionContext,
    ledger: LedgerResource,
    erp: ErpResource,
    shops: ShopsResource,
    linger_seconds: float | None,
) -> None:
    """Joins Dagster to the posting engine: its rounds become materialisations, its end the op's metadata."""
    book = ledger.open()
    with ExitStack() as stack:
        stop = stack.enter_context(signals_as_event(pass_on=lambda: _is_cancelled(context)))
        client, reader = (stack.enter_context(erp.client(lane)) for lane in ("posting", "changes"))
        batches = Batches(book, (client, reader))
        troubles: deque[str] = deque(maxlen=1)

        def tell(one: linger.Round) -> None:
            for shop in one.intake:
                if shop.changed:
                    words = f"can't be read: {shop.error}" if shop.error else "answers again"
                    context.log.warning(f"{shop.shop}: the till {words}")
            if one.posted.trouble and one.posted.trouble not in troubles:
                context.log.warning(f"end-of-day shops: {one.posted.trouble}. It is tried again by itself")
            troubles.append(one.posted.trouble)  # once is enough while it lasts: a round comes every second
            _log(context, batches.add(one))

        file = shops.load()
        for key, faults in file.broken.items():
            context.log.warning(f"{key} is left out until its entry in the shops file is mended: {faults}")
        done = linger.run(
            book, client, file, linger_seconds=linger_seconds, wait_seconds=TAKE_OVER_SECONDS,
            overstay_seconds=OVERSTAY_SECONDS, reader=reader, on_round=tell,
            on_lock=lambda until: makes_way(book, context.run_id, until), stop=stop,
        )  # fmt: skip
        _log(context, batches.rest())
        if done.busy_elsewhere:
            context.log.info("another run posts to this account and goes on with what waits; nothing was posted here")
        if done.down:
            context.log.warning(f"the ERP could not be worked with: {done.down}. Sales wait in the ledger")
        context.add_output_metadata(
            {"received": done.received, "posted": done.posted, "rejected": done.parked, "rounds": done.rounds,
             "handed_over": done.made_way, **requests_made(client, reader)}
        )  # fmt: skip


def _is_cancelled(context: dg.OpExecutionContext) -> bool:
    """Whether a person cancelled the run; else whoever runs us is stopping, and the run just ends early."""
    run = context.instance.get_run_by_id(context.run_id)
    return run is not None and run.status == dg.DagsterRunStatus.CANCELING


def _log(context: dg.OpExecutionContext, event: dg.AssetMaterialization | None) -> None:
    if event is not None:
        context.log_event(event)


LOG_COLUMNS = (
    "step_id", "sale_id", "document", "step", "attempt", "handle", "outcome", "status", "erp_id", "error",
    "intended_at", "done_at",
)  # fmt: skip


@dg.asset(**catalog.attributes("posting_log"), retry_policy=catalog.RETRY)
def posting_log(context: dg.AssetExecutionContext, ledger: LedgerResource, lake: LakeResource) -> dg.MaterializeResult:
    tables = lake.open()
    with tables.open() as reading:
        followed = mark(reading, "posting_log")
    found = changes(ledger.open(), "steps", followed.mark if followed else None, columns=list(LOG_COLUMNS))
    frame = frame_of("posting_log", found.rows)

    def store(writer: Writer) -> Said:
        change = writer.replace("posting_log", frame) if found.complete else writer.upsert("posting_log", frame)
        writer.set_mark("posting_log", found.mark)
        return Said.of(writer, "posting_log", change)

    return told(context, "posting_log", tables.write(store))
