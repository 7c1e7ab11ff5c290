"""ID sets, OPTIONS, and the search every resource shares."""

from __future__ import annotations

import pytest

from sandbox.config import SandboxConfig
from sandbox.server import running
from tests.sandbox.client import Caller

PRODUCTS = "/product-service/product"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1007", {1007}),
        ("1007-1009", {1007, 1008, 1009}),
        ("1007,1010", {1007, 1010}),
        ("1010.1007", {1007, 1010}),
        ("1007-1008,1010,1012-1013", {1007, 1008, 1010, 1012, 1013}),
        ("1007,99999", {1007}),
    ],
)
def test_an_id_set_finds_what_exists_and_drops_the_rest(box: Caller, text: str, found: set[int]) -> None:
    assert {product["id"] for product in box.read("GET", f"{PRODUCTS}/{text}")} == found


@pytest.mark.parametrize(
    ("text", "code"),
    [("9,7", "CMNC-006"), ("5-3", "CMNC-901"), ("x", "CMNC-901"), ("0", "CMNC-901"), ("7-", "CMNC-901")],
)
def test_a_set_that_descends_or_is_none_is_refused(box: Caller, text: str, code: str) -> None:
    assert box.refusal("GET", f"{PRODUCTS}/{text}") == (400, code)


def test_more_ids_than_the_resource_answers_are_refused(box: Caller) -> None:
    assert box.call("GET", f"{PRODUCTS}/1007-1206").status_code == 200
    assert box.refusal("GET", f"{PRODUCTS}/1007-1207") == (400, "CMNC-902")
    assert box.refusal("GET", "/order-service/order/1-201") == (400, "CMNC-902")


def test_none_found_is_404_for_products_and_contacts_but_an_empty_list_for_orders(box: Caller) -> None:
    assert box.refusal("GET", f"{PRODUCTS}/5") == (404, "CMNC-404")
    assert box.refusal("GET", "/product-service/product-price/5") == (404, "CMNC-404")
    assert box.refusal("GET", "/contact-service/contact/99") == (404, "CMNC-404")
    assert box.read("GET", "/order-service/order/5") == []


def test_options_names_existing_ids_in_chunks_of_two_hundred() -> None:
    with running(SandboxConfig(port=0, products=450, requests_per_minute=0)) as server:
        uris = Caller(server).read("OPTIONS", PRODUCTS)["getUris"]
        assert uris == ["/product/1000-1001,1007-1204", "/product/1205-1404", "/product/1405-1456"]


def test_results_come_in_no_particular_order_unless_switched_off(box: Caller) -> None:
    asked = list(range(1007, 1027))
    shuffled = [product["id"] for product in box.read("GET", f"{PRODUCTS}/1007-1026")]
    box.control("POST", "switches", {"shuffle_results": "false"})
    plain = [product["id"] for product in box.read("GET", f"{PRODUCTS}/1007-1026")]
    assert sorted(shuffled) == asked == plain
    assert shuffled != asked


# -- searches ---------------------------------------------------------------------------------------------------------


def test_pages_are_counted_from_one_and_cover_everything_once(box: Caller) -> None:
    seen: list[int] = []
    first, more = 1, True
    while more:
        found = box.read("GET", f"{PRODUCTS}-search?pageSize=7&firstResult={first}&columns=productId")
        meta = found["metaData"]
        assert (meta["firstResult"], meta["resultsAvailable"]) == (first, 32)
        seen += [row[0] for row in found["results"]]
        first, more = meta["lastResult"] + 1, meta["morePagesAvailable"]
    assert seen == [1000, 1001, *range(1007, 1037)]


def test_a_page_of_more_than_five_hundred_is_refused(box: Caller) -> None:
    assert box.refusal("GET", f"{PRODUCTS}-search?pageSize=501") == (400, "CMNC-907")
    assert box.refusal("GET", f"{PRODUCTS}-search?firstResult=0") == (400, "CMNC-907")


def test_columns_choose_and_order_what_a_row_holds(box: Caller) -> None:
    found = box.read("GET", f"{PRODUCTS}-search?columns=SKU,productId&productId=1007")
    assert found["results"] == [["SCAR-RED-00000", 1007]]
    assert [column["name"] for column in found["metaData"]["columns"]] == ["SKU", "productId"]
    assert box.refusal("GET", f"{PRODUCTS}-search?columns=nothing") == (400, "CMNC-906")


def test_sorting_takes_a_direction_and_refuses_unsortable_columns(box: Caller) -> None:
    found = box.read("GET", f"{PRODUCTS}-search?columns=productId&sort=productId.DESC&pageSize=2")
    assert found["results"] == [[1036], [1035]]
    assert found["metaData"]["sorting"][0]["direction"] == "DESC"
    assert box.refusal("GET", f"{PRODUCTS}-search?sort=brightpearlCategoryCode") == (400, "CMNC-905")


def test_no_hit_has_no_first_and_last_result(box: Caller) -> None:
    found = box.read("GET", f"{PRODUCTS}-search?SKU=none")
    assert found["results"] == []
    assert found["metaData"]["resultsAvailable"] == 0
    assert "firstResult" not in found["metaData"]
    assert "lastResult" not in found["metaData"]


def test_a_filter_of_the_wrong_type_is_500_with_the_recorded_text(box: Caller) -> None:
    reply = box.call("GET", "/order-service/order-search?orderStatusId=BAD%20PARAM")
    assert reply.status_code == 500
    assert reply.json()["errors"] == [
        {"code": "CMNC-018", "message": "The filter orderStatusId=BAD PARAM cannot be parsed as: INTEGER"}
    ]
    assert box.refusal("GET", f"{PRODUCTS}-search?productId=100-") == (500, "CMNC-018")
    assert box.refusal("GET", "/order-service/order-search?updatedOn=yesterday") == (500, "CMNC-018")


def test_an_unknown_filter_is_refused_or_by_a_switch_ignored(box: Caller) -> None:
    assert box.refusal("GET", f"{PRODUCTS}-search?colour=red") == (400, "CMNC-904")
    box.control("POST", "switches", {"unknown_filter_refused": "false"})
    assert len(box.rows(f"{PRODUCTS}-search?colour=red")) == 32


def test_an_email_filter_is_a_substring_and_finds_people_who_share_one(box: Caller) -> None:
    same = box.rows("/contact-service/contact-search?primaryEmail=TOM.EVANS@")
    part = box.rows("/contact-service/contact-search?primaryEmail=ann.smith@example.com")
    assert len({row["primaryEmail"] for row in same}) == 1
    assert [row["contactId"] for row in same] == [305, 306]
    assert [(row["contactId"], row["primaryEmail"]) for row in part] == [
        (301, "ann.smith@example.com"),
        (307, "maryann.smith@example.com"),
    ]


def test_period_filters_take_a_day_both_ends_and_open_ends(box: Caller) -> None:
    for day in ("18", "19", "20"):
        box.order(f"d{day}", placedOn=f"2026-11-{day}T12:00:00+00:00", taxDate=f"2026-11-{day}")

    def refs(period: str) -> list[str]:
        return [row["externalRef"] for row in box.rows(f"/order-service/order-search?placedOn={period}")]

    assert refs("2026-11-19") == ["d19"]
    assert refs("2026-11-19/") == ["d19", "d20"]
    assert refs("/2026-11-19") == ["d18"]
    assert refs("2026-11-18T12:00:00Z/2026-11-19T12:00:00%2B00:00") == ["d18", "d19"]
    assert refs("2026-11-19T00:00:00.000Z/") == ["d19", "d20"]


def test_order_search_finds_by_reference_lists_and_names_only_the_states_that_occur(box: Caller) -> None:
    ids = [box.order(ref) for ref in ("a", "b", "c")]
    found = box.call("GET", "/order-service/order-search?externalRefs=a,c").json()
    assert [row[0] for row in found["response"]["results"]] == [ids[0], ids[2]]
    assert found["reference"] == {
        "orderTypeNames": {"1": "SALES_ORDER"},
        "orderStatusNames": {"3": "New phone order"},
        "orderStockStatusNames": {"1": "Not fulfilled"},
        "orderPaymentStatusNames": {"1": "UNPAID"},
        "orderShippingStatusNames": {"2": "Stock not shipped"},
    }
    by_customer = box.rows("/order-service/order-search?customerRef=R-b&installedIntegrationInstanceId=13")
    assert [row["orderId"] for row in by_customer] == [ids[1]]
    assert [row["orderId"] for row in box.rows(f"/order-service/order-search?orderId={ids[0]}-{ids[1]}")] == ids[:2]


def test_changed_since_shows_only_orders_touched_after_creation(box: Caller) -> None:
    quiet, paid = box.order("quiet"), box.order("paid")
    assert box.rows(f"/order-service/order-search?orderId={quiet}")[0]["updatedOn"] is None
    since = box.server.world.now().isoformat().replace("+", "%2B")
    box.control("POST", "clock", {"advanceSeconds": 60})
    assert box.pay(paid, 20, "p").status_code == 200
    assert [row["orderId"] for row in box.rows(f"/order-service/order-search?updatedOn={since}/")] == [paid]


def test_meta_data_describes_columns_without_rows(box: Caller) -> None:
    meta = box.read("GET", "/order-service/order-search/meta-data")
    assert len(meta["columns"]) == 19
    assert {"externalRefs", "placedOn"} <= {column["name"] for column in meta["filters"]}


def test_count_only_gives_the_number_and_no_rows(box: Caller) -> None:
    found = box.read("GET", f"{PRODUCTS}-search?countOnly=true")
    assert (found["results"], found["metaData"]["resultsAvailable"]) == ([], 32)


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/warehouse-service/warehouse-search", 5),
        ("/warehouse-service/location-search", 10),
        ("/warehouse-service/shipping-method-search", 4),
        ("/accounting-service/payment-method-search", 9),
        ("/accounting-service/nominal-code-search?bank=true", 7),
        ("/accounting-service/currency-search", 3),
        ("/product-service/brand-search", 2),
        ("/contact-service/contact-search", 48),
        ("/warehouse-service/goods-movement-search?productId=1007", 5),
    ],
)
def test_the_small_searches_answer_with_the_seeded_records(box: Caller, path: str, count: int) -> None:
    assert len(box.rows(path)) == count
