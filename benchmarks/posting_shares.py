"""What others on the cap cost a sale's way into the ERP: a shop that fails, and a full backfill.

Twenty shops sell without a pause while blocks with and without the trouble take turns in one run, so that whatever else
slows the machine meets both alike; the p95 of all quiet blocks together is compared with that of the troubled ones.
The ERP's minute is shortened, and the rate of sales raised as much, so that a block holds enough of them.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path

from benchmarks.figures import Figures
from benchmarks.posting_house import House, house
from benchmarks.posting_traffic import HANGS, REFUSES, UNMAPPED, Failure, Traffic, Waits, traffic
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.orders import get_orders
from bp_assets.budget import shared_by_all
from bp_assets.cli.environment import SANDBOX_TOKEN
from bp_assets.config import Home, ShopsFile
from bp_assets.ledger.connection import Ledger

CAP, RESERVE = 200, 10
MOST_PERCENT = 10.0
SALES_A_MINUTE = 20  # each of twenty shops one; what the cap itself costs a busier hour is measured by "live"
_QUIET, _BACKFILL = "quiet", "backfill"
_HISTORY = 20_000  # orders of the account's past, for the backfill to read
_FIRST_ORDER = 100_001


def run_shops(options: argparse.Namespace) -> Figures:
    """One of twenty shops fails: its till hangs, its warehouse refuses, its map does not know a tax."""
    figures = Figures("shops apart")
    with _selling(options, figures, options.shops_minute_seconds) as busy:
        failures: dict[str, Failure] = {
            HANGS: busy.till_hangs,
            REFUSES: busy.warehouse_refuses,
            UNMAPPED: contextlib.nullcontext,
        }
        with busy.posting():
            busy.block("first", options.block / 4)  # everything is opened and read for the first time
            for _ in range(options.rounds):
                busy.block(_QUIET, options.block / len(failures))
                for name, failing in failures.items():
                    with failing():
                        busy.block(name, options.block)
                    busy.block(_QUIET, options.block / len(failures))
        waits = busy.waits(frozenset(failures))
        quiet = _told(figures, waits, _QUIET)
        words = {HANGS: "its till hangs", REFUSES: "its warehouse refuses", UNMAPPED: "its map is broken"}
        for name, what in words.items():
            failing_p95 = _told(figures, waits, name)
            figures.add(f"p95 of the others while {what}", 100 * (failing_p95 / quiet - 1), "% more", most=MOST_PERCENT)
        struck = {HANGS: busy.till.unanswered, REFUSES: busy.parked(REFUSES), UNMAPPED: busy.parked(UNMAPPED)}
        for name, times in struck.items():
            if not times:
                raise AssertionError(f"{name} was to fail and did not: {words[name]}")
        _nothing_lost(figures, busy, waits)
    return figures


def run_backfill(options: argparse.Namespace) -> Figures:
    """A full backfill reads the account's past as fast as its lane lets it."""
    figures = Figures("backfill")
    with _selling(options, figures, options.backfill_minute_seconds, "--orders", str(_HISTORY)) as busy:
        with busy.posting():
            busy.block("first", options.block / 4)
            for _ in range(options.rounds):
                busy.block(_QUIET, options.block)
                with _backfilling(busy.place) as read:
                    busy.block(_BACKFILL, options.block)
                figures.say(f"the backfill read {read[0]:,} orders in its block")
        waits = busy.waits()
        quiet, troubled = _told(figures, waits, _QUIET), _told(figures, waits, _BACKFILL)
        figures.add("p95 with a full backfill", 100 * (troubled / quiet - 1), "% more", most=MOST_PERCENT)
        _nothing_lost(figures, busy, waits)
    return figures


@contextlib.contextmanager
def _selling(options: argparse.Namespace, figures: Figures, minute: float, *sandbox: str) -> Iterator[Traffic]:
    figures.say(
        f"20 shops, {SALES_A_MINUTE} sales a minute of {minute:g} s, {CAP} requests a minute; "
        f"blocks of {options.block:g} s, {options.rounds} rounds"
    )
    with (
        house(per_minute=CAP, minute_seconds=minute, reserve=RESERVE, sandbox=sandbox) as place,
        traffic(place, Path(place.root), SALES_A_MINUTE / minute) as busy,
    ):
        yield busy


def _told(figures: Figures, waits: Waits, block: str) -> float:
    p50, p95 = waits.percentile(block, 50), waits.percentile(block, 95)
    number = len(waits.by_block[block])
    figures.say(f"{block}: captured to posted p50 {p50:.2f} s, p95 {p95:.2f} s ({number} sales)")
    return p95


def _nothing_lost(figures: Figures, busy: Traffic, waits: Waits) -> None:
    figures.add("sales of the others not posted", waits.missing, "", most=0)
    figures.add("requests refused for the cap", busy.place.refused(), "", most=0)


@contextlib.contextmanager
def _backfilling(place: House) -> Iterator[list[int]]:
    """A backfill in a process of its own, as a job is; how many orders it read, once the block is over."""
    spawning = multiprocessing.get_context("spawn")
    stop, count, read = spawning.Event(), spawning.Value("q", 0), [0]
    process = spawning.Process(target=_backfill, args=(place.root, place.shops, stop, count), name="backfill")
    process.start()
    try:
        yield read
    finally:
        stop.set()
        process.join(60)
        read[0] = count.value


def _backfill(root: Path, shops: ShopsFile, stop: Event, count: Synchronized[int]) -> None:
    """Read orders in the lane of backfills, 200 to a request, again and again, until told to stop.

    At a lower priority, as a full pull runs: taking 200 orders apart is work for the processor, of which a shortened
    minute asks several times as much.
    """
    os.nice(10)
    with Ledger.open(Home(root)) as ledger:
        budget = shared_by_all(ledger, shops.erp)
        with ErpClient(shops.erp, SANDBOX_TOKEN, lane="backfill", budget=budget) as client:
            first = _FIRST_ORDER
            while not stop.is_set():
                count.value += len(get_orders(client, range(first, first + 200)))
                first = first + 200 if first + 400 <= _FIRST_ORDER + _HISTORY else _FIRST_ORDER
