"""How fast plan, ledger and sender are without a cap, and whether their memory stays flat.

This process and PostgreSQL share the first core, the simulated ERP has the second. Each tenth of the run is timed, so
that slowing down with the size of the ledger would show; memory is the resident set of this process.
"""

from __future__ import annotations

import argparse
import time

import psutil  # type: ignore[import-untyped]  # ships no types

from benchmarks.figures import Figures
from benchmarks.plain_poster import PlainPoster
from benchmarks.posting_house import House, house, items, shop_keys
from benchmarks.posting_sales import day, fill
from bp_assets.posting.poster import Poster, Summary, catalogue_of

SALES_A_SECOND = 100.0
MEMORY_PERCENT = 5.0
SAMPLE = 200
_MEGABYTE = 1 << 20


def run(options: argparse.Namespace) -> Figures:
    figures = Figures("speed and memory")
    receipts = day(items(), shop_keys())
    with house(apart=True) as place, place.client() as client:
        catalogue = catalogue_of(client, place.shops)
        began = time.perf_counter()
        for _ in PlainPoster(client, place.shops, catalogue).post(receipts[:SAMPLE]):
            pass
        figures.note("one after another", SAMPLE / (time.perf_counter() - began), "sales a second")
    with house(apart=True) as place:
        fill(place.ledger, receipts, options.sales)
        _post(place, options.sales, figures)
    return figures


def _post(place: House, sales: int, figures: Figures) -> None:
    ours = psutil.Process()
    marks: list[tuple[int, float, float, float]] = []  # posted, seconds, our megabytes, the sandbox's
    began, busy = time.perf_counter(), (_cpu(ours), _cpu(place.sandbox))

    def on_wave(summary: Summary) -> None:
        if summary.posted >= (len(marks) + 1) * sales // 10:
            memory = [one.memory_info().rss / _MEGABYTE for one in (ours, place.sandbox)]
            marks.append((summary.posted, time.perf_counter() - began, memory[0], memory[1]))

    with place.client() as client:
        summary = Poster(place.ledger, client, place.shops).post_due(on_wave)
    seconds = time.perf_counter() - began
    if summary.posted != sales or summary.down:
        raise AssertionError(f"{summary.posted} of {sales} posted; {summary.down}")
    figures.add(f"{sales:,} sales", sales / seconds, "sales a second", least=SALES_A_SECOND)
    used = [(after - before) / seconds for after, before in zip((_cpu(ours), _cpu(place.sandbox)), busy, strict=True)]
    figures.say(f"this process used {used[0]:.0%} of its core, the sandbox {used[1]:.0%} of the other")
    before = (0, 0.0)
    for posted, at, memory, theirs in marks:
        rate = (posted - before[0]) / (at - before[1])
        figures.say(f"{posted:>9,}: {rate:5.0f} sales a second, {memory:.0f} MB (sandbox {theirs:.0f} MB)")
        before = (posted, at)
    if len(marks) >= 2:
        grown = 100 * (marks[-1][2] / marks[min(1, len(marks) - 2)][2] - 1)
        figures.add("growth of memory from a fifth of the run to its end", grown, "%", most=MEMORY_PERCENT)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
