"""The op of ``maintain_lake``. Read and written: the lake's files, snapshots, the past of personal data; old hints."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import dagster as dg

from bp_assets.lake.erase import erase
from bp_assets.lake.maintain import maintain as maintain_files
from bp_assets.ledger.requests import forget_spent
from bp_assets.ledger.webhooks import forget_handled
from bp_assets.resources import LakeResource, LedgerResource

HINTS_KEPT = timedelta(days=30)
REQUESTS_KEPT = timedelta(days=30)  # minutes of the request budget; the lake keeps all it has copied


@dg.op(description="Small inserts into files, small files into large ones, old snapshots and old hints away.")
def maintain(context: dg.OpExecutionContext, lake: LakeResource, ledger: LedgerResource) -> None:
    done = asdict(maintain_files(lake.open()))
    done["personal_files_erased"] = erase(lake.open())
    done["hints_forgotten"] = forget_handled(ledger.open(), datetime.now(UTC) - HINTS_KEPT)
    done["minutes_of_requests_forgotten"] = forget_spent(ledger.open(), REQUESTS_KEPT)
    context.log.info(", ".join(f"{name}: {count}" for name, count in done.items()))
