"""The simulated Square's searching, paging, filters and errors, over HTTP."""

import pytest

from tests.sandbox.tills.serving import Tills

DAY = "2026-11-20"


@pytest.fixture
def traded(tills: Tills) -> Tills:
    tills.switch("trade", date=DAY, transactions=120, seed=7, planted=False)
    return tills


def ids(orders: list[dict]) -> list[str]:
    return [order["id"] for order in orders]


def square_ids(tills: Tills, *shops: str) -> set[str]:
    return {one["source_id"] for one in tills.books()["transactions"] if one["shop"] in (shops or ("leeds", "london"))}


def test_every_order_comes_once_however_small_the_pages(traded: Tills) -> None:
    whole = ids(traded.all_orders(limit=1000))
    assert len(whole) == len(set(whole)) == len(square_ids(traded))
    assert sorted(ids(traded.all_orders(limit=7))) == sorted(whole)


def test_a_page_border_inside_equal_time_stamps_loses_and_repeats_nothing(traded: Tills) -> None:
    moment = "2026-11-20T12:00:00+00:00"
    made = [
        traded.switch("sale", shop="leeds", lines=[{"sku": traded.world.items[0].sku}], sold_at=moment)["source_id"]
        for _ in range(9)
    ]
    query = {"filter": {"date_time_filter": {"created_at": {"start_at": moment, "end_at": "2026-11-20T12:00:01Z"}}}}
    query["sort"] = {"sort_field": "CREATED_AT", "sort_order": "ASC"}
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = traded.search(location_ids=["LLEEDS"], limit=2, query=query, **cursor)
        seen += ids(page["orders"])
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
    assert [uid for uid in seen if uid in made] == sorted(made)
    assert len(seen) == len(set(seen))


def test_a_cursor_belongs_to_its_query(traded: Tills) -> None:
    cursor = traded.search(location_ids=["LLEEDS"], limit=3)["cursor"]
    other = traded.square("POST", "/orders/search", json={"location_ids": ["LLONDON"], "limit": 3, "cursor": cursor})
    assert other.status_code == 400
    assert other.json()["errors"][0]["code"] == "INVALID_CURSOR"
    assert traded.search(location_ids=["LLEEDS"], limit=3, cursor=cursor)["orders"]


def test_locations_and_states_narrow_the_search(traded: Tills) -> None:
    assert set(ids(traded.all_orders(("LLEEDS",)))) == square_ids(traded, "leeds")
    voids = [one for one in traded.books()["transactions"] if one["kind"] == "void" and one["source"] == "square"]
    states = {"filter": {"state_filter": {"states": ["CANCELED"]}}}
    found = traded.search(location_ids=["LLEEDS", "LLONDON"], query=states)
    assert sorted(ids(found.get("orders", []))) == sorted(one["source_id"] for one in voids)


def test_the_date_filter_needs_the_matching_sort_field(traded: Tills) -> None:
    query = {"filter": {"date_time_filter": {"updated_at": {"start_at": "2020-01-01T00:00:00Z"}}}}
    refused = traded.square("POST", "/orders/search", json={"location_ids": ["LLEEDS"], "query": query})
    assert refused.status_code == 400
    assert refused.json()["errors"][0] == {
        "category": "INVALID_REQUEST_ERROR",
        "code": "BAD_REQUEST",
        "detail": "`sort_field` must be UPDATED_AT when `date_time_filter` filters on updated_at.",
        "field": "query.sort.sort_field",
    }
    query["sort"] = {"sort_field": "UPDATED_AT", "sort_order": "ASC"}
    assert len(traded.search(location_ids=["LLEEDS"], query=query)["orders"]) == len(square_ids(traded, "leeds"))


def test_the_date_filter_takes_its_start_and_leaves_its_end(traded: Tills) -> None:
    order = traded.all_orders()[0]
    around = {"start_at": order["created_at"], "end_at": order["created_at"]}
    query = {"filter": {"date_time_filter": {"created_at": around}}, "sort": {"sort_field": "CREATED_AT"}}
    assert traded.search(location_ids=["LLEEDS", "LLONDON"], query=query) == {}
    around["end_at"] = "2030-01-01T00:00:00Z"
    assert order["id"] in ids(traded.search(location_ids=["LLEEDS", "LLONDON"], query=query)["orders"])


@pytest.mark.parametrize(
    "body", [{}, {"location_ids": []}, {"location_ids": ["L"] * 11}, {"location_ids": ["L"], "limit": 1001}]
)
def test_limits_of_the_search_are_kept(tills: Tills, body: dict) -> None:
    assert tills.square("POST", "/orders/search", json=body).status_code == 400


def test_return_entries_gives_ids_and_versions_only(traded: Tills) -> None:
    page = traded.search(location_ids=["LLEEDS"], limit=2, return_entries=True)
    assert [sorted(entry) for entry in page["order_entries"]] == [["location_id", "order_id", "version"]] * 2


def test_payments_without_a_location_are_those_of_the_main_location(traded: Tills) -> None:
    listed = traded.square("GET", "/payments").json()["payments"]
    assert {one["location_id"] for one in listed} == {"LLEEDS"}
    london = traded.square("GET", "/payments", params={"location_id": "LLONDON", "limit": 2}).json()
    assert len(london["payments"]) == 2 and "cursor" in london
    places = {one["location_id"] for one in traded.square("GET", "/refunds").json().get("refunds", [])}
    assert places <= {"LLEEDS", "LLONDON"}


def test_batch_retrieve_single_order_and_customer(traded: Tills) -> None:
    order = next(one for one in traded.all_orders() if "customer_id" in one)
    batch = traded.square("POST", "/orders/batch-retrieve", json={"order_ids": [order["id"], "NONE"]}).json()
    assert ids(batch["orders"]) == [order["id"]]
    assert traded.square("GET", f"/orders/{order['id']}").json()["order"]["id"] == order["id"]
    customer = traded.square("GET", f"/customers/{order['customer_id']}").json()["customer"]
    booked = next(one for one in traded.books()["transactions"] if one["source_id"] == order["id"])
    assert customer["email_address"] == booked["customer_email"]
    missing = traded.square("GET", "/orders/NONE")
    assert (missing.status_code, missing.json()["errors"][0]["code"]) == (404, "NOT_FOUND")


def test_the_catalogue_tells_the_sku_of_a_sold_variation(traded: Tills) -> None:
    search = traded.square("POST", "/catalog/search", json={"object_types": ["ITEM_VARIATION"]}).json()["objects"]
    listed = traded.square("GET", "/catalog/list", params={"types": "ITEM_VARIATION"}).json()["objects"]
    assert [one["id"] for one in search] == [one["id"] for one in listed]
    skus = {one["id"]: one["item_variation_data"]["sku"] for one in search}
    assert sorted(skus.values()) == sorted(item.sku for item in traded.world.items)
    booked = {one["source_id"]: one for one in traded.books()["transactions"]}
    for order in traded.all_orders():
        sold = [skus[line["catalog_object_id"]] for line in order.get("line_items", []) if "catalog_object_id" in line]
        lines = booked[order["id"]]["lines"]
        assert sold == [
            line["sku"] for line in lines if line["kind"] == "item" and not line["quantity"].startswith("-")
        ]


def test_a_wrong_token_is_refused_in_squares_words(tills: Tills) -> None:
    for token in (None, "wrong"):
        refused = tills.square("POST", "/orders/search", token=token, json={"location_ids": ["LLEEDS"]})
        assert refused.status_code == 401
        error = refused.json()["errors"][0]
        assert (error["category"], error["code"]) == ("AUTHENTICATION_ERROR", "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("throttle", 429, "RATE_LIMITED"),
        ("error", 500, "INTERNAL_SERVER_ERROR"),
        ("expired_token", 401, "ACCESS_TOKEN_EXPIRED"),
        ("offline", 503, "SERVICE_UNAVAILABLE"),
    ],
)
def test_a_fault_hits_as_often_as_it_was_asked_to(tills: Tills, fault: str, status: int, code: str) -> None:
    tills.switch("faults", fault=fault, count=2, path="/locations", after=1)
    answers = [tills.square("GET", "/locations") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, status, status, 200]
    assert answers[1].json()["errors"][0]["code"] == code


def test_an_unknown_fault_is_refused_with_the_list_of_known_ones(tills: Tills) -> None:
    answer = tills.http.post("/sandbox/tills/faults", json={"fault": "flood"})
    assert answer.status_code == 400
    assert "offline, error, throttle" in answer.json()["error"]
