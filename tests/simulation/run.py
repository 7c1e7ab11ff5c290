"""One day from its first sale to the books being closed: events, an audit after each, settling, the last audit."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from tests.simulation import erp as erps
from tests.simulation import postgres as postgreses
from tests.simulation.acts import Acts
from tests.simulation.auditor import Auditor, Caught
from tests.simulation.clock import Clock
from tests.simulation.day import DATE, Plan
from tests.simulation.erp import Erp
from tests.simulation.evening import Books, close_the_books, move_lake
from tests.simulation.finance import differences
from tests.simulation.postgres import Postgres
from tests.simulation.process import at_once

_BEGIN = datetime(DATE.year, DATE.month, DATE.day, 9, tzinfo=UTC)
_SETTLING_ROUNDS = 40
_PAUSE_MINUTES = 6  # longer than any pause of the poster


@dataclass(slots=True)
class Outcome:
    """How a day went: ``failure`` is empty for a sound one. ``counts`` feeds the coverage table."""

    seed: int
    name: str = ""
    trace: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    failure: str = ""
    seconds: float = 0.0
    evening: tuple[Auditor, Books] | None = None


class Stage:
    """ERP, PostgreSQL and folders for one day after the other."""

    def __init__(self, erp: Erp, postgres: Postgres, folder: Path) -> None:
        self.erp, self.postgres, self.folder = erp, postgres, folder
        self._numbers = itertools.count(1)

    def play(self, plan: Plan, acts_class: type[Acts] = Acts, *, evening: str = "") -> Outcome:
        """Play a day. Never raises for what the day brings; the outcome tells.

        With an ``evening`` the product's finance tables are filled at its end (``finance``), or all of its tables and
        the checks run (``checks``): both take seconds.
        """
        return _Day(self, plan, f"day_{next(self._numbers)}", acts_class, evening=evening).play()


@contextmanager
def stage() -> Iterator[Stage]:
    folder = Path(tempfile.mkdtemp(prefix="tillbridge-simulation-"))
    try:
        with at_once(), erps.running() as erp, postgreses.running(folder) as postgres:
            yield Stage(erp, postgres, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Day:
    def __init__(self, stage: Stage, plan: Plan, name: str, acts_class: type[Acts], *, evening: str) -> None:
        self.stage, self.plan, self.name, self.evening = stage, plan, name, evening
        self.outcome = Outcome(plan.seed)
        stage.erp.reset()
        stage.postgres.make(name, with_lake=bool(evening))
        url = stage.postgres.url(name)
        self.engine = sa.create_engine(url, pool_pre_ping=True, pool_size=1)
        self.clock = Clock(url, stage.erp.url)
        self.clock.begin_at(_BEGIN)
        stage.erp.age(_BEGIN - timedelta(days=30))
        products = {item.sku: item.product_id for item in stage.erp.server.world.items}
        self.folder = stage.folder / name
        self.folder.mkdir()
        if evening:
            move_lake(url, self.folder)
        self.acts = acts_class(plan, stage.erp, stage.postgres, name, self.folder, self.clock, Auditor(products))
        self.auditor = self.acts.auditor
        self.auditor.rejects_unknown = self.acts.rejects_unknown
        self.auditor.summed = plan.summed
        for basket in plan.baskets:
            self.auditor.sold(basket)

    def play(self) -> Outcome:
        started = datetime.now(UTC)
        try:
            for event in self.plan.events:
                self._step(event.kind, event.values, event.minutes)
            self._settle()
            if self.evening:
                self._close_the_books()
        except Caught as caught:
            self.outcome.failure = "\n".join(caught.findings)
        except Exception:  # whatever the engine lets through is a finding of its own
            self.outcome.failure = traceback.format_exc(limit=-12)
        finally:
            self._close()
        self.outcome.counts.update(self.acts.counts)
        for fault, times in self.stage.erp.fired.items():
            self.outcome.counts[f"fault: {fault}"] += times
        self.outcome.seconds = (datetime.now(UTC) - started).total_seconds()
        return self.outcome

    def _step(self, kind: str, values: dict[str, object], minutes: int = 0) -> None:
        if minutes:
            self.clock.advance(minutes * 60)
        name = " ".join([kind, *(f"{key}={value}" for key, value in values.items())])
        self.outcome.trace.append(f"{self.clock.now():%H:%M:%S} {name}")
        self.outcome.counts[f"event: {kind}"] += 1
        told = self.acts.act(kind, values)
        if told:
            self.outcome.trace[-1] += f" -> {told}"
        self._audit()

    def _audit(self) -> None:
        with self.engine.begin() as connection:
            self.auditor.check(connection, self.stage.erp.books())

    def _settle(self) -> None:
        """The faults stop, what is broken is mended, what is late arrives; then everything must come to its end."""
        self.outcome.trace.append(f"{self.clock.now():%H:%M:%S} -- the faults stop")
        self.stage.erp.heal()
        self.stage.erp.control("POST", "tills/faults", clear=True)
        for mend in self.acts.mends:
            mend()
        self.acts.shops = self.acts.sound_shops
        self.acts.stop()
        late: dict[str, list[int]] = {}
        for place, basket in enumerate(self.plan.baskets):
            half = any(
                basket is one for _, baskets in self.acts.tills.halves.get(basket.shop.code, []) for one in baskets
            )
            if not half and not self.auditor.delivered(basket):
                late.setdefault(basket.shop.code, []).append(place)
        for shop in [*self.acts.tills.halves]:
            self._step("finish_file", {"shop": shop})
        for shop, places in late.items():
            self._step("deliver", {"shop": shop, "baskets": places})
        if self.plan.summed:  # its day is over the next morning
            self.clock.advance(18 * 3600)
        self._until_quiet()
        if any(posting.state == "rejected" for posting in self.auditor.postings.values()):
            self._step("retry", {})
            self._until_quiet()
        if findings := self.auditor.unsettled():
            raise Caught(findings)
        if crashes := self.stage.erp.crashes():
            raise Caught([f"a handler of the sandbox failed: {crash}" for crash in crashes])

    def _until_quiet(self) -> None:
        for _ in range(_SETTLING_ROUNDS):
            self._step("turn", {}, _PAUSE_MINUTES)
            self._step("verify", {})
            if self.auditor.quiet():
                return
        raise Caught([f"not settled after {_SETTLING_ROUNDS} rounds", *self.auditor.open()])

    def _close_the_books(self) -> None:
        self.clock.advance(_PAUSE_MINUTES * 60)
        self.acts.stop()
        acts, checks = self.acts, self.evening == "checks"
        books = close_the_books(
            acts.url, self.stage.erp.url, self.folder, acts.unknown_sku, self.plan.summed, checks=checks
        )
        self.outcome.counts[f"evenings with {self.evening}"] += 1
        self.outcome.evening = (self.auditor, books)
        if findings := differences(self.auditor, books.reconciliation, books.takings, books.findings):
            raise Caught(findings)

    def _close(self) -> None:
        self.acts.stop()
        self.clock.close()
        self.engine.dispose()
        self.stage.postgres.drop(self.name)
        shutil.rmtree(self.folder, ignore_errors=True)
