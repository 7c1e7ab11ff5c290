"""Days side by side: each job is a process with its own simulated ERP and its own PostgreSQL."""

from __future__ import annotations

import multiprocessing
import queue
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from tests.simulation.day import draw_day
from tests.simulation.run import Outcome, Stage, stage
from tests.simulation.shrink import shrink

_processes = multiprocessing.get_context("spawn")
_SILENCE_SECONDS = 600  # a day takes seconds; a job that says nothing for so long hangs


def outcomes(seeds: Sequence[int], number: int, *, whole: bool = False) -> Iterator[Outcome]:
    """How each seed's day went, as they end. ``whole``: a failing day is not made shorter."""
    waiting, ended = _processes.Queue(), _processes.Queue()
    for seed in seeds:
        waiting.put(seed)
    jobs = [_processes.Process(target=_work, args=(waiting, ended, whole)) for _ in range(min(number, len(seeds)))]
    for job in jobs:
        job.start()
    last = time.monotonic()
    left = len(seeds)
    while left and time.monotonic() - last < _SILENCE_SECONDS:
        try:
            outcome: Outcome = ended.get(timeout=1)
        except queue.Empty:
            if not any(job.is_alive() for job in jobs):
                print("every job ended before its days were over", file=sys.stderr)
                break
            continue
        last, left = time.monotonic(), left - 1
        yield outcome
    for job in jobs:
        job.join(30)
        if job.is_alive():
            job.kill()


def _work(seeds: Any, outcomes: Any, whole: bool) -> None:
    with stage() as made:
        while True:
            try:
                seed = seeds.get(timeout=2)
            except queue.Empty:
                return
            outcomes.put(_day(made, seed, whole))


def _day(made: Stage, seed: int, whole: bool) -> Outcome:
    plan = draw_day(seed, made.erp.server.world.items)
    outcome = made.play(plan)
    if outcome.failure and not whole:
        short, again = shrink(plan, outcome, made.play)
        if len(short.events) < len(plan.events):
            outcome.trace += [
                "",
                f"The same failure in {len(short.events)} of its {len(plan.events)} events:",
                *again.trace,
            ]
            outcome.failure += f"\n\nThe shorter day failed with:\n{again.failure}"
    return outcome
