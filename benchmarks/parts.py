"""A benchmark of several parts: those named on the command line, or all, one after another. Written: the screen."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping

from benchmarks.figures import Figures

Part = Callable[[argparse.Namespace], Figures]


def run(parser: argparse.ArgumentParser, options: argparse.Namespace, parts: Mapping[str, Part]) -> int:
    """Run ``options.parts``; exit code 1 where a figure fell short. A part that there is not ends the program."""
    unknown = [name for name in options.parts if name not in parts]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(parts)}")
    fell_short: list[str] = []
    for name in options.parts or parts:
        began = time.monotonic()
        sys.stdout.write(f"{name}\n")
        fell_short += parts[name](options).fell_short
        sys.stdout.write(f"  ({time.monotonic() - began:.0f} s)\n")
    sys.stdout.write(f"fell short: {'; '.join(fell_short)}\n" if fell_short else "all within their bounds\n")
    return 1 if fell_short else 0
