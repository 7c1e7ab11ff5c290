"""JSON without floats."""

from decimal import Decimal

import pytest

from bp_assets.brightpearl import wire


def test_a_decimal_is_written_with_exactly_its_digits():
    assert wire.dumps({"a": Decimal("20.00"), "b": [Decimal("-0.1"), 3]}) == b'{"a":20.00,"b":[-0.1,3]}'


def test_numbers_survive_a_round_trip_exactly():
    body = {"amount": Decimal("12345678901234567.89"), "text": "20.00", "n": None, "t": True}
    assert wire.loads(wire.dumps(body)) == body


def test_a_float_is_refused_wherever_it_hides():
    with pytest.raises(TypeError, match="float"):
        wire.dumps({"rows": [{"net": 0.1}]})


def test_a_decimal_without_a_value_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        wire.dumps({"net": Decimal("NaN")})


def test_the_plain_form_is_for_reading():
    assert wire.plain({"a": [Decimal("1.50")], "b": "x"}) == {"a": ["1.50"], "b": "x"}


ANSWERS = [
    b'{"response":[{"id":1,"net":1.50,"name":"\xc3\xbc"},{"id":2,"name":"\\ud83d\\ude00"}]}',
    b' { "response" : { "7" : { "a" : [1, 2.0] } , "8" : null } , "reference" : { "x" : 1.5 } } ',
    b'{"response":[]}',
    b'{"response":{}}',
    b'{"response":"Not authenticated"}',
    b'{"response":null,"errors":[{"code":"CMNC-404"}]}',
    b'{"response":[{"id":1,"half":"\\ud800"},{"id":2}]}',
    b'{"response":[{"id":123456789012345678901234567890}]}',
    b'\xef\xbb\xbf{"response":[{"id":1}]}',
    b'{"response":[1],"response":[{"id":2}]}',
    b'["no object"]',
    b'"text"',
]


@pytest.mark.parametrize("raw", ANSWERS)
def test_a_sealed_answer_holds_what_the_answer_holds(raw: bytes):
    sealed = wire.loads_sealed(raw)
    if isinstance(sealed, dict):
        sealed = {name: wire.all_opened(value) for name, value in sealed.items()}
    assert sealed == wire.loads(raw)
    assert repr(sealed) == repr(wire.loads(raw))  # Decimals and whole numbers are told apart


@pytest.mark.parametrize("raw", [b"", b"{", b'{"response":[{"id":1}', b'{"response":[NaN]}', b"[" * 100_000])
def test_what_is_no_json_is_refused_sealed_or_not(raw: bytes):
    for loads in (wire.loads, wire.loads_sealed):
        with pytest.raises(ValueError, match=r"."):
            loads(raw)


def test_a_sealed_record_can_be_opened_again_and_keeps_its_text():
    (record,) = wire.loads_sealed(b'{"response":[{"id": 1, "net": 2.50}]}')["response"]
    assert record.value is record.value
    record.close()
    assert (record.value, record.text) == ({"id": 1, "net": Decimal("2.50")}, '{"id": 1, "net": 2.50}')


def test_records_that_belong_together_are_joined_whenever_they_are_opened():
    answer = wire.loads_sealed(b'{"response":[{"id": 1, "at": []}, {"id":1,"at":[2.50]}, {"id":1,"at":["x"]}]}')
    parts = answer["response"]
    joined = wire.Joined(parts, lambda one, other: {**one, "at": [*one["at"], *other["at"]]})
    assert joined.value is joined.value
    assert wire.opened(joined) == {"id": 1, "at": [Decimal("2.50"), "x"]}
    held = parts[0].value
    wire.close(joined)
    assert parts[0].value is not held
    assert joined.value == {"id": 1, "at": [Decimal("2.50"), "x"]}
    assert wire.text_of(joined) == '[{"id": 1, "at": []}, {"id":1,"at":[2.50]}, {"id":1,"at":["x"]}]'
    plain = wire.Joined(({"id": 1}, {"net": Decimal("1.50")}), lambda one, other: {**one, **other})
    wire.close(plain)
    assert (plain.value, plain.text) == ({"id": 1, "net": Decimal("1.50")}, '[{"id":1}, {"net":1.50}]')


def test_a_record_that_can_not_be_read_is_its_text():
    endless = b'{"id":' + b"1" * 5000 + b"}"  # more digits than Python turns into a number
    first, second = wire.loads_sealed(b'{"response":[' + endless + b',{"id":2}]}')["response"]
    assert (first.value, second.value) == (endless.decode(), {"id": 2})
