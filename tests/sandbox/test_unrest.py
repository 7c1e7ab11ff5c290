"""What other people do to an account while it is read: edits that show or don't, deletions, forgetting, odd answers."""

from __future__ import annotations

from typing import Any

from tests.sandbox.client import DAY, Caller

CONTACT = "/contact-service/contact"


def test_a_forgotten_contact_is_scrambled_and_old_orders_keep_the_name(box: Caller) -> None:
    before = box.order("before", customer={"id": 301})
    name = box.one(before)["parties"]["customer"]["addressFullName"]
    assert box.call("POST", f"{CONTACT}/301/forget").status_code == 200
    box.control("POST", "clock", {"advanceSeconds": 1})
    found = box.read("GET", f"{CONTACT}/301")[0]
    assert found["firstName"].startswith("FORGOTTEN CONTACT 20")
    assert found["communication"]["emails"]["PRI"]["email"].startswith("email1-")
    assert found["communication"]["emails"]["PRI"]["email"].endswith("@forgotten-email.com")
    after = box.order("after", customer={"id": 301})
    assert box.one(before)["parties"]["customer"]["addressFullName"] == name
    assert box.one(after)["parties"]["customer"]["addressFullName"].startswith("FORGOTTEN CONTACT")
    assert box.refusal("POST", f"{CONTACT}/418/forget") == (400, "CONC-904")


def test_a_deleted_contact_is_in_no_list_and_its_orders_still_read(box: Caller) -> None:
    order = box.order("x", customer={"id": 301})
    read = box.one(order)
    box.control("DELETE", "contacts/301")
    assert box.refusal("GET", f"{CONTACT}/301") == (404, "CMNC-404")
    assert box.refusal("GET", "/contact-service/postal-address/1301") == (404, "CMNC-404")
    assert box.read("OPTIONS", CONTACT)["getUris"][0].endswith("302-340,418")
    assert box.rows(f"{CONTACT}-search?contactId=301") == []
    assert box.one(order) == read


def test_an_edit_may_leave_no_trace_in_the_searches(box: Caller) -> None:
    before = box.read("GET", "/product-service/product/1007")[0]
    box.control("POST", "clock", {"advanceSeconds": 60})
    box.control(
        "POST", "products", {"productId": 1007, "name": "Quiet", "customFields": {"PCF_SEASON": "AW"}, "touch": False}
    )
    after = box.read("GET", "/product-service/product/1007?includeOptional=customFields")[0]
    assert (after["updatedOn"], after["version"]) == (before["updatedOn"], before["version"])
    assert (after["salesChannels"][0]["productName"], after["customFields"]) == ("Quiet", {"PCF_SEASON": "AW"})
    box.control("POST", "contacts/302", {"lastName": "Quiet", "touch": False})
    seen = box.read("GET", f"{CONTACT}/302")[0]
    assert (seen["lastName"], seen["updatedOn"]) == ("Quiet", box.read("GET", f"{CONTACT}/303")[0]["updatedOn"])
    order = box.order("quiet")
    box.control("POST", f"orders/{order}", {"reference": "quiet", "touch": False})
    assert (box.one(order)["reference"], "updatedOn" in box.one(order)) == ("quiet", False)


def test_a_deleted_product_is_in_no_list_and_its_order_rows_still_read(box: Caller) -> None:
    order = box.order("x")
    box.control("DELETE", "products/1007")
    assert box.refusal("GET", "/product-service/product/1007") == (404, "CMNC-404")
    assert box.read("OPTIONS", "/product-service/product")["getUris"] == ["/product/1000-1001,1008-1036"]
    (row,) = box.one(order)["orderRows"].values()
    assert (row["productId"], row["productSku"]) == (1007, "SCAR-RED-00000")


def test_a_cancelled_order_lets_go_of_what_it_held(box: Caller) -> None:
    order = box.order("x")
    assert box.note(order, 1007, box.row_ids(order)[0], 2).status_code == 200
    assert box.stock(1007, 3) == (100, 2, 98, 0)
    box.control("POST", f"orders/{order}/cancel")
    assert box.stock(1007, 3) == (100, 0, 100, 0)
    assert box.one(order)["orderStatus"]["name"] == "Canceled SO"
    assert box.states(order)[:2] == ("SON", "ANA")


def test_many_records_can_have_changed_at_one_instant(box: Caller) -> None:
    ids = [box.order(str(place)) for place in range(5)]
    box.control("POST", "clock", {"advanceSeconds": 60})
    sets = {"orders": f"{ids[0]}-{ids[3]}", "products": "1007-1009", "contacts": "301,302"}
    assert box.control("POST", "changes", sets) == {"changed": {"orders": 4, "products": 3, "contacts": 2}}
    found = box.rows(f"/order-service/order-search?orderId={ids[0]}-{ids[4]}&columns=updatedOn")
    instants = [row["updatedOn"] for row in found]
    assert instants[0] is not None
    assert instants == [instants[0]] * 4 + [None]


def test_one_bad_id_makes_a_whole_set_fail_and_only_sets_with_it(box: Caller) -> None:
    path = "/warehouse-service/product-availability"
    box.control("POST", "faults", {"kind": "error", "route": "GET */product-availability/*", "status": 400, "id": 1010})
    asked = ("1007-1020", "1007-1009", "1009,1010,1011", "1010", "1011-1020")
    assert [box.call("GET", f"{path}/{ids}").status_code for ids in asked] == [400, 200, 400, 400, 200]


def test_a_token_may_expire_in_the_middle_of_a_listing(box: Caller) -> None:
    box.control("POST", "faults", {"kind": "expire_token", "route": "GET *-search", "after": 2, "count": 1})
    path = "/product-service/product-search?pageSize=10&firstResult="
    assert [box.call("GET", f"{path}{first}").status_code for first in (1, 11, 21, 31)] == [200, 200, 401, 200]


def test_a_sale_can_be_sent_straight_by_a_supplier(box: Caller) -> None:
    sale = box.order("x")
    (sold,) = box.row_ids(sale)
    to = {"supplier": {"contactId": 418}}
    purchase = box.read("POST", "/order-service/order", {"orderTypeCode": "PO", "parties": to})
    value = {"taxCode": "T20", "rowNet": {"value": "5"}, "rowTax": {"value": "1"}}
    line = {"productId": 1007, "quantity": {"magnitude": "2"}, "rowValue": value}
    bought = box.read("POST", f"/order-service/order/{purchase}/row", line)
    wanted = {"productId": 1007, "salesOrderRowId": sold, "purchaseOrderRowId": bought, "quantity": 2}
    body = {"suppliers": [{"supplierId": 418, "purchaseOrderId": purchase, "products": [wanted]}]}
    base = f"/warehouse-service/order/{sale}/goods-note/drop-ship"
    assert box.refusal("GET", base) == (404, "CMNC-404")
    (note,) = box.read("POST", base, body)
    assert box.refusal("POST", base, body) == (400, "WHSC-904")  # nothing is left to fulfil
    assert box.states(sale)[:3] == ("SOA", "AAA", "SNS")
    event = {"eventCode": "SHS", "occured": DAY, "eventOwnerId": 4}
    told = {"events": [event], "trackingReference": "T1", "shippingMethodId": 4}
    path = f"/warehouse-service/goods-note/drop-ship/{note}/event"
    assert box.call("POST", path, told).status_code == 200
    assert box.refusal("POST", path, told) == (400, "WHSC-908")
    assert (box.states(sale)[2], box.states(purchase)[0]) == ("ASS", "POA")
    assert box.stock(1007, 3) == (100, 0, 100, 0)  # it never was in a warehouse
    assert box.read("GET", base)[str(note)]["shipping"] == {"reference": "T1", "shippingMethodId": 4}


def test_a_url_that_is_too_long_is_refused(box: Caller) -> None:
    path = f"/product-service/product/{','.join(str(number) for number in range(1007, 1207))}"
    assert box.call("GET", path).status_code == 200
    box.control("POST", "switches", {"url_limit": "1000"})
    assert (len(path) > 1000, box.call("GET", path).status_code) == (True, 414)


def test_fields_may_be_gone_null_of_another_type_or_new(box: Caller) -> None:
    def product(**fault: object) -> dict[str, Any]:
        box.control("DELETE", "faults")
        box.control("POST", "faults", {"kind": "odd_field", "route": "GET */product/*"} | fault)
        return {str(one["id"]): one for one in box.read("GET", "/product-service/product/1007-1008")}

    assert all("status" not in one for one in product(path="status", how="gone").values())
    found = product(path="brandId", how="null", id=1008)
    assert (found["1007"]["brandId"], found["1008"]["brandId"]) == (74, None)
    assert product(path="stock.weight.magnitude", how="list")["1007"]["stock"]["weight"] == {"magnitude": [0.0]}
    assert product(path="colour", how="value", value="red")["1008"]["colour"] == "red"
    box.control("POST", "faults", {"kind": "odd_field", "path": "brandId", "how": "gone", "containing": "1009"})
    quiet, both = (box.read("GET", f"/product-service/product/{number}")[0] for number in (1008, 1009))
    assert (quiet.get("brandId"), quiet["colour"], both.get("brandId"), both["colour"]) == (74, "red", None, "red")
    box.control("POST", "faults", {"kind": "odd_field", "path": "id", "how": "gone"})
    assert box.order("x") > 0  # an answer that is no record stays as it is
    box.control("DELETE", "faults")
    fault = {"kind": "odd_field", "route": "GET */contact-search", "path": "createdOn", "how": "null", "id": 301}
    box.control("POST", "faults", fault)
    rows = box.rows("/contact-service/contact-search?contactId=301-302")
    assert [row["createdOn"] is None for row in rows] == [True, False]
