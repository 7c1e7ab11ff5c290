from __future__ import annotations

from tests.orchestration.house import House

MASTER = ("products", "price_lists", "prices", "warehouses", "channels", "tax_codes", "stock_levels")


def test_a_second_reading_asks_only_for_what_changed(house: House) -> None:
    with house.requests() as first:
        house.materialise(*MASTER)
    print(dict(first))
    for t in MASTER: print(t, house.rows(f"select count(*) from {t}"))
    with house.requests() as second:
        house.materialise(*MASTER)
    print(dict(second))
    house.edit_product(sku=house.sku(), name="Changed")
    house.edit_stock(productId=1010, warehouseId=2, quantity=-3)
    with house.requests() as second:
        house.materialise(*MASTER)
    print(dict(second))
