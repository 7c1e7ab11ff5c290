"""Master data and webhooks, read from the simulated ERP."""

from datetime import date
from decimal import Decimal

import pytest

from bp_assets.brightpearl import accounts
from bp_assets.brightpearl.catalogue import by_sku, load_catalogue
from bp_assets.brightpearl.contacts import find_contact_by_email
from bp_assets.brightpearl.places import channels, places, shipping_methods, warehouses
from bp_assets.brightpearl.products import get_products, price_lists, prices, product_index
from bp_assets.brightpearl.stock import StockLevel, availability


def by(rows, key):
    return {getattr(row, key): row for row in rows}


def test_products_are_read_in_sets_of_two_hundred(box, client):
    found = by(get_products(client, [*box.world.products, 999_999]), "product_id")
    assert sorted(found) == sorted(box.world.products)
    assert client.counts["posting", "GET /product-service/product/{}"] == 2
    for product in found.values():
        held = box.world.products[product.product_id]
        assert (product.sku, product.name, product.tax_code) == (held.sku, held.name, held.tax_code)
        assert (product.stock_tracked, product.status) == (held.stock_tracked, held.status)


def test_the_index_tells_posting_all_it_needs_in_one_request(box, client):
    rows = list(product_index(client))
    assert {row["SKU"]: row["productId"] for row in rows} == {one.sku: one.id for one in box.world.products.values()}
    assert client.counts.total() == 1


def test_prices_are_rows_by_list_and_quantity(box, client):
    one = min(box.world.products)
    client.put(
        f"/product-service/product-price/{one}/price-list",
        {"priceLists": [{"priceListId": 2, "quantityPrice": {"1": Decimal("9.99"), "12": Decimal("8.5")}}]},
    )
    found = {(row.min_quantity, row.price) for row in prices(client, [one]) if row.price_list_id == 2}
    assert found == {(Decimal(1), Decimal("9.9900")), (Decimal(12), Decimal("8.5000"))}
    assert prices(client, [999_999]) == []


def test_price_lists_say_whether_they_contain_tax(box, client):
    found = by(price_lists(client), "price_list_id")
    assert {key: (one.name, one.kind, one.gross) for key, one in found.items()} == {
        one.id: (one.name, one.kind, one.gross) for one in box.world.reference.price_lists.values()
    }


def test_places_have_both_locations_and_unknown_ones_are_left_out(box, client):
    assert {one.warehouse_id: one.name for one in warehouses(client)} == {
        2: "Main", 3: "Leeds", 4: "London", 5: "York", 6: "Bath",
    }  # fmt: skip
    held = box.world.reference.warehouses[3]
    found = places(client, [3, 999])
    assert set(found) == {3}
    assert found[3].default_location_id == held.default_location
    assert found[3].quarantine_location_id == held.quarantine_location
    assert by(channels(client), "channel_id")[2].name == "Leeds"
    assert {one.shipping_method_id for one in shipping_methods(client)} == set(box.world.reference.shipping_methods)


def test_a_tax_code_without_a_rate_is_zero(client):
    rates = {one.code: one.rate for one in accounts.tax_codes(client)}
    assert (rates["T20"], rates["T0"]) == (Decimal(20), Decimal(0))


def test_the_accounts_small_lists_are_typed(box, client):
    assert {one.code for one in accounts.nominal_codes(client)} == set(box.world.reference.nominals)
    methods = by(accounts.payment_methods(client), "code")
    assert set(methods) == set(box.world.reference.payment_methods)
    assert methods["CARD"].active is True
    assert methods["CARD"].bank_codes == {"GBP": box.world.reference.payment_methods["CARD"].bank}
    assert [one.code for one in accounts.currencies(client) if one.default] == ["GBP"]
    statuses = by(accounts.order_statuses(client), "status_id")
    assert statuses[1].order_type == "SO"
    assert accounts.account_configuration(client)["baseCurrencyCode"] == "GBP"


def test_the_period_lock_is_a_date_or_nothing(box, client):
    assert accounts.locked_until(client) is None
    box.switch(locked_until="2026-09-30")
    try:
        assert accounts.locked_until(client) == date(2026, 9, 30)
    finally:
        box.switch(locked_until="")


def tracked_and_not(box):
    every = box.world.products.values()
    return [p.id for p in every if p.stock_tracked], [p.id for p in every if not p.stock_tracked]


def test_stock_is_given_for_each_warehouse_asked_for_zero_where_there_is_none(box, client):
    product = tracked_and_not(box)[0][0]
    found = availability(client, [product], warehouse_ids=[2, 999])
    levels = {level.warehouse_id: level for level in found.levels}
    assert levels[2] == StockLevel(product, 2, 100, 100, 0, 0)
    assert levels[999] == StockLevel(product, 999, 0, 0, 0, 0)
    assert found.left_out == set()


def test_untracked_products_alone_are_left_out_not_an_error(box, client):
    untracked = tracked_and_not(box)[1]
    assert untracked
    found = availability(client, untracked, warehouse_ids=[2])
    assert (found.levels, found.left_out) == ([], set(untracked))


def test_one_bad_id_does_not_cost_the_others_their_stock(box, client):
    tracked = tracked_and_not(box)[0][:8]
    found = availability(client, [*tracked, 999_999], warehouse_ids=[2])
    assert {level.product_id for level in found.levels} >= set(tracked)
    assert all(level.in_stock == 100 for level in found.levels if level.product_id in tracked)


def test_the_catalogue_is_cheap_and_complete(box, client):
    catalogue = load_catalogue(client, [2, 3])
    assert client.counts.total() == 1 + 4 + 1
    assert set(catalogue.products) == {one.sku for one in box.world.products.values() if one.sku}
    assert set(catalogue.places) == {2, 3}
    assert catalogue.tax_rates["T20"] == Decimal(20)
    held = box.world.products[1007]
    assert catalogue.product(held.sku).product_id == held.id
    assert catalogue.product(held.sku).stock_tracked is held.stock_tracked


def test_a_few_skus_are_looked_up_singly(box, client):
    first, second = box.world.products[1007], box.world.products[1008]
    catalogue = load_catalogue(client, [], [first.sku, second.sku, "", "no such sku"])
    assert set(catalogue.products) == {first.sku, second.sku}
    assert client.counts["posting", "GET /product-service/product-search"] == 3


def row(product_id, sku, status="LIVE"):
    return {"productId": product_id, "SKU": sku, "stockTracked": True, "productStatus": status, "productName": "n"}


def test_two_products_with_one_sku_are_not_guessed_at():
    found, duplicates = by_sku([row(1, "A"), row(2, "A"), row(3, "B"), row(4, None), row(5, "")])
    assert (sorted(found), duplicates) == (["A", "B"], frozenset({"A"}))


def test_an_archived_twin_does_not_make_a_sku_ambiguous():
    found, duplicates = by_sku([row(1, "A", "ARCHIVED"), row(2, "A")])
    assert (found["A"].product_id, duplicates) == (2, frozenset())


def add_contact(client, email, first="Jo"):
    address = client.post("/contact-service/postal-address", {"addressLine1": "x", "countryIsoCode": "GBR"}).new_id
    body = {
        "firstName": first, "lastName": "Doe", "postAddressIds": {"DEF": address, "BIL": address, "DEL": address},
        "communication": {"emails": {"PRI": {"email": email}}},
    }  # fmt: skip
    return client.post("/contact-service/contact", body).new_id


def test_a_contact_is_found_by_its_exact_email_whatever_its_case(client):
    add_contact(client, "not.jo+till@example.com")
    exact = add_contact(client, "Jo+till@Example.com")
    add_contact(client, "jo+till@example.com", "Second")
    assert find_contact_by_email(client, " jo+till@example.com ") == exact
    assert find_contact_by_email(client, "till@example.com") is None


@pytest.mark.parametrize("email", ["", "  "])
def test_no_email_asks_nothing(client, email):
    assert find_contact_by_email(client, email) is None
    assert client.counts.total() == 0
