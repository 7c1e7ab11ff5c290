"""A receipt of ten thousand lines is a sale like any other."""

from __future__ import annotations

import time
from datetime import timedelta

from tests.posting.house import House


def test_a_receipt_of_ten_thousand_lines_is_posted_and_verified(house: House) -> None:
    house.change(erp={"timeout_seconds": 60})
    house.control("POST", "stock", productId=1007, warehouseId=3, quantity=10_000)
    lines = "\n".join("1 MUG 6.00 20%" if n % 2 else "1 GNOME 1.20 20%" for n in range(10_000))
    house.take("london 2\n1 MUG 6.00 20%\ncard 6.00")
    sale_id = house.take(f"leeds 1\n{lines}\ncard 36000.00")
    started = time.monotonic()
    assert house.post().posted == 2
    assert house.verify().verified == 2
    took = timedelta(seconds=time.monotonic() - started)
    print(f"10,000 lines: posted and verified in {took.total_seconds():.1f} s")
    order = house.order(sale_id)
    assert (order["rows"], order["net"], order["tax"], order["paid"]) == (10_000, "30000.00", "6000.00", "36000.00")
    assert order["shipped"] is True
    assert took < timedelta(seconds=60)
