"""``python -m tests.simulation --first 1 --seeds 100``: play days, tell what failed and how to see it again.

Exit code 1 if a day failed. Each job is a process with its own simulated ERP and its own PostgreSQL.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulation.coverage import table
from tests.simulation.jobs import outcomes
from tests.simulation.run import Outcome


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    started = time.monotonic()
    counts: Counter[str] = Counter()
    failed: list[int] = []
    done = 0
    seeds = range(given.first, given.first + given.seeds)
    for outcome in outcomes(seeds, given.jobs, whole=given.whole):
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


def _told(outcome: Outcome) -> str:
    head = f"--- seed {outcome.seed}: {'FAILED' if outcome.failure else 'sound'} after {outcome.seconds:.1f} s ---"
    return "\n".join([head, *outcome.trace, *([outcome.failure] if outcome.failure else [])])


if __name__ == "__main__":
    sys.exit(main())
