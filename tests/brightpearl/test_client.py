"""The client over real HTTP: what it repeats, what it never repeats, and what it says."""

import concurrent.futures
import logging

import pytest

from bp_assets.brightpearl.auth import AccountToken, auth_from_env
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import (
    BadAnswer,
    ErpRefused,
    ErpUnavailable,
    Throttled,
    Unauthorised,
    UnknownOutcome,
)
from bp_assets.brightpearl.pacing import RequestBudget
from tests.brightpearl.conftest import TOKEN, a_box, erp, scripted
from tests.tills.hanging import answering, trickle

TAX = "/accounting-service/tax-code"
CONTACT = "/contact-service/contact"
NEW = {"firstName": "Jo", "lastName": "Doe", "postAddressIds": {}}


def contacts_made(box):
    return sum(1 for contact in box.world.contacts.values() if (contact.first, contact.last) == ("Jo", "Doe"))


def new_address(client):
    body = {"addressLine1": "1 High St", "postalCode": "LS1 1AA", "countryIsoCode": "GBR"}
    address = client.post("/contact-service/postal-address", body).new_id
    return {**NEW, "postAddressIds": {"DEF": address, "BIL": address, "DEL": address}}


def client_of(url, **more):
    return ErpClient(erp(url, **more), TOKEN, budget=RequestBudget(100_000))


def test_an_answer_carries_the_payload_and_the_budget(client):
    answer = client.get(TAX)
    assert {"id", "code", "description"} <= set(answer.response[0])
    assert answer.status == 200
    assert answer.requests_remaining == 199
    assert 0 < answer.next_period_ms <= 60_000
    assert len(answer.ruid) == 36


def test_nothing_found_is_an_empty_answer_in_all_three_forms(client):
    for path in ("/order-service/order/999999", f"{CONTACT}/999999", "/product-service/product-price/999999"):
        assert client.get(path).empty


def test_a_wrong_token_is_told_in_one_line_that_names_what_to_do(box):
    with box.client(token="a-wrong-token") as client, pytest.raises(Unauthorised) as caught:
        client.get(TAX)
    assert str(caught.value) == (
        "the ERP refused the credentials (401: Invalid account token). "
        "Check the token in TILLBRIDGE_ERP_TOKEN, and erp.account and erp.app_ref in the shops file."
    )
    assert client.counts.total() == 1


def test_a_missing_token_is_told_before_anything_is_sent(monkeypatch):
    monkeypatch.delenv("TILLBRIDGE_ERP_TOKEN", raising=False)
    with pytest.raises(Unauthorised, match=r"^no credentials .* 'sandbox': set the variable TILLBRIDGE_ERP_TOKEN\.$"):
        auth_from_env(erp("http://127.0.0.1:9"))


def test_the_token_of_the_environment_is_used(box, monkeypatch):
    monkeypatch.setenv("TILLBRIDGE_ERP_TOKEN", TOKEN)
    with ErpClient(erp(box.url), budget=RequestBudget()) as client:
        assert client.get(TAX).status == 200


def test_tokens_show_nowhere(box, caplog):
    caplog.set_level(logging.DEBUG)
    box.faults({"kind": "error", "count": 1, "status": 503})
    with box.client() as client:
        client.get(TAX)
        said = repr(client) + repr(client.auth) + repr(vars(client).get("counts")) + caplog.text
    assert TOKEN not in said
    assert repr(AccountToken("app", "secret")) == "AccountToken(app_ref='app')"


def test_a_read_is_repeated_over_a_short_outage(box, client):
    box.faults({"kind": "error", "count": 2, "status": 503})
    assert client.get(TAX).status == 200
    assert client.counts["posting", f"GET {TAX}"] == 3


def test_a_read_gives_up_after_five_tries(box, client):
    box.faults({"kind": "error", "status": 500})
    with pytest.raises(ErpUnavailable, match=r"GET /accounting-service/tax-code: HTTP 500"):
        client.get(TAX)
    assert client.counts.total() == 5


def test_a_read_survives_a_lost_reply_and_a_slow_one(box):
    box.faults({"kind": "lost_reply", "count": 1}, {"kind": "slow", "seconds": 1, "count": 1})
    with box.client(timeout_seconds=0.3) as client:
        assert client.get(TAX).status == 200
    assert client.counts.total() == 3


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "lost_reply"},
        {"kind": "error", "status": 500, "committed": True},
        {"kind": "error", "status": 503, "committed": True},
        {"kind": "slow", "seconds": 0.8},
    ],
)
def test_a_write_without_a_readable_answer_is_unknown_and_never_repeated(box, fault):
    with box.client(timeout_seconds=0.3) as client:
        body = new_address(client)
        box.faults({"route": f"POST {CONTACT}", **fault})
        with pytest.raises(UnknownOutcome, match=f"POST {CONTACT}"):
            client.post(CONTACT, body)
    assert client.counts["posting", f"POST {CONTACT}"] == 1


def test_a_lost_reply_may_well_have_been_done(box, client):
    body = new_address(client)
    box.faults({"route": f"POST {CONTACT}", "kind": "lost_reply"})
    with pytest.raises(UnknownOutcome):
        client.post(CONTACT, body)
    assert contacts_made(box) == 1


def test_a_refused_write_carries_the_erps_own_code(client):
    with pytest.raises(ErpRefused) as caught:
        client.post("/order-service/order", {})
    assert (caught.value.code, caught.value.status) == ("ORDC-005", 400)


def test_a_bad_filter_answered_500_is_our_mistake_and_not_repeated(client):
    with pytest.raises(ErpRefused) as caught:
        client.get("/order-service/order-search", {"orderStatusId": "BAD PARAM"})
    assert caught.value.code == "CMNC-018"
    assert "orderStatusId=BAD PARAM" in caught.value.message
    assert client.counts.total() == 1


def test_an_erp_that_can_not_be_reached_says_that_nothing_was_sent():
    with scripted((200, {}, {})) as (url, _):
        pass  # its port is closed again
    with client_of(url) as client, pytest.raises(ErpUnavailable, match="nothing was sent"):
        client.post(CONTACT, {})


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'{"response":'])
def test_a_read_that_stays_unreadable_is_a_bad_answer(body):
    with scripted((200, {}, body)) as (url, seen), client_of(url) as client, pytest.raises(BadAnswer):
        client.get(TAX)
    assert len(seen) == 5


def test_an_unreadable_answer_to_a_write_is_unknown():
    with scripted((200, {}, b"<html>")) as (url, seen), client_of(url) as client, pytest.raises(UnknownOutcome):
        client.post(CONTACT, {})
    assert len(seen) == 1


def test_a_redirect_is_not_followed():
    away = (302, {"location": "http://example.invalid/"}, {})
    refused = pytest.raises(ErpRefused, match=r"check erp\.base_url")
    with scripted(away) as (url, seen), client_of(url) as client, refused:
        client.get(TAX)
    assert len(seen) == 1


def test_absurd_throttle_headers_do_not_stop_the_client():
    headers = {"brightpearl-requests-remaining": "-7", "brightpearl-next-throttle-period": "soon"}
    with scripted((200, headers, {"response": []})) as (url, _), client_of(url) as client:
        assert [client.get(TAX).requests_remaining for _ in range(5)] == [None] * 5


def test_a_throttled_write_waits_and_is_done_once(box):
    with a_box(requests_per_minute=50, minute_seconds=1.0) as capped, capped.client() as client:
        body = new_address(client)
        capped.faults({"kind": "throttle", "count": 1, "route": f"POST {CONTACT}"})
        assert client.post(CONTACT, body).new_id is not None
        assert contacts_made(capped) == 1
        assert client.counts["posting", f"POST {CONTACT}"] == 2


def test_throttling_without_end_is_given_up():
    crowd = {"response": "You have sent too many requests. Please wait before sending another request"}
    headers = {"brightpearl-next-throttle-period": "5"}
    with scripted((503, headers, crowd)) as (url, seen), client_of(url) as client, pytest.raises(Throttled):
        client.get(TAX)
    assert len(seen) == 6


def test_many_threads_share_one_client_and_stay_below_the_cap():
    with a_box(requests_per_minute=40, minute_seconds=1.0) as capped:
        client = capped.client(reserve_percent=20, requests_per_minute=40, minute_seconds=1.0)
        with client, concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: client.get(TAX).status, range(100)))
        assert answers == [200] * 100
        assert capped.books()["refused"] == 0
        assert client.counts == {("posting", f"GET {TAX}"): 100}


def test_counts_are_kept_by_lane_and_route(box):
    with box.client(lane="sweep") as client:
        client.get("/order-service/order/1-5,9")
        client.get("/warehouse-service/order/*/goods-note/goods-out/12,14-20")
        client.get("/product-service/product-search", {"SKU": "a/b+c&d"})
        client.options("/product-service/product")
    assert dict(client.counts) == {
        ("sweep", "GET /order-service/order/{}"): 1,
        ("sweep", "GET /warehouse-service/order/{}/goods-note/goods-out/{}"): 1,
        ("sweep", "GET /product-service/product-search"): 1,
        ("sweep", "OPTIONS /product-service/product"): 1,
    }


def test_query_values_reach_the_erp_unharmed():
    with scripted((200, {}, {"response": []})) as (url, seen), client_of(url) as client:
        client.get("/x", {"updatedOn": "2026-07-01T00:00:00.000+01:00/", "SKU": "a b&c=d+é", "countOnly": True})
    assert seen[0][1] == (
        "/public-api/sandbox/x?updatedOn=2026-07-01T00:00:00.000%2B01:00/&SKU=a%20b%26c%3Dd%2B%C3%A9&countOnly=true"
    )


def test_an_answer_that_trickles_is_given_up_in_time():
    """Else it would hold the one who posts for hours: each byte comes in time."""
    with answering(trickle) as url, client_of(url, timeout_seconds=0.1) as client:
        with pytest.raises(UnknownOutcome, match="sent, but no answer came back"):
            client.post(CONTACT, NEW)
        with pytest.raises(ErpUnavailable, match="no answer"):
            client.get(TAX)
