"""A full pull under the ERP's real cap of 200 requests a minute, 10 % of them left alone: none may be refused.

The simulated ERP's minute is shortened, and the product is told so (``erp.minute_seconds``): 200 requests a minute stay
200 requests a minute, only less time passes.
"""

from __future__ import annotations

import argparse
import time

from benchmarks.extract_house import CAP, RESERVE, USABLE, account
from benchmarks.figures import Figures
from bp_assets.extraction.resources import ALL


def run(options: argparse.Namespace) -> Figures:
    figures = Figures("extraction under the cap")
    minute = options.minute_seconds
    figures.say(f"the ERP's minute has {minute:g} s; {CAP} requests a minute, {RESERVE} % of them left alone")
    with account(options, per_minute=CAP, minute_seconds=minute) as place:
        began = time.monotonic()
        requests = sum(place.pull(one, full=True).requests for one in ALL)
        minutes = (time.monotonic() - began) / minute
        figures.note(f"{requests:,} requests, minutes of the ERP begun to end", minutes, "minutes")
        figures.note(f"… of which the cap alone asks for, at {USABLE} a minute", requests / USABLE, "minutes")
        figures.add("requests refused for the cap", place.place.refused(), "", most=0)
        most = place.place.http.get("/sandbox/requests").raise_for_status().json()["mostInAMinuteOfTheClock"]
        figures.add("most requests in a minute", most, "requests", most=USABLE)
    return figures
