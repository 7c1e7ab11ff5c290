"""Records that are not as promised: what means the same is taken, what can't be understood is refused with its place.

What is refused goes to quarantine, with the words these tests state, and the other records go on.
"""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from bp_assets.brightpearl.reading import Unclear
from tests.extraction.decoding import RESOURCES, decode, moment, read

ROW: dict[str, Any] = {
    "productId": 1007, "productName": "Mug", "quantity": {"magnitude": "2.0000"},
    "rowValue": {"taxCode": "T20", "rowNet": {"value": "10.0000"}, "rowTax": {"value": "2.00"}},
}  # fmt: skip
ORDER: dict[str, Any] = {
    "id": 5, "orderTypeCode": "SO", "orderStatus": {"orderStatusId": 3, "name": "New"},
    "currency": {"orderCurrencyCode": "GBP", "exchangeRate": "1.000000"},
    "totalValue": {"net": "10.00", "taxAmount": "2.00", "total": "12.00"},
    "parties": {"customer": {"contactId": 200}}, "orderRows": {"51": ROW},
}  # fmt: skip
PRODUCT: dict[str, Any] = {
    "id": 2001, "identity": {"sku": "MUG"}, "stock": {"stockTracked": True}, "composition": {"bundle": False},
    "salesChannels": [{"salesChannelName": "Brightpearl", "productName": "Mug"}],
}  # fmt: skip


def with_(record: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The record with the value at a dotted path instead."""
    changed = copy.deepcopy(record)
    *way, last = path.split(".")
    held = changed
    for name in way:
        held = held.setdefault(name, {})
    held[last] = value
    return changed


SAME_MEANING = [
    ("orderRows.51.quantity.magnitude", 2, "order_rows", "quantity", Decimal(2)),
    ("orderRows.51.quantity.magnitude", 2.5, "order_rows", "quantity", Decimal("2.5")),
    ("orderRows.51.productId", "1007", "order_rows", "product_id", 1007),
    ("orderRows.51.productSku", 12345, "order_rows", "product_sku", "12345"),
    ("orderRows.51.orderRowSequence", 10, "order_rows", "sequence", 10),
    ("totalValue.net", 10, "orders", "net_total", Decimal(10)),
    ("acknowledged", 1, "orders", "acknowledged", True),
    ("acknowledged", "false", "orders", "acknowledged", False),
    ("warehouseId", "2", "orders", "warehouse_id", 2),
    ("warehouseId", 0, "orders", "warehouse_id", None),
    ("currency.exchangeRate", 1.25, "orders", "exchange_rate", Decimal("1.25")),
]


@pytest.mark.parametrize(("path", "value", "table", "column", "wanted"), SAME_MEANING)
def test_a_value_of_another_type_that_means_the_same_is_taken(
    path: str, value: Any, table: str, column: str, wanted: Any
) -> None:
    assert decode("orders", 5, read(with_(ORDER, path, value)))[table][0][column] == wanted


NOT_UNDERSTOOD = [
    ("orderTypeCode", None, "orderTypeCode is missing"),
    ("orderTypeCode", ["SO"], "orderTypeCode: a list is not text"),
    ("totalValue", "10.00", "totalValue.net: a str where an object was expected"),
    ("totalValue.net", None, "totalValue.net is missing"),
    ("totalValue.net", "ten", "totalValue.net: 'ten' is not a number"),
    ("totalValue.net", "NaN", "totalValue.net: 'NaN' is not a finite number of at most 30 digits"),
    ("totalValue.net", True, "totalValue.net: a bool is not a number"),
    ("totalValue.net", "1.00001", "totalValue.net: 1.00001 has more than 4 decimals"),
    ("totalValue.net", "1e20", "totalValue.net: 1e20 is too big for 14 digits"),
    ("orderStatus.orderStatusId", "three", "orderStatus.orderStatusId: 'three' is not a whole number"),
    ("orderStatus.orderStatusId", 2**63, f"orderStatus.orderStatusId: {2**63} is not a whole number"),
    ("createdOn", "yesterday", "createdOn: Invalid isoformat string: 'yesterday'"),
    ("createdOn", "2026-02-01", "createdOn: '2026-02-01' has no offset"),
    ("createdOn", 1594021716000, "createdOn: a int is not a moment"),
    ("isDropship", "perhaps", "isDropship: 'perhaps' is neither true nor false"),
    ("reference", "\ud800", "reference: 'utf-8' codec can't encode character '\\ud800' in position 0: "
                            "surrogates not allowed"),
    ("parties", "Jo", "parties.customer.contactId: a str where an object was expected"),
    ("orderRows", [ROW], "orderRows is a list, not a map"),
    ("orderRows", {"first": ROW}, "orderRows has the key 'first', which is no id"),
    ("orderRows.51", "gone", "orderRows.51: a str where an object was expected"),
    ("orderRows.51.quantity", {}, "orderRows.51: quantity.magnitude is missing"),
    ("orderRows.51.quantity.magnitude", None, "orderRows.51: quantity.magnitude is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "words"), NOT_UNDERSTOOD)
def test_what_can_not_be_understood_is_refused_with_its_place(path: str, value: Any, words: str) -> None:
    with pytest.raises(Unclear) as why:
        decode("orders", 5, with_(ORDER, path, value))
    assert str(why.value) == words


@pytest.mark.parametrize("name", sorted(set(RESOURCES) - {"stock_levels"}))
@pytest.mark.parametrize("record", ["text", 7, None, True, ["list"], [None]])
def test_a_record_that_is_no_object_is_refused_and_never_an_error(name: str, record: Any) -> None:
    try:
        decode(name, 7, record)
    except Unclear:
        return
    assert record is None and name in ("order_fulfillments", "reservations", "dropship_notes")


def test_new_members_are_passed_over() -> None:
    more = {**ORDER, "loyaltyTier": {"level": [1, 2]}, "orderRows": {"51": {**ROW, "carbon": {"grams": 12.5}}}}
    assert decode("orders", 5, read(more)) == decode("orders", 5, read(ORDER))


def test_null_and_empty_where_a_value_is_promised_leave_the_column_empty() -> None:
    holes = dict.fromkeys((
        "reference", "parentOrderId", "placedOn", "createdOn", "updatedOn", "warehouseId", "delivery", "invoices",
        "assignment", "priceModeCode", "acknowledged", "stockStatusCode", "shippingStatusCode",
    ))  # fmt: skip
    order = decode("orders", 5, {**ORDER, **holes, "parties": []})["orders"][0]
    empty = {name for name, value in order.items() if value is None}
    assert empty >= {"reference", "placed_on", "updated_on", "warehouse_id", "channel_id", "contact_id",
                     "delivery_date", "invoice_reference", "stock_status", "acknowledged"}  # fmt: skip
    assert order["is_drop_ship"] is False


def test_a_row_of_free_text_names_no_product() -> None:
    row = decode("orders", 5, with_(ORDER, "orderRows.51", {"quantity": {"magnitude": "1"}}))["order_rows"][0]
    assert (row["product_id"], row["product_name"], row["net"], row["tax"]) == (None, "", 0, 0)


def test_an_answer_in_another_offset_is_the_same_instant() -> None:
    offsets = ("2026-03-29T01:30:00.000+00:00", "2026-03-29T02:30:00.000+01:00", "2026-03-28T19:30:00.000-06:00",
               "2026-03-29T07:15:00.000+05:45", "2026-03-29T01:30:00Z")  # fmt: skip
    read_as = {decode("orders", 5, {**ORDER, "placedOn": text})["orders"][0]["placed_on"] for text in offsets}
    assert read_as == {moment("2026-03-29T01:30:00+00:00")}


def test_an_amount_of_a_currency_with_three_decimals_is_exact() -> None:
    kuwait = with_(with_(ORDER, "currency.orderCurrencyCode", "KWD"), "totalValue.total", "12.345")
    kuwait = with_(kuwait, "orderRows.51.rowValue.rowTax.value", "0.0015")
    found = decode("orders", 5, kuwait)
    assert (found["orders"][0]["total"], found["order_rows"][0]["tax"]) == (Decimal("12.345"), Decimal("0.0015"))
    assert found["order_rows"][0]["currency"] == "KWD"


def test_markup_and_line_breaks_in_descriptions_are_kept_as_they_are() -> None:
    words = '<p class="lead">Tea &amp; <b>mugs</b></p>\r\n\t<script>alert("ü")</script>'
    channel = {"salesChannelName": "Brightpearl", "productName": "A\tB", "description": {"text": words},
               "shortDescription": {"text": "<br/>"}}  # fmt: skip
    found = decode("products", 2001, {**PRODUCT, "salesChannels": [channel]})
    assert found["product_sales_channels"][0]["description"] == words
    assert found["product_sales_channels"][0]["short_description"] == "<br/>"
    assert found["products"][0]["name"] == "A\tB"


def test_two_products_of_one_sku_are_two_products() -> None:
    rows = [decode("products", number, {**PRODUCT, "id": number})["products"][0] for number in (2001, 2002)]
    assert [(row["product_id"], row["sku"]) for row in rows] == [(2001, "MUG"), (2002, "MUG")]


def test_a_product_that_becomes_a_bundle_is_tracked_no_more_and_has_components() -> None:
    parts = [{"productId": 7, "productQuantity": 2}, {"productId": 8, "productQuantity": "1.5"},
             {"productId": 7, "productQuantity": 1}]  # fmt: skip
    before = decode("products", 2001, PRODUCT)
    after = decode("products", 2001, {**PRODUCT, "composition": {"bundle": True, "bundleComponents": parts}})
    again = decode("products", 2001, {**PRODUCT, "composition": {"bundle": False, "bundleComponents": parts}})
    assert (before["products"][0]["bundle"], before["products"][0]["stock_tracked"]) == (False, True)
    assert (after["products"][0]["bundle"], after["products"][0]["stock_tracked"]) == (True, False)
    assert [tuple(row.values()) for row in after["bundle_components"]] == [(2001, 7, 3), (2001, 8, Decimal("1.5"))]
    assert (before["bundle_components"], again) == ([], before)


def test_what_is_said_twice_of_one_product_counts_once() -> None:
    twice = [{"optionId": 4, "optionName": "Colour", "optionValueId": one, "optionValue": str(one)} for one in (1, 2)]
    channels = PRODUCT["salesChannels"] * 2
    found = decode("products", 2001, {**PRODUCT, "variations": twice, "salesChannels": channels})
    assert [row["option_value_id"] for row in found["product_variations"]] == [1]
    assert len(found["product_sales_channels"]) == 1


@pytest.mark.parametrize(
    ("firm", "words"),
    [
        ({"customFields": ["PCF_A"]}, "customFields is a list, not a map"),
        ({"customFields": {"PCF_A": [1]}}, "customFields.PCF_A: a list is not text"),
        ({"warehouses": {"main": {}}}, "warehouses has the key 'main', which is no id"),
        ({"variations": [{"optionName": "Colour"}]}, "optionId is missing"),
        ({"composition": {"bundle": True, "bundleComponents": [{"productId": 7}]}}, "productQuantity is missing"),
        ({"composition": "bundle"}, "composition.bundle: a str where an object was expected"),
    ],
)
def test_a_product_that_can_not_be_understood_says_where(firm: dict[str, Any], words: str) -> None:
    with pytest.raises(Unclear) as why:
        decode("products", 2001, {**PRODUCT, **firm})
    assert str(why.value) == words


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        ({"one": "9.99"}, "quantityPrice of price list 2: 'one' is not a whole number"),
        ({"1": "9.99999"}, "quantityPrice of price list 2: 9.99999 has more than 4 decimals"),
        (["9.99"], "quantityPrice of price list 2 is a list, not a map"),
    ],
)
def test_a_price_that_can_not_be_understood_says_where(breaks: Any, words: str) -> None:
    with pytest.raises(Unclear) as why:
        decode("prices", 7, {"productId": 7, "priceLists": [{"priceListId": 2, "quantityPrice": breaks}]})
    assert str(why.value) == words


def test_a_price_list_named_in_plain_text_has_that_name() -> None:
    assert decode("price_lists", 2, {"id": 2, "name": "Retail"})["price_lists"][0]["name"] == "Retail"


FORGOTTEN = [
    {"firstName": "FORGOTTEN CONTACT 20260825-101500", "lastName": "FORGOTTEN CONTACT 20260825-101500"},
    {"firstName": "Jo", "lastName": "FORGOTTEN CONTACT 20260825-101500", "communication": None},
    {"firstName": "", "communication": {"emails": {"PRI": {"email": "email1-6f9a@forgotten-email.com"}}}},
    {"firstName": "FORGOTTEN CONTACT 20260825-101500", "updatedOn": "not a date", "postalAddresses": "none"},
]


@pytest.mark.parametrize("record", FORGOTTEN)
def test_a_forgotten_contact_has_no_rows_whatever_else_its_record_says(record: dict[str, Any]) -> None:
    assert decode("contacts", 200, {"contactId": 200, **record}) == {
        "contacts": [], "contact_postal_addresses": [], "suppliers": [],
    }  # fmt: skip
