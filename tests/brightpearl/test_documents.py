"""Whole documents against the simulated ERP: written with our encoders, read back with our decoders."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bp_assets.brightpearl import encode
from bp_assets.brightpearl.encode import Goods, Row
from bp_assets.brightpearl.errors import ErpRefused, UnknownOutcome
from bp_assets.brightpearl.goods import fulfilment_of, goods_in_of, goods_out_of, reservations_of
from bp_assets.brightpearl.order_refs import external_refs_of, find_orders_by_external_ref
from bp_assets.brightpearl.orders import changed_orders, get_orders
from bp_assets.brightpearl.payments import find_payment, payments_of
from bp_assets.brightpearl.places import places

SOLD = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
LEEDS = 3


@pytest.fixture
def tracked(box):
    return [one for one in box.world.products.values() if one.stock_tracked and one.bundle is None][:2]


def sale(box, tracked, ref, **more):
    rows = [
        Row(Decimal(2), Decimal("16.6667"), Decimal("3.33"), "T20", product_id=tracked[0].id),
        Row(Decimal(1), Decimal("0.83"), Decimal("0.17"), "T20", name="Gift wrap", nominal_code="4000"),
    ]
    values = {
        "customer_id": min(box.world.contacts), "external_ref": ref, "instance_id": 13, "ref": "R-1",
        "placed_on": SOLD, "tax_date": SOLD, "channel_id": 2, "warehouse_id": LEEDS, "currency": "GBP",
        "price_mode": "INC", "rows": rows,
    }  # fmt: skip
    return encode.order(**{**values, **more})


def pay(client, order_id, kind, amount, ref, method="CARD"):
    body = encode.payment(
        order_id=order_id, kind=kind, method=method, currency="GBP", amount=Decimal(amount), paid_on=SOLD,
        transaction_ref=ref,
    )  # fmt: skip
    return client.post(encode.CUSTOMER_PAYMENT, body).new_id


def read(client, order_id):
    (order,) = get_orders(client, [order_id])
    return order


def test_a_sale_is_posted_paid_shipped_and_closed_and_reads_back_as_sent(box, client, tracked):
    box.switch(close_delay_ms=0)
    answer = client.post(encode.SALES_ORDER, sale(box, tracked, "so-1"))
    order = read(client, answer.new_id)
    assert answer.status == 201
    assert (order.type, order.reference, order.channel_id, order.warehouse_id) == ("SO", "R-1", 2, LEEDS)
    assert (order.net, order.tax, order.total) == (Decimal("17.50"), Decimal("3.50"), Decimal("21.00"))
    assert [(row.name, row.quantity, row.net, row.tax) for row in order.rows] == [
        (tracked[0].name, Decimal("2.0000"), Decimal("16.6667"), Decimal("3.33")),
        ("Gift wrap", Decimal("1.0000"), Decimal("0.8300"), Decimal("0.17")),
    ]
    assert (order.payment_status, order.stock_status, order.shipping_status) == ("UNPAID", "SON", "SNS")

    payment_id = pay(client, order.order_id, "RECEIPT", "21", "so-1-1")
    note = encode.goods_out_note(
        warehouse_id=LEEDS, goods=[Goods(order.rows[0].row_id, tracked[0].id, 2)], release_on=SOLD
    )
    note_id = client.post(encode.goods_out_path(order.order_id), note).new_id
    (open_note,) = goods_out_of(client, [order.order_id])
    assert (open_note.note_id, open_note.shipped, open_note.events) == (note_id, False, ("PLA",))
    client.post(encode.ship_path(note_id), encode.ship_event(shipped_on=SOLD, owner_contact_id=4))
    client.post(encode.close_path("SO", order.order_id), encode.close(SOLD))

    done = read(client, order.order_id)
    assert (done.payment_status, done.stock_status, done.allocation_status, done.shipping_status) == (
        "PAID", "SOA", "AAA", "ASS",
    )  # fmt: skip
    assert done.invoiced
    (payment,) = payments_of(client, [order.order_id])
    assert (payment.payment_id, payment.amount, payment.signed) == (payment_id, Decimal("21.00"), Decimal("21.00"))
    assert (payment.method, payment.transaction_ref, payment.type) == ("CARD", "so-1-1", "RECEIPT")
    (shipped,) = goods_out_of(client, [order.order_id])
    assert (shipped.shipped, shipped.order_id, shipped.warehouse_id) == (True, order.order_id, LEEDS)
    assert [(row.row_id, row.product_id, row.quantity) for row in shipped.rows] == [
        (order.rows[0].row_id, tracked[0].id, 2)
    ]
    progress = {one.row_id: (one.fulfilled, one.shipped) for one in fulfilment_of(client, order.order_id)}
    assert progress[order.rows[0].row_id] == (2, 2)


def test_a_return_brings_goods_and_money_back(box, client, tracked):
    order_id = client.post(encode.SALES_ORDER, sale(box, tracked, "so-2")).new_id
    rows = [Row(Decimal(1), Decimal("8.3334"), Decimal("1.67"), "T20", product_id=tracked[0].id)]
    credit_id = client.post(encode.SALES_CREDIT, sale(box, tracked, "sc-2", parent_id=order_id, rows=rows)).new_id
    credit = read(client, credit_id)
    assert (credit.type, credit.parent_order_id, credit.total) == ("SC", order_id, Decimal("10.00"))

    place = places(client, [LEEDS])[LEEDS]
    body = encode.goods_in_note(
        warehouse_id=LEEDS, location_id=place.quarantine_location_id, received_on=SOLD, batch_reference="sc-2-in",
        goods=[Goods(credit.rows[0].row_id, tracked[0].id, 1)],
    )  # fmt: skip
    note_id = client.post(encode.goods_in_path(credit_id), body).new_id
    pay(client, credit_id, "PAYMENT", "10.00", "sc-2-1")

    (note,) = goods_in_of(client, [credit_id])
    assert (note.note_id, note.order_id, note.batch_reference) == (note_id, credit_id, "sc-2-in")
    assert (note.warehouse_id, note.rows[0].location_id) == (LEEDS, place.quarantine_location_id)
    assert (note.rows[0].row_id, note.rows[0].quantity) == (credit.rows[0].row_id, 1)
    (refund,) = payments_of(client, [credit_id])
    assert refund.signed == Decimal("-10.00")
    assert read(client, credit_id).stock_status == "SCA"


def test_a_reservation_reads_back(box, client, tracked):
    order_id = client.post(encode.SALES_ORDER, sale(box, tracked, "so-3")).new_id
    assert reservations_of(client, order_id) == []
    row = read(client, order_id).rows[0]
    client.post(encode.reservation_path(order_id, 2), encode.reservation([Goods(row.row_id, tracked[0].id, 2)]))
    (held,) = reservations_of(client, order_id)
    assert (held.order_id, held.warehouse_id) == (order_id, 2)
    assert [(one.row_id, one.product_id, one.quantity) for one in held.rows] == [(row.row_id, tracked[0].id, 2)]


def test_the_same_external_reference_makes_one_order(box, client, tracked):
    first = client.post(encode.SALES_ORDER, sale(box, tracked, "so-4"))
    again = client.post(encode.SALES_ORDER, sale(box, tracked, "so-4"))
    assert (first.status, again.status) == (201, 200)
    assert first.new_id == again.new_id


def test_a_payment_whose_reply_was_lost_is_found_by_its_reference(box, client, tracked):
    order_id = client.post(encode.SALES_ORDER, sale(box, tracked, "so-5")).new_id
    assert find_payment(client, order_id, "so-5-1", "CARD") is None
    box.faults({"kind": "lost_reply", "route": f"POST {encode.CUSTOMER_PAYMENT}", "count": 1})
    with pytest.raises(UnknownOutcome):
        pay(client, order_id, "RECEIPT", "21.00", "so-5-1")
    assert find_payment(client, order_id, "so-5-1", "CARD") == next(iter(box.world.payments))
    assert find_payment(client, order_id, "so-5-1", "CASH") is None
    with pytest.raises(ErpRefused, match="ACCC-906"):
        pay(client, order_id, "RECEIPT", "21.00", "so-5-1")


def test_no_documents_read_back_as_nothing(client):
    assert get_orders(client, []) == []
    assert get_orders(client, [999_998, 999_999]) == []
    assert goods_out_of(client, [999_999]) == []
    assert goods_in_of(client, [999_999]) == []
    assert payments_of(client, [999_999]) == []


def test_three_hundred_orders_are_read_in_two_requests(box, client, tracked):
    ids = [client.post(encode.SALES_ORDER, sale(box, tracked, f"n-{n}")).new_id for n in range(300)]
    client.counts.clear()
    assert sorted(order.order_id for order in get_orders(client, ids)) == sorted(ids)
    assert dict(client.counts) == {("posting", "GET /order-service/order/{}"): 2}


SEARCHES = ("posting", "GET /order-service/order-search")


def test_orders_are_found_by_reference_many_at_once(box, client, tracked):
    refs = [f"store1-till2-{n}.{n}~x" for n in range(120)]
    ids = {ref: client.post(encode.SALES_ORDER, sale(box, tracked, ref)).new_id for ref in refs}
    client.counts.clear()
    found = find_orders_by_external_ref(client, [*refs, "never-posted"])
    assert found == {**{ref: [ids[ref]] for ref in refs}, "never-posted": []}
    assert client.counts.total() == 2 + 2  # twice to prove the filter, then 121 references in groups
    assert find_orders_by_external_ref(client, refs[:3]) == {ref: [ids[ref]] for ref in refs[:3]}
    assert client.counts.total() == 5


def test_two_hundred_orders_of_the_last_minutes_are_found_in_one_request(box, client, tracked):
    start = box.world.now()
    ids = {f"n-{n}": client.post(encode.SALES_ORDER, sale(box, tracked, f"n-{n}")).new_id for n in range(199)}
    client.counts.clear()
    found = find_orders_by_external_ref(client, [*ids, "never-posted"], since=start)
    assert found == {**{ref: [number] for ref, number in ids.items()}, "never-posted": []}
    assert dict(client.counts) == {SEARCHES: 1}


def test_where_too_much_was_made_meanwhile_the_references_are_asked_for(box, client, tracked, monkeypatch):
    monkeypatch.setattr("bp_assets.brightpearl.order_refs._WINDOW", 5)
    ids = {f"n-{n}": client.post(encode.SALES_ORDER, sale(box, tracked, f"n-{n}")).new_id for n in range(9)}
    found = find_orders_by_external_ref(client, ids, since=box.world.now() - timedelta(minutes=5))
    assert found == {ref: [number] for ref, number in ids.items()}


def test_an_order_is_found_under_any_instance_and_twice_if_it_stands_there_twice(box, client, tracked):
    ids = [
        client.post(encode.SALES_ORDER, sale(box, tracked, "shared", instance_id=number)).new_id for number in (99, 13)
    ]
    assert find_orders_by_external_ref(client, ["shared"]) == {"shared": ids}
    assert find_orders_by_external_ref(client, []) == {}


def test_the_reference_of_an_order_is_read_from_the_search(box, client, tracked):
    ids = {client.post(encode.SALES_ORDER, sale(box, tracked, ref)).new_id: ref for ref in ("one", "two")}
    assert external_refs_of(client, [*ids, 999_999]) == ids


def test_in_an_account_without_orders_nothing_is_searched_for(box, client):
    box._http.post("/sandbox/reset").raise_for_status()
    assert find_orders_by_external_ref(client, ["a", "b", "c"]) == {"a": [], "b": [], "c": []}
    assert client.counts.total() == 1


def test_one_order_with_a_reference_proves_the_bulk_filter(box, client, tracked):
    order_id = client.post(encode.SALES_ORDER, sale(box, tracked, "only")).new_id
    client.counts.clear()
    assert find_orders_by_external_ref(client, ["a", "b", "only"]) == {"a": [], "b": [], "only": [order_id]}
    assert (client.counts.total(), client.traits["external_refs_in_bulk"]) == (2 + 1, True)


def test_where_the_bulk_filter_misbehaves_each_reference_is_asked_alone(box, client, tracked):
    ids = {ref: client.post(encode.SALES_ORDER, sale(box, tracked, ref)).new_id for ref in ("a", "b", "c")}
    client.traits["external_refs_in_bulk"] = False
    client.counts.clear()
    assert find_orders_by_external_ref(client, ids) == {ref: [number] for ref, number in ids.items()}
    assert dict(client.counts) == {SEARCHES: 3}


def test_changed_orders_are_those_written_since(box, client, tracked):
    old = client.post(encode.SALES_ORDER, sale(box, tracked, "old")).new_id
    start = box.world.now() + timedelta(seconds=30)
    box._http.post("/sandbox/clock", json={"advanceSeconds": 60}).raise_for_status()
    new = client.post(encode.SALES_ORDER, sale(box, tracked, "new")).new_id
    assert changed_orders(client, start) == [new]
    pay(client, old, "RECEIPT", "1.00", "p")
    assert changed_orders(client, start) == [old, new]
    assert changed_orders(client, start, instance_id=99) == []
