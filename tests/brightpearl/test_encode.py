"""Request bodies against the shapes of the ERP's reference."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from bp_assets.brightpearl import encode
from bp_assets.brightpearl.encode import Goods, Row

NOON = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
STAMP = "2026-11-20T10:15:00.000+00:00"
SALE = {
    "customer_id": 200,
    "external_ref": "store1-till2-000123",
    "instance_id": 13,
    "ref": "POS-1-000123",
    "placed_on": NOON,
    "tax_date": NOON,
    "channel_id": 4,
    "warehouse_id": 2,
    "currency": "GBP",
}


def row(**more):
    values = {"quantity": Decimal(2), "net": Decimal("16.6667"), "tax": Decimal("3.33"), "tax_code": "T20"}
    return Row(**{**values, "product_id": 1007, **more})


def test_a_sales_order_has_the_documented_shape():
    body = encode.order(**SALE, price_list_id=2, price_mode="INC", status_id=3, rows=[row(nominal_code="4000")])
    assert body == {
        "customer": {"id": 200},
        "ref": "POS-1-000123",
        "externalRef": "store1-till2-000123",
        "installedIntegrationInstanceId": 13,
        "placedOn": STAMP,
        "taxDate": STAMP,
        "channelId": 4,
        "warehouseId": 2,
        "statusId": 3,
        "priceListId": 2,
        "priceModeCode": "INC",
        "currency": {"code": "GBP"},
        "rows": [
            {
                "productId": 1007,
                "quantity": "2",
                "taxCode": "T20",
                "net": "16.6667",
                "tax": "3.33",
                "nominalCode": "4000",
            }
        ],
    }


def test_a_credit_names_the_order_it_belongs_to():
    body = encode.order(**SALE, parent_id=5021, shipping_method_id=0, rows=[row()])
    assert (body["parentId"], body["delivery"]) == (5021, {"shippingMethodId": 0})


@pytest.mark.parametrize(
    ("quantity", "net", "tax", "expected"),
    [
        ("1", "10", "2", ("1", "10.0000", "2.00")),
        ("1.0000", "-3.5", "-0.70", ("1", "-3.5000", "-0.70")),
        ("0.345", "0.1", "0", ("0.345", "0.1000", "0.00")),
        ("100", "-0", "-0", ("100", "0.0000", "0.00")),
        ("1E+2", "1.005", "0.125", ("100", "1.0050", "0.125")),
    ],
)
def test_numbers_of_a_row_are_plain_text_of_fixed_width(quantity, net, tax, expected):
    one = row(quantity=Decimal(quantity), net=Decimal(net), tax=Decimal(tax))
    (sent,) = encode.order(**SALE, rows=[one])["rows"]
    assert (sent["quantity"], sent["net"], sent["tax"]) == expected


def test_a_text_row_has_no_product():
    (sent,) = encode.order(**SALE, rows=[row(product_id=None, name="Tip")])["rows"]
    assert sent == {"name": "Tip", "quantity": "2", "taxCode": "T20", "net": "16.6667", "tax": "3.33"}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "at least one row"),
        ([row(product_id=None)], "a product or a name"),
        ([row(net=Decimal("1.00001"))], "at most 4"),
        ([row(quantity=Decimal("NaN"))], "not a finite number"),
    ],
)
def test_an_order_that_the_erp_would_misread_is_not_made(rows, message):
    with pytest.raises(ValueError, match=message):
        encode.order(**SALE, rows=rows)


def test_an_external_reference_is_neither_empty_nor_too_long():
    for reference, message in (("", "external_ref is empty"), ("x" * 65, "at most 64")):
        with pytest.raises(ValueError, match=message):
            encode.order(**{**SALE, "external_ref": reference}, rows=[row()])


def test_a_payment_has_the_documented_shape():
    body = encode.payment(
        order_id=5021,
        kind="RECEIPT",
        method="CARD",
        currency="GBP",
        amount=Decimal(20),
        paid_on=NOON,
        transaction_ref="store1-till2-000123-1",
        transaction_code="store1-till2-000123",
        journal_ref="POS sale 000123",
    )
    assert body == {
        "transactionRef": "store1-till2-000123-1",
        "transactionCode": "store1-till2-000123",
        "paymentMethodCode": "CARD",
        "paymentType": "RECEIPT",
        "orderId": 5021,
        "currencyIsoCode": "GBP",
        "amountPaid": Decimal("20.00"),
        "paymentDate": STAMP,
        "journalRef": "POS sale 000123",
    }
    assert str(body["amountPaid"]) == "20.00"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"amount": Decimal(0)}, "none"),
        ({"amount": Decimal("-1")}, "none"),
        ({"amount": Decimal("1.001")}, "at most 2"),
        ({"transaction_ref": ""}, "recognised"),
    ],
)
def test_a_payment_that_could_go_wrong_is_not_made(change, message):
    values = {
        "order_id": 1, "kind": "PAYMENT", "method": "CASH", "currency": "GBP", "amount": Decimal(1), "paid_on": NOON,
        "transaction_ref": "r",
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        encode.payment(**{**values, **change})


def test_a_goods_out_note_has_the_documented_shape():
    body = encode.goods_out_note(warehouse_id=2, goods=[Goods(9001, 1007, 2)], release_on=NOON, shipping_method_id=49)
    assert body == {
        "warehouses": [
            {
                "releaseDate": STAMP,
                "warehouseId": 2,
                "transfer": False,
                "products": [{"productId": 1007, "salesOrderRowId": 9001, "quantity": 2}],
            }
        ],
        "priority": False,
        "shippingMethodId": 49,
    }


def test_the_ship_event_is_spelled_as_the_erp_spells_it():
    assert encode.ship_event(shipped_on=NOON, owner_contact_id=4) == {
        "events": [{"eventCode": "SHW", "occured": STAMP, "eventOwnerId": 4}]
    }


def test_goods_come_in_against_the_credits_rows():
    body = encode.goods_in_note(
        warehouse_id=2,
        location_id=3,
        goods=[Goods(7701, 1007, 1), Goods(7702, 1008, 2)],
        received_on=NOON,
        batch_reference="ret-000123",
        unit_values={1007: Decimal(5)},
        base_currency="GBP",
    )
    value = {"currency": "GBP", "value": Decimal("5.00")}
    assert body == {
        "transfer": False,
        "warehouseId": 2,
        "goodsMoved": [
            {
                "productId": 1007, "purchaseOrderRowId": 7701, "quantity": 1, "destinationLocationId": 3,
                "productValue": value,
            },
            {"productId": 1008, "purchaseOrderRowId": 7702, "quantity": 2, "destinationLocationId": 3},
        ],
        "receivedOn": STAMP,
        "userBatchReference": "ret-000123",
    }  # fmt: skip


def test_a_reservation_names_each_row_once():
    assert encode.reservation([Goods(681, 2001, 5)]) == {
        "products": [{"productId": 2001, "salesOrderRowId": 681, "quantity": 5}]
    }
    with pytest.raises(ValueError, match="twice"):
        encode.reservation([Goods(681, 2001, 5), Goods(681, 2001, 1)])


def test_nothing_and_less_than_nothing_can_not_be_moved():
    with pytest.raises(ValueError, match="nothing to move"):
        encode.reservation([])
    with pytest.raises(ValueError, match="0 units"):
        encode.reservation([Goods(1, 2, 0)])


def test_times_are_sent_in_utc_and_never_without_a_zone():
    in_leeds = datetime(2026, 7, 1, 9, 30, 0, 250_000, tzinfo=timezone(timedelta(hours=1)))
    assert encode.close(in_leeds) == {"taxDate": "2026-07-01T08:30:00.250+00:00"}
    assert encode.close() == {}
    with pytest.raises(ValueError, match="no time zone"):
        encode.close(datetime(2026, 7, 1))  # noqa: DTZ001  # the mistake under test


def test_paths_name_the_record():
    assert encode.close_path("SC", 7) == "/order-service/sales-credit/7/close"
    assert encode.goods_out_path(7) == "/warehouse-service/order/7/goods-note/goods-out"
    assert encode.ship_path(9) == "/warehouse-service/goods-note/goods-out/9/event"
    assert encode.goods_in_path(7) == "/warehouse-service/order/7/goods-note/goods-in"
    assert encode.reservation_path(7, 2) == "/warehouse-service/order/7/reservation/warehouse/2"
