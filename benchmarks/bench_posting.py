"""``make bench-posting``: what posting promises, measured; exit 1 where a figure falls short.

``python -m benchmarks.bench_posting requests speed`` runs the parts named. Each prints its figures, their bounds and
those of a plain poster (``plain_poster.py``) in the same run.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks import parts, posting_drain, posting_live, posting_requests, posting_shares, posting_speed
from benchmarks.parts import Part

PARTS: dict[str, Part] = {
    "requests": posting_requests.run,
    "drain": posting_drain.run,
    "live": posting_live.run,
    "shops": posting_shares.run_shops,
    "backfill": posting_shares.run_backfill,
    "speed": posting_speed.run,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench_posting", description="Measures posting against its bounds.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--backlog",
        type=int,
        default=1000,
        metavar="N",
        help="plain sales of `requests` (default 1000)",
    )
    parser.add_argument("--drain", type=int, default=10_000, metavar="N", help="backlog of `drain` (default 10000)")
    parser.add_argument(
        "--minute-seconds", type=float, default=6.0, metavar="S", help="the ERP's minute in `drain` (default 6)"
    )
    parser.add_argument("--minutes", type=float, default=4.0, metavar="N", help="minutes of `live` (default 4)")
    parser.add_argument(
        "--block", type=float, default=60.0, metavar="S", help="seconds of a block of `shops` and `backfill` (60)"
    )
    parser.add_argument("--rounds", type=int, default=2, metavar="N", help="how often their blocks take turns (2)")
    parser.add_argument(
        "--shops-minute-seconds", type=float, default=6.0, metavar="S", help="the ERP's minute in `shops` (default 6)"
    )
    # The shorter the minute, the more of a processor a backfill takes: that is not to be what is measured.
    parser.add_argument(
        "--backfill-minute-seconds", type=float, default=12.0, metavar="S", help="and in `backfill` (default 12)"
    )
    parser.add_argument("--sales", type=int, default=100_000, metavar="N", help="sales of `speed` (default 100000)")
    return parser


def main() -> int:
    parser = _parser()
    options = parser.parse_args()
    return parts.run(parser, options, PARTS)


if __name__ == "__main__":
    sys.exit(main())
