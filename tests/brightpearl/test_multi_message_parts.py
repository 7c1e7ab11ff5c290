"""The pure halves of the multi-message."""

import json

import pytest

from bp_assets.brightpearl.answer import Answer
from bp_assets.brightpearl.calls import Call
from bp_assets.brightpearl.errors import ErpRefused, ErpUnavailable, Outcome, Throttled
from bp_assets.brightpearl.multi_message import Rest, build, parse

ORDER = Call("POST", "/order-service/sales-order", {"ref": "1"}, "a")
CLOSE = Call("POST", "/order-service/sales-order/9/close", {}, "b")
DELETE = Call("DELETE", "/accounting-service/customer-payment/3")
CALLS = [ORDER, CLOSE, DELETE]


def reply(*items, unprocessed=()):
    return Answer(207, {"response": {"processedMessages": list(items), "unprocessedMessages": list(unprocessed)}})


def item(label, status, content):
    return {"label": label, "statusCode": status, "body": {"content": content}}


def ends(answer):
    return [one.outcome for one in parse(CALLS, answer)]


GOOD = [item("0-a", 201, '{"response":5021}'), item("1-b", 200, "{}"), item("2-", 200, "{}")]
S, F, U = Outcome.SUCCESS, Outcome.FAILURE, Outcome.UNKNOWN


def test_a_body_names_mode_and_messages_as_the_vendor_wants_them():
    assert build(CALLS) == {
        "processingMode": "SEQUENTIAL",
        "onFail": "CONTINUE",
        "messages": [
            {"label": "0-a", "uri": "/order-service/sales-order", "httpMethod": "POST", "body": {"ref": "1"}},
            {"label": "1-b", "uri": "/order-service/sales-order/9/close", "httpMethod": "POST", "body": {}},
            {"label": "2-", "uri": "/accounting-service/customer-payment/3", "httpMethod": "DELETE"},
        ],
    }


@pytest.mark.parametrize("calls", [[], [ORDER] * 11, [Call("PATCH", "/x")], [Call("PUT", "/x", {}, "", {"a": "b"})]])
def test_what_does_not_fit_is_refused_before_it_is_sent(calls):
    with pytest.raises(ValueError, match=r"multi-message"):
        build(calls)


def test_each_item_has_its_own_end():
    sent = parse(CALLS, reply(GOOD[0], item("1-b", 400, '{"errors":[{"code":"ORDC-1","message":"m"}]}'), GOOD[2]))
    assert [one.outcome for one in sent] == [S, F, S]
    assert sent[0].new_id == 5021
    assert isinstance(sent[1].error, ErpRefused)
    assert sent[1].error.code == "ORDC-1"


def test_items_may_come_in_any_order_with_strangers_among_them():
    assert ends(reply(GOOD[2], item("7-x", 500, "?"), GOOD[1], "odd", GOOD[0])) == [S, S, S]


def test_an_item_that_is_not_mentioned_is_unknown():
    assert ends(reply(GOOD[0], GOOD[2])) == [S, U, S]


def test_the_same_item_twice_counts_once_but_a_contradiction_is_unknown():
    assert ends(reply(GOOD[0], *GOOD)) == [S, S, S]
    assert ends(reply(*GOOD, item("0-a", 400, '{"errors":[{"code":"A","message":"m"}]}'))) == [U, S, S]
    assert ends(reply(*GOOD, unprocessed=["0-a"])) == [U, S, S]


@pytest.mark.parametrize("content", ["", "{", None, 7, "[]"])
def test_an_item_with_unreadable_content_is_unknown(content):
    assert ends(reply(item("0-a", 200, content), GOOD[1], GOOD[2])) == [U, S, S]


@pytest.mark.parametrize("status", [None, "?", 500, 502, True])
def test_an_item_whose_status_says_nothing_good_is_unknown(status):
    assert ends(reply(item("0-a", status, "{}"), GOOD[1], GOOD[2])) == [U, S, S]


def test_an_item_without_a_body_is_unknown():
    assert ends(reply({"label": "0-a", "statusCode": 200}, GOOD[1], GOOD[2])) == [U, S, S]


@pytest.mark.parametrize("status", [503, 429, 200])
def test_a_throttled_item_was_not_done(status):
    content = json.dumps({"response": "You have sent too many requests."})
    sent = parse(CALLS, reply(item("0-a", status, content), GOOD[1], GOOD[2]))
    assert [one.outcome for one in sent] == [F, S, S]
    assert isinstance(sent[0].error, Throttled)


@pytest.mark.parametrize("skipped", [["1-b"], [{"label": "1-b"}]])
def test_an_unprocessed_message_was_not_done_and_may_be_sent_again(skipped):
    sent = parse(CALLS, reply(GOOD[0], GOOD[2], unprocessed=skipped))
    assert [one.outcome for one in sent] == [S, F, S]
    assert isinstance(sent[1].error, ErpUnavailable)
    assert sent[1].error.transient


@pytest.mark.parametrize("body", [{}, {"response": None}, {"response": {"processedMessages": "x"}}, {"response": 5}])
def test_a_reply_that_speaks_of_nothing_leaves_everything_unknown(body):
    assert ends(Answer(200, body)) == [U, U, U]


def test_multi_message_rests_longer_after_each_failure_and_comes_back_by_itself():
    now = [0.0]
    rest = Rest(clock=lambda: now[0])
    assert not rest.resting
    rest.failed()
    assert rest.resting
    now[0] = 60.0
    assert not rest.resting
    rest.failed()
    now[0] = 179.0
    assert rest.resting
    now[0] = 180.0
    assert not rest.resting
    rest.worked()
    rest.failed()
    now[0] = 240.0
    assert not rest.resting
