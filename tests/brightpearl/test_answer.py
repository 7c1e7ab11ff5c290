"""What each kind of raw reply means; the recorded ones first."""

from decimal import Decimal

import httpx
import pytest

from bp_assets.brightpearl.answer import Kind, classify
from bp_assets.brightpearl.errors import (
    BadAnswer,
    ErpRefused,
    ErpUnavailable,
    Outcome,
    Throttled,
    Unauthorised,
    UnknownOutcome,
    from_transport,
)

CROWDED = b'{"response":"You have sent too many requests. Please wait before sending another request"}'
NONE = type(None)

CASES = [
    # status, body, kind, code, error of a GET, error of a POST
    (200, b'{"response":[]}', Kind.OK, "", NONE, NONE),
    (200, b"{}", Kind.OK, "", NONE, NONE),
    (201, b'{"response":5021}', Kind.OK, "", NONE, NONE),
    (207, b'{"response":[{"id":1}],"errors":[{"code":"X","message":"m"}]}', Kind.OK, "X", NONE, NONE),
    (503, CROWDED, Kind.THROTTLED, "HTTP-503", Throttled, Throttled),
    (429, b"slow down", Kind.THROTTLED, "HTTP-429", Throttled, Throttled),
    (200, CROWDED, Kind.THROTTLED, "HTTP-200", Throttled, Throttled),
    (503, b'{"response":"Account unavailable"}', Kind.BROKEN, "HTTP-503", ErpUnavailable, UnknownOutcome),
    (502, b"<html>Bad gateway</html>", Kind.BROKEN, "HTTP-502", ErpUnavailable, UnknownOutcome),
    (408, b"", Kind.BROKEN, "HTTP-408", ErpUnavailable, UnknownOutcome),
    (500, b'{"errors":[{"code":"CMNU-003","message":"i"}]}', Kind.BROKEN, "CMNU-003", ErpUnavailable, UnknownOutcome),
    (500, b'{"errors":[{"code":"CMNC-018","message":"f"}]}', Kind.REFUSED, "CMNC-018", ErpRefused, ErpRefused),
    (500, b'{"errors":[{"code":"CMNC-044","message":"p"}]}', Kind.REFUSED, "CMNC-044", ErpRefused, ErpRefused),
    (401, b'{"response":"Authorization token expired"}', Kind.UNAUTHORISED, "HTTP-401", Unauthorised, Unauthorised),
    (403, b"", Kind.UNAUTHORISED, "HTTP-403", Unauthorised, Unauthorised),
    (404, b'{"errors":[{"code":"CMNC-404","message":"No"}]}', Kind.EMPTY, "CMNC-404", NONE, ErpRefused),
    (404, b"<html>nginx</html>", Kind.REFUSED, "HTTP-404", ErpRefused, ErpRefused),
    (400, b'{"errors":[{"code":"ORDC-024","message":"q"}]}', Kind.REFUSED, "ORDC-024", ErpRefused, ErpRefused),
    (400, b'{"errors":"odd"}', Kind.REFUSED, "HTTP-400", ErpRefused, ErpRefused),
    (412, b"{}", Kind.REFUSED, "HTTP-412", ErpRefused, ErpRefused),
    (414, b"", Kind.REFUSED, "HTTP-414", ErpRefused, ErpRefused),
    (302, b"", Kind.REFUSED, "HTTP-302", ErpRefused, ErpRefused),
    (200, b'{"errors":[{"code":"ORDC-024","message":"q"}]}', Kind.REFUSED, "ORDC-024", ErpRefused, ErpRefused),
    (200, b'{"response": 50', Kind.UNREADABLE, "HTTP-200", BadAnswer, UnknownOutcome),
    (200, b"", Kind.UNREADABLE, "HTTP-200", BadAnswer, UnknownOutcome),
    (200, b"\xff\xfe{", Kind.UNREADABLE, "HTTP-200", BadAnswer, UnknownOutcome),
    (200, b"[1]", Kind.UNREADABLE, "HTTP-200", BadAnswer, UnknownOutcome),
    (200, b'{"response": NaN}', Kind.UNREADABLE, "HTTP-200", BadAnswer, UnknownOutcome),
    (200, b"[" * 100_000, Kind.UNREADABLE, "HTTP-200", BadAnswer, UnknownOutcome),
    (0, b"", Kind.UNREADABLE, "HTTP-0", BadAnswer, UnknownOutcome),
]


@pytest.mark.parametrize(("status", "body", "kind", "code", "read", "write"), CASES)
def test_a_reply_has_one_meaning_for_reads_and_one_for_writes(status, body, kind, code, read, write):
    answer = classify(status, {}, body)
    assert (answer.kind, answer.code) == (kind, code)
    assert type(answer.error("GET", "/x")) is read
    assert type(answer.error("POST", "/x")) is write


def test_only_unknown_outcomes_count_as_unknown():
    kinds = (ErpRefused("A", "b", 400), Unauthorised("x"), Throttled(1), ErpUnavailable("x"), BadAnswer("x"))
    assert {error.outcome for error in kinds} == {Outcome.FAILURE}
    assert UnknownOutcome("x").outcome is Outcome.UNKNOWN


def test_the_headers_are_read_in_any_case():
    headers = {
        "Brightpearl-Requests-Remaining": "188",
        "brightpearl-next-throttle-period": "811",
        "Ruid": "6f1f5ec6-0d6c-4c6e-9b1f-2f6c1b1f6a11",
    }
    answer = classify(200, headers, b'{"response":{}}')
    assert (answer.requests_remaining, answer.next_period_ms) == (188, 811)
    assert answer.ruid == "6f1f5ec6-0d6c-4c6e-9b1f-2f6c1b1f6a11"


@pytest.mark.parametrize("value", ["", "-1", "1e9", "12.5", "many", "９", "999999999999999999999", "86400000"])
def test_an_absurd_throttle_header_counts_as_missing(value):
    headers = {"brightpearl-requests-remaining": value, "brightpearl-next-throttle-period": value}
    answer = classify(503, headers, CROWDED)
    assert answer.next_period_ms is None
    assert answer.wait_seconds == 15.0
    if value != "86400000":
        assert answer.requests_remaining is None


def test_a_throttled_reply_names_the_seconds_to_wait():
    assert classify(503, {"brightpearl-next-throttle-period": "2500"}, CROWDED).wait_seconds == 2.5
    assert classify(429, {"retry-after": "7"}, b"").wait_seconds == 7.0


def test_a_401_never_repeats_the_token_it_was_given():
    body = b'{"response":"Invalid instance token: ueHd8764HcvzKsSIjo28RZna6+91EDDuYnF47kP1DCE="}'
    error = classify(401, {}, body).error("GET", "/x", "Check TILLBRIDGE_ERP_TOKEN.")
    assert str(error) == "the ERP refused the credentials (401: Invalid instance token). Check TILLBRIDGE_ERP_TOKEN."


def test_several_errors_are_told_together():
    body = b'{"errors":[{"code":"ORDC-001","message":"one"},{"code":"ORDC-002","message":"two"}]}'
    error = classify(400, {}, body).error("POST", "/x")
    assert str(error) == "the ERP refused: ORDC-001 one; two (HTTP 400)"


def test_numbers_with_a_point_arrive_exact():
    assert classify(200, {}, b'{"response":{"rate":0.1}}').response == {"rate": Decimal("0.1")}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"response":5021}', 5021),
        (b'{"response":"5021"}', 5021),
        (b'{"response":[9001]}', 9001),
        (b'{"response":{"id":13}}', 13),
        (b'{"response":[1,2]}', None),
        (b'{"response":true}', None),
        (b'{"response":0}', None),
        (b"{}", None),
    ],
)
def test_the_new_id_is_found_in_every_form_it_comes_in(body, expected):
    assert classify(200, {}, body).new_id == expected


@pytest.mark.parametrize(
    ("error", "read", "write"),
    [
        (httpx.ConnectError("x"), ErpUnavailable, ErpUnavailable),
        (httpx.ConnectTimeout("x"), ErpUnavailable, ErpUnavailable),
        (httpx.PoolTimeout("x"), ErpUnavailable, ErpUnavailable),
        (httpx.ReadTimeout("x"), ErpUnavailable, UnknownOutcome),
        (httpx.WriteTimeout("x"), ErpUnavailable, UnknownOutcome),
        (httpx.ReadError("x"), ErpUnavailable, UnknownOutcome),
        (httpx.WriteError("x"), ErpUnavailable, UnknownOutcome),
        (httpx.CloseError("x"), ErpUnavailable, UnknownOutcome),
        (httpx.RemoteProtocolError("x"), ErpUnavailable, UnknownOutcome),
        (httpx.DecodingError("x"), ErpUnavailable, UnknownOutcome),
        (httpx.UnsupportedProtocol("x"), ErpRefused, ErpRefused),
    ],
)
def test_a_lost_connection_is_harmless_only_if_nothing_can_have_been_sent(error, read, write):
    assert type(from_transport("GET", "/x", error)) is read
    assert type(from_transport("POST", "/x", error)) is write
