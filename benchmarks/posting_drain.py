"""Sales a minute drained from a backlog of 10,000 under the ERP's real cap of 200 requests a minute, all verified.

The simulated ERP's minute is shortened, and the product is told so (``erp.minute_seconds``): 200 requests a minute stay
200 requests a minute, only less time passes. Ten percent of the cap stay untouched for the account's other apps. A
lingering run posts, as the job does; beside it a thread reads back in the lane of verification. Every minute that was
begun counts whole, for us and for the plain poster beside it. No request may be refused for the cap.
"""

from __future__ import annotations

import argparse
import math
import threading
import time

from benchmarks.figures import Figures
from benchmarks.plain_poster import PlainPoster
from benchmarks.posting_house import House, house, items, lingering, shop_keys
from benchmarks.posting_sales import day, fill
from bp_assets.brightpearl.client import ErpClient
from bp_assets.posting.poster import catalogue_of
from bp_assets.posting.verify import BATCH, verify_posted

CAP, RESERVE = 200, 10
SALES_A_MINUTE = 300.0
_BASELINE_MINUTES = 5
_WAITING = "state in ('pending', 'sending', 'unknown')"


def run(options: argparse.Namespace) -> Figures:
    figures = Figures("drain under the cap")
    minute, backlog = options.minute_seconds, options.drain
    figures.say(f"the sandbox's minute has {minute:g} s; {CAP} requests a minute, {RESERVE} % of them left alone")
    receipts = day(items(), shop_keys())
    with house(per_minute=CAP, minute_seconds=minute, reserve=RESERVE) as place:
        fill(place.ledger, receipts, backlog)
        minutes, spent = _drain(place, minute)
        figures.add(f"backlog of {backlog:,}, verified", backlog / minutes, "sales a minute", least=SALES_A_MINUTE)
        figures.note("requests a sale", spent / backlog, "")
        figures.add("requests refused for the cap", place.refused(), "", most=0)
    with house(per_minute=CAP, minute_seconds=minute, reserve=RESERVE) as place, place.client() as client:
        plain = PlainPoster(client, place.shops, catalogue_of(client, place.shops))
        end = time.monotonic() + _BASELINE_MINUTES * minute
        done = 0
        for _ in plain.post(receipts):
            if time.monotonic() > end:
                break
            done += 1
        figures.note("one after another", done / _BASELINE_MINUTES, "sales a minute")
    return figures


def _drain(place: House, minute: float) -> tuple[int, int]:
    """Minutes begun until everything is verified, and requests spent."""
    began = time.monotonic()
    posted = threading.Event()
    with place.client("verify") as client:
        reader = threading.Thread(target=_read_back, args=(place, client, posted), name="verify")
        reader.start()
        try:
            with lingering(place, place.shops):
                while place.count(_WAITING):
                    time.sleep(0.2)
        finally:
            posted.set()
            reader.join()
    left = place.count("state <> 'verified'")
    if left:
        raise AssertionError(f"{left} sales are not verified")
    return math.ceil((time.monotonic() - began) / minute), place.requests()


def _read_back(place: House, client: ErpClient, posted: threading.Event) -> None:
    """Verify whenever a full batch waits, and what is left once everything is posted."""
    catalogue = catalogue_of(client, place.shops)
    while not posted.wait(0.2):
        if place.count("state = 'posted'") >= BATCH:
            verify_posted(place.ledger, client, place.shops, catalogue, BATCH)
    while place.count("state = 'posted'"):
        verify_posted(place.ledger, client, place.shops, catalogue)
        time.sleep(0.05)
