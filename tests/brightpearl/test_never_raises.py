"""Whatever the ERP answers, understanding it ends in a value: properties over arbitrary replies."""

import json
from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from bp_assets.brightpearl.answer import Answer, Kind, classify
from bp_assets.brightpearl.calls import Call
from bp_assets.brightpearl.errors import Outcome
from bp_assets.brightpearl.multi_message import parse
from bp_assets.brightpearl.orders import ErpOrder, read_order
from bp_assets.brightpearl.reading import Misread, decode_list
from tests.brightpearl.test_reading import ORDER

SCALAR = st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=20)
JSON = st.recursive(
    SCALAR, lambda deeper: st.lists(deeper, max_size=4) | st.dictionaries(st.text(max_size=8), deeper, max_size=4)
)
HEADERS = st.dictionaries(
    st.sampled_from(["brightpearl-requests-remaining", "Brightpearl-Next-Throttle-Period", "retry-after", "ruid"]),
    st.text(max_size=20),
)
CALLS = [Call("POST", "/a"), Call("POST", "/b")]
ITEM = st.fixed_dictionaries(
    {
        "label": st.sampled_from(["0-", "1-", "2-"]),
        "statusCode": st.sampled_from([200, 201, 400, 500, 503, "200", None]) | JSON,
        "body": st.fixed_dictionaries({"content": st.text(max_size=20) | st.sampled_from(["{}", '{"response":1}'])})
        | JSON,
    }
)


@given(st.integers(0, 999), HEADERS, st.binary(max_size=60))
def test_any_reply_has_a_meaning(status, headers, body):
    answer = classify(status, headers, body)
    assert answer.status == status
    assert 0 <= answer.wait_seconds <= 600
    assert (answer.error("POST", "/x") is None) == (answer.kind is Kind.OK)


@given(JSON | st.fixed_dictionaries({"processedMessages": st.lists(ITEM), "unprocessedMessages": st.lists(JSON)}))
def test_any_multi_message_reply_gives_each_call_exactly_one_end(response):
    sent = parse(CALLS, Answer(200, {"response": response}))
    assert [one.call for one in sent] == CALLS
    assert all((one.answer is None) != (one.error is None) for one in sent)


@given(st.lists(ITEM))
def test_success_is_never_claimed_for_a_call_the_reply_does_not_confirm(items):
    sent = parse(CALLS, Answer(207, {"response": {"processedMessages": items}}))
    for place, one in enumerate(sent):
        if one.outcome is Outcome.SUCCESS:
            confirmed = [item for item in items if item["label"] == f"{place}-"]
            assert confirmed
            assert all(str(item["statusCode"]) in ("200", "201") for item in confirmed)


def paths(value, so_far=()):
    yield so_far
    if isinstance(value, dict):
        for name, member in value.items():
            yield from paths(member, (*so_far, name))


@given(st.sampled_from([path for path in paths(ORDER) if path]), JSON)
def test_an_order_with_anything_anywhere_is_read_or_put_aside(path, value):
    order = deepcopy(ORDER)
    place = order
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    (read,) = decode_list("order", Answer(200, {"response": [order]}), "id", read_order)
    assert isinstance(read, ErpOrder | Misread)


def test_a_number_too_big_to_hold_is_put_aside_at_once():
    answer = classify(200, {}, json.dumps({"response": [ORDER]}).replace('"warehouseId": 2', '"warehouseId": 1E999999'))
    (read,) = decode_list("order", answer, "id", read_order)
    assert read.reason == "warehouseId: Decimal('1E+999999') is not a whole number"
