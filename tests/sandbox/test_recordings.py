"""Conformance: every shared recording's request is sent to a sandbox holding equivalent data; status, header names,
key sets (all the way down) and value types must agree.

IDs in requests are those of the recorded accounts, so the records are put under the same IDs. Where an object is keyed
by ID (rows, notes, options), shapes of values are compared, not keys. No recording and no member is left out; whole
and broken numbers count as one type, because `rate` and the like are printed both ways.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.config import SandboxConfig
from sandbox.erp.auth import Grant
from sandbox.erp.contacts import Contact
from sandbox.erp.custom_fields import CustomField
from sandbox.erp.goods_out import Note
from sandbox.erp.order_model import UNIT, Order, Row
from sandbox.erp.products import Product
from sandbox.erp.reference import TaxCode
from sandbox.server import SandboxServer, running
from sandbox.world import World
from tests.sandbox.client import CREDENTIALS

FOLDER = Path(__file__).parents[2].parent / "shared" / "recordings" / "brightpearl"
FILES = sorted(FOLDER.glob("*.json")) if FOLDER.is_dir() else []
pytestmark = pytest.mark.skipif(not FILES, reason="the shared recordings are not beside this checkout")

# recording -> why its `message-type` is not the sandbox's
OTHER_MESSAGE_TYPE = {
    "webhook__get__not_found": "the service says `get-webhook` when there is none and `webhook-get` when there is one",
}

CREATED = 1_580_000_000_000
ADDRESS = 501


def _party(world: World, number: int, first: str, last: str, **members: Any) -> None:
    world.addresses[number + 400_000] = {"addressLine1": "34 Lime St", "countryIsoCode": "GBR", "contactId": number}
    where = dict.fromkeys(("DEF", "BIL", "DEL"), number + 400_000)
    world.contacts[number] = Contact(number, first, last, CREATED, CREATED, addresses=where, **members)


def _order(world: World, number: int, rows: list[Row], **members: Any) -> Order:
    base: dict[str, Any] = {"type": "SO", "contact_id": 200, "created": CREATED, "placed": CREATED, "tax_date": CREATED}
    base |= {"status_id": 3, "warehouse_id": 2, "channel_id": 0, "billing_id": 200}
    order = Order(id=number, **(base | members))
    order.rows = {row.id: row for row in rows}
    order.recount()
    world.orders.add(order, "")
    return order


def _row(number: int, product: int) -> Row:
    return Row(
        number, product, "Nice Shirt", "TEST001", UNIT, "T20", 90909, 91, "4000", 10, True, fulfilled=1, shipped=1
    )


def prepare(world: World) -> None:
    """The recorded accounts' data under the recorded IDs."""
    _party(world, 200, "Demo", "Customer", emails={"PRI": "demo@test.com"})
    _party(world, 418, "Some", "Supplier", supplier=True)
    _party(world, 151499, "john", "Doe", emails={"PRI": "test@gmail.com"}, phones={"PRI": "+44 20 7946 0000"})
    world.contacts[151499].custom = {"PCF_CODAE": 1234567890}
    for number in (72433, 72435):
        _party(world, number, "TEST", "Factura", emails={"PRI": "foo@business.com"}, company="TEST COMPANY")
    world.custom_fields["customer"][9] = CustomField(9, "PCF_CODAE", "Code", "INTEGER")
    world.custom_fields["sale"][131] = CustomField(
        131, "PCF_TIPONEG", "Business", "SELECT", options={156: "Small", 160: "Big"}
    )
    world.custom_fields["sale"][132] = CustomField(132, "PCF_REICUOTA", "Quota", "SELECT", options={137: "Form"})
    world.products[1007].custom = {"PCF_SERIALIS": True}
    product = world.products[1007]
    world.products[1532] = Product(1532, "X", "Other", "T20", product.net, True, CREATED, CREATED)
    world.stock.level(1532, 2).in_stock = 60
    world.stock.level(1532, 2).allocated = 12
    world.products[1581] = Product(1581, "", "Test Product", "T20", 0, False, CREATED, CREATED)
    world.reference.tax_codes[60] = world.reference.tax_by_code["13"] = TaxCode(60, "13", "IVA 13%", 130000)
    _order(world, 1, [_row(1, 1007)], status_id=4, invoice="SI-1001", closed=CREATED, updated=CREATED, version=7)
    for number in (*range(2, 42), 320, 321):
        _order(world, number, [])
    _order(world, 516491, []).custom = {
        "PCF_ETAORIG": "2023-03-06",
        "PCF_ZONA": {"id": 64, "value": "SJ.1"},
        "PCF_MENSAJER": "Pablo",
        "PCF_FECHADE": "2023-03-06",
        "PCF_TEAM": "Team A",
    }
    _order(world, 1081505, [])
    _order(world, 988116, [_row(2975384, 1007)])
    note = Note(12447605, 988116, 2, 1, CREATED, CREATED, created_by=203, shipping_method_id=49, version=3131069)
    note.rows = {2975384: (1007, 1), 2975385: (1532, 1)}
    note.done = dict.fromkeys(("printed", "picked", "packed", "shipped"), (CREATED, 4))
    note.events = [(CREATED, 4, code) for code in ("PLA", "SHW", "PRI", "PIC", "PAC")]
    world.add_note(note)


def before(name: str, server: SandboxServer, send: Callable[[dict[str, Any]], httpx.Response]) -> None:
    """What one recording needs beyond the common data."""
    world = server.world
    if name == "order_search":
        for file in ("order_post_so", "order_post_po", "order_post_pc"):
            send(json.loads((FOLDER / f"{file}.json").read_text())[0]["request"])
        credit = {"method": "POST", "uri": "/public-api/{account}/order-service/order"}
        parties = {"customer": {"contactId": 200}}
        send({**credit, "body": {"reference": "#0001", "orderTypeCode": "SC", "parties": parties}})
    if name.startswith("customer_payment"):
        world.reference.currencies["CRC"] = {"id": 5, "title": "Colon", "code": "CRC", "symbol": "₡", "rate": 1000000}
        world.orders.by_id[1081505].currency = "CRC"
        world.reference.payment_methods["PUNTOS"] = world.reference.payment_methods["OTHER"]
    if name == "customer_payment__search__simple_search":
        file = FOLDER / "customer_payment__post__receipt.json"
        send(json.loads(file.read_text())[0]["request"])
    if name == "product_price_get":
        world.products[1007].prices = {1: {1: 100000}, 2: {}, 3: {}}


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with running(SandboxConfig(port=0, products=5)) as one:
        yield one


def fill(value: Any, ids: dict[str, int]) -> Any:
    """The recorded request with IDs that the sandbox gave to what earlier requests of the same recording created."""
    text = json.dumps(value)
    for old, new in ids.items():
        text = text.replace(f"/{old}", f"/{new}")
    return json.loads(text)


def sender(server: SandboxServer, name: str) -> Callable[[dict[str, Any]], httpx.Response]:
    def send(request: dict[str, Any]) -> httpx.Response:
        uri = request["uri"].replace("{account}", "sandbox")
        body = request["body"]
        headers = dict(CREDENTIALS)
        if name == "client_error_expired":
            headers = {"authorization": "Bearer old", "brightpearl-app-ref": "tillbridge", "brightpearl-dev-ref": "dev"}
        if name == "client__search_error":
            headers = {
                "authorization": "Bearer never",
                "brightpearl-app-ref": "tillbridge",
                "brightpearl-dev-ref": "dev",
            }
        with httpx.Client(trust_env=False) as client:
            if isinstance(body, str):
                body = body.encode() if body else None
                form = {"content-type": "application/x-www-form-urlencoded"} if body else {}
                return client.request(request["method"], server.url + uri, content=body, headers=headers | form)
            return client.request(request["method"], server.url + uri, json=body, headers=headers)

    return send


def oauth(name: str, request: dict[str, Any], world: World) -> dict[str, Any]:
    """The recorded token requests with the sandbox's own client, code and redirect URI in place of the account's."""
    config = world.config
    swaps = {
        "code=a4814ccf-5efa-4635-8ba5-8c47d562fcd8": f"code={config.authorization_code}",
        "client_id=clientID": f"client_id={config.app_ref}",
        "client_id=cliendID": f"client_id={config.app_ref}",
        "client_secret=xxxxxx": f"client_secret={config.client_secret}",
        "https%3A%2F%2F0486-170-246-154-186.ngrok.io%2Fbrightpearl_oauth_redirect": config.redirect_uri,
    }
    if name.endswith("invalid_client"):
        swaps.pop("client_id=clientID")
    if name.endswith("redirect_uri_mismatch"):
        swaps.popitem()
    if name == "auth_use_refresh_token":
        world.oauth.refresh.add("A1iWFfpSuQADO7895Y4eJDv42ZzIDvD0oOhHNIFM0Po=")
    body = request["body"]
    for old, new in swaps.items():
        body = body.replace(old, new)
    return {**request, "body": body}


def shape(value: Any, path: str = "") -> dict[str, set[str]]:
    """Every path in a body with the JSON types found there. Keys that are numbers count as one (``#``)."""
    kind = {dict: "object", list: "list", str: "text", bool: "flag", int: "number", float: "number", type(None): "null"}
    found = {path: {kind[type(value)]}}
    children: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        children = [(f"{path}.{'#' if key.isdigit() else key}".lstrip("."), one) for key, one in value.items()]
    elif isinstance(value, list):
        positional = path.endswith("results[]")
        children = [(f"{path}[{place if positional else ''}]", one) for place, one in enumerate(value)]
    for at, one in children:
        for key, kinds in shape(one, at).items():
            found.setdefault(key, set()).update(kinds)
    return found


def differences(recorded: Any, given: Any) -> list[str]:
    want, got = shape(recorded), shape(given)
    wrong = [f"missing {path}" for path in want.keys() - got.keys()]
    wrong += [f"added {path}" for path in got.keys() - want.keys()]
    wrong += [
        f"{path}: {sorted(want[path])} became {sorted(got[path])}"
        for path in want.keys() & got.keys()
        if want[path] != got[path]
    ]
    return sorted(wrong)


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_recorded_request_gets_an_answer_of_the_recorded_shape(file: Path, server: SandboxServer) -> None:
    name = file.stem
    server.world.reset()
    prepare(server.world)
    send = sender(server, name)
    before(name, server, send)
    if name == "client_error_expired":
        server.world.oauth.access["old"] = Grant(ends=0)
    ids: dict[str, int] = {}
    for exchange in json.loads(file.read_text()):
        request, recorded = exchange["request"], exchange["response"]
        if name.startswith("auth_"):
            request = oauth(name, request, server.world)
        reply = send(fill(request, ids))
        body = reply.json()
        assert reply.status_code == recorded["status"], (request["uri"], reply.text)
        assert reply.headers["content-type"] == recorded["headers"]["content-type"]
        ours = {"message-type"} | {header for header in reply.headers if header.startswith("brightpearl-")}
        assert set(recorded["headers"]) - {"content-type"} == ours & set(reply.headers)
        if name not in OTHER_MESSAGE_TYPE:
            assert reply.headers.get("message-type") == recorded["headers"].get("message-type")
        assert differences(recorded["body"], body) == []
        if isinstance(recorded["body"].get("response"), int):
            ids[str(recorded["body"]["response"])] = body["response"]
        if "errors" in recorded["body"]:
            assert [entry["code"] for entry in body["errors"]] == [
                entry["code"] for entry in recorded["body"]["errors"]
            ]
    assert server.world.crashes == []
