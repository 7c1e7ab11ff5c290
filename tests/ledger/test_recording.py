"""Recording what decoding made of a receipt: one posting per receipt, whatever became of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest

from bp_assets.domain.sale import Line, Sale
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.inbox import decode_again, raw, take, undecoded
from bp_assets.ledger.postings import mark_posted, postings_of
from bp_assets.ledger.recording import (
    Decoded,
    Excluded,
    Partial,
    Quarantined,
    record,
    record_decoded,
    record_excluded,
    record_quarantined,
)  # fmt: skip
from tests.ledger.receipts import Paper, sale, waiting

ID = sale("1").sale_id


def take_one(ledger: Ledger, content: bytes) -> int:
    take(ledger, "leeds", [Paper("1", content)])
    return undecoded(ledger)[0].inbox_id


def test_a_decoded_receipt_waits_as_pending_with_its_money(ledger: Ledger) -> None:
    assert record_decoded(ledger, take_one(ledger, b"a"), sale("1", lines=3)) == {"decoded": 1}
    posting = postings_of(ledger, [ID])[ID]
    assert (posting.state, posting.shop, posting.receipt_number, posting.kind) == ("pending", "leeds", "R1", "sale")
    assert (posting.net_minor, posting.tax_minor, posting.gross_minor) == (3000, 600, 3600)
    assert posting.business_date == date(2026, 3, 2)
    assert posting.sale == sale("1", lines=3)


def test_an_excluded_receipt_has_its_reason_and_its_sale(ledger: Ledger) -> None:
    assert record_excluded(ledger, take_one(ledger, b"a"), "void", "cancelled", sale=sale("1")) == {"excluded": 1}
    posting = postings_of(ledger, [ID])[ID]
    assert (posting.state, posting.reason_code, posting.message) == ("excluded", "void", "cancelled")
    assert posting.gross_minor == 1200


def test_a_quarantined_receipt_keeps_what_could_be_read(ledger: Ledger) -> None:
    partial = Partial("R77", date(2026, 3, 2), currency="GBP", net_minor=-500)
    assert record_quarantined(ledger, take_one(ledger, b"a"), "unbalanced", "500 is not 400", partial) == {
        "quarantined": 1
    }
    posting = postings_of(ledger, [ID])[ID]
    assert (posting.state, posting.reason_code, posting.receipt_number) == ("quarantined", "unbalanced", "R77")
    assert (posting.net_minor, posting.gross_minor, posting.currency) == (-500, None, "GBP")
    with pytest.raises(LookupError, match="there is no decoded sale"):
        _ = posting.sale


def test_a_quarantined_receipt_without_a_number_is_named_by_the_tills_id(ledger: Ledger) -> None:
    record_quarantined(ledger, take_one(ledger, b"a"), "malformed", "not JSON")
    assert postings_of(ledger, [ID])[ID].receipt_number == "1"


def test_another_version_of_the_same_sale_is_unchanged_though_its_version_counter_moved(ledger: Ledger) -> None:
    record_decoded(ledger, take_one(ledger, b"a"), sale("1", source_version="1"))
    assert record_decoded(ledger, take_one(ledger, b"b"), sale("1", source_version="2")) == {"unchanged": 1}
    assert [state for _, state, _ in raw(ledger, ID)] == ["decoded", "unchanged"]
    assert postings_of(ledger, [ID])[ID].sale.source_version == "1"


def test_a_different_version_is_flagged_and_never_an_overwrite(ledger: Ledger) -> None:
    record_decoded(ledger, take_one(ledger, b"a"), sale("1"))
    assert record_decoded(ledger, take_one(ledger, b"b"), sale("1", net=1001)) == {"changed": 1}
    assert [state for _, state, _ in raw(ledger, ID)] == ["decoded", "changed"]
    assert postings_of(ledger, [ID])[ID].gross_minor == 1200


def test_a_quarantined_version_of_a_known_sale_is_flagged_and_leaves_the_posting(ledger: Ledger) -> None:
    record_decoded(ledger, take_one(ledger, b"a"), sale("1"))
    assert record_quarantined(ledger, take_one(ledger, b"b"), "malformed", "cut off") == {"changed": 1}
    assert postings_of(ledger, [ID])[ID].state == "pending"


def test_a_version_that_is_understood_replaces_one_that_never_was(ledger: Ledger) -> None:
    record_quarantined(ledger, take_one(ledger, b"a"), "malformed", "cut off")
    assert record_decoded(ledger, take_one(ledger, b"b"), sale("1")) == {"decoded": 1}
    posting = postings_of(ledger, [ID])[ID]
    assert (posting.state, posting.reason_code, posting.sale) == ("pending", "", sale("1"))


def test_a_basket_is_taken_when_the_till_closes_it(ledger: Ledger) -> None:
    record_excluded(ledger, take_one(ledger, b"open"), "not_closed", "still open")
    assert record_decoded(ledger, take_one(ledger, b"closed"), sale("1")) == {"decoded": 1}
    assert postings_of(ledger, [ID])[ID].state == "pending"


def test_a_void_that_comes_back_as_a_sale_is_flagged(ledger: Ledger) -> None:
    record_excluded(ledger, take_one(ledger, b"a"), "void", "cancelled", sale=sale("1"))
    assert record_decoded(ledger, take_one(ledger, b"b"), sale("1", net=5)) == {"changed": 1}


def test_a_batch_with_several_versions_of_one_sale_ends_with_the_first_that_was_understood(ledger: Ledger) -> None:
    take(ledger, "leeds", [Paper("1", b"a"), Paper("1", b"b"), Paper("1", b"c"), Paper("1", b"d")])
    a, b, c, d = (row.inbox_id for row in undecoded(ledger))
    results = [
        Quarantined(a, "malformed", "?"),
        Decoded(b, sale("1")),
        Decoded(c, sale("1")),
        Decoded(d, sale("1", net=9)),
    ]
    assert record(ledger, results) == {"quarantined": 1, "decoded": 1, "unchanged": 1, "changed": 1}
    assert postings_of(ledger, [ID])[ID].gross_minor == 1200


def test_recording_the_same_batch_again_changes_nothing(ledger: Ledger) -> None:
    inbox_id = take_one(ledger, b"a")
    record_decoded(ledger, inbox_id, sale("1"))
    mark_posted(ledger, [ID])
    assert record_decoded(ledger, inbox_id, sale("1", net=7)) == {"already": 1}
    assert postings_of(ledger, [ID])[ID].state == "posted"


def test_four_decoders_of_the_same_receipts_make_one_posting_each(ledger: Ledger) -> None:
    take(ledger, "leeds", [Paper(str(n)) for n in range(40)])
    results = [Decoded(row.inbox_id, sale(row.source_id)) for row in undecoded(ledger)]
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: record(ledger, results), range(4)))
    assert sorted(count.get("decoded", 0) for count in counts) == [0, 0, 0, 40]
    assert len(postings_of(ledger, [sale(str(n)).sale_id for n in range(40)])) == 40


def test_a_receipt_read_anew_after_the_map_was_mended_becomes_pending(ledger: Ledger) -> None:
    inbox_id = take_one(ledger, b"a")
    record_quarantined(ledger, inbox_id, "unknown_location", "L9 is no shop")
    assert decode_again(ledger) == 1
    assert record_decoded(ledger, inbox_id, sale("1")) == {"decoded": 1}
    assert postings_of(ledger, [ID])[ID].state == "pending"


def test_a_return_names_the_sale_it_belongs_to(ledger: Ledger) -> None:
    goods = Line(
        line_id="1", returned=True, quantity=Decimal(-1), net_minor=-10, tax_minor=0, gross_minor=-10,
        original={"source_id": "0"},
    )  # fmt: skip
    record_decoded(ledger, take_one(ledger, b"a"), sale("1", lines=0).model_copy(update={"lines": (goods,)}))
    assert postings_of(ledger, [ID])[ID].original_sale_id == sale("0").sale_id


def test_a_nul_in_the_tills_text_does_not_hold_the_batch_up(ledger: Ledger) -> None:
    line = sale("1").lines[0].model_copy(update={"description": "tea\x00cup", "sku": "\\u0000"})
    assert record_decoded(ledger, take_one(ledger, b"a"), sale("1").model_copy(update={"lines": (line,)})) == {
        "decoded": 1
    }
    stored = postings_of(ledger, [ID])[ID].sale.lines[0]
    assert (stored.description, stored.sku) == ("tea�cup", "\\u0000")


def test_a_sale_under_a_strangers_receipt_is_refused_with_both_names(ledger: Ledger) -> None:
    inbox_id = take_one(ledger, b"a")
    with pytest.raises(ValueError, match=r"receipt file_drop-tills-1 .* decoded into sale file_drop-tills-2"):
        record_decoded(ledger, inbox_id, sale("2"))
    assert len(undecoded(ledger)) == 1


def test_an_unheard_of_reason_is_refused(ledger: Ledger) -> None:
    inbox_id = take_one(ledger, b"a")
    with pytest.raises(KeyError):
        record(ledger, [Excluded(inbox_id, "because", "")])
    assert len(undecoded(ledger)) == 1


def test_a_sale_survives_the_way_through_the_ledger(ledger: Ledger) -> None:
    waiting(ledger, "1")
    stored = postings_of(ledger, [ID])[ID].sale
    assert isinstance(stored, Sale)
    assert stored == sale("1")
    assert stored.lines[0].quantity == Decimal(1)
