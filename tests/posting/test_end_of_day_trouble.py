"""End of day where something is wrong: a shop or its warehouse is gone, a map was mended late, a ledger restored."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bp_assets.ledger.inbox import take, undecoded
from bp_assets.ledger.postings import requeue
from bp_assets.ledger.recording import Excluded, record
from bp_assets.ledger.stock_moves import open_batches
from bp_assets.posting import stock_batches
from bp_assets.tills.protocol import RawReceipt
from tests.posting import receipts
from tests.posting.house import House, empty
from tests.posting.test_end_of_day import (
    CORRECTIONS_ROUTE,
    RETURN,
    SALE,
    books,
    close_day,
    open_day,
    sell,
    states,
    summary_orders,
)

PAST = receipts.sale(SALE).business_date  # a day long over: it is closed as soon as its stock has moved
SECOND = "leeds 2\n1 MUG 6.00 20%\ncard 6.00"


def past_day(house: House, *sold: str) -> list[str]:
    """Receipts of that day, all in before the first is looked at; their ids."""
    house.shops = receipts.in_mode(house.shops, "end_of_day")
    return [sell(house, one, PAST) for one in sold]


def test_a_shop_whose_warehouse_the_erp_does_not_have_holds_up_no_other(house: House) -> None:
    right = house.shops
    house.shops = receipts.changed_shop(right, "leeds", warehouse_id=99)
    (member,) = open_day(house, SALE)
    own = sell(house, "london 2\n1 MUG 6.00 20%\ncard 6.00")
    house.post()
    assert states(house, [member, own]) == ["rejected: unknown_location", "posted"]
    house.shops = right
    requeue(house.ledger)
    close_day(house)
    assert states(house, [member, own]) == ["verified", "verified"]


def test_receipts_of_a_shop_that_left_the_shops_file_do_not_wait_in_silence(house: House) -> None:
    ids = open_day(house, SALE)
    house.post()
    whole = house.shops
    house.shops = receipts.without_shop(whole, "leeds")
    house.post()
    assert states(house, ids) == ["rejected: unknown_location"]
    assert "leeds" in house.posting(ids[0]).message
    house.shops = whole
    requeue(house.ledger)
    close_day(house)
    assert states(house, ids) == ["verified"]
    assert sum(move[2] for move in house.moves()) == -2


def test_a_tender_map_that_is_mended_after_the_order_was_made_pays_it_without_paying_twice(house: House) -> None:
    house.change(tender_map={"voucher": "NOSUCH", "gift_card": "NOSUCH"})
    ids = open_day(house, "leeds 1\n2 MUG 12.00 20%\nvoucher 2.00\ngift_card 3.00\ncard 7.00")
    close_day(house)
    assert states(house, ids) == ["rejected: erp_refused"]
    house.change(tender_map={"voucher": "VOUCHER", "gift_card": "GIFTCARD"})
    requeue(house.ledger)
    house.post_all()
    house.verify()
    assert states(house, ids) == ["verified"]
    paid = sorted((one["method"], one["amount"]) for one in house.books()["payments"])
    assert paid == [("CARD", "7.00"), ("GIFTCARD", "3.00"), ("VOUCHER", "2.00")]


def test_the_absence_of_a_stock_request_is_waited_for_by_the_ledgers_clock(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's clock is a minute ahead of the ledger's, or the ledger's was hours ahead and is put back."""
    house.change(erp={"search_lag_seconds": 30})
    open_day(house, SALE)
    house.fault("search_lag", seconds=60)
    house.fault("lost_reply", CORRECTIONS_ROUTE, count=1)
    monkeypatch.setattr(stock_batches, "clock_ahead", lambda ledger: timedelta(minutes=-1))
    house.later(minutes=1)
    poster = house.poster(catalogue=receipts.catalogue())
    poster.post_due()
    assert len(open_batches(house.ledger, "leeds")) == 1
    with house.ledger.begin() as connection:
        connection.exec_driver_sql("update tillbridge.stock_batches set done_at = done_at + interval '5 hours'")
    poster.post_due()
    house.heal()
    house.later(seconds=31)
    poster.post_due()
    assert open_batches(house.ledger, "leeds") == []
    assert house.moves() == [(receipts.IDS["MUG"], 3, -2, "correction")]


def test_an_excluded_receipt_has_the_mode_its_day_was_begun_in(house: House) -> None:
    sell(house, SALE, PAST)
    one = receipts.sale(SECOND)
    take(house.ledger, "leeds", [RawReceipt(one.source, one.account, one.source_id, one.model_dump_json().encode())])
    (row,) = undecoded(house.ledger, "leeds")
    record(house.ledger, [Excluded(row.inbox_id, "before_start", "too early", one, mode="end_of_day")])
    requeue(house.ledger, [one.sale_id])
    house.post()
    assert (house.posting(one.sale_id).role, house.state(one.sale_id)) == ("order", "posted")


# -- a ledger that was restored gathers a day in other parts than before ----------------------------------------------


@pytest.mark.parametrize("second", [SECOND, RETURN])
def test_a_part_of_a_day_waits_for_the_rest_of_what_the_erps_summary_holds(house: House, second: str) -> None:
    past_day(house, SALE, second)
    house.post_all()
    before = books(house)
    empty(house.ledger)
    house.late = timedelta()
    ids = past_day(house, SALE)
    house.post()
    assert states(house, ids) == ["pending"]
    ids += past_day(house, second)
    house.later(minutes=2)
    house.post()
    house.verify()
    assert states(house, ids) == ["verified", "verified"]
    assert books(house) == before


def test_a_part_of_a_day_is_set_aside_where_the_rest_does_not_come(house: House) -> None:
    past_day(house, SALE, SECOND)
    house.post_all()
    before = books(house)
    empty(house.ledger)
    ids = past_day(house, SALE)
    house.later(minutes=31)
    house.post()
    assert states(house, ids) == ["rejected: changed_in_erp"]
    assert "15.00" in house.posting(ids[0]).message
    ids += past_day(house, SECOND)
    requeue(house.ledger)
    house.later(minutes=2)
    house.post()
    house.verify()
    assert states(house, ids) == ["verified", "verified"]
    assert books(house) == before


def test_what_was_in_two_summaries_is_not_posted_again_in_one(house: House) -> None:
    past_day(house, SALE)
    house.post_all()
    past_day(house, RETURN)
    house.post_all()
    before = books(house)
    assert [one[1] for one in summary_orders(house)] == [f"{PAST} T20 CARD #2", f"{PAST} T20 CARD #1"]
    empty(house.ledger)
    ids = past_day(house, SALE, RETURN)
    house.post_all()
    assert states(house, ids) == ["rejected: changed_in_erp"] * 2
    for one in ids:
        requeue(house.ledger, [one])
        house.later(minutes=2)
        house.post()
    house.verify()
    assert states(house, ids) == ["verified", "verified"]
    assert books(house) == before
