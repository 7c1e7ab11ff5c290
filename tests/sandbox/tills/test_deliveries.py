"""How transactions reach the outside: single sales, live trading, late, changed, half-written and doubled
deliveries.
"""

import json
import time

import pytest

from tests.sandbox.tills.serving import Tills

DAY = "2026-11-20"


def sku(tills: Tills, index: int = 0) -> str:
    return tills.world.items[index].sku


def order_of(tills: Tills, uid: str) -> dict:
    return tills.square("GET", f"/orders/{uid}").json()["order"]


def planted_order(tills: Tills, fault: str) -> str:
    return next(one["source_id"] for one in tills.books()["planted"] if one["fault"] == fault)


def test_one_given_sale_is_on_the_till_at_once(tills: Tills) -> None:
    item = tills.world.items[3]
    made = tills.switch(
        "sale",
        shop="london",
        lines=[{"sku": item.sku, "quantity": 2, "discount_percent": 10}],
        tenders=[{"type": "cash", "amount_minor": 500}, {"type": "card", "amount_minor": 1}],
        email="a@b.example",
    )
    order = order_of(tills, made["source_id"])
    whole = item.gross_minor * 2
    discount = (whole * 10 + 50) // 100
    assert order["location_id"] == "LLONDON"
    assert order["total_money"]["amount"] == made["gross_minor"] == whole - discount
    assert [one["type"] for one in order["tenders"]] == ["CASH", "CARD"]
    assert tills.books()["transactions"][-1]["tenders"] == {"cash": 500, "card": 1}


def test_a_given_return_names_the_line_it_came_from(tills: Tills) -> None:
    sold = tills.switch("sale", shop="leeds", lines=[{"sku": sku(tills), "quantity": 3}])
    back = tills.switch(
        "sale", shop="london", original=sold["source_id"], lines=[{"sku": sku(tills), "quantity": -1, "damaged": True}]
    )
    entry = order_of(tills, back["source_id"])["returns"][0]
    assert entry["source_order_id"] == sold["source_id"]
    assert entry["return_line_items"][0]["source_line_item_uid"] == "l1"
    booked = tills.books()["transactions"][-1]
    assert (booked["kind"], booked["restock"]) == ("goods_return", "quarantine")
    assert booked["gross_minor"] * 3 == pytest.approx(-sold["gross_minor"], abs=2)


def test_a_refused_sale_says_why(tills: Tills) -> None:
    answer = tills.http.post("/sandbox/tills/sale", json={"shop": "oslo", "lines": []})
    assert answer.status_code == 409
    assert answer.json() == {"error": "no shop 'oslo'; there are leeds, london, york, bath"}


def test_a_changed_order_is_served_as_it_was_and_then_with_a_new_version(tills: Tills) -> None:
    tills.switch("trade", date=DAY, transactions=60, planted=["changed_content"])
    uid = planted_order(tills, "changed_content")
    first, second, third = (order_of(tills, uid) for _ in range(3))
    assert (first["version"], second["version"], third["version"]) == (1, 2, 2)
    assert second["total_money"]["amount"] == first["total_money"]["amount"] + 100
    assert second["updated_at"] >= first["updated_at"]


def test_a_pending_refund_is_approved_after_it_was_seen_pending(tills: Tills) -> None:
    tills.switch("trade", date=DAY, transactions=60, planted=["pending_refund"])
    uid = planted_order(tills, "pending_refund")
    states = [order_of(tills, uid)["refunds"][0]["status"] for _ in range(2)]
    assert states == ["PENDING", "APPROVED"]
    refund = tills.square("GET", f"/refunds/{uid}-R1").json()["refund"]
    assert refund["status"] == "COMPLETED"


def test_the_processing_fee_appears_later_under_a_new_version(tills: Tills) -> None:
    tills.switch("trade", date=DAY, transactions=80, planted=False)
    first = {order["id"]: order for order in tills.all_orders()}
    grown = [order for order in tills.all_orders() if order["version"] > first[order["id"]]["version"]]
    assert grown
    for order in grown:
        assert order["total_money"] == first[order["id"]]["total_money"]


def test_a_late_arrival_has_an_old_creation_and_the_newest_update(tills: Tills) -> None:
    tills.switch("trade", date=DAY, transactions=60, planted=["late_arrival"])
    uid = planted_order(tills, "late_arrival")
    query = {"sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"}}
    orders = tills.search(location_ids=["LLEEDS", "LLONDON"], query=query)["orders"]
    late = next(order for order in orders if order["id"] == uid)
    assert late["updated_at"] == max(order["updated_at"] for order in orders)
    assert late["created_at"] < max(order["created_at"] for order in orders)


def test_a_late_fault_holds_an_order_back_until_it_is_delivered(tills: Tills) -> None:
    tills.switch("faults", fault="late", shop="leeds")
    made = tills.switch("sale", shop="leeds", lines=[{"sku": sku(tills)}])
    assert tills.square("GET", f"/orders/{made['source_id']}").status_code == 404
    assert tills.switch("deliver") == {"delivered": 1}
    assert order_of(tills, made["source_id"])["id"] == made["source_id"]


def test_a_half_written_file_is_completed_on_delivery(tills: Tills) -> None:
    tills.switch("faults", fault="half_written", shop="bath")
    made = tills.switch("sale", shop="bath", lines=[{"sku": sku(tills)}, {"sku": sku(tills, 1)}])
    (file,) = (tills.world.drop_dir / "bath").iterdir()
    half = file.read_bytes()
    assert not half.endswith(b"\n")
    assert tills.switch("deliver") == {"delivered": 1}
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert file.read_bytes().startswith(half) and {row["receipt"] for row in rows} == {made["receipt_number"]}


def test_a_doubled_receipt_stands_in_two_files_and_once_in_the_books(tills: Tills) -> None:
    tills.switch("trade", date=DAY, transactions=100, planted=["delivered_twice"])
    receipt = planted_order(tills, "delivered_twice")
    holding = [file for file in (tills.world.drop_dir / "york").iterdir() if receipt in file.read_text()]
    assert len(holding) == 2
    assert [one["receipt_number"] for one in tills.books()["transactions"]].count(receipt) == 1


def test_finished_files_leave_no_temporary_ones(tills: Tills) -> None:
    tills.switch("trade", date=DAY, transactions=100)
    files = list((tills.world.drop_dir / "york").iterdir()) + list((tills.world.drop_dir / "bath").iterdir())
    assert files and all(file.suffix in (".csv", ".ndjson") and not file.name.startswith(".") for file in files)
    assert all(file.read_bytes().endswith(b"\n") for file in files)


def test_live_trading_goes_on_until_it_is_stopped(tills: Tills) -> None:
    tills.switch("start", sales_per_minute=3000)
    deadline = time.monotonic() + 10
    while len(tills.books()["transactions"]) < 5:
        assert time.monotonic() < deadline, "no live sale within ten seconds"
    made = tills.switch("stop")["made"]
    assert made >= 5 and len(tills.books()["transactions"]) == made
