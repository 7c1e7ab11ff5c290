"""A large account to measure extraction in: a simulated ERP with a past, PostgreSQL, a lake, a process that pulls.

The pulling process is a child of its own, so that its peak memory is the product's alone; the simulated ERP counts the
requests, never the product. Written: a temporary folder, gone at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import resource as limits
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from benchmarks.posting_house import House, house
from bp_assets.brightpearl import places
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.reader import ErpReader
from bp_assets.budget import shared_by_all
from bp_assets.cli.environment import SANDBOX_TOKEN
from bp_assets.config import Erp, Home
from bp_assets.config.lanes import Lanes, LaneShare
from bp_assets.export.forecasting import MEMORY, export_forecasting
from bp_assets.export.formats import FORMATS
from bp_assets.extraction.engine import refresh
from bp_assets.extraction.resource import Resource
from bp_assets.extraction.resources import ALL
from bp_assets.forecasting import stock, store
from bp_assets.framing import frame_of
from bp_assets.lake.connect import Lake
from bp_assets.lake.frames import Writer
from bp_assets.resources import lake_of, ledger_of
from bp_assets.staging import rows

CAP, RESERVE = 200, 10  # requests a minute, and the percent of them that are left to the account's other apps
USABLE = CAP * (100 - RESERVE) // 100
_MEGABYTE = 1 << 20
_BY_NAME = {one.name: one for one in ALL}
# Nothing else is at work here: a pull may use all that the reserve leaves, what is kept for posting too.
_ALONE = LaneShare(guaranteed=0, greatest=100)


@dataclass(frozen=True, slots=True)
class Pulled:
    """One refresh of one resource. ``routes`` as the ERP counted; ``peak`` of the process so far, in megabytes."""

    resource: str
    kind: str
    objects: int
    rows: int
    seconds: float
    peak: float
    routes: dict[str, int] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        return sum(self.routes.values())


@dataclass(slots=True)
class Account:
    """The account, and the process that pulls from it. ``began_seconds``: how long the simulated ERP took to start."""

    place: House
    erp: Erp
    pool: ProcessPoolExecutor
    began_seconds: float

    @property
    def lake(self) -> Lake:
        return lake_of(Home(self.place.root))

    def pull(self, resource: Resource, *, full: bool = False) -> Pulled:
        """One refresh in the pulling process, its requests counted by the ERP."""
        before = self._counted()
        done = self.pool.submit(_pull, self.place.root, self.erp, resource.name, full).result()
        return Pulled(*done, routes=dict(self._counted() - before))

    def _counted(self) -> Counter[str]:
        return Counter(self.place.http.get("/sandbox/health").raise_for_status().json()["requests"])

    def later(self, seconds: float) -> None:
        """Let time pass in the ERP."""
        self.place.http.post("/sandbox/clock", json={"advanceSeconds": seconds}).raise_for_status()

    def fill_the_rest(self) -> None:
        self.pool.submit(_fill_the_rest, self.place.root, self.erp).result()

    def export(self, form: str) -> tuple[float, int, float]:
        """Seconds, bytes and the peak in megabytes of an export, in a process of its own."""
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            return alone.submit(_export, self.place.root, form).result()


@contextlib.contextmanager
def account(options: argparse.Namespace, *, per_minute: int = 0, minute_seconds: float = 60) -> Iterator[Account]:
    """An account of ``options.products`` and ``options.orders``. ``per_minute`` 0 means no cap."""
    size = ("--products", str(options.products), "--orders", str(options.orders), "--stock-per-product", "1000")
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(
            house(per_minute=per_minute, minute_seconds=minute_seconds, reserve=RESERVE, sandbox=size)
        )
        seconds = time.monotonic() - began
        alone = dict.fromkeys(("posting", "changes", "sweep", "backfill"), _ALONE)
        erp = place.shops.erp.model_copy(update={"lanes": Lanes().model_copy(update=alone)})
        pool = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
        yield Account(place, erp, pool, seconds)


def _pull(root: Path, erp: Erp, name: str, full: bool) -> tuple[str, str, int, int, float, float]:
    place = Home(root)
    budget = shared_by_all(ledger_of(place), erp)
    done = refresh(
        _BY_NAME[name],
        lake_of(place),
        lambda lane: ErpReader(erp, SANDBOX_TOKEN, lane=lane, budget=budget),
        full=full,
    )
    return name, done.kind.value, done.merged.objects, sum(done.merged.rows.values()), done.seconds, _peak()


def _export(root: Path, form: str) -> tuple[float, int, float]:
    lake = lake_of(Home(root))
    frugal = Lake(lake.home, lake.dsn, memory=MEMORY)
    done = export_forecasting(frugal, root / "exports" / form, FORMATS[form])
    return done.seconds, done.bytes, _peak()


def _fill_the_rest(root: Path, erp: Erp) -> None:
    """The tables of the export that no resource fills: the warehouses, and the one that is computed."""
    place, now = Home(root), datetime.now(UTC)
    with ErpClient(erp, SANDBOX_TOKEN, lane="changes", budget=shared_by_all(ledger_of(place), erp)) as client:
        good, _ = rows.understood(places.warehouses(client))
        known = places.places(client, {one.warehouse_id for one in good})
    frame = frame_of("warehouses", [rows.warehouse(one, known.get(one.warehouse_id), now) for one in good])

    def work(writer: Writer) -> None:
        writer.replace("warehouses", frame)
        store.replace(writer, "partial_fulfillments", stock.PARTIAL_FULFILLMENTS, {"as_of": now})
        for table in ("warehouses", "partial_fulfillments"):
            writer.set_mark(table, {}, now)

    lake_of(place).write(work)


def _peak() -> float:
    """The most memory this process ever had, in megabytes. Linux tells kilobytes."""
    return limits.getrusage(limits.RUSAGE_SELF).ru_maxrss * 1024 / _MEGABYTE
