"""Every recorded answer that a resource reads, decoded to exactly these rows. The recordings outrank all documents."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.extraction.decoding import answered, decode, moment, read

FOLDER = Path(__file__).parents[2].parent / "shared" / "recordings" / "brightpearl"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared recordings are not beside this checkout")

PLACED = moment("2020-03-31T15:02:44-06:00")


def recorded(name: str, step: int = 0) -> Any:
    return read(FOLDER.joinpath(f"{name}.json").read_text())[step]["response"]["body"]["response"]


def searched(name: str) -> list[dict[str, Any]]:
    """The rows of a recorded search as the engine gives them to decode."""
    found = recorded(name)
    names = [column["name"] for column in found["metaData"]["columns"]]
    return [dict(zip(names, row, strict=True)) for row in found["results"]]


def test_an_invoiced_order() -> None:
    found = answered("orders", recorded("order_get_one"))
    assert found["orders"] == [
        {
            "order_id": 1, "order_type": "SO", "parent_order_id": None, "reference": None, "external_ref": None,
            "status_id": 4, "status": "Invoiced", "acknowledged": False, "payment_status": "UNPAID",
            "stock_status": "SOA", "allocation_status": "AAA", "shipping_status": "ASS", "placed_on": PLACED,
            "created_on": PLACED, "created_by_id": 206, "updated_on": moment("2020-03-31T15:57:21-06:00"),
            "closed_on": moment("2020-03-31T15:57:20-06:00"), "delivery_date": None, "channel_id": None,
            "warehouse_id": 2, "price_list_id": 1, "price_mode": "INC", "currency": "USD",
            "exchange_rate": Decimal("1.000000"), "net_total": Decimal("9.09"), "tax_total": Decimal("0.91"),
            "total": Decimal("10.00"), "is_drop_ship": False, "contact_id": 200, "billing_contact_id": 200,
            "delivery_contact_id": None, "supplier_contact_id": None, "invoice_reference": "SI-1001",
            "tax_date": moment("2020-03-31T00:00:00-06:00"),
        }
    ]  # fmt: skip
    assert found["order_rows"] == [
        {
            "order_row_id": 1, "order_id": 1, "sequence": 10, "product_id": 1007,
            "product_name": "Nice Shirt for Summer", "product_sku": "TEST001", "quantity": Decimal(1),
            "net": Decimal("9.0909"), "tax": Decimal("0.91"), "currency": "USD", "tax_code": "T",
            "nominal_code": "4000", "list_price": Decimal(10), "item_cost": Decimal(5), "bundle_parent": False,
            "bundle_child": False, "parent_order_row_id": None,
        }
    ]  # fmt: skip
    demo = {"order_id": 1, "name": "Demo Customer", "email": "demo@test.com"}
    assert found["order_parties"] == [
        {**demo, "role": "billing", "contact_id": 200},
        {**demo, "role": "delivery", "contact_id": None},
    ]


def test_an_order_just_created_without_rows() -> None:
    found = decode("orders", 329, recorded("order_patch", step=1))
    order = found["orders"][0]
    assert found["order_rows"] == []
    assert (order["order_id"], order["reference"], order["stock_status"], order["total"]) == (329, "#XYZ", "NON", 0)
    assert (order["updated_on"], order["closed_on"], order["invoice_reference"]) == (None, None, None)
    assert order["delivery_date"] == moment("2022-01-19T18:00:00-06:00")


def test_an_order_that_does_not_exist() -> None:
    assert answered("orders", recorded("order_get_empty_not_found")) == {
        "orders": [], "order_rows": [], "order_parties": [],
    }  # fmt: skip


def test_a_product_with_a_custom_field() -> None:
    found = answered("products", recorded("product_get_one_with_custom_fields"))
    assert found["products"] == [
        {
            "product_id": 1007, "name": "Nice Shirt for Summer", "barcode": None, "stock_tracked": True,
            "bundle": False, "sku": "TEST001", "brand_id": 74, "status": "LIVE", "tax_code": "T",
            "nominal_code_sales": "4000", "nominal_code_stock": "1001", "nominal_code_purchases": "5000",
            "primary_supplier_id": None, "product_group_id": None, "product_type_id": 1, "taxable": False,
            "tax_code_id": 2, "weight": Decimal(0), "created_on": moment("2020-03-31T14:58:29-06:00"),
            "updated_on": moment("2020-07-06T01:48:36-06:00"),
        }
    ]  # fmt: skip
    assert found["product_custom_fields"] == [
        {"product_id": 1007, "field": "PCF_SERIALIS", "value": "true", "sku": "TEST001"}
    ]
    assert found["product_sales_channels"] == [
        {
            "product_id": 1007, "sales_channel_name": "Brightpearl", "product_name": "Nice Shirt for Summer",
            "product_condition": "new", "description": None, "short_description": None,
            "available_to_sell_on_channel": None, "sell_when_no_stock": None,
        }
    ]  # fmt: skip
    nowhere = {"default_location_id": None, "overflow_location_id": None, "reorder_level": 0, "reorder_quantity": 0}
    assert found["product_warehouses"] == [
        {"product_id": 1007, "warehouse_id": 2, **nowhere}, {"product_id": 1007, "warehouse_id": 3, **nowhere},
    ]  # fmt: skip
    assert (found["product_variations"], found["bundle_components"]) == ([], [])


def test_a_product_without_custom_fields_is_the_same_product() -> None:
    plain, custom = recorded("product_get_one"), recorded("product_get_one_with_custom_fields")
    assert answered("products", plain)["products"] == answered("products", custom)["products"]
    assert answered("products", plain)["product_custom_fields"] == []


def test_prices_of_a_product() -> None:
    assert answered("prices", recorded("product_price_get"))["prices"] == [
        {"product_id": 1007, "price_list_id": 1, "currency": "CRC", "min_quantity": 1, "unit_price": Decimal(10)}
    ]


def test_a_price_list() -> None:
    assert answered("price_lists", recorded("price_list_get"))["price_lists"] == [
        {
            "price_list_id": 1, "name": "Cost CRC", "code": "COST CRC", "currency": "CRC", "type": "BUY",
            "gross": False, "currency_id": 5, "currency_symbol": "₡",
        }
    ]  # fmt: skip


def test_stock_of_two_products() -> None:
    found = [
        row
        for product, record in recorded("product_availability_get").items()
        for row in decode("stock_levels", int(product), record, warehouses=(2, 3))["stock_levels"]
    ]
    assert found == [
        {"product_id": 1532, "warehouse_id": 2, "in_stock": 60, "allocated": 12, "on_hand": 48, "in_transit": 0},
        {"product_id": 1532, "warehouse_id": 3, "in_stock": 0, "allocated": 0, "on_hand": 0, "in_transit": 0},
        {"product_id": 1007, "warehouse_id": 2, "in_stock": 4, "allocated": 0, "on_hand": 4, "in_transit": 0},
        {"product_id": 1007, "warehouse_id": 3, "in_stock": 0, "allocated": 0, "on_hand": 0, "in_transit": 0},
    ]


def test_tax_codes_with_and_without_a_rate() -> None:
    found = answered("tax_codes", recorded("tax_code_get"))["tax_codes"]
    assert [row["tax_code"] for row in found] == ["Z", "T", "N", "VAT", "IVA", "IV2", "T13", "13", "I1", "I2", "I0"]
    assert found[0] == {"tax_code_id": 1, "tax_code": "Z", "description": "Exempt", "rate": 0}
    assert found[1] == {"tax_code_id": 2, "tax_code": "T", "description": "Taxable", "rate": 10}
    assert answered("tax_codes", recorded("tax_code_get_by_id"))["tax_codes"] == found[:1]


def test_an_order_status() -> None:
    assert answered("order_statuses", recorded("order_status_get"))["order_statuses"] == [
        {"status_id": 1, "name": "Draft / Quote", "order_type": "SO", "disabled": False, "color": "#E7E6E4"}
    ]


def test_a_goods_out_note_that_was_shipped_at_once() -> None:
    found = answered("goods_outs", recorded("goods_out_note__get__by_gon_id"))
    made, sent = moment("2025-11-04T10:17:45-06:00"), moment("2025-11-04T10:41:38-06:00")
    assert found["goods_outs"] == [
        {
            "goods_out_id": 12447605, "event_count": 5, "order_row_count": 4, "order_id": 988116, "created_by": 203,
            "created_on": made, "packed": True, "packed_by_id": 4, "packed_on": sent,
            "picked": True, "picked_by_id": 4, "picked_on": sent, "printed": True, "printed_by_id": 4,
            "printed_on": sent, "priority": False, "release_date": made, "sequence": 1, "shipped": True,
            "shipped_by_id": 4, "shipped_on": sent, "shipping_boxes": None, "shipping_method_id": 49,
            "shipping_reference": None, "transfer": False, "stock_transfer_id": None, "target_warehouse_id": None,
            "warehouse_id": 2, "weight": None, "external_ref": None,
        }
    ]  # fmt: skip
    assert sorted(tuple(row.values()) for row in found["goods_out_order_rows"]) == [
        (12447605, 2975384, 1, 498969, 1, 2),
        (12447605, 2975385, 1, 489065, 1, 2),
        (12447605, 2975386, 1, 497476, 1, 2),
        (12447605, 2975387, 1, 506939, 1, 2),
    ]
    assert [tuple(row.values()) for row in found["goods_out_events"]] == [
        (12447605, 1, "PLA", made, 203),
        (12447605, 2, "SHW", sent, 4),
        (12447605, 3, "PRI", sent, 4),
        (12447605, 4, "PIC", sent, 4),
        (12447605, 5, "PAC", sent, 4),
    ]


def test_a_contact() -> None:
    found = answered("contacts", recorded("customer__get__simple_get"))
    assert found["contacts"] == [
        {
            "contact_id": 151499, "billing_postal_address_id": 418692,
            "created_on": moment("2025-02-21T10:30:08-06:00"), "current_contact_status": None,
            "default_postal_address_id": 418692, "delivery_postal_address_id": 418693, "email": "test@gmail.com",
            "first_name": "john", "is_primary_contact": True, "is_staff": False, "is_supplier": False,
            "last_name": "Doe", "organisation_id": 151499, "organisation_name": None,
            "receive_email_newsletter": True, "updated_on": moment("2025-08-28T14:59:22.970-06:00"),
        }
    ]  # fmt: skip
    assert (found["contact_postal_addresses"], found["suppliers"]) == ([], [])


def test_a_payment_from_the_search() -> None:
    rows = searched("customer_payment__search__simple_search")
    assert [decode("customer_payments", row["paymentId"], row)["customer_payments"] for row in rows] == [
        [
            {
                "payment_id": 935253, "order_id": 1081505, "transaction_ref": "RUBY-BP-RECEIPT-REF-0001",
                "payment_method": "PUNTOS", "payment_type": "RECEIPT", "amount_paid": Decimal("100.00"),
                "currency": "CRC", "payment_date": moment("2026-04-17T10:00:00-06:00"),
                "created_on": moment("2026-04-17T11:32:08-06:00"), "journal_id": 3113824,
            }
        ]
    ]  # fmt: skip
