"""``python -m tests.simulation --first 1 --seeds 100``: play days, tell what failed and how to see it again.

Exit code 1 if a day failed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulation.coverage import table
from tests.simulation.disturbances import MOMENTS
from tests.simulation.drill import SUBJECTS
from tests.simulation.jobs import Task, outcomes
from tests.simulation.run import Outcome


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    tasks: list[Task] = [*range(given.first, given.first + given.seeds)]
    if given.drill:
        tasks = [(subject, moment, packed) for subject in SUBJECTS for moment in MOMENTS for packed in (True, False)]
    started = time.monotonic()
    counts: Counter[str] = Counter()
    failed: list[Outcome] = []
    done = 0
    for outcome in outcomes(tasks, given.jobs, whole=given.whole, evenings=given.evenings):
        done += 1
        counts.update(outcome.counts)
        if outcome.failure:
            failed.append(outcome)
        if outcome.failure or given.trace:
            print(_told(outcome), flush=True)
        elif done % 50 == 0:
            print(f"{done} days, {time.monotonic() - started:.0f} s, {len(failed)} failed", flush=True)
    seconds = time.monotonic() - started
    print(table(counts))
    pace = f"{seconds:.0f} s, {seconds / max(done, 1):.2f} s a day on {given.jobs} jobs"
    print(f"{done} days in {pace}; {len(failed)} failed")
    for outcome in sorted(failed, key=lambda one: one.seed):
        again = "make drill" if outcome.name else f"make simulate FIRST={outcome.seed} SEEDS=1"
        print(f"failed: {outcome.name or f'seed {outcome.seed}'}. See it again with: {again}")
    return 1 if failed or done < len(tasks) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="first seed (default 1)")
    parser.add_argument("--seeds", type=int, default=100, metavar="N", help="how many days (default 100)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes side by side (default 1)")
    parser.add_argument(
        "--evenings", type=int, default=25, metavar="N", help="finance and checks for every so many seeds; 0: none"
    )
    parser.add_argument("--drill", action="store_true", help="instead: kill sale, return and exchange everywhere")
    parser.add_argument("--trace", action="store_true", help="tell every day's events, not only those of a failing one")
    parser.add_argument("--whole", action="store_true", help="don't look for a shorter day that fails alike")
    return parser


def _told(outcome: Outcome) -> str:
    name = outcome.name or f"seed {outcome.seed}"
    head = f"--- {name}: {'FAILED' if outcome.failure else 'sound'} after {outcome.seconds:.1f} s ---"
    return "\n".join([head, *outcome.trace, *([outcome.failure] if outcome.failure else [])])


if __name__ == "__main__":
    sys.exit(main())
