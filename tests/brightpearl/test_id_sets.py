"""ID sets: exact, ascending, short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bp_assets.brightpearl.id_sets import pack, unpack

IDS = st.sets(st.integers(1, 10**7) | st.integers(1, 400), max_size=300)


@given(IDS, st.integers(1, 250), st.integers(8, 300))
def test_packed_sets_name_exactly_the_ids_within_their_limits(ids, limit, max_chars):
    sets = pack(ids, limit, max_chars)
    named = [unpack(text) for text in sets]
    assert [one for part in named for one in part] == sorted(ids)
    assert all(0 < len(part) <= limit for part in named)
    assert all(len(text) <= max_chars for text in sets)


def test_runs_become_ranges_in_ascending_order():
    assert pack([12, 1, 11, 2, 5, 10, 5]) == ["1-2,5,10-12"]


def test_a_long_run_is_cut_at_the_limit():
    assert pack(range(1, 451)) == ["1-200", "201-400", "401-450"]


def test_sets_stay_short_enough_for_a_url():
    scattered = range(1_000_001, 1_000_801, 4)
    sets = pack(scattered)
    assert [len(unpack(text)) for text in sets] == [187, 13]
    assert max(map(len, sets)) <= 1500


def test_nothing_packs_into_nothing():
    assert pack([]) == []


def test_an_id_below_one_is_refused():
    with pytest.raises(ValueError, match="0 is no id"):
        pack([3, 0])


@pytest.mark.parametrize("text", ["", "x", "5-2", "0", "1,,2"])
def test_what_is_no_set_is_not_unpacked(text):
    with pytest.raises(ValueError):
        unpack(text)
