"""The one engine behind every resource: plan, read, spool, and put into the lake in one transaction.

Read: the ERP through a reader that can send nothing but reads, the lake, the spool of a run that was cut off. Written:
the spool, and at the end the resource's tables with their marks.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bp_assets.brightpearl.reader import ErpReader
from bp_assets.domain.lanes import Lane
from bp_assets.extraction.fetching import Fetch
from bp_assets.extraction.listing import plan_for
from bp_assets.extraction.members import Members
from bp_assets.extraction.merging import Merged, merge
from bp_assets.extraction.plan import Kind, Plan, State, fingerprint, kind_of
from bp_assets.extraction.progress import Progress
from bp_assets.extraction.resource import Resource, Whole
from bp_assets.extraction.spool import Spool, spool_of
from bp_assets.lake.connect import Lake
from bp_assets.lake.erase import erase
from bp_assets.lake.frames import Writer, mark
from bp_assets.lake.table import PERSONAL
from bp_assets.lake.tables import BY_NAME

LANES: Mapping[Kind, Lane] = {Kind.FULL: "backfill", Kind.SWEEP: "sweep", Kind.CHANGES: "changes"}
# A pull of the whole account is work of an hour on one core; posting a sale is work of a moment that a customer's web
# order waits for. So the thread that reads and decodes steps back where both want the core.
NICE = 10
Tell = Callable[[Progress], None]
_WATCHED_SECONDS, _STOPPING_SECONDS = 0.5, 10.0
_SELDOM = 10_000  # objects more than before; Python's own is 700
# DuckDB's share of the 600 MB that a pull may take, whatever the account's size: it works file by file, and spills.
MEMORY = "64MB"


class TooManyGone(Exception):
    """More objects seem to be gone than the valve lets pass. All else is in the lake; nothing was deleted."""


@dataclass(slots=True)
class Told:
    """What a refresh did, for people and for Dagster. ``requests`` by route; ``planned`` those of the plan alone.

    ``as_of`` is when the plan was made, ``high_water`` the moment of the ERP's up to which every change is in.

    ``planned_now`` is false where it only finished what an earlier run had planned: hints of today are not in it.
    """

    resource: str
    kind: Kind
    merged: Merged
    requests: dict[str, int]
    minutes: Mapping[tuple[datetime, Lane], int]
    planned: int
    resumed: int
    planned_now: bool
    as_of: datetime
    high_water: datetime | None
    seconds: float = 0.0

    @property
    def sent(self) -> int:
        return sum(self.requests.values())

    def then(self, later: Told) -> Told:
        """What this refresh and a later one did together."""
        return replace(
            self,
            merged=_both(self.merged, later.merged),
            requests=dict(Counter(self.requests) + Counter(later.requests)),
            minutes=Counter(self.minutes) + Counter(later.minutes),
            planned=self.planned + later.planned,
            as_of=later.as_of,
            high_water=later.high_water,
        )


def refresh(
    resource: Resource,
    lake: Lake,
    reader_in: Callable[[Lane], ErpReader],
    *,
    full: bool = False,
    accept_deletions: bool = False,
    hinted: Iterable[int] = (),
    tell: Tell = lambda progress: None,
) -> Told:
    """Bring one resource's tables up to date; a run that was cut off is gone on with.

    ``reader_in`` makes a reader for a lane. ``tell`` is called about twice a second, and when the phase changes.

    Raises:
        TooManyGone: everything is in the lake but the deletions. SpoolBusy: another process is at it.
        ErpError: as the ERP's reader; the lake is as it was, what was read so far is kept for the next run.
        LakeError: as the lake; likewise.
    """
    began = time.monotonic()
    try:
        with spool_of(lake.home, resource.name) as spool:
            run = _Run(resource, _sparing(lake), spool, reader_in, tell)
            told = run.through(full=full, hinted=hinted, accept_deletions=accept_deletions)
            if _personal(resource) and not run.planned_now:
                # What was gone on with is as old as the run that was cut off, and may name who was forgotten since.
                again = _Run(resource, run.lake, spool, reader_in, tell)
                told = told.then(again.through(full=False, hinted=(), accept_deletions=accept_deletions))
            told.seconds = time.monotonic() - began
            run.lake.close()
    finally:
        _give_back()
    if told.merged.held_back:
        raise TooManyGone(_too_many(resource, told.merged))
    return told


@dataclass(slots=True)
class _Run:
    """One refresh of one resource."""

    resource: Resource
    lake: Lake
    spool: Spool
    reader_in: Callable[[Lane], ErpReader]
    tell: Tell
    plan: Plan | None = None
    state: State | None = None
    planned_now: bool = False
    progress: Progress = field(default_factory=lambda: Progress(""))
    sent: Mapping[tuple[str, str], int] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    minutes: Mapping[tuple[datetime, Lane], int] = field(default_factory=dict)

    def through(self, *, full: bool, hinted: Iterable[int], accept_deletions: bool) -> Told:
        """From the plan to the lake."""
        _in_background(lambda: self.read(full=full, hinted=hinted), self.look)
        return self.finish(accept_deletions=accept_deletions)

    def look(self) -> None:
        """Tell how far it is; also while a long listing is paged, when nothing of the plan can be answered yet."""
        self.progress.sent = sum(list(self.sent.values()))  # a list at once: another thread counts
        self.tell(self.progress)

    async def read(self, *, full: bool, hinted: Iterable[int]) -> None:
        """Everything that the ERP is asked for: into the spool."""
        resource, now = self.resource, datetime.now(UTC)
        self.progress = Progress(resource.name)
        with self.lake.open() as reading:
            found = mark(reading, resource.main)
            self.state = State.of_mark(found.mark if found else None)
            lookups = {name: _lookup(reading.execute(sql).fetchall()) for name, sql in resource.lookups.items()}
        kind = kind_of(resource, self.state, now, full=full)
        self.plan = self.spool.resume(fingerprint(resource), now)
        if self.plan is not None and kind is Kind.FULL and self.plan.kind is not Kind.FULL:
            self.plan = None  # more is wanted than the run that was cut off had in mind
        async with self.reader_in(_lane(resource, self.plan.kind if self.plan else kind)) as reader:
            self.progress.waits = lambda: reader.waits
            self.sent = reader.counts
            try:
                if self.plan is None:
                    with self.lake.open() as reading:
                        self.plan = await plan_for(resource, kind, self.state, reader, reading, self.spool, hinted)
                    self.spool.begin(self.plan)
                    self.planned_now = True
                known = (*_in_contexts(resource), *(self.state.members if self.state else ()))
                members = Members(known, learning=self.state is None)
                await Fetch(resource, self.plan, self.spool, reader, members, lookups, self.progress).run()
            finally:
                self.requests = {route: count for (_, route), count in sorted(reader.counts.items())}
                self.minutes = reader.minutes

    def finish(self, *, accept_deletions: bool) -> Told:
        """What was read: into the lake."""
        plan = self.plan
        assert plan is not None  # read() came to its end
        self.progress.phase = "writing"
        self.look()

        def work(writer: Writer) -> Merged:
            return merge(writer, self.resource, plan, self.spool, self.state, accept_deletions=accept_deletions)

        merged = self.lake.write(work)
        with self.lake.open() as reading:
            found = mark(reading, self.resource.main)
        self.spool.clear()
        if _personal(self.resource):
            erase(self.lake)  # who was forgotten is in no older file either; nothing to do costs one question
        self.progress.phase = "done"
        self.tell(self.progress)
        return Told(
            self.resource.name, plan.kind, merged, self.requests, self.minutes,
            planned=self.progress.planned, resumed=self.progress.before, planned_now=self.planned_now,
            as_of=plan.made, high_water=found.high_water if found else None,
        )  # fmt: skip


def _personal(resource: Resource) -> bool:
    return any(BY_NAME[name].schema == PERSONAL for name in resource.tables)


def _both(one: Merged, two: Merged) -> Merged:
    """What two merges of a resource did, one after the other."""
    return replace(
        two,
        written={name: count + two.written[name] for name, count in one.written.items()},
        deleted={name: count + two.deleted[name] for name, count in one.deleted.items()},
        objects=one.objects + two.objects,
        changed=one.changed + two.changed,
        gone=one.gone + two.gone,
        quarantined=tuple(sorted({*one.quarantined, *two.quarantined})),
        new_members={**(one.new_members or {}), **(two.new_members or {})},
        unasked=one.unasked + two.unasked,
    )


def _sparing(lake: Lake) -> Lake:
    """The same lake with little memory. Made anew for each refresh, though that takes a tenth of a second: a DuckDB
    that is kept keeps some of every lake it was ever attached to.
    """
    return Lake(lake.home, lake.dsn, memory=MEMORY, threads=1)


def _give_back() -> None:
    """What was freed goes back to the system, where the C library can do that: glibc keeps it for itself, and what one
    resource left would count on top of what the next one takes.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


@contextlib.contextmanager
def _seldom_collected() -> Iterator[None]:
    """Python's collector looks through everything that lives, again and again, while records come and go by the hundred
    thousand; none of them is in a cycle. What was there before is left out, and it looks less often.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _in_contexts(resource: Resource) -> tuple[str, ...]:
    return resource.get.within.members if resource.get and resource.get.within else ()


def _lane(resource: Resource, kind: Kind) -> Lane:
    """A small list is one request: it need not queue behind a pull of the whole account."""
    return "changes" if isinstance(resource.listing, Whole) else LANES[kind]


def _lookup(rows: list[tuple[Any, ...]]) -> Any:
    """Two columns: the first to the second. One: its values."""
    if rows and len(rows[0]) == 2:
        return dict(rows)
    return tuple(row[0] for row in rows)


def _in_background(work: Callable[[], Coroutine[Any, Any, None]], look: Callable[[], None]) -> None:
    """Run ``work`` in a thread that gives way to all others: on Linux each thread has a priority of its own.

    ``look`` is called here, now and then. An interruption of the caller ends the work first: nothing goes on behind the
    back of whoever pressed Ctrl-C.
    """
    errors: list[BaseException] = []
    stop = threading.Event()

    async def watched() -> None:
        doing = asyncio.ensure_future(work())
        while not doing.done():
            await asyncio.wait({doing}, timeout=_WATCHED_SECONDS)
            if stop.is_set():
                doing.cancel()
        await doing

    def run() -> None:
        try:
            if sys.platform == "linux":
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
            with _seldom_collected():
                asyncio.run(watched())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="extraction", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_WATCHED_SECONDS)
            look()
    except BaseException:
        stop.set()
        thread.join(_STOPPING_SECONDS)
        raise
    if errors:
        raise errors[0]


def _too_many(resource: Resource, merged: Merged) -> str:
    share = 100 * merged.held_back / max(1, merged.known)
    return (
        f"{resource.name}: {merged.held_back:,} of {merged.known:,} objects ({share:.0f} %) are no longer there; more "
        f"than {resource.sweep.valve:.0%} at once is not believed. They were not deleted, all other changes are in the "
        "tables. Look in Brightpearl: if they are really gone, run "
        f"`tillbridge refresh {resource.name} --accept-deletions`; if not, the next refresh asks again."
    )
