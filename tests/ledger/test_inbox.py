"""Taking receipts: once each, together with the mark, whoever else takes them at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.inbox import Taken, decode_again, raw, take, undecoded
from bp_assets.ledger.marks import all_marks, ask_failed, asked, mark_of
from bp_assets.ledger.recording import record_quarantined
from tests.ledger.receipts import Paper, sale


def test_a_new_receipt_is_stored_byte_for_byte_with_the_moved_mark(ledger: Ledger) -> None:
    taken = take(ledger, "leeds", [Paper("1", b"\x00\xff raw"), Paper("2")], {"cursor": "c1"})
    assert taken == Taken(new=2, repeated=0, new_versions=0)
    assert [(row.source_id, row.content, row.version) for row in undecoded(ledger)] == [
        ("1", b"\x00\xff raw", 1),
        ("2", b"one loaf", 1),
    ]
    assert mark_of(ledger, "leeds") == {"cursor": "c1"}
    assert mark_of(ledger, "york") is None


def test_the_same_receipt_again_is_a_no_op(ledger: Ledger) -> None:
    take(ledger, "leeds", [Paper("1")], 1)
    assert take(ledger, "leeds", [Paper("1"), Paper("1")], 2) == Taken(new=0, repeated=2, new_versions=0)
    assert len(undecoded(ledger)) == 1
    assert mark_of(ledger, "leeds") == 2


def test_other_content_under_a_known_id_is_the_next_version(ledger: Ledger) -> None:
    take(ledger, "leeds", [Paper("1", b"a")])
    taken = take(ledger, "leeds", [Paper("1", b"b"), Paper("1", b"a"), Paper("1", b"c")])
    assert taken == Taken(new=0, repeated=1, new_versions=2)
    assert raw(ledger, sale("1").sale_id) == [(1, "received", b"a"), (2, "received", b"b"), (3, "received", b"c")]


def test_a_mark_of_none_leaves_the_mark_where_it_was(ledger: Ledger) -> None:
    take(ledger, "leeds", [], {"at": 7})
    take(ledger, "leeds", [Paper("1")])
    assert mark_of(ledger, "leeds") == {"at": 7}


def test_eight_takers_of_the_same_batch_store_it_once(ledger: Ledger) -> None:
    batch = [Paper(str(number), b"same") for number in range(50)]
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: take(ledger, "leeds", batch), range(8)))
    assert sum(t.new for t in taken) == 50
    assert sum(t.repeated for t in taken) == 350
    assert sum(t.new_versions for t in taken) == 0
    assert len(undecoded(ledger)) == 50


def test_takers_with_different_content_number_their_versions_without_a_gap(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: take(ledger, "leeds", [Paper("1", b"v%d" % n)]), range(16)))
    assert [version for version, _, _ in raw(ledger, sale("1").sale_id)] == list(range(1, 17))


def test_a_take_that_fails_at_the_mark_leaves_no_receipt_either(ledger: Ledger) -> None:
    take(ledger, "leeds", [], "old")
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(sa.exc.StatementError, match="Circular reference"):
        take(ledger, "leeds", [Paper("1")], endless)
    assert undecoded(ledger) == []
    assert mark_of(ledger, "leeds") == "old"


def test_a_nul_in_a_key_is_replaced_and_the_raw_bytes_are_kept(ledger: Ledger) -> None:
    take(ledger, "leeds", [Paper("a\x00b", b"a\x00b")])
    (row,) = undecoded(ledger)
    assert (row.source_id, row.content) == ("a�b", b"a\x00b")


def test_undecoded_pages_in_the_order_of_arrival_by_shop(ledger: Ledger) -> None:
    take(ledger, "leeds", [Paper("1"), Paper("2")])
    take(ledger, "york", [Paper("3")])
    first = undecoded(ledger, limit=2)
    assert [row.source_id for row in first] == ["1", "2"]
    assert [row.source_id for row in undecoded(ledger, after=first[-1].inbox_id)] == ["3"]
    assert [row.source_id for row in undecoded(ledger, "york")] == ["3"]


def test_a_silent_till_keeps_its_mark_and_counts_its_failures_until_it_answers(ledger: Ledger) -> None:
    assert ask_failed(ledger, "york", "no route to host") == 1
    take(ledger, "york", [], "m1")
    assert ask_failed(ledger, "york", "timeout") == 1
    assert ask_failed(ledger, "york", "timeout again") == 2
    (mark,) = all_marks(ledger)
    assert (mark.mark, mark.error, mark.failures) == ("m1", "timeout again", 2)
    asked(ledger, "york")
    (mark,) = all_marks(ledger)
    assert (mark.mark, mark.error, mark.failures) == ("m1", "", 0)


def test_a_till_is_not_well_since_its_first_failure_in_a_row(ledger: Ledger) -> None:
    asked(ledger, "york")
    (well,) = all_marks(ledger)
    assert (well.state, well.error_kind, well.last_success_at) == ("ok", "", well.state_since)
    ask_failed(ledger, "york", "no route to host")
    (failing,) = all_marks(ledger)
    assert (failing.state, failing.error_kind, failing.state_since) == ("failing", "unreachable", failing.asked_at)
    ask_failed(ledger, "york", "no answer", kind="no_answer", state="resting")
    (resting,) = all_marks(ledger)
    assert (resting.state, resting.error_kind, resting.failures) == ("resting", "no_answer", 2)
    assert (resting.state_since, resting.last_success_at) == (failing.state_since, well.last_success_at)
    take(ledger, "york", [], "m1")
    (again,) = all_marks(ledger)
    assert (again.state, again.error_kind, again.failures) == ("ok", "", 0)
    assert again.state_since == again.last_success_at == again.asked_at


def test_a_quarantined_receipt_is_decoded_again_after_the_shops_file_was_mended(ledger: Ledger) -> None:
    take(ledger, "leeds", [Paper("1"), Paper("2")])
    one, two = undecoded(ledger)
    record_quarantined(ledger, one.inbox_id, "unknown_location", "L9 is no shop")
    record_quarantined(ledger, two.inbox_id, "malformed", "line 3")
    assert undecoded(ledger) == []
    assert decode_again(ledger, reason="unknown_location") == 1
    assert [row.source_id for row in undecoded(ledger)] == ["1"]


def test_the_database_itself_refuses_the_same_content_twice(ledger: Ledger) -> None:
    take(ledger, "leeds", [Paper("1")])
    copy = sa.text(
        "insert into tillbridge.inbox (sale_id, version, shop, source, account, source_id, content, content_hash) "
        "select sale_id, 9, shop, source, account, source_id, content, content_hash from tillbridge.inbox"
    )
    with pytest.raises(sa.exc.IntegrityError, match="inbox_same_content_once"), ledger.begin() as connection:
        connection.execute(copy)
    assert len(raw(ledger, sale("1").sale_id)) == 1
