"""The books against what is served: added up independently from the JSON and the files, to the penny."""

import csv
import io
import json
from collections import Counter
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from sandbox import catalogue
from sandbox.tills import planted
from sandbox.tills.books import books
from sandbox.tills.trading import trading_day
from tests.sandbox.tills.serving import Tills

DAY = "2026-11-20"


def pennies(text: object) -> int:
    return int((Decimal(str(text)) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def square_money(order: dict) -> tuple[int, int]:
    """(gross, tax) of an order from its parts, not from its totals."""

    def amount(part: dict, name: str) -> int:
        return part.get(name, {}).get("amount", 0)

    gross = sum(amount(line, "total_money") for line in order.get("line_items", []))
    tax = sum(amount(line, "total_tax_money") for line in order.get("line_items", []))
    gross += sum(amount(charge, "total_money") for charge in order.get("service_charges", []))
    gross += sum(amount(tender, "tip_money") for tender in order.get("tenders", []))
    gross += order.get("rounding_adjustment", {}).get("amount_money", {}).get("amount", 0)
    for back in order.get("returns", []):
        gross -= sum(amount(line, "total_money") for line in back["return_line_items"])
        tax -= sum(amount(line, "total_tax_money") for line in back["return_line_items"])
    return gross, tax


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_square_orders_add_up_to_the_books(tills: Tills, seed: int) -> None:
    tills.switch("trade", date=DAY, transactions=200, seed=seed, planted=False)
    booked = {one["source_id"]: one for one in tills.books()["transactions"] if one["source"] == "square"}
    orders = tills.all_orders()
    assert len(orders) == len(booked) > 90
    for order in orders:
        entry = booked[order["id"]]
        if order["state"] != "COMPLETED":
            assert entry["kind"] in ("void", "parked") and entry["gross_minor"] == 0
            continue
        assert square_money(order) == (entry["gross_minor"], entry["tax_minor"]), order["id"]
        taken = sum(one["amount_money"]["amount"] for one in order.get("tenders", []))
        given = sum(one["amount_money"]["amount"] for one in order.get("refunds", []))
        assert taken - given == sum(entry["tenders"].values()) == entry["gross_minor"]
        stated = order.get("net_amounts", {}).get("total_money") or order["total_money"]
        assert stated["amount"] == entry["gross_minor"]


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_york_files_add_up_to_the_books(tills: Tills, seed: int) -> None:
    tills.switch("trade", date=DAY, transactions=200, seed=seed, planted=False)
    gross, paid = Counter(), Counter()
    for file in sorted((tills.world.drop_dir / "york").iterdir()):
        for row in csv.DictReader(io.StringIO(file.read_text())):
            if row["row_type"] == "TENDER":
                paid[row["receipt_no"]] += pennies(row["tender_amount"])
            elif row["row_type"] != "VOID":
                gross[row["receipt_no"]] += pennies(row["line_total"])
    booked = [one for one in tills.books(shop="york")["transactions"] if one["kind"] != "void"]
    assert {one["receipt_number"]: one["gross_minor"] for one in booked} == dict(gross)
    assert {one["receipt_number"]: sum(one["tenders"].values()) for one in booked if one["tenders"]} == dict(paid)


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_bath_files_add_up_to_the_books(tills: Tills, seed: int) -> None:
    tills.switch("trade", date=DAY, transactions=200, seed=seed, planted=False)
    net, tax = Counter(), Counter()
    for file in sorted((tills.world.drop_dir / "bath").iterdir()):
        for line in file.read_text().splitlines():
            row = json.loads(line)
            if row["type"] not in ("PAYMENT", "VOID"):
                sign = -1 if row["type"] == "RETURN" else 1
                net[row["receipt"]] += sign * pennies(row["net"])
                tax[row["receipt"]] += sign * pennies(row["tax"])
    booked = [one for one in tills.books(shop="bath")["transactions"] if one["kind"] != "void"]
    assert {one["receipt_number"]: one["net_minor"] for one in booked} == dict(net)
    assert {one["receipt_number"]: one["tax_minor"] for one in booked} == dict(tax)


def test_the_totals_of_the_books_are_the_sums_of_their_transactions(tills: Tills) -> None:
    tills.switch("trade", date=DAY, transactions=150, seed=3)
    told = tills.books()
    for row in told["totals"]:
        mine = [
            one
            for one in told["transactions"]
            if one["shop"] == row["shop"]
            and one["business_date"] == row["business_date"]
            and one["kind"] not in ("void", "parked")
        ]
        assert row["count"] == len(mine)
        for name in ("net_minor", "tax_minor", "gross_minor"):
            assert row[name] == sum(one[name] for one in mine)
        assert row["net_minor"] + row["tax_minor"] == row["gross_minor"]
        assert sum(row["tax_by_rate"].values()) == row["tax_minor"]
    assert {row["shop"] for row in told["totals"]} == {"leeds", "london", "york", "bath"}


def test_the_same_seed_and_date_make_the_same_day() -> None:
    items, day = catalogue.seeded(7, 60), date(2026, 11, 20)
    first, again = (books(trading_day(7, day, items, 120)) for _ in range(2))
    assert first == again
    assert first != books(trading_day(8, day, items, 120))
    assert first != books(trading_day(7, date(2026, 11, 21), items, 120))


def test_a_day_of_three_hundred_holds_every_planted_fault_once() -> None:
    day = trading_day(7, date(2026, 11, 20), catalogue.seeded(7, 200), 300)
    assert len(day) == 300
    assert Counter(one.fault for one in day if one.fault) == dict.fromkeys(planted.NAMES, 1)


@pytest.mark.parametrize("seed", range(12))
def test_on_an_honest_day_tenders_settle_and_nothing_unsold_comes_back(seed: int) -> None:
    day = trading_day(seed, date(2026, 11, 20), catalogue.seeded(seed, 40), 250, faults=())
    sold = {(one.source_id, line.uid): line for one in day for line in one.lines if line.quantity > 0}
    back: Counter = Counter()
    for one in day:
        if one.counts:
            assert sum(tender.amount_minor for tender in one.tenders) == one.gross
        for line in one.lines:
            assert line.net + line.tax == line.gross
            if line.original_uid:
                back[(one.original.source_id, line.original_uid)] += -line.quantity
    assert back and all(quantity <= sold[key].quantity for key, quantity in back.items())


def test_playing_a_day_twice_changes_nothing_and_until_cuts_it(tills: Tills) -> None:
    noon = "2026-11-20T12:00:00+00:00"
    morning = tills.switch("trade", date=DAY, transactions=80, seed=5, until=noon)["played"]
    rest = tills.switch("trade", date=DAY, transactions=80, seed=5)["played"]
    again = tills.switch("trade", date=DAY, transactions=80, seed=5)["played"]
    assert (morning + rest, again) == (80, 0)
    assert morning == sum(one["sold_at"] <= noon for one in tills.books()["transactions"])
    refused = tills.http.post("/sandbox/tills/trade", json={"date": DAY, "transactions": 81, "seed": 5})
    assert refused.status_code == 409 and "was begun with 80" in refused.json()["error"]


def test_without_a_drop_folder_only_the_square_shops_trade() -> None:
    from tests.sandbox.tills.serving import World, served

    with served(World(drop_dir=None)) as tills:
        played = tills.switch("trade", date=DAY, transactions=40)
    assert set(played["by_shop"]) == {"leeds", "london"} and played["played"] == 40


def test_reset_empties_books_orders_and_folders(tills: Tills) -> None:
    tills.switch("trade", date=DAY, transactions=60)
    assert [path for path in Path(tills.world.drop_dir).rglob("*") if path.is_file()]
    tills.switch("reset")
    assert tills.books()["transactions"] == [] and tills.all_orders() == []
    assert [path for path in Path(tills.world.drop_dir).rglob("*") if path.is_file()] == []
