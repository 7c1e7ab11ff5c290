"""Stock: each step of the fact sheet's table, the states that follow, and the ledger that must agree with the levels.

Levels are written (in stock, allocated, on hand, quarantine); product 1007 opens with 100 in every warehouse.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.sandbox.client import DAY, Caller, line

LEEDS, LONDON = 3, 4
LEEDS_PLACE, LEEDS_QUARANTINE = 4, 5
OPENING = (100, 0, 100, 0)


def _reserve(box: Caller, order: int, row: int, units: int, warehouse: int = LEEDS) -> Any:
    body = {"products": [{"productId": 1007, "salesOrderRowId": row, "quantity": units}]}
    return box.call("POST", f"/warehouse-service/order/{order}/reservation/warehouse/{warehouse}", body)


def _receive(box: Caller, order: int, row: int, units: int, location: int = LEEDS_PLACE, ref: str = "r1") -> Any:
    moved = {"productId": 1007, "purchaseOrderRowId": row, "quantity": units, "destinationLocationId": location}
    moved |= {"productValue": {"currency": "GBP", "value": "3.10"}}
    body = {
        "transfer": False,
        "warehouseId": LEEDS,
        "goodsMoved": [moved],
        "receivedOn": DAY,
        "userBatchReference": ref,
    }
    return box.call("POST", f"/warehouse-service/order/{order}/goods-note/goods-in", body)


def test_creating_an_order_or_a_credit_moves_nothing(box: Caller) -> None:
    order, credit = box.order("o"), box.order("c", kind="sales-credit")
    assert box.stock(1007, LEEDS) == OPENING
    assert box.states(order)[:3] == ("SON", "ANA", "SNS")
    assert box.states(credit)[:3] == ("SCN", "ANR", "SNS")


def test_a_goods_out_note_allocates_and_only_its_ship_event_takes_the_stock(box: Caller) -> None:
    order = box.order("o")
    row = box.row_ids(order)[0]
    (note,) = box.note(order, 1007, row, 2).json()["response"]
    assert box.stock(1007, LEEDS) == (100, 2, 98, 0)
    assert box.states(order)[:3] == ("SOA", "AAA", "SNS")
    assert box.ship(note).json() == {}
    assert box.stock(1007, LEEDS) == (98, 0, 98, 0)
    assert box.states(order)[:3] == ("SOA", "AAA", "ASS")
    assert box.read("GET", f"/warehouse-service/order/{order}/fulfilment-status") == {
        str(row): {"quantity": 2, "fulfilled": 2, "shipped": 2, "fulfilmentLocations": {"4": 2}}
    }


def test_part_shipments_show_in_every_state(box: Caller) -> None:
    order = box.order("o")
    row = box.row_ids(order)[0]
    (first,) = box.note(order, 1007, row, 1).json()["response"]
    assert box.states(order)[:3] == ("SOP", "APA", "SNS")
    box.ship(first)
    assert box.states(order)[:3] == ("SOP", "APA", "SPS")
    (second,) = box.note(order, 1007, row, 1).json()["response"]
    box.ship(second)
    assert box.states(order)[:3] == ("SOA", "AAA", "ASS")
    assert [note["sequence"] for note in _notes(box, order).values()] == [1, 2]


def _notes(box: Caller, order: int) -> dict[str, Any]:
    return dict(box.read("GET", f"/warehouse-service/order/{order}/goods-note/goods-out"))


def test_shipping_adds_the_missing_steps_after_it_and_ends_the_note(box: Caller) -> None:
    order = box.order("o")
    (note,) = box.note(order, 1007, box.row_ids(order)[0], 2).json()["response"]
    box.ship(note)
    found = box.read("GET", f"/warehouse-service/order/*/goods-note/goods-out/{note}")[str(note)]
    assert [event["eventCode"] for event in found["events"]] == ["PLA", "SHW", "PRI", "PIC", "PAC"]
    assert found["status"]["shippedById"] == 4
    again = box.ship(note)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (400, "WHSC-908")
    assert box.refusal("DELETE", f"/warehouse-service/order/{order}/goods-note/goods-out/{note}") == (400, "WHSC-908")
    assert box.stock(1007, LEEDS) == (98, 0, 98, 0)


def test_an_event_needs_all_members_spelt_as_the_service_spells_them(box: Caller) -> None:
    order = box.order("o")
    (note,) = box.note(order, 1007, box.row_ids(order)[0], 2).json()["response"]
    path = f"/warehouse-service/goods-note/goods-out/{note}/event"
    wrong = [
        {"eventCode": "SHW", "occurred": DAY, "eventOwnerId": 4},
        {"eventCode": "SHW", "occured": DAY},
        {"occured": DAY, "eventOwnerId": 4},
    ]
    assert [box.refusal("POST", path, {"events": [event]}) for event in wrong] == [(400, "WHSC-909")] * 3
    stale = box.call("POST", path, {"events": []}, headers={"if-match": "1"})
    assert stale.status_code == 412


def test_a_note_takes_over_what_the_order_has_reserved(box: Caller) -> None:
    order = box.order("o")
    row = box.row_ids(order)[0]
    assert _reserve(box, order, row, 2).json() == {}
    assert box.stock(1007, LEEDS) == (100, 2, 98, 0)
    assert box.states(order)[:3] == ("SON", "AAA", "SNS")
    box.note(order, 1007, row, 2)
    assert box.stock(1007, LEEDS) == (100, 2, 98, 0)
    assert box.refusal("GET", f"/warehouse-service/order/{order}/reservation") == (404, "CMNC-404")


def test_a_reservation_of_too_much_succeeds_with_less_and_of_nothing_fails(box: Caller) -> None:
    order, late = box.order("o", [line(units=150)]), box.order("p")
    row = box.row_ids(order)[0]
    assert _reserve(box, order, row, 150).json() == {}
    held = box.read("GET", f"/warehouse-service/order/{order}/reservation")
    assert held == [{"orderId": order, "warehouseId": 3, "orderRows": {str(row): {"productId": 1007, "quantity": 100}}}]
    reply = _reserve(box, late, box.row_ids(late)[0], 1)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "WHSC-906")
    assert box.states(order)[1] == "APA"


def test_a_reservation_is_lowered_and_dropped(box: Caller) -> None:
    order = box.order("o")
    row = box.row_ids(order)[0]
    _reserve(box, order, row, 2)
    path = f"/warehouse-service/order/{order}/reservation"
    box.read("PUT", path, {"products": [{"productId": 1007, "salesOrderRowId": row, "quantity": 1}]})
    assert box.stock(1007, LEEDS) == (100, 1, 99, 0)
    assert _reserve(box, order, row, 1, LONDON).status_code == 400
    box.read("DELETE", path)
    assert box.stock(1007, LEEDS) == OPENING


def test_more_than_on_hand_is_refused_unless_a_switch_lets_it_go_below_zero(box: Caller) -> None:
    order = box.order("o", [line(units=101)])
    row = box.row_ids(order)[0]
    refused = box.note(order, 1007, row, 101)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "WHSC-905")
    assert box.stock(1007, LEEDS) == OPENING
    box.control("POST", "switches", {"goods_out_above_on_hand": "true"})
    (note,) = box.note(order, 1007, row, 101).json()["response"]
    box.ship(note)
    assert box.stock(1007, LEEDS) == (-1, 0, -1, 0)


def test_what_cannot_be_fulfilled_is_refused(box: Caller) -> None:
    free = {"name": "Wrap", "quantity": "1", "taxCode": "T20", "net": "1", "tax": "0"}
    order = box.order("o", [line(), free])
    tracked, text = box.row_ids(order)
    replies = [box.note(order, 1000, text, 1), box.note(order, 1008, tracked, 1), box.note(order, 1007, tracked, 3)]
    assert [reply.json()["errors"][0]["code"] for reply in replies] == ["WHSC-903", "WHSC-902", "WHSC-904"]
    assert box.note(order, 1007, tracked, 2, warehouse=99).json()["errors"][0]["code"] == "WHSC-907"


def test_a_bundle_sells_as_one_row_and_ships_as_its_parts(box: Caller) -> None:
    box.control("POST", "products", {"productId": 5000, "sku": "SET", "name": "Set", "bundle": [[1007, 2], [1008, 1]]})
    order = box.order("o", [line(5000, 1)])
    rows = box.one(order)["orderRows"]
    parent = next(key for key, row in rows.items() if row["composition"]["bundleParent"])
    parts = {row["productId"]: (key, row["quantity"]["magnitude"]) for key, row in rows.items() if key != parent}
    assert {product: quantity for product, (_, quantity) in parts.items()} == {1007: "2.0000", 1008: "1.0000"}
    assert box.note(order, 5000, int(parent), 1).json()["errors"][0]["code"] == "WHSC-903"
    assert box.note(order, 1007, int(parts[1007][0]), 2).status_code == 200
    bundle = box.read("GET", "/warehouse-service/bundle-availability/5000")["5000"]
    assert bundle["warehouses"]["3"] == {"onHand": 49}


@pytest.mark.parametrize(("restores", "allocated"), [("false", 0), ("true", 2)])
def test_deleting_an_unshipped_note_frees_its_stock(box: Caller, restores: str, allocated: int) -> None:
    box.control("POST", "switches", {"deleted_note_restores_reservation": restores})
    order = box.order("o")
    row = box.row_ids(order)[0]
    _reserve(box, order, row, 2)
    (note,) = box.note(order, 1007, row, 2).json()["response"]
    assert box.read("DELETE", f"/warehouse-service/order/{order}/goods-note/goods-out/{note}") == note
    assert box.stock(1007, LEEDS) == (100, allocated, 100 - allocated, 0)
    assert box.states(order)[0] == "SON"


def test_goods_come_back_against_a_credit_and_may_come_in_parts(box: Caller) -> None:
    credit = box.order("c", kind="sales-credit")
    row = box.row_ids(credit)[0]
    first = _receive(box, credit, row, 1).json()["response"]
    assert box.stock(1007, LEEDS) == (101, 0, 101, 0)
    assert box.states(credit)[0] == "SCP"
    _receive(box, credit, row, 1, ref="r2")
    assert box.states(credit)[0] == "SCA"
    assert _receive(box, credit, row, 1, ref="r3").json()["errors"][0]["code"] == "WHSC-904"
    note = box.read("GET", f"/warehouse-service/order/*/goods-note/goods-in/{first}")[str(first)]
    assert (note["orderId"], note["goodsMoved"][0]["purchaseOrderRowId"]) == (credit, row)
    assert note["goodsMoved"][0]["productValue"] == {"currency": "GBP", "value": "3.1000"}


def test_a_credit_received_in_parts_is_refused_by_a_switch(box: Caller) -> None:
    box.control("POST", "switches", {"partial_credit_receipt": "false"})
    credit = box.order("c", kind="sales-credit")
    row = box.row_ids(credit)[0]
    assert _receive(box, credit, row, 1).status_code == 400
    assert _receive(box, credit, row, 2).status_code == 200


def test_a_batch_reference_receives_once(box: Caller) -> None:
    credit = box.order("c", kind="sales-credit")
    row = box.row_ids(credit)[0]
    first = _receive(box, credit, row, 1).json()["response"]
    again = _receive(box, credit, row, 1)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (400, "WHSC-912")
    assert box.stock(1007, LEEDS)[0] == 101
    found = box.rows("/warehouse-service/goods-in-search?userBatchRef=r1")
    assert [(row["batchId"], row["receivedQuantity"]) for row in found] == [(first, 1)]


def test_goods_in_quarantine_cannot_be_sold_until_released(box: Caller) -> None:
    credit = box.order("c", kind="sales-credit")
    _receive(box, credit, box.row_ids(credit)[0], 2, LEEDS_QUARANTINE)
    assert box.stock(1007, LEEDS) == (100, 0, 100, 2)
    path = f"/warehouse-service/warehouse/{LEEDS}/quarantine/release"
    body = {"productId": 1007, "quantity": 1, "toLocationId": LEEDS_PLACE}
    assert box.call("POST", path, body).json() == {}
    assert box.stock(1007, LEEDS) == (101, 0, 101, 1)
    assert box.refusal("POST", path, body | {"quantity": 2}) == (400, "WHSB-023")


def test_a_deleted_goods_in_note_takes_its_stock_back_only_while_it_is_free(box: Caller) -> None:
    credit = box.order("c", kind="sales-credit")
    note = _receive(box, credit, box.row_ids(credit)[0], 2).json()["response"]
    assert box.call("DELETE", f"/warehouse-service/goods-note/goods-in/{note}").json() == {}
    assert box.stock(1007, LEEDS) == OPENING
    assert box.states(credit)[0] == "SCN"


def test_corrections_change_stock_but_never_what_is_bound(box: Caller) -> None:
    order = box.order("o", [line(units=95)])
    box.note(order, 1007, box.row_ids(order)[0], 95)
    path = f"/warehouse-service/warehouse/{LEEDS}/stock-correction"

    def correct(quantity: int) -> dict[str, Any]:
        entry = {"quantity": quantity, "productId": 1007, "reason": "count", "locationId": LEEDS_PLACE}
        return {"corrections": [entry | {"cost": {"currency": "GBP", "value": 3}}]}

    assert box.refusal("POST", path, correct(-6)) == (400, "WHSC-905")
    (note,) = box.read("POST", path, correct(-5))
    assert box.stock(1007, LEEDS) == (95, 95, 0, 0)
    box.read("POST", path, correct(7))
    assert box.stock(1007, LEEDS) == (102, 95, 7, 0)
    found = box.read("GET", f"{path}/{note}")
    assert (found[0]["reason"], found[0]["goodsMoved"][0]["quantity"]) == ("count", -5)


def test_an_external_transfer_waits_in_the_targets_quarantine(box: Caller) -> None:
    base = f"/warehouse-service/warehouse/{LEEDS}"
    transfer = box.read("POST", f"{base}/stock-transfer", {"targetWarehouseId": LONDON, "reference": "T1"})
    goods = [{"productId": 1007, "quantity": 10}]
    body = {"targetWarehouseId": LONDON, "stockTransferId": transfer, "transferredProducts": goods}
    (note,) = box.read("POST", f"{base}/external-transfer", body)
    assert box.stock(1007, LEEDS) == (100, 10, 90, 0)
    box.ship(note)
    assert box.stock(1007, LEEDS) == (90, 0, 90, 0)
    assert box.stock(1007, LONDON) == (100, 0, 100, 10)
    places = box.read("GET", "/warehouse-service/product-availability/1007")["1007"]["warehouses"]
    assert places["4"]["inTransit"] == 10
    release = {"productId": 1007, "quantity": 10, "toLocationId": 6}
    box.read("POST", f"/warehouse-service/warehouse/{LONDON}/quarantine/release", release)
    assert box.stock(1007, LONDON) == (110, 0, 110, 0)


def test_sold_out_everywhere_is_missing_from_availability_and_untracked_alone_is_refused(box: Caller) -> None:
    for warehouse in (2, 3, 4, 5, 6):
        box.control("POST", "stock", {"productId": 1008, "warehouseId": warehouse, "quantity": -100})
    assert set(box.read("GET", "/warehouse-service/product-availability/1000,1007-1008")) == {"1007"}
    assert box.refusal("GET", "/warehouse-service/product-availability/1000-1001") == (400, "WHSC-097")
    assert box.refusal("GET", "/warehouse-service/product-availability") == (400, "WHSC-020")


def test_batches_are_used_first_in_first_out_and_split_into_movements(box: Caller) -> None:
    credit = box.order("c", [line(units=5)], kind="sales-credit")
    batch = _receive(box, credit, box.row_ids(credit)[0], 5).json()["response"]
    order = box.order("o", [line(units=103)])
    (note,) = box.note(order, 1007, box.row_ids(order)[0], 103).json()["response"]
    box.ship(note)
    out = box.rows(f"/warehouse-service/goods-movement-search?productId=1007&goodsNoteId={note}")
    assert [row["quantity"] for row in out] == [-100, -3]
    assert out[1]["batchId"] == batch
    left = box.rows(f"/warehouse-service/goods-in-search?batchId={batch}")
    assert left[0]["onHand"] == 2


def test_the_movements_in_the_books_add_up_to_the_levels(box: Caller) -> None:
    order, credit = box.order("o", [line(units=7)]), box.order("c", kind="sales-credit")
    (note,) = box.note(order, 1007, box.row_ids(order)[0], 7).json()["response"]
    box.ship(note)
    _receive(box, credit, box.row_ids(credit)[0], 2)
    box.control("POST", "stock", {"productId": 1008, "warehouseId": 2, "quantity": -4, "reason": "broken"})
    moves = box.control("GET", "books")["stockMoves"]
    sums: Counter[tuple[int, int]] = Counter()
    for move in moves:
        sums[move["productId"], move["warehouseId"]] += move["quantity"]
    assert len(sums) == 150
    assert {key: units for key, units in sums.items() if units != 100} == {(1007, LEEDS): 95, (1008, 2): 96}
    since = box.control("GET", "books?opening=false")["stockMoves"]
    assert [(move["reason"], move["quantity"], move["orderId"]) for move in since] == [
        ("goods-out", -7, order),
        ("goods-in", 2, credit),
        ("correction", -4, None),
    ]
