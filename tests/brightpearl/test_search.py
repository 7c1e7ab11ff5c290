"""Searches: rows by column name, page after page, and pages that never end."""

from datetime import UTC, datetime

import pytest

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import BadAnswer
from bp_assets.brightpearl.pacing import RequestBudget
from bp_assets.brightpearl.search import count, ids_of, period, search
from tests.brightpearl.conftest import TOKEN, erp, scripted

PRODUCTS = "/product-service/product-search"


def test_rows_are_mapped_by_the_columns_the_answer_names(client):
    first = next(search(client, PRODUCTS, {"productId": "1007"}, columns=["SKU", "stockTracked", "productId"]))
    assert list(first) == ["SKU", "stockTracked", "productId"]
    assert first["productId"] == 1007


def test_every_page_is_fetched_and_nothing_twice(box, client):
    ids = [row["productId"] for row in search(client, PRODUCTS, {}, columns=["productId"], page_size=50)]
    assert ids == sorted(box.world.products)
    assert client.counts["posting", f"GET {PRODUCTS}"] == 5


def test_sorting_is_passed_on(box, client):
    rows = search(client, PRODUCTS, {}, columns=["productId"], sort="productId.DESC", page_size=100)
    assert next(rows)["productId"] == max(box.world.products)


def test_no_hits_are_no_rows(client):
    assert list(search(client, PRODUCTS, {"SKU": "there is none"})) == []
    assert count(client, PRODUCTS, {"SKU": "there is none"}) == 0


def test_counting_fetches_no_rows(box, client):
    assert count(client, PRODUCTS, {}) == len(box.world.products)


def test_ids_of_a_column(client):
    assert ids_of(client, PRODUCTS, {"productId": "1007-1009"}, "productId") == {1007, 1008, 1009}


def test_a_period_is_open_or_closed_and_in_utc():
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert period(noon) == "2026-07-01T12:00:00.000+00:00/"
    assert period(None, noon) == "/2026-07-01T12:00:00.000+00:00"
    with pytest.raises(ValueError, match="start or an end"):
        period()


def client_of(url):
    return ErpClient(erp(url), TOKEN, budget=RequestBudget())


def page(rows, first, last, more, columns=("orderId",)):
    meta = {"morePagesAvailable": more, "columns": [{"name": name} for name in columns]}
    meta |= {"firstResult": first, "lastResult": last} if first else {}
    return (200, {}, {"response": {"results": rows, "metaData": meta}})


@pytest.mark.parametrize(
    "replies",
    [
        [page([[1]], 1, 1, True)],
        [page([], None, None, True)],
        [page([[1], [2]], 1, 2, True), page([[1], [2]], 1, 2, True)],
        [page([[1]], 1, "1", True)],
    ],
    ids=["stands still", "promises without rows", "goes back", "no number"],
)
def test_pages_that_do_not_advance_end_in_a_bad_answer(replies):
    with scripted(*replies) as (url, seen), client_of(url) as client, pytest.raises(BadAnswer, match="more pages"):
        list(search(client, "/x-search", {}))
    assert len(seen) <= 2


@pytest.mark.parametrize(
    "body",
    [
        {"response": []},
        {"response": [1]},
        {"response": {"results": [[1, 2]], "metaData": {"columns": [{"name": "a"}]}}},
    ],
)
def test_what_is_no_search_result_is_a_bad_answer(body):
    with scripted((200, {}, body)) as (url, _), client_of(url) as client, pytest.raises(BadAnswer, match="no search"):
        list(search(client, "/x-search", {}))
