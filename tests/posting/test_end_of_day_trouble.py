"""End of day where something is wrong: a shop or its warehouse is gone, a map was mended late, a ledger was restored."""

from __future__ import annotations

from bp_assets.ledger.postings import requeue
from tests.posting import receipts
from tests.posting.house import House
from tests.posting.test_end_of_day import SALE, close_day, open_day, sell, states


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
