"""Money: nothing is lost in sharing out, and every half goes away from zero."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bp_assets.domain import money

AMOUNTS = st.integers(-(10**20), 10**20)
WEIGHTS = st.lists(
    st.one_of(st.integers(0, 10**12), st.decimals(0, 10**25, allow_nan=False, places=4)), min_size=1, max_size=12
)
RATES = st.decimals(0, 100, allow_nan=False, places=6)


def away(value: Fraction) -> int:
    """The specification, in exact fractions: halves away from zero."""
    whole = int(abs(value) + Fraction(1, 2))
    return -whole if value < 0 else whole


@given(AMOUNTS, WEIGHTS)
def test_shares_add_up_to_what_was_shared_and_each_is_within_one_of_its_quota(total: int, weights: list) -> None:
    parts = money.share_out(total, weights)
    assert sum(parts) == total
    whole = sum(Fraction(weight) for weight in weights)
    if whole:
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - total * Fraction(weight) / whole) < 1
            assert weight or not part


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (1, [2, 3], [0, 1]),
        (5, [0, 0], [5, 0]),
        (0, [7, 3], [0, 0]),
        (999, [Decimal("0.1"), Decimal("0.2"), Decimal("0.7")], [100, 200, 699]),
    ],
)
def test_what_is_left_goes_to_the_largest_remainders_first(total: int, weights: list, parts: list[int]) -> None:
    assert money.share_out(total, weights) == parts


def test_weights_of_thirty_digits_lose_nothing() -> None:
    weights = [Decimal("999999999999999999999999999.995"), Decimal("0.004"), Decimal("0.001")]
    assert money.share_out(10**30, weights) == [10**30 - 5, 4, 1]


def test_sharing_over_nothing_or_by_negative_weights_is_refused() -> None:
    with pytest.raises(ValueError, match="over nothing"):
        money.share_out(1, [])
    with pytest.raises(ValueError, match="must not be negative"):
        money.share_out(1, [2, -1])


@given(AMOUNTS, RATES)
def test_tax_on_top_is_the_exact_product_rounded_once(net: int, rate: Decimal) -> None:
    assert money.tax_on_top(net, rate) == away(net * Fraction(rate) / 100)


@given(AMOUNTS, RATES)
def test_tax_inside_is_the_exact_share_rounded_once(gross: int, rate: Decimal) -> None:
    assert money.tax_inside(gross, rate) == away(gross * Fraction(rate) / (100 + Fraction(rate)))


@pytest.mark.parametrize(
    ("net", "rate", "tax"), [(250, "5", 13), (-250, "5", -13), (1, "50", 1), (1, "49.999999", 0), (1000, "8.875", 89)]
)
def test_half_a_penny_of_tax_goes_away_from_zero(net: int, rate: str, tax: int) -> None:
    assert money.tax_on_top(net, Decimal(rate)) == tax


@given(st.decimals(-(10**12), 10**12, allow_nan=False), st.integers(0, 6))
def test_rounding_is_the_exact_half_away_and_never_negative_zero(value: Decimal, places: int) -> None:
    rounded = money.round_half_away(value, places)
    assert Fraction(rounded) == Fraction(away(Fraction(value) * 10**places), 10**places)
    assert rounded or not rounded.is_signed()


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.345", "GBP", 1235),
        ("-12.345", "GBP", -1235),
        ("12.5", "JPY", 13),
        ("1.2345", "KWD", 1235),
        ("0.004999999999999999999999999999", "GBP", 0),
        ("123456789012345678901234567.894", "GBP", 12345678901234567890123456789),
    ],
)
def test_main_units_become_the_smallest_unit_of_their_currency(amount: str, currency: str, minor: int) -> None:
    assert money.to_minor(Decimal(amount), currency) == minor


@given(st.integers(-(10**30), 10**30), st.sampled_from(("GBP", "JPY", "KWD", "EUR")))
def test_smallest_units_survive_the_way_out_and_back(minor: int, currency: str) -> None:
    assert money.to_minor(money.from_minor(minor, currency), currency) == minor


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "sNaN", "12,50", "", "£3", "1" * 31, "1e5x"])
def test_what_is_no_finite_number_is_refused_with_the_text_itself(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        money.parse_decimal(text)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(("text", "value"), [(" 12.50 ", "12.50"), ("-0", "0"), ("-0.00", "0"), ("1e3", "1E+3")])
def test_numbers_are_read_as_they_stand_and_negative_zero_is_zero(text: str, value: str) -> None:
    parsed = money.parse_decimal(text)
    assert parsed == Decimal(value)
    assert parsed or not parsed.is_signed()
