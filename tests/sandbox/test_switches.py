"""Switches of what no source settles, each turned both ways; those of a single subject stand in its own test file."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.config import SandboxConfig
from sandbox.server import running
from sandbox.throttle import Throttle
from tests.sandbox.client import Caller, line, payment, sale

ORDERS = "/order-service/sales-order"
TAX = "/accounting-service/tax-code"


def _switch(box: Caller, **switches: object) -> None:
    box.control("POST", "switches", {name: str(value) for name, value in switches.items()})


def _item(box: Caller, method: str, uri: str, body: Any) -> int:
    message = {"label": "a", "uri": uri, "httpMethod": method, "body": body}
    whole = {"processingMode": "SEQUENTIAL", "onFail": "CONTINUE", "messages": [message]}
    return int(box.call("POST", "/multi-message", whole).json()["response"]["processedMessages"][0]["statusCode"])


@pytest.mark.parametrize("status", [200, 201])
def test_generic_creates_answer_the_status_of_the_switch(box: Caller, status: int) -> None:
    _switch(box, generic_created_status=status)
    body = {"orderTypeCode": "SO", "parties": {"customer": {"contactId": 200}}}
    order = box.call("POST", "/order-service/order", body)
    value = {"taxCode": "T20", "rowNet": {"value": "10.00"}, "rowTax": {"value": "2.00"}}
    row = {"productName": "Text", "quantity": {"magnitude": 1}, "rowValue": value}
    hook = {"subscribeTo": "product", "httpMethod": "GET", "uriTemplate": "http://127.0.0.1:9/"}
    path = f"/order-service/order/{order.json()['response']}/row"
    made = [order, box.call("POST", path, row), box.pay(order.json()["response"], 12, "t")]
    made.append(box.call("POST", "/integration-service/webhook", hook))
    assert [reply.status_code for reply in made] == [status] * 4


def test_closing_an_invoiced_order_again_is_refused_or_does_nothing(box: Caller) -> None:
    _switch(box, close_delay_ms=0)
    order = box.order("x")
    box.read("POST", f"{ORDERS}/{order}/close", {})
    first = box.one(order)["invoices"]
    assert box.refusal("POST", f"{ORDERS}/{order}/close", {}) == (400, "ORDC-914")
    _switch(box, invoiced_close_refused=False)
    assert box.call("POST", f"{ORDERS}/{order}/close", {}).json() == {}
    assert box.one(order)["invoices"] == first


def test_a_close_in_a_locked_period_stays_pending_or_is_refused(box: Caller) -> None:
    _switch(box, locked_until="2027-01-01", locked_close_refused=True)
    order = box.order("x")
    assert box.refusal("POST", f"{ORDERS}/{order}/close", {}) == (400, "ORDC-926")
    assert box.one(order)["invoices"] == [{"invoiceReference": ""}]
    _switch(box, locked_close_refused=False)
    assert box.call("POST", f"{ORDERS}/{order}/close", {}).json() == {}
    assert box.one(order)["invoices"][0]["invoiceReference"] == "pending"


def test_a_patch_inside_a_multi_message_is_refused_or_done(box: Caller) -> None:
    order = box.order("x")
    patch = [{"op": "replace", "path": "/reference", "value": "new"}]
    assert _item(box, "PATCH", f"/order-service/order/{order}", patch) == 400
    _switch(box, patch_in_multi_message=True)
    assert _item(box, "PATCH", f"/order-service/order/{order}", patch) == 200
    assert box.one(order)["reference"] == "new"


def test_any_tax_is_taken_or_only_that_of_the_rate_to_a_penny_a_unit(box: Caller) -> None:
    assert box.order("a", [line(units=2, net="16.6667", tax="9.99")])
    _switch(box, row_tax_checked=True)
    assert box.order("b", [line(units=2, net="16.6667", tax="3.35")])
    assert box.refusal("POST", ORDERS, sale("c", [line(units=2, net="16.6667", tax="3.36")])) == (400, "ORDC-925")


def test_a_patched_net_recomputes_its_tax_or_leaves_it(box: Caller) -> None:
    order = box.order("x")
    path = f"/order-service/order/{order}/row/{box.row_ids(order)[0]}"
    patch = [{"op": "replace", "path": "/rowValue/rowNet/value", "value": "20.00"}]
    _switch(box, patched_net_recomputes_tax=False)
    assert box.read("PATCH", path, patch)["rowValue"]["rowTax"]["value"] == "3.33"
    _switch(box, patched_net_recomputes_tax=True)
    assert box.read("PATCH", path, patch)["rowValue"]["rowTax"]["value"] == "4.00"


def test_nothing_found_is_404_or_an_empty_list(box: Caller) -> None:
    paths = ("contact-service/contact", "integration-service/webhook", "product-service/product-price")
    for path in paths:
        assert box.refusal("GET", f"/{path}/99999999") == (404, "CMNC-404")
    assert box.read("GET", "/order-service/order/99999999") == []
    _switch(box, unknown_others_not_found=False, unknown_orders_not_found=True)
    for path in paths:
        assert box.read("GET", f"/{path}/99999999") == []
    assert box.refusal("GET", "/order-service/order/99999999") == (404, "CMNC-404")


@pytest.mark.parametrize(("costs", "left"), [(True, ["199", "198", "197"]), (False, ["199", "199", "199"])])
def test_refused_calls_take_a_unit_of_the_cap_or_none(costs: bool, left: list[str]) -> None:
    config = SandboxConfig(port=0, products=2, requests_per_minute=200, minute_seconds=3600)
    config.switches.refusals_cost_quota = costs
    with running(config) as server:
        box = Caller(server)
        replies = [
            box.call("GET", TAX),
            box.call("GET", TAX, headers={"brightpearl-account-token": "wrong"}),
            box.call("POST", "/accounting-service/customer-payment", payment(1, 1, "t")),
        ]
        assert [reply.status_code for reply in replies] == [200, 401, 400]
        seen = [reply.headers["brightpearl-requests-remaining"] for reply in replies]
        assert seen == left


def test_the_window_is_that_of_the_clock_or_rolls() -> None:
    fixed, rolling = Throttle(2, 60), Throttle(2, 60)
    rolling.rolling = True
    for throttle in (fixed, rolling):
        assert [throttle.take(at) for at in (50_000, 59_000, 59_500)] == [True, True, False]
        assert throttle.refused == 1
    assert fixed.headers(59_500) == (0, 500)
    assert rolling.headers(59_500) == (0, 50_500)
    assert [fixed.take(60_000), rolling.take(60_000)] == [True, False]
    assert [rolling.take(109_999), rolling.take(110_000)] == [False, True]


def test_a_rolling_window_is_switched_on_over_http(box: Caller) -> None:
    _switch(box, rolling_window=True)
    assert box.call("GET", TAX).status_code == 200
    assert box.server.world.throttle.rolling


def test_one_fault_is_taken_without_a_list_around_it(box: Caller) -> None:
    box.control("POST", "faults", {"kind": "error", "status": 502, "count": 1})
    assert [box.call("GET", TAX).status_code for _ in range(2)] == [502, 200]


@pytest.mark.parametrize(("committed", "orders"), [(False, 0), (True, 1)])
def test_a_failing_item_has_the_status_of_its_fault_and_may_be_done_all_the_same(
    box: Caller, committed: bool, orders: int
) -> None:
    box.control("POST", "faults", {"kind": "item_failure", "status": 503, "committed": committed, "count": 1})
    assert _item(box, "POST", ORDERS, sale("x")) == 503
    assert len(box.control("GET", "books")["orders"]) == orders


def test_contacts_are_listed_by_options_as_sets_of_those_that_exist(box: Caller) -> None:
    assert box.read("OPTIONS", "/contact-service/contact/200-210")["getUris"] == ["/contact/200-205"]
    assert box.read("OPTIONS", "/contact-service/contact")["getUris"][0].startswith("/contact/")


@pytest.mark.parametrize("shows", [True, False])
def test_a_new_price_or_custom_field_shows_in_the_products_change_or_not(box: Caller, shows: bool) -> None:
    _switch(box, details_touch_product=shows)
    before = box.read("GET", "/product-service/product/1007-1008")
    price = {"priceLists": [{"priceListId": 2, "quantityPrice": {"1": 9.99}}]}
    assert box.call("PUT", "/product-service/product-price/1007/price-list", price).status_code == 200
    field = [{"op": "add", "path": "/PCF_SEASON", "value": "AW"}]
    assert box.call("PATCH", "/product-service/product/1008/custom-field", field).status_code == 200
    after = box.read("GET", "/product-service/product/1007-1008")
    assert [one["version"] != two["version"] for one, two in zip(before, after, strict=True)] == [shows, shows]
