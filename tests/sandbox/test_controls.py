"""The command, the books' form, and the edits that plant defects."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from sandbox.__main__ import configure
from sandbox.app import build_app
from sandbox.config import SandboxConfig
from sandbox.erp.amounts import plain, rounded, scaled, trimmed
from sandbox.erp.times import iso
from tests.sandbox.client import Caller

ROOT = Path(__file__).parents[2]


def test_the_command_says_where_it_listens_and_serves_there() -> None:
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "serve",
        "--port",
        "0",
        "--products",
        "3",
        "--switch",
        "created_status=200",
    ]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"PYTHONPATH": "."}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            assert said.startswith("sandbox ready at http://127.0.0.1:")
            health = httpx.get(f"{said.split()[-1]}/sandbox/health", trust_env=False).json()
            assert (health["products"], health["seed"]) == (3, 7)
        finally:
            process.terminate()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["serve", "--switch", "colour=red"], "no switch named 'colour'"),
        (["serve", "--switch", "close_fails=maybe"], "true or false"),
        (["serve", "--switch", "close_delay_ms=soon"], "whole number"),
        (["serve", "--catalogue", "nowhere.csv"], "there is no file nowhere.csv"),
        (["serve", "--products", "-1"], "cannot be negative"),
    ],
)
def test_a_mistake_on_the_command_line_is_named(
    arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        configure(arguments)
    assert word in capsys.readouterr().err


def test_a_catalogue_file_becomes_products_with_opening_stock(tmp_path: Path) -> None:
    file = tmp_path / "range.csv"
    file.write_text("sku,name,tax_code,net_price\nAA1,Mug,T20,4.1667\nBB2,Book,T0,8.99\n")
    world = build_app(SandboxConfig(catalogue=file, stock_per_product=12)).state.world
    assert [(item.product_id, item.sku) for item in world.items] == [(1007, "AA1"), (1008, "BB2")]
    assert world.stock.figures(1008, 6) == (12, 0, 0, 0)


def test_the_books_hold_exactly_the_named_members(box: Caller) -> None:
    order = box.order("x")
    box.pay(order, 20, "t")
    books = box.control("GET", "books?opening=false")
    assert books["orders"] == [
        {
            "externalRef": "x",
            "orderId": order,
            "type": "SO",
            "channelId": 2,
            "warehouseId": 3,
            "parentId": None,
            "net": "16.67",
            "tax": "3.33",
            "total": "20.00",
            "taxByCode": {"T20": "3.33"},
            "paid": "20.00",
            "rows": 1,
            "shipped": False,
            "invoiced": False,
        }
    ]
    assert books["payments"] == [
        {"orderId": order, "type": "RECEIPT", "method": "CARD", "amount": "20.00", "transactionRef": "t"}
    ]
    assert books["requests"] == {"POST /accounting-service/customer-payment": 1, "POST /order-service/sales-order": 1}
    assert (books["stockMoves"], books["refused"]) == ([], 0)


def test_a_reset_brings_the_same_fresh_world_back(box: Caller) -> None:
    first = box.order("x")
    box.control("POST", "switches", {"created_status": "200"})
    box.control("POST", "faults", {"faults": [{"kind": "slow"}]})
    box.control("POST", "reset")
    assert box.control("GET", "faults") == {"faults": []}
    assert box.order("x") == first
    assert box.server.world.switches.created_status == 201


def test_a_row_is_edited_behind_the_api_even_after_invoicing(box: Caller) -> None:
    order = box.order("x")
    row = box.row_ids(order)[0]
    box.read("POST", f"/order-service/sales-order/{order}/close", {})
    box.control("POST", "clock", {"advanceSeconds": 1})
    box.control("POST", f"orders/{order}/rows/{row}", {"taxCode": "T5", "tax": "0.83"})
    found = box.one(order)
    assert (found["totalValue"]["taxAmount"], found["state"]["tax"]) == ("0.83", "INVOICED")
    assert box.control("GET", "books")["orders"][0]["taxByCode"] == {"T5": "0.83"}
    wrong = box.http.post(f"/sandbox/orders/{order}/rows/{row}", json={"taxCode": "T99"})
    assert (wrong.status_code, wrong.json()) == (400, {"error": "ValueError: no tax code 'T99'"})


def test_rows_and_orders_can_vanish_and_appear(box: Caller) -> None:
    order, other = box.order("x"), box.order("y")
    extra = {"name": "Typed by hand", "quantity": "1", "taxCode": "T20", "net": "5", "tax": "1"}
    added = box.control("POST", f"orders/{order}/rows", extra)["rowId"]
    assert box.one(order)["totalValue"]["total"] == "26.00"
    box.control("DELETE", f"orders/{order}/rows/{added}")
    assert box.one(order)["totalValue"]["total"] == "20.00"
    box.control("DELETE", f"orders/{other}")
    assert box.rows("/order-service/order-search?externalRef=y") == []
    assert box.read("GET", f"/order-service/order/{other}") == []


def test_a_product_is_edited_and_the_change_is_seen_by_a_sweep(box: Caller) -> None:
    since = box.server.world.now().isoformat().replace("+", "%2B")
    box.control(
        "POST", "products", {"productId": 1008, "taxCode": "T5", "netPrice": "10.00", "prices": {"3": {"1": "7.5"}}}
    )
    found = box.read("GET", "/product-service/product/1008")[0]
    assert found["financialDetails"]["taxCode"]["code"] == "T5"
    lists = box.read("GET", "/product-service/product-price/1008/price-list/2-3")[0]["priceLists"]
    assert [entry["quantityPrice"] for entry in lists] == [{"1": "10.5000"}, {"1": "7.5000"}]
    changed = box.rows(f"/product-service/product-search?updatedOn={since}/&columns=productId")
    assert changed == [{"productId": 1008}]
    new = box.control("POST", "products", {"sku": "NEW-1", "name": "New", "taxCode": "T20", "netPrice": "1"})
    assert box.rows("/product-service/product-search?SKU=NEW-1")[0]["productId"] == new["id"]


def test_a_big_range_starts_fast_and_small() -> None:
    world = build_app(SandboxConfig(products=57_000)).state.world
    assert len(world.products) == 57_002
    assert world.stock.levels == {}  # opening stock is a rule until a product is touched


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        ("1.2345", 4, 12345),
        (7, 4, 70000),
        ("1.23456", 4, None),
        ("1e2", 2, 10000),
        ("NaN", 2, None),
        ("-0", 2, 0),
        (True, 2, None),
        ("1e999999999", 2, None),
        ("1e-999999999", 2, None),
        ("1.000000000000000000000000000000000000001", 4, None),
        ("", 2, None),
    ],
)
def test_amounts_are_taken_exactly_or_not_at_all(value: object, places: int, expected: int | None) -> None:
    assert scaled(value, places) == expected


@pytest.mark.parametrize("zone", ["Europe/London", "America/Chicago", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
def test_instants_are_printed_as_the_calendar_of_the_zone_has_them(zone: str) -> None:
    draw = random.Random(zone)
    changes = [1_774_746_000_000, 1_792_890_000_000]  # British clocks change: 2026-03-29 and 2026-10-25, 01:00 UTC
    instants = [at + step * 599_999 for at in changes for step in range(-12, 13)]
    instants += [draw.randrange(63_072_000_000, 2_000_000_000_000) for _ in range(200)]
    for at in instants:
        expected = datetime.fromtimestamp(at // 1000, ZoneInfo(zone)).replace(microsecond=at % 1000 * 1000)
        assert iso(at, zone) == expected.isoformat(timespec="milliseconds")


def test_halves_round_away_from_zero_and_text_keeps_its_places() -> None:
    assert [rounded(value, 100) for value in (150, 250, -150, 149)] == [2, 3, -2, 1]
    assert (plain(-5, 2), plain(123456, 4), trimmed(20000, 4), trimmed(3450, 4)) == ("-0.05", "12.3456", "2", "0.345")


def test_the_sandbox_never_imports_the_code_it_tests() -> None:
    imports = [
        line
        for file in (ROOT / "sandbox").rglob("*.py")
        for line in file.read_text().splitlines()
        if line.strip().startswith(("import ", "from ")) and "bp_assets" in line
    ]
    assert json.dumps(imports) == "[]"
