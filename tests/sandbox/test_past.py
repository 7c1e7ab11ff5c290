"""An account with a past: its records agree with each other, and every state that a reader must know occurs in it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from sandbox.config import SandboxConfig
from sandbox.server import SandboxServer, running
from sandbox.world import World
from tests.sandbox.client import Caller

ORDERS, PRODUCTS = 600, 60
FIRST = 100_001


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with running(SandboxConfig(port=0, products=PRODUCTS, orders=ORDERS, requests_per_minute=0)) as one:
        yield one


@pytest.fixture(scope="module")
def account(server: SandboxServer) -> Iterator[Caller]:
    caller = Caller(server)
    yield caller
    crashes = caller.control("GET", "health")["crashes"]
    caller.http.close()
    assert crashes == []


@pytest.fixture(scope="module")
def world(server: SandboxServer) -> World:
    return server.world


def test_the_same_seed_gives_the_same_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_795_000_000_000_000_000)  # a past reaches to the midnight before
    twins = [World(SandboxConfig(products=PRODUCTS, orders=ORDERS)) for _ in range(2)]
    facts = [
        [(one.id, one.type, one.total, one.paid, one.contact_id, len(one.rows)) for one in twin.orders.by_id.values()]
        for twin in twins
    ]
    assert facts[0] == facts[1]
    assert sorted(one[0] for one in facts[0]) == list(range(FIRST, FIRST + ORDERS))


def test_every_state_that_a_reader_must_know_occurs(world: World) -> None:
    orders = world.orders.by_id.values()
    seen = {(order.type, order.stock_status) for order in orders}
    assert seen >= {
        ("SO", "SON"), ("SO", "SOP"), ("SO", "SOA"), ("SC", "SCN"), ("SC", "SCA"), ("PO", "PON"), ("PO", "POP"),
        ("PO", "POA"), ("PC", "PCN"),
    }  # fmt: skip
    assert {order.allocation_status for order in orders if order.type == "SO"} == {"ANA", "APA", "AAA"}
    assert {"Canceled SO", "Canceled PO"} <= {world.reference.statuses[order.status_id].name for order in orders}
    assert {order.currency for order in orders} == {"GBP", "EUR"}
    assert {order.channel_id for order in orders if order.type == "SO"} == {1, 2, 3, 4, 5, 6}
    assert any(order.updated is None for order in orders)
    assert {order.payment_status for order in orders} >= {"PAID", "UNPAID"}
    steps = Counter(len(note.done) for note in world.goods_out.values())
    assert set(steps) == {0, 1, 3, 4}  # placed, printed, packed, shipped
    assert {one.dropship for one in orders if one.type == "PO"} == {True, False}
    assert [one.shipped is not None for one in world.dropships.values()] == [True, False]


def test_the_movements_add_up_to_the_levels_and_never_fell_below_zero(world: World) -> None:
    level: Counter[tuple[int, int]] = Counter()
    dry = set()
    for move in world.stock.opening_movements():
        level[move.product_id, move.warehouse_id] += move.quantity
    for move in world.stock.past:
        if not move.quarantine:
            place = move.product_id, move.warehouse_id
            level[place] += move.quantity
            assert level[place] >= 0
            if level[place] == 0:
                dry.add(place)
    assert dry
    assert {place: world.stock.figures(*place)[0] for place in level} == level
    assert min(world.stock.figures(item.product_id, shop)[0] for item in world.items for shop in range(2, 7)) == 100


def test_what_is_held_is_what_reservations_and_unshipped_notes_hold(world: World) -> None:
    held: Counter[tuple[int, int]] = Counter()
    for order in world.orders.by_id.values():
        for row in order.rows.values():
            if row.reserved:
                held[row.product_id, order.reserved_warehouse] += row.reserved
    for note in world.goods_out.values():
        if "shipped" not in note.done:
            for product, units in note.rows.values():
                held[product, note.warehouse_id] += units
    assert {place: one.allocated for place, one in world.stock.levels.items() if one.allocated} == held


def test_what_notes_say_is_what_the_rows_say(world: World) -> None:
    noted: Counter[int] = Counter()
    for note in world.goods_out.values():
        noted.update({row: units for row, (_, units) in note.rows.items() if not note.transfer})
    for receipt in world.receipts.values():
        noted.update({row: units for row, _, units, _, _ in receipt.lines})
    for ship in world.dropships.values():
        noted.update({row: units for row, (_, units, _) in ship.rows.items()})
        if ship.shipped:
            noted.update({bought: units for _, units, bought in ship.rows.values()})
    rows = {row.id: row.fulfilled for order in world.orders.by_id.values() for row in order.rows.values()}
    assert {row: units for row, units in rows.items() if units} == dict(noted)


def test_returns_name_their_sale_and_ask_for_no_more_than_was_sold(world: World) -> None:
    credits = [order for order in world.orders.by_id.values() if order.type == "SC"]
    assert len(credits) > ORDERS // 50
    for credit in credits:
        parent = world.orders.by_id[credit.parent_id]
        sold = Counter({row.product_id: row.units for row in parent.rows.values()})
        assert parent.created < credit.created
        assert all(row.units <= sold[row.product_id] for row in credit.rows.values())


def test_the_week_and_the_year_show_in_the_sales() -> None:
    world = World(SandboxConfig(products=40, orders=4_000))
    days = [order.placed // 86_400_000 for order in world.orders.by_id.values() if order.type == "SO"]
    weekday = Counter((day + 3) % 7 for day in days)  # 1970-01-01 was a Thursday
    assert weekday[5] > 1.5 * weekday[0]  # Saturday against Monday


def test_lists_of_orders_notes_and_movements_are_read_page_by_page(account: Caller, world: World) -> None:
    def listed(path: str, name: str) -> list[int]:
        found: list[int] = []
        first, more = 1, True
        while more:
            page = account.read("GET", f"{path}?columns={name}&firstResult={first}&pageSize=77")
            found += [row[0] for row in page["results"]]
            first, more = first + 77, page["metaData"]["morePagesAvailable"]
        return found

    assert listed("/order-service/order-search", "orderId") == sorted(world.orders.by_id)
    assert listed("/warehouse-service/goods-note/goods-out-search", "goodsOutNoteId") == sorted(world.goods_out)
    assert listed("/accounting-service/customer-payment-search", "paymentId") == sorted(world.payments)
    lines = [receipt.id for receipt in world.receipts.values() for _ in receipt.lines]
    assert listed("/warehouse-service/goods-in-search", "batchId") == sorted(lines)
    movements = listed("/warehouse-service/goods-movement-search", "goodsMovementId")
    assert movements == sorted(move.id for move in world.stock.all_movements())
    last = account.read("GET", "/order-service/order-search?columns=orderId&sort=orderId.DESC&pageSize=3&firstResult=2")
    assert last["results"] == [[FIRST + ORDERS - 2], [FIRST + ORDERS - 3], [FIRST + ORDERS - 4]]


def test_a_drop_ship_note_is_found_by_either_order_and_by_its_id(account: Caller, world: World) -> None:
    note = next(iter(world.dropships.values()))
    base = "/warehouse-service/order"
    found = account.read("GET", f"{base}/{note.order_id}/goods-note/drop-ship")
    assert list(found) == [str(note.id)]
    assert found == account.read("GET", f"{base}/{note.purchase_id}/goods-note/drop-ship")
    assert found == account.read("GET", f"{base}/*/goods-note/drop-ship/{note.id}")
    one = found[str(note.id)]
    assert (one["orderId"], one["purchaseOrderId"], one["supplierId"]) == (
        note.order_id, note.purchase_id, note.supplier_id,
    )  # fmt: skip
    assert one["status"]["shipped"] is True
    assert [event["eventCode"] for event in one["events"]] == ["SHS"]
    assert one["shipping"] == {"reference": f"DROP{note.id}", "shippingMethodId": 4}
    assert account.read("GET", f"/order-service/order/{note.purchase_id}")[0]["isDropship"] is True
    assert account.refusal("GET", f"{base}/{FIRST}/goods-note/drop-ship") == (404, "CMNC-404")
    row = next(iter(note.rows))
    status = account.read("GET", f"{base}/{note.order_id}/fulfilment-status")[str(row)]
    assert status["fulfilmentLocations"] == {"0": note.rows[row][1]}


def test_a_product_shows_its_variations_suppliers_reorder_levels_and_custom_fields(account: Caller) -> None:
    first, second = (
        account.read("GET", f"/product-service/product/{number}?includeOptional=customFields")[0]
        for number in (1007, 1009)
    )
    assert [(one["optionName"], one["optionValue"]) for one in first["variations"]] == [
        ("Colour", "Blue"), ("Size", "S"),
    ]  # fmt: skip
    assert (first["productGroupId"], first["primarySupplierId"], first["seasonIds"]) == (500, 419, [1])
    assert first["warehouses"]["2"] == {
        "defaultLocationId": 2, "overflowLocationId": 0, "reorderLevel": 5, "reorderQuantity": 24,
    }  # fmt: skip
    assert second["customFields"]["PCF_ORIGIN"] == {"id": 36, "value": "Italy"}
    found = account.read("GET", "/product-service/product/1007/option-value")
    assert [one["optionValueId"] for one in found] == [31, 41]
    own = account.read("GET", "/product-service/product/1007?contextChannelId=2")[0]["salesChannels"][0]
    assert (own["salesChannelName"], own["availableToSellOnChannel"]) == ("Leeds", True)
    assert len(account.read("GET", "/product-service/season")) == 4
    trade, dinars = account.read("GET", "/product-service/product-price/1008/price-list/3-4")[0]["priceLists"]
    assert set(trade["quantityPrice"]) == {"1", "12", "144"}
    assert dinars["currencyCode"] == "KWD"
    assert dinars["quantityPrice"]["1"].endswith("0")


def test_contact_search_may_show_no_change_where_the_contact_has_one(account: Caller, world: World) -> None:
    unseen = next(contact.id for contact in world.contacts.values() if contact.unseen)
    assert account.rows(f"/contact-service/contact-search?contactId={unseen}")[0]["updatedOn"] is None
    assert account.read("GET", f"/contact-service/contact/{unseen}")[0]["updatedOn"] is not None


_SIZE = """
import resource, time
from sandbox.config import SandboxConfig
from sandbox.world import World
World(SandboxConfig(products=10, orders=10))
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
World(SandboxConfig(products=1_400, orders=6_000))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, time.process_time() - began)
"""


def test_forty_times_as_much_would_take_less_than_three_gigabytes_and_a_minute() -> None:
    """1,400 products and 6,000 orders are a fortieth of the account that must fit."""
    done = subprocess.run([sys.executable, "-c", _SIZE], capture_output=True, text=True, check=True, timeout=60)
    kilobytes, seconds = (float(text) for text in done.stdout.split())
    assert 40 * kilobytes < 3_000_000
    assert 40 * seconds < 60
