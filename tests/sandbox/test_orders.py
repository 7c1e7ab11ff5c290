"""Sales orders and credits: created once, refused with reasons, read back, edited, invoiced, cancelled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.server import SandboxServer
from tests.sandbox.client import CREDENTIALS, Caller, line, sale

ORDERS = "/order-service/sales-order"


def test_the_same_reference_and_instance_create_one_order_and_change_nothing(box: Caller) -> None:
    first = box.call("POST", ORDERS, sale("x"))
    other = box.call("POST", ORDERS, sale("x", [line(units=9)]))
    assert (first.status_code, other.status_code) == (201, 200)
    assert first.json() == other.json()
    assert box.one(first.json()["response"])["totalValue"]["total"] == "20.00"
    assert len(box.control("GET", "books")["orders"]) == 1


def test_another_instance_or_no_instance_gives_no_protection(box: Caller) -> None:
    box.order("x")
    assert box.call("POST", ORDERS, sale("x") | {"installedIntegrationInstanceId": 14}).status_code == 201
    bare = {name: value for name, value in sale("x").items() if name != "installedIntegrationInstanceId"}
    assert [box.call("POST", ORDERS, bare).status_code for _ in range(2)] == [201, 201]
    assert len(box.rows("/order-service/order-search?externalRef=x")) == 4


def test_orders_and_credits_share_the_space_of_references_unless_switched(box: Caller) -> None:
    order = box.order("x")
    assert box.read("POST", "/order-service/sales-credit", sale("x")) == order
    box.control("POST", "reset")
    box.control("POST", "switches", {"shared_reference_space": "false"})
    order = box.order("x")
    assert box.order("x", kind="sales-credit") != order


def test_totals_are_the_rows_as_sent_net_rounded_once_tax_to_the_penny(box: Caller) -> None:
    rows = [line(net="16.6667", tax="3.33"), line(1008, 1, "8.3333", "1.67"), {**line(1009, 1, "-2.5", "-0.5")}]
    found = box.one(box.order("sum", rows))["totalValue"]
    assert (found["net"], found["taxAmount"], found["total"]) == ("22.50", "4.50", "27.00")


def test_the_recorded_widths_of_decimals_are_kept(box: Caller) -> None:
    order = box.order("w", [line(net="16.6667", tax="3.3349")])
    row = next(iter(box.one(order)["orderRows"].values()))
    assert (row["quantity"]["magnitude"], row["rowValue"]["taxRate"]) == ("2.0000", "20.0000")
    assert (row["rowValue"]["rowNet"]["value"], row["rowValue"]["rowTax"]["value"]) == ("16.6667", "3.33")
    flat = box.read("GET", f"{ORDERS}/{order}")[0]
    assert (flat["rows"][0]["quantity"], flat["total"]["gross"], flat["externalRef"]) == ("2", "20.00", "w")


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        ({"customer": {}}, "ORDC-901", "customer.id"),
        ({"customer": {"id": 999}}, "ORDC-902", "999"),
        ({"rows": [line(product=5)]}, "ORDC-903", "5"),
        ({"rows": [line(code="T99")]}, "ORDC-904", "T99"),
        ({"rows": [{**line(), "nominalCode": "1"}]}, "ORDC-905", "'1'"),
        ({"warehouseId": 99}, "ORDC-906", "99"),
        ({"channelId": 99}, "ORDC-907", "99"),
        ({"currency": {"code": "gbp"}}, "ORDC-908", "gbp"),
        ({"priceListId": 9}, "ORDC-909", "9"),
        ({"statusId": 10}, "ORDC-910", "10"),
        ({"rows": [line(net="1.00001")]}, "ORDC-911", "1.00001"),
        ({"rows": [line(net="Infinity")]}, "ORDC-911", "Infinity"),
        ({"rows": [{**line(), "tax": None}]}, "ORDC-911", "tax of row 1"),
        ({"rows": [{"quantity": "1", "taxCode": "T20", "net": "1", "tax": "0"}]}, "ORDC-912", "Row 1"),
        ({"rows": [line(), {**line(), "quantity": "1.5"}]}, "ORDC-024", "row 2"),
        ({"rows": [{**line(), "quantity": "0"}]}, "ORDC-024", "'0'"),
        ({"parentId": 12}, "ORDC-920", "12"),
        ({"ref": "x" * 65}, "ORDC-921", "65"),
        ({"priceModeCode": "GROSS"}, "ORDC-923", "GROSS"),
        ({"placedOn": "20.11.2026"}, "CMNC-908", "20.11.2026"),
    ],
)
def test_a_wrong_member_is_refused_by_name_and_creates_nothing(
    box: Caller, change: dict[str, Any], code: str, named: str
) -> None:
    reply = box.call("POST", ORDERS, sale("bad") | change)
    error = reply.json()["errors"][0]
    assert (reply.status_code, error["code"]) == (400, code)
    assert named in error["message"]
    assert box.control("GET", "books")["orders"] == []


def test_a_free_text_row_takes_the_miscellaneous_product_and_fractions(box: Caller) -> None:
    row = {"name": "Gift wrap", "quantity": "0.345", "taxCode": "T20", "net": "1.00", "tax": "0.20"}
    order = box.order("free", [row])
    found = next(iter(box.one(order)["orderRows"].values()))
    assert (found["productId"], found["productName"], found["quantity"]["magnitude"]) == (1000, "Gift wrap", "0.3450")
    assert box.states(order) == ("NON", "ANR", "NST", "UNPAID")


def test_a_close_is_pending_first_and_then_an_invoice_and_works_once(box: Caller) -> None:
    order = box.order("c")
    assert box.call("POST", f"{ORDERS}/{order}/close", {}).json() == {}
    assert box.one(order)["invoices"][0]["invoiceReference"] == "pending"
    box.control("POST", "clock", {"advanceSeconds": 0.05})
    done = box.one(order)
    assert (done["invoices"][0]["invoiceReference"], done["state"]["tax"]) == ("SI-1001", "INVOICED")
    assert done["orderStatus"] == {"orderStatusId": 4, "name": "Invoiced"}
    assert box.refusal("POST", f"{ORDERS}/{order}/close", {}) == (400, "ORDC-914")
    assert box.control("GET", "books")["orders"][0]["invoiced"] is True


def test_a_credit_is_invoiced_with_a_number_of_its_own(box: Caller) -> None:
    credit = box.order("cr", kind="sales-credit", parentId=box.order("so"))
    box.read("POST", f"/order-service/sales-credit/{credit}/close", {})
    box.control("POST", "clock", {"advanceSeconds": 1})
    found = box.one(credit)
    assert (found["orderTypeCode"], found["invoices"][0]["invoiceReference"]) == ("SC", "SC-1001")
    assert found["orderStatus"]["orderStatusId"] == 11


def test_a_locked_period_and_a_silent_accounting_leave_the_invoice_pending(box: Caller) -> None:
    order = box.order("lock", taxDate="2026-09-30")
    box.control("POST", "switches", {"locked_until": "2026-09-30"})
    assert box.read("GET", "/accounting-service/accounting-period-lock")["lockedUntil"] == "2026-09-30"
    box.read("POST", f"{ORDERS}/{order}/close", {})
    box.control("POST", "clock", {"advanceSeconds": 3600})
    assert box.one(order)["invoices"][0]["invoiceReference"] == "pending"
    box.read("POST", f"{ORDERS}/{order}/close", {"taxDate": "2026-10-01T00:00:00Z"})
    box.control("POST", "clock", {"advanceSeconds": 1})
    assert box.one(order)["invoices"][0]["invoiceReference"] == "SI-1001"


def test_payment_status_follows_the_payments(box: Caller) -> None:
    order = box.order("pay")
    seen = [box.states(order)[3]]
    for amount, ref in ((5, "a"), (15, "b")):
        box.pay(order, amount, ref)
        seen.append(box.states(order)[3])
    box.pay(order, 20, "c", "PAYMENT")
    seen.append(box.states(order)[3])
    assert seen == ["UNPAID", "PARTIALLY_PAID", "PAID", "UNPAID"]
    assert box.read("GET", f"/accounting-service/sale-payment-total/{order}") == [
        {"orderId": order, "amountPaid": 0.0, "amountAuthorized": 0.0, "amountCaptured": 0.0, "paymentCurrency": "GBP"}
    ]


def test_a_refund_pays_a_credit_and_shows_positive_in_the_books(box: Caller) -> None:
    credit = box.order("cr", kind="sales-credit")
    assert box.pay(credit, 20, "refund", "PAYMENT").status_code == 200
    assert box.states(credit)[3] == "PAID"
    entry = box.control("GET", "books")["orders"][0]
    assert (entry["type"], entry["total"], entry["paid"]) == ("SC", "20.00", "20.00")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"paymentMethodCode": "BITCOIN"}, "ACCC-901"),
        ({"paymentMethodCode": "CHEQUE"}, "ACCC-901"),
        ({"paymentType": "GIFT"}, "ACCC-902"),
        ({"orderId": 1}, "ACCC-903"),
        ({"currencyIsoCode": "EUR"}, "ACCC-904"),
        ({"amountPaid": 1.005}, "ACCC-905"),
        ({"paymentDate": None}, "CMNC-908"),
    ],
)
def test_a_wrong_payment_is_refused(box: Caller, change: dict[str, Any], code: str) -> None:
    order = box.order("p")
    reply = box.pay(order, 20, "t", **change)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, code)
    assert box.states(order)[3] == "UNPAID"


def test_a_transaction_reference_pays_once_per_method(box: Caller) -> None:
    order = box.order("p")
    first = box.pay(order, 5, "t").json()["response"]
    again = box.pay(order, 5, "t")
    assert (again.status_code, again.json()["errors"][0]["code"]) == (400, "ACCC-906")
    assert box.pay(order, 5, "t", paymentMethodCode="CASH").status_code == 200
    box.control("POST", "switches", {"duplicate_payment_refused": "false"})
    assert box.pay(order, 5, "t").json()["response"] == first
    found = box.rows(f"/accounting-service/customer-payment-search?orderId={order}")
    assert [(row["transactionRef"], row["paymentMethodCode"], row["amountPaid"]) for row in found] == [
        ("t", "CARD", "5.00"),
        ("t", "CASH", "5.00"),
    ]


def test_a_deleted_payment_frees_its_reference_and_the_order(box: Caller) -> None:
    order = box.order("p")
    payment = box.pay(order, 20, "t").json()["response"]
    assert box.call("DELETE", f"/accounting-service/customer-payment/{payment}").json() == {}
    assert box.states(order)[3] == "UNPAID"
    assert box.pay(order, 20, "t").status_code == 200
    assert box.refusal("DELETE", f"/accounting-service/customer-payment/{payment}") == (404, "CMNC-404")


def test_cancelling_needs_an_order_without_notes_invoice_or_money(box: Caller) -> None:
    order = box.order("k")
    payment = box.pay(order, 20, "t").json()["response"]
    status = f"/order-service/order/{order}/status"
    assert box.refusal("PUT", status, {"orderStatusId": 5}) == (400, "ORDC-917")
    box.call("DELETE", f"/accounting-service/customer-payment/{payment}")
    row = box.row_ids(order)[0]
    box.read("POST", f"/warehouse-service/order/{order}/reservation/warehouse/3", {"products": [_held(row, 2)]})
    assert box.call("PUT", status, {"orderStatusId": 5, "orderNote": {"text": "changed mind"}}).json() == {}
    assert box.stock(1007, 3) == (100, 0, 100, 0)
    assert box.read("GET", f"/order-service/order/{order}/note")[0]["text"] == "changed mind"
    assert box.refusal("POST", f"{ORDERS}/{order}/close", {}) == (400, "ORDC-915")


def _held(row: int, units: int) -> dict[str, int]:
    return {"productId": 1007, "salesOrderRowId": row, "quantity": units}


def test_a_patched_net_alone_makes_the_erp_work_out_the_tax(box: Caller) -> None:
    order = box.order("e")
    row = box.row_ids(order)[0]
    path = f"/order-service/order/{order}/row/{row}"
    found = box.read("PATCH", path, [{"op": "replace", "path": "/rowValue/rowNet/value", "value": "200"}])
    assert (found["rowValue"]["rowNet"]["value"], found["rowValue"]["rowTax"]["value"]) == ("200.0000", "40.00")
    assert box.refusal("PATCH", path, [{"op": "add", "path": "/nominalCode", "value": "4001"}]) == (500, "CMNC-044")
    assert box.call("DELETE", path).json() == {}
    assert box.states(order) == ("NON", "ANR", "NST", "NOT_APPLICABLE")


def test_several_rows_are_put_at_once_each_with_its_outcome(box: Caller) -> None:
    order = box.order("rows", [line(), line(1008)])
    one, two = box.row_ids(order)
    body = [{"id": one, **line(units=3)}, {"id": two, **line(1008), "quantity": "x"}]
    reply = box.call("PUT", f"{ORDERS}/{order}/row/{one},{two}", body)
    assert reply.status_code == 207
    assert reply.json()["response"]["resourceStatuses"] == {str(one): 200, str(two): 400}
    assert box.refusal("PUT", f"{ORDERS}/{order}/row/{two}", body[1:]) == (400, "ORDC-024")


def test_a_set_of_sales_orders_is_207_when_only_some_exist(box: Caller) -> None:
    order = box.order("one")
    assert box.call("GET", f"{ORDERS}/{order}").status_code == 200
    assert box.call("GET", f"{ORDERS}/{order}-{order + 1}").status_code == 207


@pytest.mark.parametrize(
    "change", [{"customer": "Ada"}, {"rows": "none"}, {"rows": ["none"]}, {"delivery": 5}, {"billing": "x"}]
)
def test_members_of_the_wrong_json_type_are_refused_and_leave_no_trace(
    erp_server: SandboxServer, change: dict[str, Any]
) -> None:
    box = Caller(erp_server)
    box.control("POST", "reset")
    assert box.call("POST", ORDERS, sale("bad") | change).status_code in (400, 500)
    assert box.control("GET", "books")["orders"] == []


def test_a_contact_needs_names_and_an_address_of_its_own(box: Caller) -> None:
    address = box.read(
        "POST", "/contact-service/postal-address", {"addressLine1": "1 Test St", "countryIsoCode": "GBR"}
    )
    where = {"DEF": address, "BIL": address, "DEL": address}
    body = {"firstName": "Ada", "lastName": "New", "postAddressIds": where}
    body |= {"communication": {"emails": {"PRI": {"email": "ada@example.com"}}}}
    contact = box.read("POST", "/contact-service/contact", body)
    assert [row["contactId"] for row in box.rows("/contact-service/contact-search?primaryEmail=ada@")] == [contact]
    order = box.one(box.order("ada", customer={"id": contact}))
    assert order["parties"]["customer"]["addressFullName"] == "Ada New"
    assert order["parties"]["delivery"]["addressLine1"] == "1 Test St"
    assert box.refusal("POST", "/contact-service/contact", {"firstName": "Ada"}) == (400, "CONC-901")
    assert box.refusal("POST", "/contact-service/postal-address", {}) == (400, "CONC-902")


def test_values_that_are_only_kept_are_printed_back_whatever_they_are(box: Caller) -> None:
    order = box.order("odd")
    note = {"text": "broken \ud800 text", "fileId": 1.5}
    url = f"{box.server.url}/public-api/sandbox/order-service/order/{order}/note"
    assert box.http.post(url, content=json.dumps(note), headers=CREDENTIALS).status_code == 200
    found = box.read("GET", f"/order-service/order/{order}/note")[0]
    assert (found["text"], found["fileId"]) == ("broken ? text", 1.5)
