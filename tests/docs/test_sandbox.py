"""``docs/sandbox.md``: every route, option, switch and fault of the code is in it, and its examples do what it says.

Read: the page, a sandbox over HTTP. Written: nothing.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from sandbox.__main__ import parser
from sandbox.app import build_app
from sandbox.config import SandboxConfig, Switches
from sandbox.erp.api import build_router
from sandbox.faults import KINDS
from sandbox.server import running
from sandbox.tills.faults import DELIVERY_FAULTS, REQUEST_FAULTS
from sandbox.tills.planted import FAULTS
from tests.sandbox.client import Caller, sale

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")
ORDERS = "/order-service/sales-order"
TAX = "/accounting-service/tax-code"


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with running(SandboxConfig(port=0, products=5, requests_per_minute=0)) as one:
        yield one


@pytest.fixture
def box(server: Any) -> Iterator[Caller]:
    caller = Caller(server)
    caller.control("POST", "reset")
    yield caller
    caller.http.close()


def table(head: str) -> dict[str, list[str]]:
    """The rows of the table that begins with ``head``, by what stands in backticks in the first cell."""
    found = re.search(rf"^\| {re.escape(head)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found, head
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line[1:-1])] for line in found[1].splitlines()]
    return {row[0].split("`")[1]: row[1:] for row in rows}


def example(kind: str) -> Any:
    found = re.search(rf"^### {kind}\n.*?```json\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
    assert found, kind
    return json.loads(found[1])


# -- names ------------------------------------------------------------------------------------------------------------


def test_every_switch_is_there_with_its_default_and_the_silence_it_stands_for() -> None:
    shown = {name: row[0] for name, row in table("Switch").items()}
    fresh = Switches()
    assert shown == {one.name: _plain(getattr(fresh, one.name)) for one in fields(Switches)}
    assert all(len(row[1]) > 30 for row in table("Switch").values())


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_every_option_is_there_with_its_default() -> None:
    (commands,) = parser()._subparsers._group_actions  # type: ignore[union-attr]  # the parser has subcommands
    actions = commands.choices["serve"]._actions  # type: ignore[index,call-overload]  # of which one is serve
    real = {one.option_strings[-1]: one.default for one in actions if one.dest != "help"}
    shown = {name: row[0] for name, row in table("Option").items()}
    assert shown == {name: "" if value in (None, []) else str(value) for name, value in real.items()}


def test_every_kind_of_fault_has_a_section_with_an_example_of_it() -> None:
    section = PAGE.split("## Faults\n")[1].split("\n## ")[0]
    assert sorted(re.findall(r"^### (\w+)", section, re.MULTILINE)) == sorted(KINDS)
    assert {kind: example(kind)["faults"][0]["kind"] for kind in KINDS} == {kind: kind for kind in KINDS}


def test_every_fault_of_the_tills_and_of_the_day_is_there() -> None:
    of_the_tills, of_the_day = PAGE.split("| Fault | ")[1:]
    asked = re.findall(r"^\| `(\w+)` \|", of_the_tills, re.MULTILINE)
    assert asked == [*REQUEST_FAULTS, *DELIVERY_FAULTS]
    planted = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \|$", of_the_day, re.MULTILINE)
    assert {name: (where, words) for name, where, words in planted} == FAULTS


def test_every_route_of_the_erp_is_listed() -> None:
    shown: set[tuple[str, str]] = set()
    for line in re.findall(r"^((?:[A-Z]+ )+) *(/[a-z-]+\S*)(  \(and /meta-data\))?$", PAGE, re.MULTILINE):
        shown |= {(method, line[1]) for method in line[0].split()}
        shown |= {("GET", f"{line[1]}/meta-data")} if line[2] else set()
    real: set[tuple[str, str]] = set()

    def walk(node: Any) -> None:
        real.update((method, template) for method, (template, _, _) in node.routes.items())
        for child in [*node.literal.values(), *([node.variable] if node.variable else [])]:
            walk(child)

    walk(build_router()._root)
    assert shown == real
    assert len(real) > 120


def test_every_control_and_every_route_of_the_tills_is_listed() -> None:
    shown = set(re.findall(r"`((?:GET|POST|DELETE) /(?:sandbox|square)/[^`…]*)`", PAGE)) - {"GET /sandbox/books?"}
    app = build_app(SandboxConfig(products=1))
    real = {
        f"{method} {one.path.replace(':int', '')}"
        for one in app.routes
        if isinstance(one, Route)
        for method in (one.methods or set()) - {"HEAD"}
    }
    assert shown == real


def test_the_books_have_the_members_that_are_listed(box: Caller) -> None:
    box.order("x")
    books = box.control("GET", "books")
    listed = re.search(r"\| Member \| One entry \|\n\|---\|---\|\n((?:\|.*\n)+)", PAGE)
    assert listed
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", listed[1], re.MULTILINE))
    assert set(rows) == set(books)
    assert set(re.findall(r"`(\w+)`", rows["orders"])) == set(books["orders"][0])
    assert set(re.findall(r"`(\w+)`", rows["stockMoves"])) == set(books["stockMoves"][0])


# -- examples ---------------------------------------------------------------------------------------------------------


def _throttle(box: Caller) -> None:
    replies = [box.call("POST", ORDERS, sale("x")) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [503, 201]
    assert "too many requests" in replies[0].json()["response"]


def _error(box: Caller) -> None:
    assert box.call("POST", ORDERS, sale("x")).status_code == 502
    assert [one["externalRef"] for one in box.control("GET", "books")["orders"]] == ["x"]


def _slow(box: Caller) -> None:
    started = time.monotonic()
    assert box.call("GET", TAX).status_code == 200
    assert time.monotonic() - started >= 0.2


def _lost_reply(box: Caller) -> None:
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        box.call("POST", ORDERS, sale("x"))
    assert len(box.control("GET", "books")["orders"]) == 1


def _item_failure(box: Caller) -> None:
    messages = [{"label": ref, "uri": ORDERS, "httpMethod": "POST", "body": sale(ref)} for ref in ("a", "b")]
    body = {"processingMode": "SEQUENTIAL", "onFail": "CONTINUE", "messages": messages}
    done = box.call("POST", "/multi-message", body).json()["response"]["processedMessages"]
    assert [one["statusCode"] for one in done] == [500, 201]


def _odd_reply(box: Caller) -> None:
    messages = [{"label": ref, "uri": ORDERS, "httpMethod": "POST", "body": sale(ref)} for ref in ("a", "b")]
    body = {"processingMode": "SEQUENTIAL", "onFail": "CONTINUE", "messages": messages}
    done = box.call("POST", "/multi-message", body).json()["response"]["processedMessages"]
    assert [one["label"] for one in done] == ["a"]
    assert [one["externalRef"] for one in box.control("GET", "books")["orders"]] == ["a", "b"]


def _search_lag(box: Caller) -> None:
    order = box.order("x")
    assert box.rows("/order-service/order-search?externalRef=x") == []
    assert box.one(order)["id"] == order


def _expire_token(box: Caller) -> None:
    assert [box.call("GET", TAX).status_code for _ in range(2)] == [401, 200]


def _duplicate_webhook(box: Caller) -> None:
    heard: list[str] = []
    twice = threading.Event()

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["content-length"])).decode())
            self.send_response(200)
            self.end_headers()
            if len(heard) == 2:
                twice.set()

        def log_message(self, *_: object) -> None:
            """Silence: the test's output is its own."""

    with HTTPServer(("127.0.0.1", 0), Ear) as ear:
        threading.Thread(target=ear.serve_forever, daemon=True).start()
        hook = {
            "subscribeTo": "product.modified", "httpMethod": "POST", "contentType": "application/json",
            "uriTemplate": f"http://127.0.0.1:{ear.server_port}/", "bodyTemplate": "${resource-id}",
            "idSetAccepted": False, "qualityOfService": 1,
        }  # fmt: skip
        box.read("POST", "/integration-service/webhook", hook)
        box.control("POST", "products", {"productId": 1007, "name": "Another name"})
        assert twice.wait(10), heard
        ear.shutdown()
    assert heard == ["1007"] * 2


def _odd_field(box: Caller) -> None:
    skus = [box.read("GET", "/product-service/product/1007")[0]["identity"]["sku"] for _ in range(2)]
    assert skus == [12345.678, "SCAR-RED-00000"]


def _lying_count(box: Caller) -> None:
    meta = box.read("GET", "/contact-service/contact-search?contactId=301")["metaData"]
    assert (meta["resultsAvailable"], meta["resultsReturned"]) == (500, 1)


def _moving_rows(box: Caller) -> None:
    box.control("POST", "clock", {"advanceSeconds": 60})
    pages = [box.rows(f"/product-service/product-search?sort=updatedOn&pageSize=2&firstResult={at}") for at in (1, 3)]
    assert [[row["productId"] for row in page] for page in pages] == [[1000, 1001], [1008, 1009]]


def _vanishing_rows(box: Caller) -> None:
    pages = [box.rows(f"/product-service/product-search?pageSize=2&firstResult={at}") for at in (1, 3)]
    assert [[row["productId"] for row in page] for page in pages] == [[1000, 1001], [1008, 1009]]
    assert box.call("GET", "/product-service/product/1000").status_code == 404


EFFECTS: dict[str, Callable[[Caller], None]] = {
    "throttle": _throttle, "error": _error, "slow": _slow, "lost_reply": _lost_reply, "item_failure": _item_failure,
    "odd_reply": _odd_reply, "search_lag": _search_lag, "expire_token": _expire_token,
    "duplicate_webhook": _duplicate_webhook, "odd_field": _odd_field, "lying_count": _lying_count,
    "moving_rows": _moving_rows, "vanishing_rows": _vanishing_rows,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_fault_does_what_the_page_says(box: Caller, kind: str) -> None:
    box.control("POST", "faults", example(kind))
    EFFECTS[kind](box)
    struck = [one for one in box.control("GET", "faults")["faults"] if one.get("count") not in (None, 0)]
    assert struck == []  # a fault with a count is used up


def test_the_first_call_of_the_page_answers_the_tax_codes(box: Caller) -> None:
    command = re.search(r"curl -H '(.*?): (.*?)' -H '(.*?): (.*?)' \\\n +http://127.0.0.1:8400(\S+)", PAGE)
    assert command
    name, value, other, token, path = command.groups()
    reply = box.http.get(path, headers={name: value, other: token})
    assert reply.status_code == 200
    assert {"T20", "T5", "T0", "T1", "T2", "T9"} <= {code["code"] for code in reply.json()["response"]}
