"""The canonical sale: what it refuses, and an id that never changes and never means two things."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from bp_assets.domain.sale import Line, LineType, Sale, business_date_of, content_hash, make_sale_id
from tests.posting.receipts import sale

TEXTS = st.text(st.characters(exclude_categories=()), max_size=60)
KEYS = st.tuples(TEXTS, TEXTS, TEXTS, TEXTS)

# What stands in ERPs as external references for ever: a change here would post every sale a second time.
SNAPSHOT = {
    ("square", "square", "AbCdEf123"): "square-square-AbCdEf123",
    ("file_drop", "york", "1001"): "file_drop-york-1001",
    ("file_drop", "york", "1001", "refund"): "file_drop-york-1001~refund",
    ("file_drop", "york", "2026-11-20/1001"): "file_drop-york-2026-11-20_1001-578d820635633100",
    ("file_drop", "north-west", "1"): "file_drop-north-west-1-ff3b142182a05da1",
    ("square", "square", "x" * 40): "square-square-xxxxxxxxxxxxxxxxx-3541150755adf55a",
    ("file_drop", "york", "Bon n° 7"): "file_drop-york-Bon_n__7-56430c6b69692875",
}


@pytest.mark.parametrize(("key", "sale_id"), SNAPSHOT.items())
def test_the_id_of_a_known_sale_is_what_it_always_was(key: tuple[str, ...], sale_id: str) -> None:
    assert make_sale_id(*key) == sale_id


@given(KEYS, KEYS)
@example(("a", "b", "c", "d"), ("a", "b", "c~d", ""))
@example(("a-b", "c", "d", ""), ("a", "b-c", "d", ""))
@example(("a", "b\x1fc", "d", ""), ("a", "b", "c\x1fd", ""))
@example(("A", "B", "x/y", ""), ("A", "B", f"x_y-{make_sale_id('A', 'B', 'x/y')[-16:]}", ""))
def test_two_keys_never_share_an_id(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assume(tuple(part.replace("\x00", "\ufffd") for part in one) != tuple(p.replace("\x00", "\ufffd") for p in other))
    assert make_sale_id(*one) != make_sale_id(*other)


@given(KEYS)
def test_an_id_has_at_most_48_plain_characters(key: tuple[str, ...]) -> None:
    made = make_sale_id(*key)
    assert len(made) <= 48
    assert set(made) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")
    assert make_sale_id(*key) == made


def test_a_nul_the_ledger_can_not_hold_does_not_change_the_id() -> None:
    assert make_sale_id("file_drop", "york", "10\x0001") == make_sale_id("file_drop", "york", "10\ufffd01")


def line(**fields: object) -> Line:
    given_fields = {"line_id": "7", "quantity": Decimal(1), "net_minor": 1000, "tax_minor": 200, "gross_minor": 1200}
    return Line(**{**given_fields, **fields})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"gross_minor": 1201}, "line 7: net 1000 + tax 200 is not gross 1201"),
        ({"quantity": Decimal(-1)}, "line 7: quantity -1 contradicts returned=False"),
        ({"returned": True}, "line 7: quantity 1 contradicts returned=True"),
        ({"quantity": Decimal("NaN")}, "finite"),
        ({"unit_price": Decimal("Infinity")}, "finite"),
        ({"net_minor": 1000.5}, "integer"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_a_line_that_contradicts_itself_is_refused_in_words(fields: dict, words: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(words)):
        line(**fields)


def test_a_reversed_discount_comes_back_with_a_positive_amount() -> None:
    back = line(type=LineType.DISCOUNT, returned=True)
    assert (back.returned, back.gross_minor) == (True, 1200)


def test_negative_zero_is_a_quantity_of_zero_on_either_side() -> None:
    assert line(quantity=Decimal("-0")).quantity == 0
    assert line(quantity=Decimal("-0"), returned=True).quantity == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("currency", "gbp"), ("currency", "POUND"), ("sold_at", "2026-11-20T09:00:00"), ("channel", "fax"), ("kind", "x")],
)
def test_a_sale_with_a_field_out_of_its_range_is_refused(field: str, value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        sale("leeds 1\n1 MUG 6.00 20%\ncard 6.00", **{field: value})
    assert [fault["loc"] for fault in refused.value.errors()] == [(field,)]


def test_sums_and_what_is_owed_follow_from_the_lines_and_tenders() -> None:
    sold = sale("leeds 1\n2 MUG 12.00 20%\n-1 TEA -2.10 5%\ncash 5.00")
    assert (sold.net_minor, sold.tax_minor, sold.gross_minor) == (800, 190, 990)
    assert (sold.tendered_minor, sold.outstanding_minor) == (500, 490)


def test_a_sale_survives_the_ledger_to_the_last_digit() -> None:
    sold = sale("leeds 1 exclusive\n0.345 TEA 1.23 5%\n1 MUG 6.00 20+5%\ncard 8.79")
    assert Sale.model_validate_json(sold.model_dump_json()) == sold


def test_the_trading_day_is_the_shops_not_utcs() -> None:
    late = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert business_date_of(late, ZoneInfo("Europe/London")) == date(2026, 7, 1)
    assert business_date_of(late, ZoneInfo("America/New_York")) == date(2026, 6, 30)


def test_content_is_told_apart_by_sha_256() -> None:
    assert content_hash(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
