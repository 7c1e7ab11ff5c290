"""The auditor: books of its own about every till transaction, held against the ERP's books and the ledger's states.

It imports nothing of the product. It reads the ERP's books over HTTP and the table ``tillbridge.postings`` by plain
SQL, and knows from the tills alone what must be there. Between two steps of a day nothing may be there that no till
made, nothing twice, nothing with other money or stock; what is called posted must be complete; what is parked must have
a cause that was planted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from sandbox.tills.events import Transaction
from tests.simulation.expected import CREDIT, Document, Expectation, Move, expected, sale_id
from tests.simulation.summed import corrections, is_summary, money, moved_all

DONE = ("posted", "verified")
PARKED = ("rejected", "quarantined")


class Caught(AssertionError):
    """What the auditor found, one line each."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


@dataclass(slots=True)
class Entry:
    """One till transaction in the auditor's books.

    ``expectations``: more than one where the till itself tells the same receipt in two versions and the first to arrive
    counts. ``causes``: reasons for which it may be parked. ``edited``: documents that a person changed in the ERP, with
    what they must show since; ``None`` where the order was thrown away.
    """

    basket: Transaction
    expectations: list[Expectation]
    delivered: bool = False
    retold: bool = False  # the till told it again with other money
    causes: set[str] = field(default_factory=set)
    edited: dict[str, Document | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.basket.shop.code} {self.basket.receipt_number} ({self.basket.fault or self.basket.kind})"


@dataclass(slots=True)
class Posting:
    state: str
    reason: str
    message: str
    captured_at: datetime
    sent_at: datetime | None


class Auditor:
    """``products``: the ERP's product ids by SKU when the day began."""

    def __init__(self, products: dict[str, int]) -> None:
        self.products = products
        self.entries: dict[str, Entry] = {}
        self.hand_moves: Counter[tuple[int, int, int]] = Counter()  # product, warehouse, quantity
        self.retaxed: set[str] = set()  # SKUs whose tax code a person changed in the ERP
        self.thrown_away: set[int] = set()  # orders a person deleted in the ERP
        self.foreign: set[int] = set()  # orders of other apps
        self.rules: list[tuple[str, Callable[[Entry], bool]]] = []  # reasons planted for whoever fits
        self.rejects_unknown = False  # what the shops file says of SKUs that the ERP does not know
        self.ever_parked: set[str] = set()
        self.orders: dict[str, dict[str, Any]] = {}  # by external reference, as last seen
        self.postings: dict[str, Posting] = {}
        self.summed = ""  # the shop that is posted at the end of its day
        self.summaries: dict[str, Posting] = {}
        self.corrections: dict[str, Counter[Move]] = {}  # what its receipts moved, by document reference

    # -- what the tills did -------------------------------------------------------------------------------------------

    def sold(self, basket: Transaction) -> None:
        """A transaction was closed at a till."""
        entry = Entry(basket, [self._expected(basket)])
        if basket.revised is not None:
            entry.expectations.append(self._expected(basket.revised))
        self.entries[sale_id(basket)] = entry

    def _expected(self, basket: Transaction) -> Expectation:
        return expected(basket, self.products, rejects_unknown=self.rejects_unknown)

    def other_version(self, entry: Entry, revised: Transaction) -> None:
        """The till tells the receipt in another version before the first was taken: either counts, or they clash."""
        entry.expectations.append(self._expected(revised))
        entry.causes.add("conflicting_rows")

    def handed_over(self, baskets: Iterable[Transaction]) -> None:
        """From now on the feeds may show these."""
        for basket in baskets:
            self.entries[sale_id(basket)].delivered = True

    def delivered(self, basket: Transaction) -> bool:
        return self.entries[sale_id(basket)].delivered

    def _causes(self, entry: Entry) -> set[str]:
        """Every planted reason for which a sale may be parked."""
        found = entry.causes | {reason for reason, fits in self.rules if fits(entry)}
        original = entry.expectations[0].original
        if original in self.ever_parked:
            found |= {"original_not_posted"}
        if original in self.entries and self.entries[original].edited:
            found |= {"erp_refused"}  # its parent may have been thrown away
        return found

    # -- at every moment ----------------------------------------------------------------------------------------------

    def check(self, connection: sa.Connection, books: dict[str, Any]) -> None:
        """Raises :class:`Caught`."""
        findings = [*self._postings(connection), *self._orders(books), *self._complete(books)]
        if findings:
            raise Caught(findings)

    def _postings(self, connection: sa.Connection) -> list[str]:
        found: list[str] = []
        query = sa.text(
            "select role, sale_id, state, reason_code, message, captured_at, sent_at from tillbridge.postings"
        )
        self.postings, self.summaries = {}, {}
        for role, key, *told in connection.execute(query):
            (self.summaries if role == "summary" else self.postings)[key] = Posting(*told)
        found += [
            f"there is a summary {key} of a shop that has none"
            for key in self.summaries
            if not is_summary(key, self.summed)
        ]
        self.ever_parked |= {key for key, posting in self.postings.items() if posting.state in PARKED}
        for key, posting in self.postings.items():
            entry = self.entries.get(key)
            if entry is None or not entry.delivered:
                found.append(f"the ledger holds {key}, which no till has handed over")
                continue
            outcomes = {(one.outcome, one.reason) for one in entry.expectations}
            told = f"{posting.state} ({posting.reason}: {posting.message})"
            if posting.state == "rejected":
                if posting.reason not in self._causes(entry) and ("rejected", posting.reason) not in outcomes:
                    found.append(f"{entry.name} is parked without a planted cause: {told}")
            elif posting.state in ("quarantined", "excluded"):
                if (posting.state, posting.reason) not in outcomes and posting.reason not in self._causes(entry):
                    found.append(f"{entry.name} is {told} without a cause in it")
            elif posting.state in DONE and not any(one.outcome == "verified" for one in entry.expectations):
                found.append(f"{entry.name} can't be posted, and is {told}")
        return found

    def _orders(self, books: dict[str, Any]) -> list[str]:
        found: list[str] = []
        self.orders = {}
        payments: dict[int, Counter[tuple[str, str, int]]] = defaultdict(Counter)
        for one in books["payments"]:
            payments[one["orderId"]][one["method"], one["type"], _pennies(one["amount"])] += 1
        moves: dict[int | None, Counter[tuple[int, int, int]]] = defaultdict(Counter)
        corrected, by_hand = corrections(self, (one for one in books["stockMoves"] if one["orderId"] is None))
        found += corrected
        for one in books["stockMoves"]:
            if one["orderId"] is not None:
                moves[one["orderId"]][one["productId"], one["warehouseId"], one["locationId"]] += one["quantity"]
        # The ERP books one correction as several moves where it takes from several batches.
        if _sums(by_hand) != _sums(self.hand_moves):
            found.append(f"stock moved without an order: {by_hand - self.hand_moves or by_hand}")
        for order in books["orders"]:
            ref = order["externalRef"] or ""
            if order["orderId"] in self.foreign:
                payments_or_moves = payments.pop(order["orderId"], None) or moves.pop(order["orderId"], None)
                if payments_or_moves or ref:
                    found.append(f"order {order['orderId']} of another app was touched: {payments_or_moves or ref}")
                continue
            if ref in self.orders:
                found.append(f"{ref} stands twice in the ERP: orders {self.orders[ref]['orderId']}, {order['orderId']}")
                continue
            self.orders[ref] = order
            order["payments"], order["moves"] = (
                payments.pop(order["orderId"], Counter()),
                moves.pop(order["orderId"], Counter()),
            )
            if not is_summary(ref, self.summed):
                found += self._order(ref, order)
        for number in {*payments, *(one for one in moves if one is not None)} - self.thrown_away:
            found.append(f"money or stock of order {number}, which is not in the ERP")
        return found + money(self)

    def _order(self, ref: str, order: dict[str, Any]) -> list[str]:
        code, _, key = ref.partition("-")
        entry = self.entries.get(key)
        if entry is None or not entry.delivered:
            return [f"order {order['orderId']} ({ref!r}) is in the ERP, and no till handed over such a sale"]
        wanted = entry.edited.get(code) or next(
            (
                one.documents[code]
                for one in entry.expectations
                if code in one.documents and _alike(one.documents[code], order)
            ),
            entry.expectations[0].documents.get(code),
        )
        if wanted is None:
            return [f"{entry.name} has the order {order['orderId']} ({ref}), which it must not have"]
        name = f"{entry.name} {code} {order['orderId']}"
        found = [
            f"{name}: {what} must be {must}, is {shown}"
            for what, must, shown in (
                ("type", code, order["type"]),
                ("channel", wanted.channel, order["channelId"]),
                ("warehouse", wanted.warehouse, order["warehouseId"]),
                ("net", wanted.net, _pennies(order["net"])),
                ("tax by code", dict(wanted.tax), _taxes(order)),
                ("total", wanted.total, _pennies(order["total"])),
            )
            if must != shown
        ]
        if extra := order["payments"] - Counter(wanted.payments):
            found.append(f"{name}: paid {dict(extra)} beyond {dict(wanted.payments)}")
        for place, units in order["moves"].items():
            most = wanted.moves.get(place, 0)
            if not min(0, most) <= units <= max(0, most):
                found.append(f"{name}: {units} of product, warehouse, location {place} moved, must be {most}")
        order["wanted"] = wanted
        return found + self._parent(entry, code, order)

    def _parent(self, entry: Entry, code: str, order: dict[str, Any]) -> list[str]:
        original = entry.expectations[0].original if code == CREDIT else ""
        parent = order["parentId"]
        if not original:
            return [f"{entry.name} {code} has the parent {parent}, must have none"] if parent else []
        held = self.orders.get(f"SO-{original}")
        if self.entries[original].basket.shop.code == self.summed and held is None:
            return [f"{entry.name} {code} has the parent {parent}"] if parent not in self._summary_orders() else []
        if parent is not None and held is not None and parent == held["orderId"]:
            return []
        first, then = self.postings.get(original), self.postings.get(sale_id(entry.basket))
        known = first is not None and then is not None and then.sent_at is not None and first.captured_at < then.sent_at
        if parent in self.thrown_away or (parent is None and not known):
            return []
        return [f"{entry.name} {code} has the parent {parent}, must have {held and held['orderId']}"]

    def _summary_orders(self) -> set[int | None]:
        """What may stand as the parent of goods whose sale has no order of its own."""
        return {None, *(order["orderId"] for ref, order in self.orders.items() if is_summary(ref, self.summed))}

    # -- what is called posted ----------------------------------------------------------------------------------------

    def _complete(self, books: dict[str, Any]) -> list[str]:
        found: list[str] = []
        for key, posting in self.postings.items():
            entry = self.entries.get(key)
            if entry is not None and posting.state in DONE:
                found += self.missing(key, entry, posting)
        return found

    def missing(self, key: str, entry: Entry, posting: Posting) -> list[str]:
        """What a posted sale lacks in the ERP."""
        if entry.basket.shop.code == self.summed:
            return moved_all(self, key, entry, posting.state)
        wanted = self._version(key, entry)
        found: list[str] = []
        for code, document in wanted.documents.items():
            order = self.orders.get(f"{code}-{key}")
            if order is None:
                if code not in entry.edited:
                    found.append(f"{entry.name} is {posting.state} without its {code} in the ERP")
                continue
            if missing := Counter(document.payments) - order["payments"]:
                found.append(f"{entry.name} {code} is {posting.state}, unpaid: {dict(missing)}")
            if dict(order["moves"]) != dict(document.moves):
                moved, must = dict(order["moves"]), dict(document.moves)
                found.append(f"{entry.name} {code} is {posting.state}, stock {moved}, must be {must}")
        return found

    # -- at the end ---------------------------------------------------------------------------------------------------

    def quiet(self) -> bool:
        """Whether nothing is on its way any more."""
        return not self.open()

    def open(self) -> list[str]:
        """What is still on its way, one line each."""
        found = []
        for key, entry in self.entries.items():
            posting = self.postings.get(key)
            if posting is None:
                if entry.expectations[0].outcome != "absent":
                    found.append(f"{entry.name} is not in the ledger")
            elif posting.state in ("pending", "sending", "unknown") or (posting.state == "posted" and not entry.edited):
                found.append(f"{entry.name} is {posting.state}: {posting.message}")
        waiting = {key: one for key, one in self.summaries.items() if one.state != "verified"}
        return found + [f"{key} is {one.state}: {one.message}" for key, one in waiting.items()]

    def unsettled(self) -> list[str]:
        """Whose end is not the one it must come to, now that every planted cause is mended."""
        found = [*self.open(), *money(self, ended=True)]
        for key, entry in self.entries.items():
            posting = self.postings.get(key)
            if posting is None or entry.edited:
                continue
            ends = {(one.outcome, one.reason) for one in entry.expectations}
            if "conflicting_rows" in entry.causes:
                ends.add(("quarantined", "conflicting_rows"))
            original = self.postings.get(entry.expectations[0].original)
            if original is not None and original.state in PARKED:
                ends.add(("rejected", "original_not_posted"))
            if original is not None and self.entries[entry.expectations[0].original].edited:
                ends.add(("rejected", "erp_refused"))
            if (posting.state, posting.reason) not in ends:
                told = f"{posting.state} ({posting.reason}: {posting.message})"
                found.append(f"{entry.name} ended {told}, must be one of {sorted(ends)}")
            if posting.state == "verified" and entry.basket.shop.code != self.summed:
                found += [
                    f"{entry.name} {code} is verified and was never invoiced"
                    for code in self._version(key, entry).documents
                    if not self.orders[f"{code}-{key}"]["invoiced"]
                ]
        return found

    def _version(self, key: str, entry: Entry) -> Expectation:
        """The version of the receipt that went to the ERP."""
        held = {code: self.orders.get(f"{code}-{key}") for code in ("SO", "SC")}

        def first(alike: Callable[[Document, dict[str, Any]], bool]) -> Expectation | None:
            fit = (
                all(
                    (order := held[code]) is not None and alike(document, order)
                    for code, document in one.documents.items()
                )
                for one in entry.expectations
            )
            return next((one for one, fits in zip(entry.expectations, fit, strict=True) if fits), None)

        # What was paid tells first: a person's edit may give an order of one version the total of another.
        return first(_paid_alike) or first(_alike) or entry.expectations[0]


def _sums(moves: Counter[tuple[int, int, int]]) -> dict[tuple[int, int], int]:
    """Pieces by product and warehouse."""
    summed: dict[tuple[int, int], int] = defaultdict(int)
    for (product, warehouse, quantity), times in moves.items():
        summed[product, warehouse] += quantity * times
    return dict(summed)


def _paid_alike(document: Document, order: dict[str, Any]) -> bool:
    return bool(document.payments) and Counter(document.payments) == order["payments"]


def _alike(document: Document, order: dict[str, Any]) -> bool:
    return document.total == _pennies(order["total"])


def _pennies(text: str) -> int:
    return int(Decimal(text) * 100)


def _taxes(order: dict[str, Any]) -> dict[str, int]:
    return {code: tax for code, text in order["taxByCode"].items() if (tax := _pennies(text))}
