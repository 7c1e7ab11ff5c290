"""Requests per sale, from a decoded receipt to a verified and closed order, everything counted.

Master data, orders, row ids, payments, goods notes, shipping, closing and reading back are counted by the simulated
ERP, not by us. Two backlogs: a thousand plain sales (the shape behind the floor of 0.505), and five thousand of a
shop's day with returns, exchanges and split tenders, whose calls alone are 0.515 requests a sale; the bound holds for
both. The baseline posts a sample of the same receipts.
"""

from __future__ import annotations

import argparse
import time
from itertools import islice

from benchmarks.figures import Figures
from benchmarks.plain_poster import PlainPoster
from benchmarks.posting_house import House, house, items, shop_keys
from benchmarks.posting_sales import day, fill
from bp_assets.domain.sale import Sale
from bp_assets.posting.poster import Poster, catalogue_of
from bp_assets.posting.verify import verify_posted

BOUND = 0.55
SAMPLE = 50
_ROUNDS = 200


def run(options: argparse.Namespace) -> Figures:
    """``options.backlog`` plain sales, and five times as many receipts of a day."""
    figures = Figures("requests per sale")
    for name, plain, backlog in (("plain sales", True, options.backlog), ("a shop's day", False, 5 * options.backlog)):
        receipts = day(items(), shop_keys(), plain=plain)
        with house() as place:
            fill(place.ledger, receipts, backlog)
            spent = post_and_verify(place)
            figures.add(f"{name}, backlog of {backlog:,}", spent / backlog, "requests a sale", most=BOUND)
        with house() as place:
            figures.note(f"{name}, one after another", baseline(place, receipts[:SAMPLE]) / SAMPLE, "requests a sale")
    return figures


def post_and_verify(place: House) -> int:
    """Requests until everything in line is verified.

    Raises:
        AssertionError: something is left, was parked, or was refused by the ERP.
    """
    before = place.requests()
    with place.client() as client:
        poster = Poster(place.ledger, client, place.shops)
        for _ in range(_ROUNDS):
            poster.post_due()
            left = verify_posted(place.ledger, client, place.shops, poster.catalogue).waiting
            if not left and not place.count("state in ('pending', 'sending', 'unknown')"):
                break
            time.sleep(0.05)
    left = place.count("state <> 'verified'")
    if left:
        raise AssertionError(f"{left} sales are not verified")
    return place.requests() - before


def baseline(place: House, sales: list[Sale]) -> int:
    """Requests of the plain poster for these sales; master data aside, of which a long run spends next to nothing."""
    with place.client() as client:
        plain = PlainPoster(client, place.shops, catalogue_of(client, place.shops))
        before = place.requests()
        for _ in islice(plain.post(sales), len(sales)):
            pass
        return place.requests() - before
