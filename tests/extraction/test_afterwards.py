"""What is worked out in the lake after rows came in: names of forgotten contacts leave, untouched orders are told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bp_assets.brightpearl import wire
from bp_assets.extraction.forgotten import FORGET, FORGET_IN_LABELS, FORGET_IN_ORDERS
from bp_assets.extraction.resources.open_orders import KNOWN_BY_STATUS
from bp_assets.framing import frame_of
from bp_assets.lake.connect import Lake
from bp_assets.lake.frames import Writer

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ORDER = {"order_type": "SO", "status_id": 3, "status": "New", "currency": "GBP", "net_total": 1, "tax_total": 0,
         "total": 1, "is_drop_ship": False, "as_of": NOW}  # fmt: skip
ROW = {"product_name": "Mug", "net": 1, "tax": 0, "currency": "GBP", "bundle_parent": False, "bundle_child": False,
       "as_of": NOW}  # fmt: skip
JO = {"name": "Jo Fox", "email": "jo@example.com", "as_of": NOW}


def put(writer: Writer, table: str, *rows: dict[str, Any]) -> None:
    writer.upsert(table, frame_of(table, rows))


def names(lake: Lake) -> dict[tuple[int, str], str | None]:
    rows = lake.read("select order_id, role, name from personal.order_parties").rows()
    return {(order, role): name for order, role, name in rows}


def run(lake: Lake, statements: tuple[str, ...], changed: tuple[int, ...] = (), gone: tuple[int, ...] = ()) -> None:
    """As at the end of a merge that wrote and deleted these objects."""

    def work(writer: Writer) -> None:
        for name, ids in (("changed", changed), ("gone", gone)):
            writer.connection.execute(f"create temp table {name} as select unnest(?::bigint[]) as object_id", [ids])
        for statement in statements:
            writer.connection.execute(statement)

    lake.write(work)


@pytest.fixture
def orders_of_people(lake: Lake) -> Lake:
    """Orders of the contacts 200, 201 and 999: 200 is held, 999 is newer than any we hold, 201 is neither."""

    def work(writer: Writer) -> None:
        people = ((1, 200), (2, 201), (3, 999), (4, None))
        put(writer, "orders", *({**ORDER, "order_id": one, "contact_id": contact} for one, contact in people))
        billed = [{**JO, "order_id": one, "role": "billing", "contact_id": contact} for one, contact in people]
        sent = [{**JO, "order_id": one, "role": "delivery", "contact_id": None} for one, _ in people]
        put(writer, "order_parties", *billed, *sent)

    lake.write(work)
    return lake


def test_before_contacts_were_read_no_name_is_taken_away(orders_of_people: Lake) -> None:
    run(orders_of_people, FORGET)
    assert set(names(orders_of_people).values()) == {"Jo Fox"}


def test_a_contact_that_is_gone_leaves_its_orders_with_name_and_mail(orders_of_people: Lake) -> None:
    lake = orders_of_people
    lake.write(lambda writer: put(writer, "contacts", *({"contact_id": one, "as_of": NOW} for one in (200, 400))))
    run(lake, FORGET)
    kept = {place: name for place, name in names(lake).items() if name}
    assert kept == dict.fromkeys(((order, role) for order in (1, 3, 4) for role in ("billing", "delivery")), "Jo Fox")
    left = lake.read("select email from personal.order_parties where order_id = 2").rows()
    assert left == [(None,), (None,)]


def test_the_newest_contacts_are_forgotten_and_deleted_like_any_other(orders_of_people: Lake) -> None:
    lake = orders_of_people

    def work(writer: Writer) -> None:  # 201 is forgotten: it has no rows, and is an object still
        put(writer, "contacts", {"contact_id": 200, "as_of": NOW})
        read = {"resource": "contacts", "content_hash": "h", "read_on": NOW}
        put(writer, "extraction_objects", *({**read, "object_id": one} for one in (200, 201)))

    lake.write(work)
    run(lake, FORGET_IN_ORDERS, changed=(1, 2, 3, 4), gone=(999,))  # an order of that number went
    assert {order for (order, _), name in names(lake).items() if name is None} == {2}
    run(lake, FORGET, gone=(999,))
    assert {order for (order, _), name in names(lake).items() if name is None} == {2, 3}


def test_a_contact_in_quarantine_counts_as_held(orders_of_people: Lake) -> None:
    lake = orders_of_people
    seen = {"reason": "createdOn: no date", "raw": "{}", "first_seen": NOW, "last_seen": NOW}

    def work(writer: Writer) -> None:
        put(writer, "contacts", {"contact_id": 400, "as_of": NOW})
        put(writer, "extraction_quarantine", *(
            {**seen, "resource": "contacts", "object_id": one} for one in ("200", "201", "no id 5")
        ))  # fmt: skip

    lake.write(work)
    run(lake, FORGET)
    assert set(names(lake).values()) == {"Jo Fox"}


def test_the_raw_record_of_an_order_in_quarantine_forgets_too(lake: Lake) -> None:
    def raw(contact: int, role: str = "customer") -> str:
        parties = {"delivery": {"contactId": 200}, role: {"contactId": contact, "email": "jo@example.com"}}
        return wire.dumps({"id": 1, "parties": parties}).decode()

    cut = raw(201)[:-3]  # a record that is too long is kept in part
    spaced = raw(201).replace(":", " : ")  # as it came

    def work(writer: Writer) -> None:
        put(writer, "contacts", *({"contact_id": one, "as_of": NOW} for one in (200, 400)))
        told = (
            ("1", raw(200)),
            ("2", raw(201)),
            ("3", raw(999)),
            ("4", "{} no"),
            ("5", raw(201, "delivery")),
            ("6", cut),
            ("7", spaced),
        )
        put(writer, "extraction_quarantine", *(
            {"resource": "orders", "object_id": one, "reason": "why", "raw": text, "first_seen": NOW, "last_seen": NOW}
            for one, text in told
        ))  # fmt: skip

    lake.write(work)
    run(lake, FORGET)
    found = dict(lake.read("select object_id, raw from personal.extraction_quarantine").rows())
    assert found == {"1": raw(200), "2": "{}", "3": raw(999), "4": "{} no", "5": "{}", "6": "{}", "7": "{}"}
    reasons = dict(lake.read("select object_id, reason from personal.extraction_quarantine").rows())
    assert {one for one, reason in reasons.items() if reason != "why"} == {"2", "5", "6", "7"}


def test_an_order_that_was_read_again_forgets_and_others_wait_for_the_contacts(orders_of_people: Lake) -> None:
    lake = orders_of_people

    def work(writer: Writer) -> None:
        put(writer, "contacts", *({"contact_id": one, "as_of": NOW} for one in (400, 1000)))

    lake.write(work)
    run(lake, FORGET_IN_ORDERS, changed=(2, 4))
    assert {order for (order, _), name in names(lake).items() if name is None} == {2}
    run(lake, FORGET)
    assert {order for (order, _), name in names(lake).items() if name is None} == {1, 2, 3}


def test_the_label_of_a_shipment_to_a_contact_that_is_gone_goes(orders_of_people: Lake) -> None:
    lake = orders_of_people
    steps = dict.fromkeys(("packed", "picked", "printed", "shipped", "priority", "transfer"), False)
    note = {**steps, "event_count": 0, "order_row_count": 1, "warehouse_id": 2, "as_of": NOW}

    def work(writer: Writer) -> None:
        put(writer, "contacts", *({"contact_id": one, "as_of": NOW} for one in (200, 400)))
        put(writer, "goods_outs", *({**note, "goods_out_id": 10 * one, "order_id": one} for one in (1, 2, 3)))
        put(writer, "goods_out_labels", *(
            {"goods_out_id": one, "label_uri": "https://labels.example/1", "as_of": NOW} for one in (10, 20, 30)
        ))  # fmt: skip

    def labels() -> list[tuple[int]]:
        return lake.read("select goods_out_id from personal.goods_out_labels order by 1").rows()

    lake.write(work)
    run(lake, FORGET_IN_LABELS, changed=(10,))
    assert labels() == [(10,), (20,), (30,)]
    run(lake, FORGET_IN_LABELS, changed=(10, 20))
    assert labels() == [(10,), (30,)]


def test_rows_of_an_order_that_nobody_touched_are_told_by_the_order_itself(lake: Lake) -> None:
    def work(writer: Writer) -> None:
        states = ((1, "SON", "SNS"), (2, "SOP", "SPS"), (3, "SOA", "SNS"), (4, "SOA", "ASS"), (5, "PON", "SNS"))
        put(writer, "orders", *(
            {**ORDER, "order_id": one, "stock_status": stock, "shipping_status": shipping}
            for one, stock, shipping in states
        ))  # fmt: skip
        put(writer, "order_rows", *(
            {**ROW, "order_row_id": 10 * one, "order_id": one, "quantity": 2 * one} for one, _, _ in states
        ))  # fmt: skip
        asked = {"quantity": 9, "fulfilled": 1, "shipped": 0, "as_of": NOW}
        put(writer, "order_fulfillments", *(
            {**asked, "order_row_id": 10 * one, "order_id": one} for one in (1, 2, 3, 4, 6)
        ))  # fmt: skip
        put(writer, "order_fulfillment_locations", *(
            {**asked, "order_row_id": 10 * one, "location_id": 2, "order_id": one} for one in (1, 2, 6)
        ))  # fmt: skip

    lake.write(work)
    for _ in range(2):  # a second time changes nothing
        run(lake, KNOWN_BY_STATUS, changed=(1, 2, 3, 4, 5), gone=(6,))
        query = "select order_row_id, quantity, fulfilled, shipped from order_fulfillments order by all"
        assert lake.read(query).rows() == [(10, 2, 0, 0), (20, 9, 1, 0), (30, 9, 1, 0)]
        assert lake.read("select order_id from order_fulfillment_locations").rows() == [(2,)]
