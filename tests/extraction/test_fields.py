"""Fields compiled into one function give what each field gives by the long way, whatever stands in a record."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bp_assets.brightpearl.reading import Unclear
from bp_assets.extraction.fields import (
    Fields,
    exact,
    exchange_rate,
    flag,
    instant,
    integer,
    may,
    money,
    need,
    ref,
    text,
    whole,
)

FIELDS = (
    need("number", whole, "number"),
    may("place", integer, "deep", "place"),
    may("other", ref, "deep", "other"),
    may("name", text, "deep", "er", "name", default="-"),
    may("truth", flag, "truth", default=False),
    may("amount", money, "amount", default=Decimal(0)),
    may("rate", exchange_rate, "deep", "er", "rate"),
    may("units", exact, "units"),
    may("moment", instant, "moment"),
)
READ = Fields(*FIELDS, given=("id",))
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.sampled_from([0, 1, 2**31, -(2**31), 10**18, 10**14]),
    st.decimals(allow_nan=False, allow_infinity=False, places=5), st.text(max_size=3),
    st.sampled_from(["", "7", "7.0", "12.50", "-0.00", "1.00001", "1e3", "true", "\ud800", "123456789012345.1",
                     "2026-03-29T01:30:00.000+05:45", "2026-02-30T00:00:00Z", "2026-02-01"]),
    st.sampled_from([{}, [], {"a": 1}, [1]]),
)  # fmt: skip
RECORDS = st.fixed_dictionaries(
    {"number": VALUES},
    optional={
        "truth": VALUES, "amount": VALUES, "units": VALUES, "moment": VALUES,
        "deep": VALUES | st.fixed_dictionaries({}, optional={
            "place": VALUES, "other": VALUES, "er": VALUES | st.fixed_dictionaries({"name": VALUES, "rate": VALUES}),
        }),
    },
)  # fmt: skip


def by_the_long_way(record: dict[str, Any]) -> tuple[Any, ...]:
    values = []
    for one in FIELDS:
        held: Any = record
        for name in one.path:
            held = one.within(held).get(name)
        values.append(one.of(held))
    return tuple(values)


def as_numbers(values: tuple[Any, ...]) -> list[Any]:
    """An amount may have stayed text, or a whole number."""
    names = READ.names[-len(values) :]
    return [
        Decimal(one) if name in ("amount", "rate") and one is not None else one
        for name, one in zip(names, values, strict=True)
    ]  # fmt: skip


@given(RECORDS)
def test_a_compiled_record_is_what_each_field_gives_by_itself(record: dict[str, Any]) -> None:
    try:
        wanted = by_the_long_way(record)
    except Unclear as why:
        with pytest.raises(Unclear) as also:
            READ.of(record, 5)
        assert str(also.value) == str(why)
        return
    found = READ.of(record, 5)
    assert found[0] == 5
    assert as_numbers(found[1:]) == as_numbers(wanted)
    assert [type(one) for one in as_numbers(found[1:])] == [type(one) for one in as_numbers(wanted)]


def test_amounts_in_their_usual_form_stay_as_they_came_but_not_for_those_who_reckon() -> None:
    record = {"number": 1, "amount": "12.50", "units": "2.5"}
    assert READ.of(record, 5)[READ.names.index("amount")] == "12.50"
    assert READ.of(record, 5)[READ.names.index("units")] == Decimal("2.5")
