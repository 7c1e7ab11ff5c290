"""The auditor's evening: what finance and the checks say, held against the auditor's own books.

It imports nothing of the product; rows come as plain dictionaries. Amounts are pennies, credits count against.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from tests.simulation.auditor import DONE, Auditor, Entry
from tests.simulation.expected import CLEARING, CREDIT, PLACES
from tests.simulation.summed import is_summary

Row = Mapping[str, Any]
# Told by the machine's own clock, which is not the simulated day's.
_OF_TIME = {("shop_health", "not_asked"), ("freshness", "stale"), ("freshness", "old")}


def differences(
    auditor: Auditor, reconciliation: Iterable[Row], takings: Iterable[Row], findings: Iterable[Row]
) -> list[str]:
    """One line for each figure that is not the auditor's, and for each finding that nothing planted explains."""
    shops = {shop: _Shop(auditor, shop) for shop in PLACES}
    found = []
    seen = set()
    for row in reconciliation:
        seen.add(row["shop"])
        found += shops[row["shop"]].reconciled(row)
    found += [f"finance has no day of {key}" for key, shop in shops.items() if shop.entries and key not in seen]
    by_code: dict[tuple[str, str], dict[str, Row]] = defaultdict(dict)
    for row in takings:
        by_code[row["shop"], row["kind"]][row["code"]] = row
    for key, shop in shops.items():
        found += shop.taken("tender", shop.payments, by_code[key, "tender"])
        found += shop.taken("tax", shop.taxes, by_code[key, "tax"])
    return found + [line for row in findings if (line := _unexplained(auditor, row))]


class _Shop:
    """One shop's day as the auditor has it: from the ERP's books, and from what became of each receipt."""

    def __init__(self, auditor: Auditor, shop: str) -> None:
        self.shop, self.summed = shop, shop == auditor.summed
        held = [(key, entry) for key, entry in auditor.entries.items() if entry.basket.shop.code == shop]
        self.entries = {key: entry for key, entry in held if key in auditor.postings}
        self.states = Counter(auditor.postings[key].state for key in self.entries)
        self.edited = any(entry.edited for entry in self.entries.values())
        self.net = self.gross = 0
        self.taxes: Counter[str] = Counter()
        self.payments: Counter[str] = Counter()
        in_erp = set()
        for ref, order in auditor.orders.items():
            code, _, key = ref.partition("-")
            if key not in self.entries and not is_summary(ref, shop):
                continue
            in_erp.add(key)
            sign = -1 if code == CREDIT else 1
            self.net += sign * _pennies(order["net"])
            self.gross += sign * _pennies(order["total"])
            for tax_code, text in order["taxByCode"].items():
                self.taxes[tax_code] += sign * _pennies(text)
            for (method, kind, amount), times in order["payments"].items():
                if method != CLEARING:
                    self.payments[method] += times * (amount if kind == "RECEIPT" else -amount)
        self.in_erp = len(in_erp)

    def reconciled(self, row: Row) -> list[str]:
        wanted = {
            "erp_count": self.in_erp, "erp_net": self.net, "erp_gross": self.gross,
            "till_count": len(self.entries), "verified_count": self.states["verified"],
            "rejected_count": self.states["rejected"], "quarantined_count": self.states["quarantined"],
            "excluded_count": self.states["excluded"],
            "unsettled_count": sum(self.states.values()) - sum(self.states[state] for state in _SETTLED),
        }  # fmt: skip
        if self.summed:
            del wanted["erp_count"]
        if set(self.states) == {"verified"} and not self.edited:
            wanted |= {"till_net": self.net, "till_gross": self.gross, "verified_gross": self.gross}
        if not self.edited:
            wanted["unexplained_gross"] = 0
        shown = {name: row[name] if name.endswith("_count") else _pennies(row[name]) for name in wanted}
        return [
            f"finance says of {self.shop}: {name} {shown[name]}, the auditor {must}"
            for name, must in wanted.items()
            if shown[name] != must
        ]

    def taken(self, kind: str, wanted: Mapping[str, int], rows: Mapping[str, Row]) -> list[str]:
        shown = {code: _pennies(row["erp_amount"]) for code, row in rows.items()}
        return [
            f"finance says of {self.shop}: {kind} {code} {shown.get(code, 0)} in the ERP, the auditor {wanted[code]}"
            for code in {*wanted, *shown}
            if shown.get(code, 0) != wanted.get(code, 0)
        ]


_SETTLED = ("verified", "rejected", "quarantined", "excluded")


def _pennies(amount: Decimal | str | None) -> int:
    return int(Decimal(amount or 0) * 100)


def _unexplained(auditor: Auditor, row: Row) -> str:
    """The finding in a line, unless something that was planted explains it."""
    told = f"the check {row['check_name']} found {row['kind']}: {row['message']}"
    if (row["check_name"], row["kind"]) in _OF_TIME:
        return ""
    entry = auditor.entries.get(row["sale_id"] or "")
    if entry is not None:
        return "" if _explains(auditor, entry, row) else told
    disturbed = [one for key, one in auditor.entries.items() if _unsound(auditor, key, one)]
    if row["shop"] and any(one.basket.shop.code == row["shop"] for one in disturbed):
        return ""
    return "" if not row["shop"] and (disturbed or auditor.hand_moves) else told


def _unsound(auditor: Auditor, key: str, entry: Entry) -> bool:
    posting = auditor.postings.get(key)
    return bool(entry.edited) or len(entry.expectations) > 1 or (posting is not None and posting.state not in DONE)


def _explains(auditor: Auditor, entry: Entry, row: Row) -> bool:
    if _unsound(auditor, row["sale_id"], entry):
        return True
    original = auditor.entries.get(entry.expectations[0].original)
    if row["check_name"] == "return_drift":
        # Goods without a receipt, more than were sold, or of a sale that is itself unsound.
        return original is None or entry.basket.fault == "return_of_more_than_sold" or bool(original.edited)
    if row["check_name"] == "tax_mismatches":
        if row["kind"] == "rounding" and any(line.basket_discount_minor for line in entry.basket.lines):
            return True  # a whole basket's discount is shared out in whole pennies, and its tax with it
        return any(line.sku in auditor.retaxed or not line.sku for line in entry.basket.lines)
    return entry.basket.fault in ("unknown_sku", "item_without_catalogue") or entry.retold
