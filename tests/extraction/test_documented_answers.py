"""Answers that no recording shows, in the shape their documents give, decoded to exactly these rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.extraction.decoding import answered, decode, moment, read

NOON = "2026-02-02T12:00:00.000Z"


def test_a_note_of_a_transfer_has_rows_of_no_order() -> None:
    note = read({
        "orderId": 0, "warehouseId": 2, "targetWarehouseId": 3, "stockTransferId": 41, "transfer": True,
        "priority": True, "status": {"shipped": False, "packed": False, "picked": True, "printed": True,
                                     "pickedOn": NOON, "pickedById": 4, "printedOn": NOON, "printedById": 5},
        "shipping": {"reference": "TRK1", "shippingMethodId": 4, "boxes": 2, "weight": 2.5},
        "releaseDate": NOON, "createdOn": NOON, "createdBy": 203, "sequence": 1, "labelUri": "https://labels.example/1",
        "transferRows": [{"productId": 2001, "quantity": 5, "locationId": 2},
                         {"productId": 2002, "quantity": "1.0000", "locationId": 7}],
        "events": [{"occured": NOON, "eventOwnerId": 203, "eventCode": "PLA"}], "lastEventVersion": 3,
    })  # fmt: skip
    found = decode("goods_outs", 9001, note)
    wanted = {"order_id": 0, "transfer": True, "stock_transfer_id": 41, "target_warehouse_id": 3, "priority": True,
              "shipping_boxes": 2, "weight": Decimal("2.5"), "order_row_count": 0, "event_count": 1, "picked": True,
              "picked_by_id": 4, "picked_on": moment(NOON), "shipped": False, "shipped_on": None,
              "shipping_reference": "TRK1"}  # fmt: skip
    assert {name: found["goods_outs"][0][name] for name in wanted} == wanted
    assert [tuple(row.values()) for row in found["goods_out_order_rows"]] == [
        (9001, 0, 1, 2001, 5, 2),
        (9001, 0, 2, 2002, 1, 7),
    ]
    assert found["goods_out_labels"] == [{"goods_out_id": 9001, "label_uri": "https://labels.example/1"}]


def test_an_order_row_sent_from_two_locations_has_two_positions() -> None:
    places = [{"productId": 1, "quantity": 2, "locationId": 2}, {"productId": 1, "quantity": 3, "locationId": 9}]
    found = decode("goods_outs", 9002, {"orderId": 5, "warehouseId": 2, "orderRows": {"681": places}})
    assert [tuple(row.values()) for row in found["goods_out_order_rows"]] == [
        (9002, 681, 1, 1, 2, 2),
        (9002, 681, 2, 1, 3, 9),
    ]
    assert found["goods_outs"][0]["order_row_count"] == 1


def test_a_goods_in_note_with_all_that_a_movement_may_say() -> None:
    note = read({
        "goodsNoteId": 1301, "orderId": 760, "transfer": False, "goodsNoteStatus": "OPEN", "receivedOn": NOON,
        "userBatchReference": "DOCK-77", "createdBy": 4,
        "goodsMoved": [
            {"productId": 2001, "purchaseOrderRowId": 3910, "quantity": 24, "warehouseId": 2,
             "destinationLocationId": 2, "goodsNoteId": 1301, "batchGoodsNoteId": 1301,
             "productValue": {"currency": "GBP", "value": "3.1000"}, "cleared": True, "quarantine": False,
             "allocated": False, "valueConfirmed": True, "createdOn": NOON, "createdBy": 4, "updatedOn": NOON,
             "updatedBy": 5},
            {"productId": 2002, "quantity": 1},
        ],
    })  # fmt: skip
    found = answered("goods_ins", {"1301": note})
    assert found["goods_ins"] == [
        {
            "goods_note_id": 1301, "goods_movement_count": 2, "order_id": 760, "created_by": 4,
            "goods_note_status": "OPEN", "received_on": moment(NOON), "transfer": False,
            "user_batch_reference": "DOCK-77",
        }
    ]  # fmt: skip
    first, second = found["goods_in_movements"]
    assert first == {
        "goods_note_id": 1301, "position": 1, "product_id": 2001, "purchase_order_row_id": 3910, "quantity": 24,
        "warehouse_id": 2, "destination_location_id": 2, "batch_goods_note_id": 1301,
        "product_value": Decimal("3.1"), "product_value_currency": "GBP", "cleared": True, "quarantine": False,
        "allocated": False, "value_confirmed": True, "created_on": moment(NOON), "created_by": 4,
        "updated_on": moment(NOON), "updated_by": 5,
    }  # fmt: skip
    said = {"goods_note_id": 1301, "position": 2, "product_id": 2002, "quantity": 1}
    assert second == {**dict.fromkeys(first), **said}


def _drop_ship(order: int, purchase: int, **members: Any) -> dict[str, Any]:
    return {
        "orderId": order, "purchaseOrderId": purchase, "supplierId": 235, "status": {"shipped": False},
        "orderRows": {"486": [{"productId": 1084, "quantity": 1, "locationId": 0}]}, "events": [],
    } | members  # fmt: skip


def test_drop_ship_notes_of_two_purchases_with_their_rows_and_events() -> None:
    sent = {"status": {"shipped": True, "shippedOn": NOON, "shippedById": 1},
            "shipping": {"reference": "TRK9", "shippingMethodId": 3},
            "events": [{"occured": NOON, "eventOwnerId": 1, "eventCode": "SHS"}]}  # fmt: skip
    found = answered("dropship_notes", {
        "117": _drop_ship(156, 157, **sent), "118": _drop_ship(156, 157), "120": _drop_ship(160, 161),
    })  # fmt: skip
    assert [tuple(row.values()) for row in found["dropship_notes"]] == [
        (157, 117, 156, 235, True, moment(NOON), 1, 3, "TRK9"),
        (157, 118, 156, 235, False, None, None, None, None),
        (161, 120, 160, 235, False, None, None, None, None),
    ]
    assert found["dropship_note_order_rows"][0] == {
        "purchase_order_id": 157, "dropship_note_id": 117, "order_id": 156, "order_row_id": 486, "position": 1,
        "product_id": 1084, "quantity": 1, "location_id": 0,
    }  # fmt: skip
    assert found["dropship_note_events"] == [
        {
            "purchase_order_id": 157, "dropship_note_id": 117, "order_id": 156, "position": 1, "event_code": "SHS",
            "occurred_on": moment(NOON), "event_owner_id": 1,
        }
    ]  # fmt: skip


def test_how_far_an_order_is_and_from_where() -> None:
    rows = {
        "65": {"quantity": 15, "fulfilled": 7, "shipped": 5, "fulfilmentLocations": {"2": 2}},
        "67": {"quantity": 1, "fulfilled": 0, "shipped": 0},
    }
    found = answered("order_fulfillments", rows, asked=(17,))
    assert [tuple(row.values()) for row in found["order_fulfillments"]] == [(65, 17, 15, 7, 5), (67, 17, 1, 0, 0)]
    assert [tuple(row.values()) for row in found["order_fulfillment_locations"]] == [(65, 2, 17, 2, 7, 5)]


def test_a_reservation_and_an_order_without_one() -> None:
    held = [{"orderId": 540, "warehouseId": 2, "orderRows": {"681": {"productId": 2001, "quantity": 5}}}]
    assert answered("reservations", held, asked=(540,))["reservations"] == [
        {"order_row_id": 681, "warehouse_id": 2, "order_id": 540, "product_id": 2001, "quantity": 5}
    ]
    assert answered("reservations", None, asked=(540,))["reservations"] == []


def test_a_row_reserved_by_two_records_adds_up() -> None:
    one = {"orderId": 540, "warehouseId": 2, "orderRows": {"681": {"productId": 2001, "quantity": 5}}}
    assert decode("reservations", 540, [one, one])["reservations"][0]["quantity"] == 10


def test_a_product_with_options_group_supplier_and_places() -> None:
    product = read({
        "id": 2001, "identity": {"sku": "MUG-BLUE", "ean": "5012345678900"}, "productGroupId": 9,
        "stock": {"stockTracked": True, "weight": {"magnitude": 0.35}}, "composition": {"bundle": False},
        "financialDetails": {"taxable": True, "taxCode": {"id": 7, "code": "T20"}}, "primarySupplierId": 310,
        "variations": [{"optionId": 4, "optionName": "Colour", "optionValueId": 31, "optionValue": "Blue"},
                       {"optionId": 5, "optionName": "Size", "optionValueId": 40, "optionValue": "L"}],
        "warehouses": {"2": {"defaultLocationId": 12, "overflowLocationId": 13, "reorderLevel": 10,
                             "reorderQuantity": 24}},
        "customFields": {"PCF_COLOUR": {"id": 36, "value": "Navy"}, "PCF_PACK": 6, "PCF_NOTE": "a\tb\nc",
                         "PCF_EMPTY": None, "PCF_RATIO": 1.25},
    })  # fmt: skip
    found = decode("products", 2001, product)
    head = found["products"][0]
    assert (head["barcode"], head["product_group_id"], head["primary_supplier_id"]) == ("5012345678900", 9, 310)
    assert (head["weight"], head["status"], head["name"]) == (Decimal("0.35"), "LIVE", "")
    assert [tuple(row.values()) for row in found["product_variations"]] == [
        (2001, 4, "Colour", 31, "Blue"),
        (2001, 5, "Size", 40, "L"),
    ]
    assert [tuple(row.values()) for row in found["product_warehouses"]] == [(2001, 2, 12, 13, 10, 24)]
    assert {row["field"]: row["value"] for row in found["product_custom_fields"]} == {
        "PCF_COLOUR": "Navy", "PCF_PACK": "6", "PCF_NOTE": "a\tb\nc", "PCF_EMPTY": None, "PCF_RATIO": "1.25",
    }  # fmt: skip


def test_prices_with_breaks_in_several_lists() -> None:
    found = answered("prices", [{"productId": 2001, "priceLists": [
        {"priceListId": 2, "currencyCode": "GBP", "sku": "SUP-881", "quantityPrice": {"1": "9.9900", "12": "8.5000"}},
        {"priceListId": 3, "currencyCode": "EUR", "quantityPrice": {}},
    ]}])  # fmt: skip
    assert [tuple(row.values()) for row in found["prices"]] == [
        (2001, 2, "GBP", 1, Decimal("9.99")),
        (2001, 2, "GBP", 12, Decimal("8.5")),
    ]


def test_stock_that_the_answer_leaves_out_is_zero() -> None:
    """A warehouse that holds none of a product; and a product that was never stocked, read as an empty record."""
    level = {"inStock": 5, "onHand": 3, "allocated": 2, "inTransit": 0}
    some = decode("stock_levels", 7, {"warehouses": {"3": level}}, warehouses=(2, 3))["stock_levels"]
    none = decode("stock_levels", 9, {}, warehouses=(2, 3))["stock_levels"]
    assert [tuple(row.values()) for row in some] == [(7, 3, 5, 2, 3, 0), (7, 2, 0, 0, 0, 0)]
    assert [tuple(row.values()) for row in none] == [(9, 2, 0, 0, 0, 0), (9, 3, 0, 0, 0, 0)]


def test_the_small_lists() -> None:
    channel = {"id": 4, "name": "Shop", "channelTypeId": 1, "defaultWarehouseId": 2, "defaultPriceListId": 0}
    assert answered("channels", [channel])["channels"] == [
        {"channel_id": 4, "name": "Shop", "default_warehouse_id": 2, "default_price_list_id": None}
    ]
    nominal = {"id": 31, "code": "4000", "name": "Sales", "type": {"id": 4}, "bank": False, "active": True}
    assert answered("nominal_codes", [nominal])["nominal_codes"] == [
        {"code": "4000", "name": "Sales", "type_id": 4, "bank": False, "active": True}
    ]
    assert decode("shipping_methods", 4, {"id": 4, "code": "", "name": "Van"})["shipping_methods"] == [
        {"shipping_method_id": 4, "name": "Van", "code": None}
    ]


def test_a_movement_of_the_stock_ledger() -> None:
    row = {"goodsMovementId": 7, "productId": 1007, "warehouseId": 2, "quantity": -3, "goodsNoteTypeCode": "GO",
           "goodsNoteId": 9001, "orderId": 540, "batchId": 12, "isQuarantine": False, "productValue": "3.1000",
           "currencyCode": "GBP", "updatedOn": NOON}  # fmt: skip
    assert [tuple(one.values()) for one in decode("goods_movements", 7, row)["goods_movements"]] == [
        (7, 1007, 2, -3, "GO", 9001, 540, 12, False, Decimal("3.1"), "GBP", moment(NOON))
    ]


def test_a_supplier_by_its_company_and_a_private_one_by_its_number() -> None:
    contact = {"contactId": 310, "firstName": "Ann", "lastName": "Fox", "relationshipToAccount": {"isSupplier": True},
               "organisation": {"organisationId": 31, "name": "Fox Mugs Ltd"},
               "contactStatus": {"current": {"contactStatusId": 1, "contactStatusName": "Active"}},
               "postAddressIds": {"DEF": 5},
               "postalAddresses": {"5": {"addressId": 5, "contactId": 310, "addressLine1": "1 High St",
                                         "addressLine3": "Leeds", "postalCode": "LS1 1AA",
                                         "countryIsoCode": "GBR"}}}  # fmt: skip
    found = decode("contacts", 310, contact)
    assert found["suppliers"] == [{"supplier_id": 310, "name": "Fox Mugs Ltd"}]
    assert found["contacts"][0]["current_contact_status"] == "Active"
    assert [tuple(row.values()) for row in found["contact_postal_addresses"]] == [
        (310, 5, "1 High St", None, "Leeds", None, "LS1 1AA", "GBR")
    ]
    addresses = list(contact["postalAddresses"].values())
    private = decode("contacts", 310, {**contact, "organisation": {}, "postalAddresses": addresses})
    assert private["suppliers"] == [{"supplier_id": 310, "name": "Supplier 310"}]
    assert private["contact_postal_addresses"] == found["contact_postal_addresses"]
