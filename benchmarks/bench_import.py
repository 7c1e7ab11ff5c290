"""How long Dagster waits for ``bp_assets.definitions``: in a fresh process, warm (the fastest of five). At most 2.5 s.

    python -m benchmarks.bench_import

Read: the code. Written: one line on standard output; exit code 1 above the limit, or if a heavy library is loaded.
"""

from __future__ import annotations

import subprocess
import sys

LIMIT_SECONDS = 2.5
RUNS = 5
HEAVY = ("great_expectations", "pandas")
_CODE = f"""
import sys, time
began = time.perf_counter()
import bp_assets.definitions
print(time.perf_counter() - began, [name for name in {HEAVY!r} if name in sys.modules])
"""


def measure() -> tuple[float, str]:
    """Seconds of one import in a fresh process, and the heavy libraries it loaded, as text."""
    done = subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True, check=True)
    seconds, heavy = done.stdout.strip().split(" ", 1)
    return float(seconds), heavy


def main() -> int:
    measure()  # the first one may have to compile
    measured = [measure() for _ in range(RUNS)]
    best, heavy = min(measured)
    print(f"import of bp_assets.definitions: {best:.2f} s (limit {LIMIT_SECONDS} s); heavy libraries loaded: {heavy}")
    return 0 if best <= LIMIT_SECONDS and heavy == "[]" else 1


if __name__ == "__main__":
    sys.exit(main())
