"""What a lingering run says of itself as it goes: one materialisation of ``postings`` per batch, some seconds apart.

Read: what the rounds bring, the ledger (what waits, how long sales took), the client's count of requests. Written:
nothing; the caller gives the events to Dagster.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl.client import ErpClient
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.totals import seconds_to_posted, unsent
from bp_assets.posting.linger import Round

EVERY_SECONDS = 10.0  # so that a day of posting does not fill Dagster's event log
_MOST_MEASURED = 10_000  # sales of one batch whose time is looked up


class Batches:
    """Adds up rounds and lets a batch out when it is time."""

    def __init__(
        self, ledger: Ledger, clients: tuple[ErpClient, ...], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.ledger, self._clients, self._clock = ledger, clients, clock
        self._counts: Counter[str] = Counter()
        self._sale_ids: list[str] = []
        self._requests: Counter[str] = Counter()
        self._told_at = float("-inf")

    def add(self, one: Round) -> dg.AssetMaterialization | None:
        """Take a round in; the batch that is now to be told, if any."""
        posted = one.posted
        self._counts.update(
            received=sum(shop.new for shop in one.intake),
            posted=posted.posted,
            rejected=posted.parked,
            deferred=posted.deferred + posted.unknown,
            waves=posted.waves,
        )
        self._sale_ids += posted.sale_ids[: _MOST_MEASURED - len(self._sale_ids)]
        return self.rest() if self._clock() - self._told_at >= EVERY_SECONDS else None

    def rest(self) -> dg.AssetMaterialization | None:
        """What was not told yet; ``None`` if nothing happened."""
        if not any(self._counts.values()):
            return None
        total: Counter[str] = Counter()
        for client in self._clients:
            for (lane, _), count in dict(client.counts).items():
                total[lane] += count
        lanes = {
            lane: total[lane] - self._requests[lane] for lane in sorted(total) if total[lane] > self._requests[lane]
        }
        metadata: dict[str, Any] = {**self._counts, "waiting": unsent(self.ledger)}
        metadata |= {"requests": sum(lanes.values()), "requests_by_lane": dg.MetadataValue.json(lanes)}
        if took := seconds_to_posted(self.ledger, self._sale_ids):
            middle, slowest = took
            metadata |= {"captured_to_posted_p50": round(middle, 3), "captured_to_posted_max": round(slowest, 3)}
        self._counts, self._sale_ids, self._requests = Counter(), [], total
        self._told_at = self._clock()
        return dg.AssetMaterialization(asset_key=catalog.POSTINGS_KEY, metadata=metadata)
