"""``make bench-extract``: what reading the whole account promises, measured; exit 1 where a figure falls short.

``python -m benchmarks.bench_extract full --scale 0.05`` runs the parts named, on a smaller account. Each prints its
figures, their bounds and those of a plain puller (``plain_puller.py``) in the same run.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks import extract_capped, extract_demand, extract_full, parts
from benchmarks.parts import Part

PRODUCTS, ORDERS = 57_000, 243_000
PARTS: dict[str, Part] = {
    "full": extract_full.run,
    "cap": extract_capped.run,
    "demand": extract_demand.run,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench_extract", description="Measures extraction and export.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--products", type=int, default=PRODUCTS, metavar="N", help=f"(default {PRODUCTS})")
    parser.add_argument("--orders", type=int, default=ORDERS, metavar="N", help=f"(default {ORDERS})")
    parser.add_argument("--scale", type=float, default=1.0, metavar="X", help="of all: 0.05 to try it (default 1)")
    parser.add_argument(
        "--minute-seconds", type=float, default=6.0, metavar="S", help="the ERP's minute in `cap` (default 6)"
    )
    return parser


def main() -> int:
    parser = _parser()
    options = parser.parse_args()
    options.products = max(1, round(options.products * options.scale))
    options.orders = max(1, round(options.orders * options.scale))
    return parts.run(parser, options, PARTS)


if __name__ == "__main__":
    sys.exit(main())
