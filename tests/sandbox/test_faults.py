"""Faults: each kind does what it says, where it says, as often as it says; the ERP itself stays right."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from tests.sandbox.client import Caller, sale

ORDERS = "/order-service/sales-order"


def _plant(box: Caller, **fault: object) -> None:
    box.control("POST", "faults", {"faults": [fault]})


def test_throttle_answers_503_count_times_and_empties_the_window(box: Caller) -> None:
    _plant(box, kind="throttle", route="POST *", count=2)
    replies = [box.call("POST", ORDERS, sale("x")) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [503, 503, 201]
    assert "too many requests" in replies[0].json()["response"]
    books = box.control("GET", "books")
    assert (books["refused"], len(books["orders"])) == (2, 1)


def test_an_error_strikes_only_its_route_and_before_anything_is_done(box: Caller) -> None:
    _plant(box, kind="error", route=f"POST {ORDERS}", status=500, count=1)
    assert box.call("GET", "/accounting-service/tax-code").status_code == 200
    failed = box.call("POST", ORDERS, sale("x"))
    assert (failed.status_code, failed.json()["errors"][0]["code"]) == (500, "CMNU-003")
    assert box.control("GET", "books")["orders"] == []


def test_an_outage_is_a_503_without_the_throttle_phrase(box: Caller) -> None:
    _plant(box, kind="error", status=503)
    reply = box.call("GET", "/accounting-service/tax-code")
    assert (reply.status_code, reply.json()) == (503, {"response": "The account is currently unavailable"})


def test_an_error_after_commit_leaves_the_effect(box: Caller) -> None:
    _plant(box, kind="error", route=f"POST {ORDERS}", status=502, committed=True, count=1)
    assert box.call("POST", ORDERS, sale("x")).status_code == 502
    assert box.call("POST", ORDERS, sale("x")).status_code == 200


def test_a_lost_reply_cuts_the_connection_after_the_work_is_done(box: Caller) -> None:
    _plant(box, kind="lost_reply", route=f"POST {ORDERS}", count=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        box.call("POST", ORDERS, sale("x"))
    assert [entry["externalRef"] for entry in box.control("GET", "books")["orders"]] == ["x"]
    assert box.call("POST", ORDERS, sale("x")).status_code == 200


def test_a_lost_reply_of_a_multi_message_keeps_what_its_items_did(box: Caller) -> None:
    _plant(box, kind="lost_reply", route="POST /multi-message", count=1)
    item = {"label": "a", "uri": ORDERS, "httpMethod": "POST", "body": sale("x")}
    body = {"processingMode": "SEQUENTIAL", "onFail": "CONTINUE", "messages": [item]}
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        box.call("POST", "/multi-message", body)
    assert len(box.control("GET", "books")["orders"]) == 1


def test_slow_holds_the_answer_back(box: Caller) -> None:
    _plant(box, kind="slow", seconds=0.3, count=1)
    started = time.monotonic()
    box.call("GET", "/accounting-service/tax-code")
    assert time.monotonic() - started >= 0.3


def test_a_shop_is_meant_by_its_channel_or_warehouse_in_body_path_or_batch(box: Caller) -> None:
    leeds, london = box.order("a"), box.order("b", channelId=3, warehouseId=4)
    _plant(box, kind="error", shop=4)
    assert box.call("POST", ORDERS, sale("c")).status_code == 201
    assert box.call("POST", ORDERS, sale("d") | {"warehouseId": 4}).status_code == 500
    assert box.pay(leeds, 1, "p1").status_code == 200
    assert box.pay(london, 1, "p2").status_code == 500
    assert box.call("POST", f"{ORDERS}/{london}/close", {}).status_code == 500
    item = {"label": "a", "uri": f"{ORDERS}/{london}/close", "httpMethod": "POST", "body": {}}
    body = {"processingMode": "SEQUENTIAL", "onFail": "CONTINUE", "messages": [item]}
    assert box.call("POST", "/multi-message", body).status_code == 500


def test_a_probability_strikes_the_same_calls_for_the_same_seed(box: Caller) -> None:
    def strikes() -> list[int]:
        box.control("POST", "reset")
        _plant(box, kind="error", probability=0.5)
        return [box.call("GET", "/accounting-service/tax-code").status_code for _ in range(20)]

    first = strikes()
    assert set(first) == {200, 500}
    assert strikes() == first


def test_search_lag_hides_what_is_new_from_searches_but_not_from_gets(box: Caller) -> None:
    order = box.order("x")
    _plant(box, kind="search_lag", seconds=30)
    assert box.rows("/order-service/order-search?externalRef=x") == []
    assert box.one(order)["id"] == order
    box.control("POST", "clock", {"advanceSeconds": 31})
    assert [row["orderId"] for row in box.rows("/order-service/order-search?externalRef=x")] == [order]


def test_an_item_failure_strikes_one_message_of_a_batch_and_does_nothing_there(box: Caller) -> None:
    _plant(box, kind="item_failure", route=f"POST {ORDERS}", count=1)
    messages = [{"label": ref, "uri": ORDERS, "httpMethod": "POST", "body": sale(ref)} for ref in ("a", "b")]
    body = {"processingMode": "SEQUENTIAL", "onFail": "CONTINUE", "messages": messages}
    reply = box.call("POST", "/multi-message", body)
    done = reply.json()["response"]["processedMessages"]
    assert [one["statusCode"] for one in done] == [500, 201]
    assert json.loads(done[0]["body"]["content"])["errors"][0]["code"] == "CMNU-003"
    assert [entry["externalRef"] for entry in box.control("GET", "books")["orders"]] == ["b"]


def test_expire_token_answers_401_and_ends_every_oauth_token(box: Caller) -> None:
    form = {"grant_type": "authorization_code", "code": "sandbox-code", "client_id": "tillbridge"}
    token = box.http.post("/token/sandbox", data=form | {"redirect_uri": "https://tillbridge.example/oauth"}).json()
    bearer = {"authorization": f"Bearer {token['access_token']}", "brightpearl-dev-ref": "d"}
    assert box.call("GET", "/accounting-service/tax-code", headers=bearer).status_code == 200
    _plant(box, kind="expire_token", count=1)
    replies = [box.call("GET", "/accounting-service/tax-code", headers=bearer) for _ in range(2)]
    assert [(reply.status_code, reply.json()["response"]) for reply in replies] == [
        (401, "Authorization token expired")
    ] * 2
    assert box.call("GET", "/accounting-service/tax-code").status_code == 200


def test_active_faults_are_shown_with_their_strikes_and_cleared(box: Caller) -> None:
    _plant(box, kind="error", count=3)
    box.call("GET", "/accounting-service/tax-code")
    (fault,) = box.control("GET", "faults")["faults"]
    assert (fault["kind"], fault["count"], fault["fired"]) == ("error", 2, 1)
    assert box.control("DELETE", "faults") == {"faults": []}
    assert box.call("GET", "/accounting-service/tax-code").status_code == 200


def test_a_fault_that_makes_no_sense_is_refused_with_the_reason(box: Caller) -> None:
    for entry, word in (({"kind": "fire"}, "kind must be"), ({"kind": "slow", "when": 1}, "no member when")):
        reply = box.http.post("/sandbox/faults", json={"faults": [entry]})
        assert reply.status_code == 400
        assert word in reply.json()["error"]
