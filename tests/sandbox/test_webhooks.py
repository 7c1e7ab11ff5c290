"""Webhooks: what is delivered, to whom, how often; received over HTTP by a listener on loopback."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.sandbox.client import Caller

WAIT = 5
BODY = json.dumps(
    {
        "accountCode": "${account-code}",
        "resourceType": "${resource-type}",
        "id": "${resource-id}",
        "lifecycleEvent": "${lifecycle-event}",
        "fullEvent": "${full-event}",
        "raisedOn": "${raised-on}",
    }
)


class Listener:
    """Keeps what arrives; answers the statuses of ``plan`` one by one, then 200."""

    def __init__(self) -> None:
        self.arrived: queue.Queue[dict[str, Any]] = queue.Queue()
        self.plan: list[int] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                listener.arrived.put({"path": self.path, **json.loads(raw)})
                self.send_response(listener.plan.pop(0) if listener.plan else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def next(self) -> dict[str, Any]:
        return self.arrived.get(timeout=WAIT)


@pytest.fixture
def listener() -> Iterator[Listener]:
    one = Listener()
    thread = threading.Thread(target=one.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield one
    one.server.shutdown()
    one.server.server_close()
    thread.join(timeout=WAIT)


def _subscribe(box: Caller, listener: Listener, event: str, **members: Any) -> int:
    body = {"subscribeTo": event, "httpMethod": "POST", "uriTemplate": f"{listener.url}/${{resource-id}}"}
    body |= {"bodyTemplate": BODY, "contentType": "application/json", "idSetAccepted": False, "qualityOfService": 1}
    return int(box.read("POST", "/integration-service/webhook", body | members))


def test_a_sales_order_is_announced_with_the_rendered_body(box: Caller, listener: Listener) -> None:
    _subscribe(box, listener, "sales-order.created")
    order = box.order("x")
    got = listener.next()
    assert got.pop("raisedOn").endswith("Z")
    assert got == {
        "path": f"/{order}",
        "accountCode": "sandbox",
        "resourceType": "sales-order",
        "id": str(order),
        "lifecycleEvent": "created",
        "fullEvent": "sales-order.created",
    }


def test_a_prefix_hears_all_events_below_it_and_nothing_else(box: Caller, listener: Listener) -> None:
    _subscribe(box, listener, "goods-out-note")
    order = box.order("x")
    (note,) = box.note(order, 1007, box.row_ids(order)[0], 2).json()["response"]
    box.ship(note)
    heard = {listener.next()["fullEvent"] for _ in range(2)}
    assert heard == {"goods-out-note.created", "goods-out-note.modified.shipped"}


def test_stock_that_moves_names_the_product_only(box: Caller, listener: Listener) -> None:
    _subscribe(box, listener, "product.modified.on-hand-modified")
    box.control("POST", "stock", {"productId": 1009, "warehouseId": 2, "quantity": 1})
    assert listener.next()["id"] == "1009"


def test_several_ids_come_as_one_set_where_sets_are_taken(box: Caller, listener: Listener) -> None:
    hook = _subscribe(box, listener, "sales-order.created", idSetAccepted=True)
    data = {"testData": {"resource-id": "1-5,99"}}
    assert box.call("POST", f"/integration-service/webhook/{hook}/simulate", data).json() == {}
    assert listener.next()["id"] == "1-5,99"


def test_quality_one_tries_again_until_taken_and_gives_up_on_a_4xx(box: Caller, listener: Listener) -> None:
    box.control("POST", "switches", {"webhook_retry_ms": "1"})
    _subscribe(box, listener, "sales-order.created")
    listener.plan = [500, 503]
    order = str(box.order("x"))
    assert [listener.next()["id"] for _ in range(3)] == [order] * 3
    listener.plan = [404]
    box.order("y")
    box.order("z")
    ids = [listener.next()["id"] for _ in range(2)]
    assert len(set(ids)) == 2


def test_quality_zero_tries_again_only_after_a_503(box: Caller, listener: Listener) -> None:
    box.control("POST", "switches", {"webhook_retry_ms": "1"})
    _subscribe(box, listener, "sales-order.created", qualityOfService=0)
    listener.plan = [503, 500]
    order = str(box.order("x"))
    last = str(box.order("y"))
    heard = [listener.next()["id"] for _ in range(3)]
    assert sorted(heard) == sorted([order, order, last]) or sorted(heard) == sorted([order, last, last])


def test_a_duplicate_is_delivered_by_fault(box: Caller, listener: Listener) -> None:
    _subscribe(box, listener, "sales-order.created")
    box.control("POST", "faults", {"faults": [{"kind": "duplicate_webhook", "route": "sales-order.*", "count": 1}]})
    order = str(box.order("x"))
    assert [listener.next()["id"] for _ in range(2)] == [order, order]


def test_so_many_of_a_hundred_come_twice_as_the_switch_says(box: Caller, listener: Listener) -> None:
    _subscribe(box, listener, "sales-order.created")
    box.control("POST", "switches", {"webhook_duplicate_percent": "100"})
    first = str(box.order("x"))
    assert [listener.next()["id"] for _ in range(2)] == [first, first]
    box.control("POST", "switches", {"webhook_duplicate_percent": "0"})
    second, third = str(box.order("y")), str(box.order("z"))
    assert sorted(listener.next()["id"] for _ in range(2)) == [second, third]
    assert listener.arrived.empty()


def test_a_deleted_subscription_is_silent_and_gone(box: Caller, listener: Listener) -> None:
    gone = _subscribe(box, listener, "sales-order.created")
    assert box.call("DELETE", f"/integration-service/webhook/{gone}").json() == {}
    assert box.refusal("GET", f"/integration-service/webhook/{gone}") == (404, "CMNC-404")
    _subscribe(box, listener, "sales-order.created", uriTemplate=f"{listener.url}/second")
    box.order("x")
    assert listener.next()["path"] == "/second"
    assert listener.arrived.empty()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"subscribeTo": "contact.created"}, "INTC-064"),
        ({"subscribeTo": ""}, "INTC-064"),
        ({"httpMethod": "PATCH"}, "INTC-901"),
        ({"uriTemplate": "/relative"}, "INTC-901"),
        ({"bodyTemplate": None}, "INTC-901"),
        ({"qualityOfService": 2}, "INTC-901"),
    ],
)
def test_a_wrong_subscription_is_refused(box: Caller, listener: Listener, change: dict[str, Any], code: str) -> None:
    body = {"subscribeTo": "product", "httpMethod": "POST", "uriTemplate": listener.url, "bodyTemplate": "x"}
    body |= {"contentType": "text/plain", **change}
    assert box.refusal("POST", "/integration-service/webhook", body) == (400, code)
