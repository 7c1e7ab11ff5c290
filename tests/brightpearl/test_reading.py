"""Tolerant decoding: what is odd is put aside with its reason, what is fine goes on."""

from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bp_assets.brightpearl.answer import Answer
from bp_assets.brightpearl.errors import BadAnswer
from bp_assets.brightpearl.orders import OrderRow, read_order
from bp_assets.brightpearl.reading import Misread, Record, Unclear, decode_list, decode_map

# The recorded Order GET, shortened to what is read.
ORDER = {
    "id": 1,
    "parentOrderId": 0,
    "orderTypeCode": "SO",
    "reference": "",
    "orderStatus": {"orderStatusId": 4, "name": "Invoiced"},
    "orderPaymentStatus": "UNPAID",
    "stockStatusCode": "SOA",
    "allocationStatusCode": "AAA",
    "shippingStatusCode": "ASS",
    "placedOn": "2020-03-31T15:02:44.000-06:00",
    "createdOn": "2020-03-31T15:02:44.000-06:00",
    "createdById": 206,
    "priceListId": 1,
    "priceModeCode": "INC",
    "delivery": {"shippingMethodId": 0},
    "invoices": [{"invoiceReference": "SI-1001", "taxDate": "2020-03-31T00:00:00.000-06:00"}],
    "currency": {"orderCurrencyCode": "USD"},
    "totalValue": {"net": "9.09", "taxAmount": "0.91", "total": "10.00"},
    "assignment": {"current": {"channelId": 0}},
    "parties": {"customer": {"contactId": 200}, "delivery": {}},
    "orderRows": {
        "1": {
            "orderRowSequence": "10",
            "productId": 1007,
            "productName": "Nice Shirt for Summer",
            "productSku": "TEST001",
            "quantity": {"magnitude": "1.0000"},
            "itemCost": {"currencyCode": "USD", "value": "5.0000"},
            "rowValue": {"taxCode": "T", "rowNet": {"value": "9.0909"}, "rowTax": {"value": "0.91"}},
            "nominalCode": "4000",
            "composition": {"bundleParent": False, "bundleChild": False},
        }
    },
    "warehouseId": 2,
    "historicalOrder": False,
}


def changed(path, value):
    order = deepcopy(ORDER)
    place = order
    for name in path[:-1]:
        place = place[name]
    if value is KeyError:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return order


def read(*orders):
    return decode_list("order", Answer(200, {"response": list(orders)}), "id", read_order)


def test_the_recorded_order_is_read_exactly():
    (order,) = read(ORDER)
    assert (order.order_id, order.type, order.contact_id, order.warehouse_id) == (1, "SO", 200, 2)
    assert (order.net, order.tax, order.total, order.currency) == (
        Decimal("9.09"), Decimal("0.91"), Decimal("10.00"), "USD",
    )  # fmt: skip
    assert order.placed_on == datetime(2020, 3, 31, 21, 2, 44, tzinfo=UTC)
    assert (order.updated_on, order.closed_on) == (None, None)
    assert (order.invoice_reference, order.invoiced) == ("SI-1001", True)
    assert order.rows == (
        OrderRow(
            row_id=1, sequence=10, product_id=1007, sku="TEST001", name="Nice Shirt for Summer",
            quantity=Decimal("1.0000"), net=Decimal("9.0909"), tax=Decimal("0.91"), tax_code="T",
            nominal_code="4000", item_cost=Decimal("5.0000"),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [("invoices",), ("delivery",), ("assignment",), ("parties",), ("orderStatus",), ("orderRows",), ("currency",)],
)
def test_members_the_erp_leaves_out_have_a_plain_default(path):
    (order,) = read(changed(path, KeyError))
    assert not isinstance(order, Misread)


@pytest.mark.parametrize("reference", ["", "pending"])
def test_an_order_is_invoiced_only_once_it_has_a_number(reference):
    (order,) = read(changed(("invoices",), [{"invoiceReference": reference}]))
    assert not order.invoiced


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("id",), "x", "id: 'x' is not a number"),
        (("totalValue", "net"), KeyError, "totalValue.net is missing"),
        (("totalValue", "net"), "NaN", "totalValue.net: 'NaN' is not a finite number of at most 30 digits"),
        (("totalValue", "net"), True, "totalValue.net: a bool is not a number"),
        (("placedOn",), "yesterday", "placedOn: Invalid isoformat string: 'yesterday'"),
        (("placedOn",), "2020-03-31T15:02:44", "placedOn: '2020-03-31T15:02:44' has no offset"),
        (("orderRows",), [], "a list where an object was expected"),
        (("orderRows",), {"one": {}}, "invalid literal for int() with base 10: 'one'"),
        (("parties",), "x", "parties.customer.contactId: str where an object was expected"),
        (("warehouseId",), Decimal("1.5"), "warehouseId: Decimal('1.5') is not a whole number"),
    ],
)
def test_an_order_that_is_not_understood_is_put_aside_and_the_next_is_read(path, value, reason):
    misread, good = read(changed(path, value), ORDER)
    assert isinstance(misread, Misread)
    assert (misread.resource, misread.reason) == ("order", reason)
    assert good.order_id == 1


@pytest.mark.parametrize("raw", [None, 7, "x", []])
def test_a_record_that_is_no_object_is_put_aside(raw):
    (misread,) = read(raw)
    assert (misread.id, misread.raw) == ("", raw)


def test_nothing_found_is_an_empty_list_and_nonsense_a_bad_answer():
    assert decode_list("x", Answer(200, {"response": []}), "id", read_order) == []
    assert decode_map("x", Answer(200, {"response": {}}), lambda key, raw: key) == []
    with pytest.raises(BadAnswer, match="x: a dict where a list was expected"):
        decode_list("x", Answer(200, {"response": {"a": 1}}), "id", read_order)
    with pytest.raises(BadAnswer, match="x: a list where a map was expected"):
        decode_map("x", Answer(200, {"response": [1]}), lambda key, raw: key)


def test_a_map_is_read_by_its_ids():
    answer = Answer(200, {"response": {"7": {"a": 1}, "x": {"a": 2}}})
    first, second = decode_map("thing", answer, lambda key, raw: (key, raw.whole("a")))
    assert first == (7, 1)
    assert (second.id, second.reason) == ("x", "'x' is not a number")


def test_flags_come_as_booleans_numbers_or_words():
    raw = Record({"a": True, "b": 0, "c": "true", "d": "maybe"})
    assert [raw.flag("a"), raw.flag("b"), raw.flag("c"), raw.flag("e", default=False)] == [True, False, True, False]
    with pytest.raises(Unclear, match="d: 'maybe' is neither true nor false"):
        raw.flag("d")
