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
