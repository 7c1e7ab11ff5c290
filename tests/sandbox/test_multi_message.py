"""Multi-message: up to ten writing calls for one unit of the cap, each with an outcome of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.config import SandboxConfig
from sandbox.server import running
from tests.sandbox.client import Caller, payment, sale


def _message(label: str, uri: str, body: Any, method: str = "POST") -> dict[str, Any]:
    return {"label": label, "uri": uri, "httpMethod": method, "body": body}


def _send(box: Caller, messages: list[Any], mode: str = "SEQUENTIAL", fail: str = "CONTINUE") -> Any:
    return box.call("POST", "/multi-message", {"processingMode": mode, "onFail": fail, "messages": messages})


def _outcomes(reply: Any) -> list[tuple[str, int, Any]]:
    done = reply.json()["response"]["processedMessages"]
    return [(one["label"], one["statusCode"], json.loads(one["body"]["content"])) for one in done]


ORDER = "/order-service/sales-order"


def test_ten_orders_cost_one_request_and_each_answers_for_itself() -> None:
    with running(SandboxConfig(port=0, products=2, requests_per_minute=200, minute_seconds=3600)) as server:
        box = Caller(server)
        reply = _send(box, [_message(f"m{place}", ORDER, sale(f"x{place}")) for place in range(10)])
        assert (reply.status_code, reply.headers["brightpearl-requests-remaining"]) == (200, "199")
        assert [status for _, status, _ in _outcomes(reply)] == [201] * 10
        books = box.control("GET", "books")
        assert books["requests"] == {"POST /multi-message": 1}
        assert books["messages"] == {"POST /order-service/sales-order": 10}


def test_a_failing_item_makes_the_reply_207_and_leaves_the_others(box: Caller) -> None:
    bad = sale("b") | {"warehouseId": 99}
    reply = _send(box, [_message("a", ORDER, sale("a")), _message("b", ORDER, bad), _message("c", ORDER, sale("c"))])
    assert reply.status_code == 207
    assert [(label, status) for label, status, _ in _outcomes(reply)] == [("a", 201), ("b", 400), ("c", 201)]
    assert _outcomes(reply)[1][2]["errors"][0]["code"] == "ORDC-906"


def test_stop_leaves_the_later_messages_unprocessed(box: Caller) -> None:
    bad = sale("b") | {"warehouseId": 99}
    messages = [_message("a", ORDER, bad), _message("b", ORDER, sale("b")), _message("c", ORDER, sale("c"))]
    found = _send(box, messages, fail="STOP").json()["response"]
    assert [one["label"] for one in found["processedMessages"]] == ["a"]
    assert found["unprocessedMessages"] == ["b", "c"]
    assert box.control("GET", "books")["orders"] == []


@pytest.mark.parametrize(("mode", "fail"), [("PARALLEL", "STOP"), ("BOTH", "CONTINUE"), ("SEQUENTIAL", "IGNORE")])
def test_an_impossible_mode_is_refused(box: Caller, mode: str, fail: str) -> None:
    reply = _send(box, [_message("a", ORDER, sale("a"))], mode, fail)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "CMNC-913")


@pytest.mark.parametrize("count", [0, 11])
def test_none_or_more_than_ten_messages_are_refused_whole(box: Caller, count: int) -> None:
    reply = _send(box, [_message(str(place), ORDER, sale(str(place))) for place in range(count)])
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "CMNC-912")
    assert box.control("GET", "books")["orders"] == []


def test_reading_and_patching_are_not_possible_inside(box: Caller) -> None:
    reply = _send(box, [_message("g", "/order-service/order/1", None, "GET"), _message("p", "/x", [], "PATCH")])
    assert [body["errors"][0]["code"] for _, _, body in _outcomes(reply)] == ["CMNC-914", "CMNC-914"]


def test_items_may_each_take_a_unit_of_the_cap_by_a_switch() -> None:
    config = SandboxConfig(port=0, products=2, requests_per_minute=3, minute_seconds=3600)
    config.switches.multi_item_quota = True
    with running(config) as server:
        box = Caller(server)
        reply = _send(box, [_message(f"m{place}", ORDER, sale(f"x{place}")) for place in range(3)])
        assert [status for _, status, _ in _outcomes(reply)] == [201, 201, 503]
        assert "too many requests" in _outcomes(reply)[2][2]["response"]


def test_created_items_may_make_the_reply_207_by_a_switch(box: Caller) -> None:
    box.control("POST", "switches", {"multi_created_is_partial": "true"})
    assert _send(box, [_message("a", ORDER, sale("a"))]).status_code == 207
    box.control("POST", "switches", {"created_status": "200"})
    assert _send(box, [_message("b", ORDER, sale("b"))]).status_code == 200


def test_the_same_batch_again_creates_and_pays_nothing_twice(box: Caller) -> None:
    first = _outcomes(_send(box, [_message("a", ORDER, sale("a"))]))[0][2]["response"]
    messages = [
        _message("o", ORDER, sale("a")),
        _message("p", "/accounting-service/customer-payment", payment(first, 20, "t")),
    ]
    _send(box, messages)
    statuses = [status for _, status, _ in _outcomes(_send(box, messages))]
    assert statuses == [200, 400]
    (entry,) = box.control("GET", "books")["orders"]
    assert (entry["orderId"], entry["paid"]) == (first, "20.00")
