"""The ERP's tables, read from a running sandbox into a lake: whole at first, then only what changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bp_assets.extraction import listing
from bp_assets.jobs import MASTER_TABLES
from bp_assets.ledger.webhooks import hear, open_webhooks
from bp_assets.resources import lake_of, ledger_of
from tests.orchestration.house import House

MASTER = (*MASTER_TABLES, "stock_levels")
SMALL = {
    "GET /accounting-service/tax-code": 1,
    "GET /product-service/channel": 1,
    "GET /product-service/price-list": 1,
    "GET /warehouse-service/warehouse": 1,
}
PRODUCT, PRICE = "GET /product-service/product/{ids}", "GET /product-service/product-price/{ids}"
STOCK, MOVED = "GET /warehouse-service/product-availability/{ids}", "GET /warehouse-service/goods-movement-search"


@pytest.fixture(autouse=True)
def _no_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox counted its opening stock a moment ago; with the overlap that would all be news."""
    asked = listing.questions
    none = timedelta(0)
    monkeypatch.setattr(listing, "questions", lambda changes, state: asked(replace(changes, overlap=none), state))


@pytest.mark.slow
def test_a_second_reading_asks_only_for_what_changed(house: House) -> None:
    with house.requests() as first:
        house.materialise(*MASTER)
    counts = {table: house.rows(f"select count(*) from {table}")[0][0] for table in MASTER}
    assert counts == {
        "products": 452, "price_lists": 3, "prices": 1350, "warehouses": 5, "channels": 5, "tax_codes": 6,
        "stock_levels": 2250, "product_sales_channels": 452, "product_warehouses": 2260, "product_custom_fields": 0,
        "product_variations": 0, "bundle_components": 0,
    }  # fmt: skip
    locations = "GET /warehouse-service/warehouse/{id}/location/"
    whole = {"OPTIONS /product-service/product": 1, PRODUCT: 3, PRICE: 3, STOCK: 3}
    assert first == SMALL | whole | {f"{locations}default": 5, f"{locations}quarantine": 5}

    with lake_of(house.home).transaction() as writer:  # what was read a moment ago is not looked at once more for that
        writer.connection.execute("update products set as_of = as_of - interval 1 minute")
    with house.requests() as second:
        house.materialise(*MASTER)
    searches = {"GET /product-service/product-search": 1, MOVED: 1}
    assert second == SMALL | searches | {PRICE: 1, STOCK: 1}  # prices and stock of the next products in turn

    house.edit_product(sku=house.sku(), name="Renamed", prices={"2": {"1": "1234.5"}})
    house.edit_stock(productId=1400, warehouseId=2, quantity=-3)
    with house.requests() as third:
        house.materialise(*MASTER)
    assert third == SMALL | searches | {PRODUCT: 1, PRICE: 1, STOCK: 1}
    assert house.rows("select count(*) from products where name = 'Renamed'") == [(1,)]
    assert house.rows("select price_list_id from prices where unit_price = 1234.5") == [(2,)]
    assert house.rows("select in_stock from stock_levels where product_id = 1400 and warehouse_id = 2") == [(97,)]


@pytest.mark.slow
def test_products_are_read_on_the_channels_that_the_shops_file_names_now(house: House) -> None:
    channels = "select sales_channel_name, count(*) from product_sales_channels group by all order by 1"
    common = house.config.read_text()
    for more, named in (("", ["Brightpearl"]), ("product_channels = [2, 3]\n", ["Brightpearl", "Leeds", "London"])):
        house.config.write_text(common.replace("[nominal_codes]", f"{more}[nominal_codes]", 1))
        with house.requests() as asked:
            house.materialise("products")
        assert house.rows(channels) == [(name, 452) for name in named]
        assert asked[PRODUCT] == 3 * len(named)


@pytest.mark.slow
def test_a_hint_is_acted_upon_once_and_a_deleted_product_goes(house: House) -> None:
    house.materialise("products")
    ledger, gone = ledger_of(house.home), 1010
    del house.sandbox.world.products[gone]
    hear(ledger, "brightpearl", "product.destroyed", str(gone), {})
    hear(ledger, "brightpearl", "product.modified", "not an id", {})
    house.materialise("products")
    assert house.rows(f"select count(*) from products where product_id = {gone}") == [(0,)]
    assert open_webhooks(ledger) == []
