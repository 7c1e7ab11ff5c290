"""The auditor's look at a shop that is posted at the end of its day: stock by receipt, money by the shop's sums.

Its receipts have no orders of their own. Their goods move in stock corrections that name the receipt; their money
stands in summary orders, which at any moment may hold no more than the receipts, and at the end exactly what they hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.simulation.expected import PLACES, Document, Move

if TYPE_CHECKING:
    from tests.simulation.auditor import Auditor, Entry

_PREFIX = "summary-"


@dataclass(slots=True)
class Sums:
    """Money of some documents of one code."""

    net: int = 0
    tax: Counter[str] = field(default_factory=Counter)
    paid: Counter[tuple[str, str]] = field(default_factory=Counter)  # by method and type

    def figures(self) -> dict[str, int]:
        told = {"net": self.net, **{f"tax {code}": tax for code, tax in self.tax.items()}}
        return {**told, **{f"{kind} by {method}": amount for (method, kind), amount in self.paid.items()}}


def is_summary(ref: str, shop: str) -> bool:
    """Whether an external reference, or a sale's id, is that of a summary of the shop."""
    return bool(shop) and ref.removeprefix("SO-").removeprefix("SC-").startswith(f"{_PREFIX}{shop}-")


def corrections(auditor: Auditor, moves: Iterable[Mapping[str, Any]]) -> tuple[list[str], Counter[Move]]:
    """Findings about the corrections that name a receipt, and the corrections that name none."""
    found: list[str] = []
    by_ref: dict[str, Counter[Move]] = {}
    by_hand: Counter[Move] = Counter()
    seen: set[str] = set()
    for one in moves:
        handle = one["detail"] or ""
        ref, slash, _ = handle.rpartition("/")
        if not slash:
            by_hand[one["productId"], one["warehouseId"], one["quantity"]] += 1
            continue
        if handle in seen:
            found.append(f"the stock of {handle} moved twice")
        seen.add(handle)
        by_ref.setdefault(ref, Counter())[one["productId"], one["warehouseId"], one["locationId"]] += one["quantity"]
    auditor.corrections = by_ref
    for ref, moved in by_ref.items():
        code, _, key = ref.partition("-")
        entry = auditor.entries.get(key)
        if entry is None or not entry.delivered or entry.basket.shop.code != auditor.summed:
            found.append(f"stock moved for {ref}, which is no receipt of a shop that is summed up")
            continue
        document = entry.expectations[0].documents.get(code)
        for place, units in moved.items():
            most = document.moves.get(place, 0) if document else 0
            if not min(0, most) <= units <= max(0, most):
                found.append(f"{entry.name} {code}: {units} of product, warehouse, location {place}, must be {most}")
    return found, by_hand


def moved_all(auditor: Auditor, key: str, entry: Entry, state: str) -> list[str]:
    """What a receipt that counts as posted has not moved."""
    found = []
    for code, document in entry.expectations[0].documents.items():
        moved = dict(auditor.corrections.get(f"{code}-{key}", {}))
        if moved != dict(document.moves):
            found.append(f"{entry.name} {code} is {state}, stock {moved}, must be {dict(document.moves)}")
    return found


def money(auditor: Auditor, *, ended: bool = False) -> list[str]:
    """What the summaries hold beyond their receipts; at the end, what they lack too."""
    if not auditor.summed:
        return []
    found: list[str] = []
    wanted, shown = {"SO": Sums(), "SC": Sums()}, {"SO": Sums(), "SC": Sums()}
    for key, entry in auditor.entries.items():
        posting = auditor.postings.get(key)
        if entry.basket.shop.code == auditor.summed and entry.delivered and posting is not None:
            if posting.state == "rejected" or (ended and posting.state != "verified"):
                continue
            for code, document in entry.expectations[0].documents.items():
                _add(wanted[code], document)
    for ref, order in auditor.orders.items():
        if is_summary(ref, auditor.summed):
            found += _read(shown[ref[:2]], ref, order, auditor.summed)
    for code in ("SO", "SC"):
        must, is_ = wanted[code].figures(), shown[code].figures()
        for name in {*must, *is_}:
            most, there = must.get(name, 0), is_.get(name, 0)
            if there > most or (ended and there != most):
                found.append(f"the summaries of {auditor.summed}: {name} of all {code} is {there}, must be {most}")
    return found


def _add(sums: Sums, document: Document) -> None:
    sums.net += document.net
    sums.tax.update(document.tax)
    for (method, kind, amount), times in document.payments.items():
        sums.paid[method, kind] += amount * times


def _read(sums: Sums, ref: str, order: Mapping[str, Any], shop: str) -> list[str]:
    sums.net += int(Decimal(order["net"]) * 100)
    for code, tax in order["taxByCode"].items():
        sums.tax[code] += int(Decimal(tax) * 100)
    for (method, kind, amount), times in order["payments"].items():
        sums.paid[method, kind] += amount * times
    place = (order["channelId"], order["warehouseId"])
    found = [] if place == PLACES[shop] else [f"{ref} stands at channel and warehouse {place}, must be {PLACES[shop]}"]
    return found + ([f"{ref} moved stock: {dict(order['moves'])}"] if order["moves"] else [])
