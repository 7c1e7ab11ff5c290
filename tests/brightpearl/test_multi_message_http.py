"""Multi-message against the simulated ERP: each item's end, lost replies, and the way back to single calls."""

import pytest

from bp_assets.brightpearl.calls import Call, send_one
from bp_assets.brightpearl.errors import ErpRefused, ErpUnavailable, Outcome, Throttled, Unauthorised, UnknownOutcome
from bp_assets.brightpearl.multi_message import PATH, Rest, send_many

BRAND = "/product-service/brand"
MULTI, SINGLE = ("posting", f"POST {PATH}"), ("posting", f"POST {BRAND}")
S, F, U = Outcome.SUCCESS, Outcome.FAILURE, Outcome.UNKNOWN


def brands(count, first=1):
    return [Call("POST", BRAND, {"name": f"Brand {n}"}, f"b{n}") for n in range(first, first + count)]


def outcomes(sent):
    return [one.outcome for one in sent]


def made(box):
    return sorted(brand["name"] for brand in box.world.reference.brands.values() if brand["name"].startswith("Brand "))


def resting(client):
    """Multi-message of this client on a clock that the test moves."""
    now = [0.0]
    client.traits["multi_message_rest"] = Rest(clock=lambda: now[0])
    return now


def test_calls_go_ten_to_a_request_and_come_back_in_order(box, client):
    sent = send_many(client, brands(23))
    assert outcomes(sent) == [S] * 23
    assert [box.world.reference.brands[one.new_id]["name"] for one in sent] == [f"Brand {n}" for n in range(1, 24)]
    assert dict(client.counts) == {MULTI: 3}


def test_a_lone_call_goes_directly(client):
    assert outcomes(send_many(client, brands(1))) == [S]
    assert outcomes(send_many(client, [])) == []
    assert dict(client.counts) == {SINGLE: 1}


def test_the_eleventh_of_eleven_goes_directly(client):
    assert outcomes(send_many(client, brands(11))) == [S] * 11
    assert dict(client.counts) == {MULTI: 1, SINGLE: 1}


def test_a_patch_and_a_call_with_headers_go_alone_and_keep_their_place(box, client):
    contact = min(box.world.contacts)
    patch = Call(
        "PATCH", f"/contact-service/contact/{contact}", [{"op": "replace", "path": "/firstName", "value": "Al"}]
    )
    guarded = Call("POST", BRAND, {"name": "Brand 9"}, "g", {"If-Match": "1"})
    sent = send_many(client, [patch, *brands(2), guarded])
    assert outcomes(sent) == [S] * 4
    assert sent[0].answer.response["firstName"] == "Al"
    assert client.counts[MULTI] == 1
    assert client.counts[SINGLE] == 1


def test_one_refused_item_does_not_disturb_the_others(box, client):
    sent = send_many(client, [*brands(2), Call("POST", BRAND, {}, "nameless"), *brands(1, first=3)])
    assert outcomes(sent) == [S, S, F, S]
    assert isinstance(sent[2].error, ErpRefused)
    assert (sent[2].error.code, sent[2].status) == ("PRDC-024", 400)
    assert made(box) == ["Brand 1", "Brand 2", "Brand 3"]


def test_an_item_that_fails_inside_is_unknown(box, client):
    box.faults({"kind": "item_failure", "count": 1})
    assert outcomes(send_many(client, brands(3))) == [U, S, S]


def test_a_throttled_item_was_not_done(box, client):
    box.world.throttle.limit = 3
    try:
        box.switch(multi_item_quota=True)
        sent = send_many(client, brands(4))
    finally:
        box.world.throttle.limit = 0
        box.switch(multi_item_quota=False)
    assert outcomes(sent) == [S, S, F, F]
    assert isinstance(sent[2].error, Throttled)
    assert made(box) == ["Brand 1", "Brand 2"]


@pytest.mark.parametrize("fault", [{"kind": "lost_reply"}, {"kind": "error", "status": 503}])
def test_a_reply_lost_as_a_whole_leaves_every_item_unknown_and_sends_nothing_again(box, client, fault):
    box.faults({"route": f"POST {PATH}", "count": 1, **fault})
    sent = send_many(client, brands(5))
    assert outcomes(sent) == [U] * 5
    assert {type(one.error) for one in sent} == {UnknownOutcome}
    assert dict(client.counts) == {MULTI: 1}


def test_one_lost_reply_is_an_accident_and_changes_nothing(box, client):
    resting(client)
    box.faults({"kind": "error", "route": f"POST {PATH}", "count": 1})
    send_many(client, brands(2))
    assert outcomes(send_many(client, brands(3))) == [S] * 3
    assert dict(client.counts) == {MULTI: 2}


def test_after_two_failures_in_a_row_calls_go_one_by_one_until_it_has_rested(box, client):
    now = resting(client)
    box.faults({"kind": "error", "route": f"POST {PATH}", "count": 2})
    send_many(client, brands(2))
    send_many(client, brands(2))
    assert outcomes(send_many(client, brands(3))) == [S] * 3
    assert dict(client.counts) == {MULTI: 2, SINGLE: 3}
    now[0] = 60.0
    assert outcomes(send_many(client, brands(3, first=4))) == [S] * 3
    assert client.counts[MULTI] == 3


def test_a_multi_message_whose_address_is_gone_is_one_by_one_at_once_and_rests(box, client):
    resting(client)
    box.faults({"kind": "error", "route": f"POST {PATH}", "status": 404})
    assert outcomes(send_many(client, brands(12))) == [S] * 12
    assert dict(client.counts) == {MULTI: 1, SINGLE: 12}
    assert made(box) == sorted(f"Brand {n}" for n in range(1, 13))


def test_a_multi_message_that_is_refused_whatever_it_carries_is_soon_left_alone(box, client):
    resting(client)
    assert outcomes(send_many(client, brands(10), mode="NEITHER")) == [S] * 10
    assert dict(client.counts) == {MULTI: 3, SINGLE: 10}  # whole, two halves
    assert outcomes(send_many(client, brands(2, first=11))) == [S] * 2
    assert client.counts[MULTI] == 3


def poison(box, name, **fault):
    box.faults({"kind": "error", "route": "POST *", "containing": f'"{name}"', "status": 400, **fault})


def test_a_message_that_no_multi_message_can_hold_is_found_by_halving_and_the_rest_goes_through_packed(box, client):
    resting(client)
    poison(box, "Brand 7")
    sent = send_many(client, brands(10))
    assert outcomes(sent) == [S] * 6 + [F] + [S] * 3
    assert sent[6].error.status == 400
    # 10, then 1-5 and 6-10, then 6-7 and 8-10, then 6 and 7 each by itself
    assert dict(client.counts) == {MULTI: 5, SINGLE: 2}
    assert made(box) == sorted(f"Brand {n}" for n in range(1, 11) if n != 7)
    assert outcomes(send_many(client, brands(2, first=11))) == [S] * 2
    assert client.counts[MULTI] == 6  # the feature is not to blame: it does not rest


def test_two_such_messages_cost_their_group_single_calls_and_nobody_else_anything(box, client):
    resting(client)
    poison(box, "Brand 2")
    poison(box, "Brand 9")
    sent = send_many(client, brands(20))
    assert [place for place, one in enumerate(sent, 1) if one.outcome is F] == [2, 9]
    assert dict(client.counts) == {MULTI: 4, SINGLE: 10}


def test_credentials_that_end_while_a_group_is_halved_end_it(box, client):
    resting(client)
    poison(box, "Brand 1", route=f"POST {PATH}")
    box.faults({"kind": "error", "route": "POST /product-service/brand", "status": 401})
    sent = send_many(client, brands(2))
    assert {type(one.error) for one in sent} == {Unauthorised}
    assert dict(client.counts) == {MULTI: 1, SINGLE: 1}


def test_wrong_credentials_end_a_group_with_one_request(box):
    with box.client(token="wrong") as client:
        sent = send_many(client, brands(3))
    assert {type(one.error) for one in sent} == {Unauthorised}
    assert client.counts.total() == 1


def test_once_nothing_gets_through_the_rest_is_not_tried(box):
    with box.client(token="wrong") as client:
        resting(client)
        client.traits["multi_message_rest"].failed()
        sent = send_many(client, brands(8))
    assert {type(one.error) for one in sent} == {Unauthorised}
    assert client.counts.total() == 1


def test_an_erp_that_is_away_leaves_everything_unsent(box):
    with box.client() as client:
        client._prefix = "http://127.0.0.1:9/public-api/sandbox"
        sent = send_many(client, brands(12))
    assert {type(one.error) for one in sent} == {ErpUnavailable}
    assert outcomes(sent) == [F] * 12
    assert client.counts.total() == 2  # the first request and its one repetition, never the second group


def test_a_single_call_has_the_same_three_ends(box, client):
    good, bad = brands(1)[0], Call("POST", BRAND, {})
    assert send_one(client, good).new_id > 0
    assert (send_one(client, bad).outcome, send_one(client, bad).status) == (F, 400)
    box.faults({"kind": "lost_reply", "count": 1})
    lost = send_one(client, good)
    assert (lost.outcome, lost.new_id, lost.status) == (U, None, None)
