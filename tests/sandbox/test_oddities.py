"""Odd answers and poison: what the caller hears is wrong or nothing at all, what was done stands in the books."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from sandbox.faults import ODDITIES
from tests.sandbox.client import Caller, sale

ORDERS = "/order-service/sales-order"
REFS = ("a", "b", "c")


def _plant(box: Caller, **fault: object) -> None:
    box.control("POST", "faults", {"faults": [fault]})


def _batch(*refs: str) -> dict[str, Any]:
    messages = [{"label": ref, "uri": ORDERS, "httpMethod": "POST", "body": sale(ref)} for ref in refs]
    return {"processingMode": "SEQUENTIAL", "onFail": "CONTINUE", "messages": messages}


def _made(box: Caller) -> list[str]:
    return [entry["externalRef"] for entry in box.control("GET", "books")["orders"]]


@pytest.mark.parametrize(
    ("how", "labels"),
    [("fewer_items", ["a", "b"]), ("reordered_items", ["c", "b", "a"]), ("doubled_labels", ["a", "a", "c"])],
)
def test_the_items_of_an_odd_reply_are_not_those_that_were_sent(box: Caller, how: str, labels: list[str]) -> None:
    _plant(box, kind="odd_reply", how=how, count=1)
    done = box.call("POST", "/multi-message", _batch(*REFS)).json()["response"]["processedMessages"]
    assert [one["label"] for one in done] == labels
    assert _made(box) == list(REFS)


def test_the_content_of_an_item_may_be_no_json(box: Caller) -> None:
    _plant(box, kind="odd_reply", how="invalid_content", count=1)
    first, *rest = box.call("POST", "/multi-message", _batch(*REFS)).json()["response"]["processedMessages"]
    with pytest.raises(json.JSONDecodeError):
        json.loads(first["body"]["content"])
    assert [json.loads(one["body"]["content"]) for one in rest] == [{"response": box.order(ref)} for ref in ("b", "c")]


def test_an_answer_may_be_no_json_at_all(box: Caller) -> None:
    _plant(box, kind="odd_reply", how="not_json", route=f"POST {ORDERS}", count=1)
    assert box.call("POST", ORDERS, sale("a")).text == "<html>"
    assert _made(box) == ["a"]


@pytest.mark.parametrize(("how", "shown"), [("no_headers", (None, None)), ("absurd_headers", ("-5", "99999999999999"))])
def test_the_headers_of_the_cap_may_be_missing_or_absurd(
    box: Caller, how: str, shown: tuple[str | None, str | None]
) -> None:
    _plant(box, kind="odd_reply", how=how, count=1)
    headers = box.call("GET", "/accounting-service/tax-code").headers
    names = ("brightpearl-requests-remaining", "brightpearl-next-throttle-period")
    assert tuple(headers.get(name) for name in names) == shown


def test_what_contains_a_text_fails_as_a_whole_and_nothing_else_does(box: Caller) -> None:
    _plant(box, kind="error", route="POST *", containing='"externalRef":"b"', status=400)
    whole = box.call("POST", "/multi-message", _batch(*REFS))
    assert (whole.status_code, _made(box)) == (400, [])
    assert box.call("POST", "/multi-message", _batch("a", "c")).status_code == 200
    assert box.call("POST", ORDERS, sale("b")).status_code == 400


def test_an_item_that_contains_a_text_fails_alone(box: Caller) -> None:
    _plant(box, kind="item_failure", containing='"externalRef":"b"', status=422)
    done = box.call("POST", "/multi-message", _batch(*REFS)).json()["response"]["processedMessages"]
    assert [one["statusCode"] for one in done] == [201, 422, 201]


def test_the_reply_to_what_contains_a_text_is_lost_every_time(box: Caller) -> None:
    _plant(box, kind="lost_reply", containing='"externalRef":"b"')
    for _ in range(2):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            box.call("POST", "/multi-message", _batch("b"))
    assert box.call("POST", "/multi-message", _batch("a")).status_code == 200


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"kind": "odd_reply"}, "odd_reply needs how: one of fewer_items"),
        ({"kind": "odd_field", "path": "id"}, "odd_field needs how: one of gone"),
        ({"kind": "odd_field", "how": "gone"}, "needs path"),
        ({"kind": "error", "how": ODDITIES[0]}, "error takes no how"),
        ({"kind": "error", "path": "id"}, "needs path"),
    ],
)
def test_an_oddity_is_named_and_belongs_to_no_other_kind(box: Caller, entry: dict[str, str], words: str) -> None:
    reply = box.http.post("/sandbox/faults", json={"faults": [entry]})
    assert reply.status_code == 400
    assert words in reply.json()["error"]
