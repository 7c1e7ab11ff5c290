"""Days side by side: each job is a process with its own simulated ERP and its own PostgreSQL."""

from __future__ import annotations

import multiprocessing
import queue
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from tests.simulation.day import draw_day
from tests.simulation.drill import drill
from tests.simulation.run import Outcome, Stage, stage
from tests.simulation.shrink import shrink

_processes = multiprocessing.get_context("spawn")
_SILENCE_SECONDS = 600  # a day takes seconds; a job that says nothing for so long hangs


Task = int | tuple[str, str, bool]  # a seed; or what the drill kills, at which moments, packed or one by one


def outcomes(tasks: Sequence[Task], number: int, *, whole: bool = False, evenings: int = 0) -> Iterator[Outcome]:
    """How each task's days went, as they end. ``whole``: a failing day is not made shorter. ``evenings``: every so many
    seeds the checks are run at the day's end.
    """
    waiting, ended = _processes.Queue(), _processes.Queue()
    for task in tasks:
        waiting.put(task)
    jobs = [
        _processes.Process(target=_work, args=(waiting, ended, whole, evenings)) for _ in range(min(number, len(tasks)))
    ]
    for job in jobs:
        job.start()
    last = time.monotonic()
    left = len(tasks)
    while left and time.monotonic() - last < _SILENCE_SECONDS:
        try:
            outcome: Outcome | None = ended.get(timeout=1)
        except queue.Empty:
            if not any(job.is_alive() for job in jobs):
                print("every job ended before its days were over", file=sys.stderr)
                break
            continue
        last = time.monotonic()
        if outcome is None:
            left -= 1
        else:
            yield outcome
    for job in jobs:
        job.join(30)
        if job.is_alive():
            job.kill()


def _work(waiting: Any, ended: Any, whole: bool, evenings: int) -> None:
    with stage() as made:
        while True:
            try:
                task: Task = waiting.get(timeout=2)
            except queue.Empty:
                return
            if isinstance(task, int):
                ended.put(_day(made, task, whole, evenings))
            else:
                for outcome in drill(made, task[0], (task[1],), packed=task[2]):
                    ended.put(outcome)
            ended.put(None)


def _day(made: Stage, seed: int, whole: bool, evenings: int) -> Outcome:
    plan = draw_day(seed, made.erp.server.world.items)
    evening = "checks" if evenings and seed % evenings == 0 else ""
    outcome = made.play(plan, evening=evening)
    outcome.evening = None  # not for the other process
    if outcome.failure and not whole and not evening:
        short, again = shrink(plan, outcome, made.play)
        if len(short.events) < len(plan.events):
            head = f"The same failure in {len(short.events)} of its {len(plan.events)} events:"
            outcome.trace += ["", head, *again.trace]
            outcome.failure += f"\n\nThe shorter day failed with:\n{again.failure}"
    return outcome
