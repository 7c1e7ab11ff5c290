"""``python -m tests.simulation --first 1 --seeds 100``: play days, tell what failed and how to see it again.

Exit code 1 if a day failed. Each job is a process with its own simulated ERP and its own PostgreSQL.
"""

from __future__ import annotations

import argparse
import multiprocessing
import queue
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.simulation.coverage import table
from tests.simulation.day import draw_day
from tests.simulation.run import Outcome, Stage, stage
from tests.simulation.shrink import shrink

_processes = multiprocessing.get_context("spawn")
_SILENCE_SECONDS = 600  # a day takes seconds; a job that says nothing for so long hangs


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    started = time.monotonic()
    counts: Counter[str] = Counter()
    failed: list[int] = []
    done = 0
    for outcome in _outcomes(given):
        done += 1
        counts.update(outcome.counts)
        if outcome.failure:
            failed.append(outcome.seed)
        if outcome.failure or given.trace:
            print(_told(outcome), flush=True)
        elif done % 50 == 0:
            print(f"{done} days, {time.monotonic() - started:.0f} s, {len(failed)} failed", flush=True)
    seconds = time.monotonic() - started
    print(table(counts))
    pace = f"{seconds:.0f} s, {seconds / max(done, 1):.2f} s a day on {given.jobs} jobs"
    print(f"{done} days in {pace}; {len(failed)} failed")
    for seed in sorted(failed):
        print(f"failed: seed {seed}. See it again with: make simulate FIRST={seed} SEEDS=1")
    return 1 if failed or done < given.seeds else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="first seed (default 1)")
    parser.add_argument("--seeds", type=int, default=100, metavar="N", help="how many days (default 100)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes side by side (default 1)")
    parser.add_argument("--trace", action="store_true", help="tell every day's events, not only those of a failing one")
    parser.add_argument("--whole", action="store_true", help="don't look for a shorter day that fails alike")
    return parser


def _outcomes(given: argparse.Namespace) -> Iterator[Outcome]:
    seeds, outcomes = _processes.Queue(), _processes.Queue()
    for seed in range(given.first, given.first + given.seeds):
        seeds.put(seed)
    jobs = [
        _processes.Process(target=_work, args=(seeds, outcomes, given.whole))
        for _ in range(min(given.jobs, given.seeds))
    ]
    for job in jobs:
        job.start()
    last = time.monotonic()
    left = given.seeds
    while left and time.monotonic() - last < _SILENCE_SECONDS:
        try:
            outcome: Outcome = outcomes.get(timeout=1)
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


def _told(outcome: Outcome) -> str:
    head = f"--- seed {outcome.seed}: {'FAILED' if outcome.failure else 'sound'} after {outcome.seconds:.1f} s ---"
    return "\n".join([head, *outcome.trace, *([outcome.failure] if outcome.failure else [])])


if __name__ == "__main__":
    sys.exit(main())
