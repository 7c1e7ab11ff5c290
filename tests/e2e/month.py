"""A month as a wholesaler's till exports it, made from a seed: the columns and oddities of the real one, and worse.

Read: nothing. Written: CSV and Parquet files. ``expected`` reckons independently of the product, in ``Decimal``.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

import polars as pl

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
FREE_TEXT = ("POST", "DOT", "M", "D", "BANK CHARGES", "AMAZONFEE", "gift_0001_20", "S", "CRUK")
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """Receipts and their net in pennies, by the state they must end in."""

    receipts: dict[str, int]
    net_minor: dict[str, int]


def rows(seed: int = 11) -> list[Row]:
    """About 240 rows of 64 receipts."""
    draw = random.Random(seed)
    made: list[Row] = []
    for number in range(60):
        made += _receipt(draw, number)
    at = _at(60)
    made += [
        # Three receipts that can't be read, each beside a row that can: a receipt is taken whole or not at all.
        ("600001", "SKU-001", "MUG", "two", at, "2.55", "17850", "United Kingdom"),
        ("600001", "SKU-002", "LAMP", "1", at, "3.00", "17850", "United Kingdom"),
        ("600002", "SKU-003", "CLOCK", "1", at, "NaN", "17850", "United Kingdom"),
        ("600003", "SKU-004", "KITE", "1", "the day before yesterday", "4.25", "", "United Kingdom"),
        # Half a piece of what the ERP counts in whole ones.
        ("600004", "SKU-005", "TEAPOT", "0.5", at, "8.15", "", "France"),
    ]
    return made


def _receipt(draw: random.Random, number: int) -> list[Row]:
    at, country = _at(number), draw.choice(("United Kingdom", "France", "EIRE"))
    customer = draw.choice(("", str(17000 + draw.randrange(40))))
    sign, prefix = (-1, "C") if number % 7 == 3 else (1, "")
    free = number % 9 == 5  # a write-off typed in as an invoice
    found: list[Row] = []
    for _ in range(draw.randrange(1, 7)):
        product = draw.randrange(30)
        price = Decimal(draw.randrange(5, 9000)) / draw.choice((100, 1000))
        quantity = draw.choice((1, 2, 3, 6, 12, 24)) * (-1 if free else sign)
        found.append((f"{prefix}{536000 + number}", f"SKU-{product:03d}", "" if free else f"THING {product}",
                      str(quantity), at, "0" if free else str(price), customer, country))  # fmt: skip
    if number % 6 == 2 and not free:
        code = FREE_TEXT[number // 6 % len(FREE_TEXT)]
        words = (f"{prefix}{536000 + number}", code, code.title(), str(-1 if code == "D" else sign), at, "18.005")
        found.append((*words, customer, country))
    if number % 10 == 4 and not free:
        found.append(found[0])  # the very same row twice: two real lines
    return found


def _at(number: int) -> str:
    # Minutes apart, beside each other and across midnight.
    return (datetime(2010, 12, 1, 8, 26, tzinfo=UTC) + timedelta(minutes=631 * number)).strftime("%Y-%m-%dT%H:%M:%S")


def expected(made: Sequence[Row]) -> Expected:
    """What must become of every receipt, and its net: quantity x price, each line rounded half away from zero."""
    receipts: dict[str, int] = {}
    net: dict[str, int] = {}
    by_receipt: dict[str, list[Row]] = {}
    for row in made:
        by_receipt.setdefault(row[0], []).append(row)
    for lines in by_receipt.values():
        amounts = [_pennies(row) for row in lines]
        readable = None not in amounts and all(_is_instant(row[4]) for row in lines)
        if not readable:
            state = "quarantined"
        elif not any(amounts):
            state = "excluded"
        else:
            state = "rejected" if any("." in row[3] for row in lines) else "verified"
        receipts[state] = receipts.get(state, 0) + 1
        net[state] = net.get(state, 0) + sum(amount or 0 for amount in amounts)
    return Expected(receipts, net)


def _pennies(row: Row) -> int | None:
    """What a row is worth, as far as it can be read."""
    try:
        worth = Decimal(row[3]) * Decimal(row[5]) * 100
        return int(worth.quantize(Decimal(1), rounding=ROUND_HALF_UP))  # Decimal's half up is half away from zero
    except (InvalidOperation, ValueError):
        return None


def _is_instant(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def write_csv(path: Path, made: Sequence[Row]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(made)
    return path


def write_parquet(path: Path, made: Sequence[Row]) -> Path:
    pl.DataFrame(list(made), schema=dict.fromkeys(COLUMNS, pl.String), orient="row").write_parquet(path)
    return path


def pieces(made: Sequence[Row], count: int, seed: int) -> list[list[Row]]:
    """The rows shuffled and dealt into ``count`` pieces, so that receipts are torn apart."""
    mixed = list(made)
    random.Random(seed).shuffle(mixed)
    return [mixed[start::count] for start in range(count)]
