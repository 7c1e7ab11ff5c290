"""One day replayed in both modes through the simulated ERP: its books end up equal, to the penny and the piece."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from bp_assets.config import Mode
from bp_assets.ledger.postings import requeue
from bp_assets.ledger.steps import Intent, intend
from bp_assets.ledger.stock_moves import open_batches
from bp_assets.ledger.trading_days import ask_to_close, days
from tests.posting import receipts
from tests.posting.house import House, empty
from tests.posting.test_crash import afresh, die_after
from tests.posting.test_crash import books as erp_books

DAY = datetime.now(ZoneInfo("Europe/London")).date()  # it is not over: the poster's clock is moved to its close
NEXT_DAY = DAY + timedelta(days=1)
MUG, TEA = receipts.IDS["MUG"], receipts.IDS["TEA"]
SALE = "leeds 1\n2 MUG 12.00 20%\ncard 12.00"
RETURN = "leeds 3 of 1\n-1 MUG -6.00 20%\ncard -6.00"
CORRECTIONS = "POST /warehouse-service/warehouse/{id}/stock-correction"
CORRECTIONS_ROUTE = "POST /warehouse-service/warehouse/*/stock-correction"
RECEIPTS = (
    "leeds 1\n2 MUG 12.00 20%\n1 TEA 2.10 5%\ndiscount -1.20 20%\ndiscount -0.21 5%\ncash 8.00\ncard 4.69",
    "leeds 2\n1 BOOK 9.99 0%\n3 TEA 6.30 5%\ncash 16.29",
    "leeds 3 of 1\n-1 MUG -5.40 20%\ncard -5.40",
    "leeds 4 of 1\n1 COAT 60.00 20%\n-1 MUG -5.40 20%\ncard 54.60",
    "leeds 5\n1 COAT 60.00 20%\ntip 5.00\ncard 65.00",
    "leeds 6\n1 MUG 6.01 20%\nrounding -0.01\ncash 6.00",
    "leeds 7\ngift_card_sale 25.00\ncard 25.00",
    "leeds 8\n2 MUG 12.00 20%\ngift_card 10.00\ncash 2.00",
    "leeds 9 of 2\n-2 TEA -4.20 5% quarantine\ncash -4.20",
    "leeds 10 of 2\n-1 BOOK -9.99 0% none\ncash -9.99",
    "leeds 11\n1 BAG 4.00 20%\n1 GNOME 3.00 20%\ncard 7.00",
    "leeds 12 exclusive\n3 MUG 14.99 20%\n1 TEA 1.03 5%\ndiscount -0.77 20%\ncard 18.14",
    "leeds 13 from ann@example.com\n1 COAT 60.00 20%\naccount 60.00",
    "leeds 14\n1 COAT 60.00 20% later\ncard 60.00",
)


def in_mode(house: House, mode: Any, shop: str = "leeds") -> None:
    """From now on the shop's days have this mode."""
    house.shops = receipts.in_mode(house.shops, mode, shop)


def after_close(house: House) -> None:
    """The day is over."""
    house.late += house.shops.shop("leeds").closes_at(DAY) - house.now()


def books(house: House) -> dict[str, Any]:
    """The ERP's own books: money by tax code, account and method, pieces and their worth by product and location."""
    told: dict[str, Counter[Any]] = {name: Counter() for name in ("net", "tax", "paid", "goods", "worth")}
    world = house.server.world
    for order in world.orders.by_id.values():
        sign = 1 if order.type == "SO" else -1
        for row in order.rows.values():
            told["net"][row.tax_code, row.nominal] += sign * row.net
            told["tax"][row.tax_code] += sign * row.tax
    for payment in world.payments.values():
        told["paid"][payment.method, payment.type] += payment.paid
    for move in world.stock.movements:
        told["goods"][move.product_id, move.location_id, "out" if move.quantity < 0 else "in"] += move.quantity
        told["worth"][move.product_id] += move.quantity * move.value
    return told


def open_day(house: House, *sold: str) -> list[str]:
    """A trading day of a shop in end-of-day mode that is not over, with these receipts; their ids."""
    in_mode(house, Mode.END_OF_DAY)
    return [sell(house, one) for one in sold]


def sell(house: House, text: str, day: date = DAY) -> str:
    """A receipt of the trading day; its id."""
    return house.take(text, business_date=day)


def close_day(house: House) -> None:
    """The day is over; what is due is posted and read back."""
    after_close(house)
    house.post_all()
    house.verify()


def summary_orders(house: House) -> list[tuple[str, str, str]]:
    """(type, reference that people read, total) of the documents that are no receipt's own."""
    orders = house.server.world.orders.by_id.values()
    ours = [one for one in orders if "-summary-" in (one.external_ref or "")]
    return sorted((one.type, one.reference, str(Decimal(one.net + one.tax).scaleb(-2))) for one in ours)


def states(house: House, ids: list[str]) -> list[str]:
    return [house.state(one) for one in ids]


def test_the_same_day_in_both_modes_ends_in_equal_books(house: House) -> None:
    ids = [sell(house, one) for one in RECEIPTS]
    house.post_all()
    house.verify()
    assert set(states(house, ids)) == {"verified"}
    realtime, orders = books(house), len(house.books()["orders"])
    afresh(house)
    ids = open_day(house, *RECEIPTS)
    house.post()
    close_day(house)
    assert set(states(house, ids)) == {"verified"}
    assert books(house) == realtime
    assert (orders, len(house.books()["orders"])) == (15, 13)


def test_stock_leaves_during_the_day_in_one_request_and_the_money_waits_for_the_close(house: House) -> None:
    ids = open_day(house, SALE, RETURN)
    house.post()
    assert states(house, ids) == ["pending", "pending"]
    assert house.books()["orders"] == []
    assert house.books()["requests"][CORRECTIONS] == 1
    assert sorted(house.moves()) == [(MUG, 3, -2, "correction"), (MUG, 3, 1, "correction")]
    reasons = sorted(house.server.world.corrections.values())
    assert reasons == [f"SC-{ids[1]}/10", f"SO-{ids[0]}/10"]
    close_day(house)
    assert states(house, ids) == ["verified", "verified"]
    assert house.books()["requests"][CORRECTIONS] == 1
    assert summary_orders(house) == [
        ("SC", f"{DAY} T20 CARD #1", "6.00"), ("SO", f"{DAY} T20 CARD #1", "12.00")
    ]  # fmt: skip


def test_stock_goes_at_most_once_an_interval_and_at_once_where_a_request_would_be_full(house: House) -> None:
    open_day(house, SALE)
    poster = house.poster()
    poster.post_due()
    sell(house, "leeds 2\n1 MUG 6.00 20%\ncard 6.00")
    house.later(seconds=30)
    poster.post_due()
    assert house.books()["requests"][CORRECTIONS] == 1
    house.later(seconds=31)
    poster.post_due()
    assert house.books()["requests"][CORRECTIONS] == 2
    assert len(house.moves()) == 2


def test_between_single_waves_only_one_stock_request_is_made_and_fresh_sales_go_first(house: House) -> None:
    house.change(posting={"stock_interval_seconds": 0})
    in_mode(house, Mode.END_OF_DAY, "leeds")
    in_mode(house, Mode.END_OF_DAY, "london")
    member, other = sell(house, SALE), sell(house, "london 2\n1 MUG 6.00 20%\ncard 6.00")
    poster = house.poster()
    first = poster.post_due(most_waves=1)
    assert (house.books()["requests"][CORRECTIONS], first.more) == (1, True)
    poster.post_due(most_waves=1)
    assert house.books()["requests"][CORRECTIONS] == 2
    assert {house.posting(one).stock for one in (member, other)} == {"moved"}


def test_a_day_is_not_closed_before_its_time_and_is_when_somebody_asks_for_it(house: House) -> None:
    (sale_id,) = open_day(house, SALE)
    house.post()
    assert house.state(sale_id) == "pending"
    assert ask_to_close(house.ledger, "leeds", DAY) == 1
    house.post()
    assert house.state(sale_id) == "posted"
    assert ask_to_close(house.ledger, "leeds", DAY) == 0


def test_a_late_receipt_goes_to_a_further_summary_and_changes_none(house: House) -> None:
    open_day(house, SALE)
    close_day(house)
    before = house.books()["orders"]
    late = sell(house, "leeds 2\n1 MUG 6.00 20%\ncard 6.00")
    house.later(minutes=2)
    house.post_all()
    assert house.verify().verified == 1
    assert house.state(late) == "verified"
    assert house.books()["orders"][: len(before)] == before
    assert [one[1:] for one in summary_orders(house)] == [
        (f"{DAY} T20 CARD #1", "12.00"), (f"{DAY} T20 CARD #2", "6.00")
    ]  # fmt: skip


def test_a_day_keeps_the_mode_it_was_begun_in_whatever_the_file_says_later(house: House) -> None:
    first = sell(house, SALE)
    house.post()
    in_mode(house, Mode.END_OF_DAY)
    second = sell(house, "leeds 2\n1 MUG 6.00 20%\ncard 6.00")
    house.post()
    assert states(house, [first, second]) == ["posted", "posted"]
    assert (house.posting(second).role, summary_orders(house)) == ("order", [])
    assert [(day.business_date, day.mode) for day in days(house.ledger)] == [(DAY, "realtime")]


def test_a_shop_may_change_its_mode_from_one_day_to_the_next(house: House) -> None:
    in_mode(house, [{"from": DAY, "mode": "end_of_day"}, {"from": NEXT_DAY, "mode": "realtime"}])
    member, own = sell(house, SALE), sell(house, "leeds 2\n1 MUG 6.00 20%\ncard 6.00", NEXT_DAY)
    house.post()
    assert states(house, [member, own]) == ["pending", "posted"]
    close_day(house)
    assert states(house, [member, own]) == ["verified", "verified"]
    assert [one[:2] for one in summary_orders(house)] == [("SO", f"{DAY} T20 CARD #1")]


def test_a_return_belongs_to_the_summary_its_original_went_into(house: House) -> None:
    in_mode(house, Mode.END_OF_DAY, "leeds")
    sell(house, SALE)
    close_day(house)
    back = sell(house, "london 9 of 1\n-1 MUG -6.00 20%\ncard -6.00")
    house.post()
    (summary,) = [one for one in house.server.world.orders.by_id.values() if one.type == "SO"]
    credit = house.order(back, "SC")
    assert house.seen(credit["orderId"])["parentOrderId"] == summary.id


def test_a_return_at_a_realtime_shop_does_not_wait_for_the_close_of_its_originals_day(house: House) -> None:
    open_day(house, SALE)
    house.post()
    back = sell(house, "london 9 of 1\n-1 MUG -6.00 20%\ncard -6.00")
    house.post()
    assert house.state(back) == "posted"


def test_goods_sold_in_an_order_of_their_own_come_back_in_a_summary(house: House) -> None:
    in_mode(house, Mode.END_OF_DAY, "leeds")
    sold = sell(house, "london 1\n2 MUG 12.00 20%\ncard 12.00")
    back = sell(house, "leeds 2 of 1\n-1 MUG -6.00 20%\ncard -6.00")
    house.post()
    close_day(house)
    assert states(house, [sold, back]) == ["verified", "verified"]
    assert [one[0] for one in summary_orders(house)] == ["SC"]


# -- what may go wrong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("committed", [True, False])
def test_a_lost_reply_to_a_stock_request_is_looked_up_and_moved_once(house: House, committed: bool) -> None:
    ids = open_day(house, SALE, RETURN)
    house.fault("error", CORRECTIONS_ROUTE, count=1, status=504, committed=committed)
    house.post()
    house.post_all()
    assert sorted(house.moves()) == [(MUG, 3, -2, "correction"), (MUG, 3, 1, "correction")]
    assert open_batches(house.ledger, "leeds") == []
    close_day(house)
    assert states(house, ids) == ["verified", "verified"]


def test_an_absence_is_believed_only_after_the_erps_search_can_know(house: House) -> None:
    open_day(house, SALE)
    house.change(erp={"search_lag_seconds": 30})
    poster = house.poster(catalogue=receipts.catalogue())
    house.fault("search_lag", seconds=60)
    house.fault("lost_reply", CORRECTIONS_ROUTE, count=1)
    poster.post_due()
    house.later(seconds=10)
    poster.post_due()
    (lost,) = open_batches(house.ledger, "leeds")
    assert (lost.outcome, len(lost.moves)) == ("unknown", 1)
    house.heal()
    house.later(seconds=30)
    poster.post_due()
    assert house.moves() == [(MUG, 3, -2, "correction")]
    assert open_batches(house.ledger, "leeds") == []


def test_a_receipt_that_the_erp_has_too_little_stock_for_is_found_out_and_holds_up_no_other(house: House) -> None:
    many = [f"leeds {number}\n1 MUG 6.00 20%\ncard 6.00" for number in range(1, 8)]
    ids = open_day(house, *many, "leeds 8\n100000 TEA 200000.00 5%\ncard 200000.00")
    for _ in range(10):
        house.later(minutes=2)
        house.post()
    assert states(house, ids) == ["pending"] * 7 + ["rejected: not_enough_stock"]
    assert "TEA: 100000 sold" in house.posting(ids[-1]).message
    assert house.moves() == [(MUG, 3, -1, "correction")] * 7
    close_day(house)
    assert states(house, ids[:7]) == ["verified"] * 7
    house.control("POST", "stock", productId=TEA, warehouseId=3, quantity=100000)
    assert requeue(house.ledger, [ids[-1]]) == 1
    house.post_all()
    house.verify()
    assert house.state(ids[-1]) == "verified"


def test_a_summary_that_the_erp_refuses_sets_its_receipts_aside_until_the_map_is_mended(house: House) -> None:
    house.change(tender_map={"card": "NOSUCH"})
    ids = open_day(house, SALE, RETURN)
    house.change(nominal_codes={"sales": "9999"})
    close_day(house)
    assert states(house, ids) == ["rejected: erp_refused"] * 2
    assert house.books()["orders"] == []
    house.change(tender_map={"card": "CARD"}, nominal_codes={"sales": "4000"})
    assert requeue(house.ledger, [ids[0]]) == 2
    house.post_all()
    house.verify()
    assert states(house, ids) == ["verified", "verified"]
    assert sum(move[2] for move in house.moves()) == -1


def test_a_receipt_that_can_not_be_planned_is_set_aside_alone(house: House) -> None:
    good, bad = open_day(house, SALE, "leeds 2\n1 MUG 6.00 20%\nunmapped 6.00")
    house.post()
    assert states(house, [good, bad]) == ["pending", "rejected: tender_not_mapped"]
    close_day(house)
    house.change(tender_map={"unmapped": "CARD"})
    requeue(house.ledger)
    house.later(minutes=2)
    house.post_all()
    house.verify()
    assert states(house, [good, bad]) == ["verified", "verified"]


def test_a_ledger_restored_from_before_the_day_moves_no_stock_and_posts_no_money_twice(house: House) -> None:
    ids = open_day(house, SALE, RETURN)
    close_day(house)
    before = books(house)
    empty(house.ledger)
    assert open_day(house, SALE, RETURN) == ids
    close_day(house)
    assert states(house, ids) == ["verified", "verified"]
    assert books(house) == before


def test_the_database_itself_refuses_to_send_a_receipt_that_belongs_into_a_summary(house: House) -> None:
    (sale_id,) = open_day(house, SALE)
    house.post()
    intent = Intent(sale_id, "SO", "order", f"SO-{sale_id}", "POST", "/order-service/sales-order")
    with pytest.raises(sa.exc.IntegrityError, match="postings_member_not_sent"):
        intend(house.ledger, [intent])


def test_a_shop_whose_stock_can_not_be_asked_about_holds_up_no_other(house: House) -> None:
    (member,) = open_day(house, SALE)
    own = sell(house, "london 2\n1 MUG 6.00 20%\ncard 6.00")
    house.fault("error", "GET /warehouse-service/goods-movement-search", status=403)
    summary = house.post()
    assert states(house, [member, own]) == ["pending", "posted"]
    assert "goods-movement-search" in summary.trouble or "403" in summary.trouble
    house.heal()
    house.later(minutes=5)
    close_day(house)
    assert house.state(member) == "verified"


@pytest.mark.slow
def test_an_end_of_day_poster_killed_after_any_deed_is_finished_by_the_next(house: House) -> None:
    """A sale with two tenders and its return: stock, summary, payments, close."""
    day = (
        "leeds 1\n2 MUG 12.00 20%\n1 TEA 2.10 5%\ncash 10.00\ncard 4.10",
        "leeds 2 of 1\n-1 MUG -6.00 20%\ncard -6.00",
    )

    def begin() -> list[str]:
        afresh(house)
        in_mode(house, Mode.END_OF_DAY)
        house.late = timedelta()
        return [house.take(one) for one in day]  # a day long over

    begin()
    house.post_all()
    undisturbed = erp_books(house)
    for deeds in range(1, 40):
        ids = begin()
        if die_after(house, deeds, Mode.END_OF_DAY) == 0:
            break
        house.post_all()
        assert states(house, ids) == ["posted", "posted"], f"killed after deed {deeds}"
        assert erp_books(house) == undisturbed, f"killed after deed {deeds}"
        assert house.verify().verified == 2, f"killed after deed {deeds}"
        assert open_batches(house.ledger, "leeds") == []
    assert deeds >= 12, "the poster was not killed as often as there are deeds"
