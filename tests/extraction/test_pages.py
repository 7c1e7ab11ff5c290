"""Paging through a search in which rows vanish, move and lie: every row that stays is found, and found once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bp_assets.brightpearl.errors import BadAnswer
from bp_assets.brightpearl.reader import IN_FLIGHT
from bp_assets.extraction import pages as paging
from bp_assets.extraction.pages import Asked, Cursor, Page, pages
from sandbox.server import SandboxServer
from tests.brightpearl.conftest import scripted
from tests.extraction.conftest import PRODUCTS, plant, reader_of

SEARCH = "/product-service/product-search"
ASKED = Asked(SEARCH, "productId", columns=("productId", "updatedOn"))
START = Cursor()
PAGES = -(-(PRODUCTS - 1) // 9)  # of 10 rows, one of which was on the page before


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE", 10)
    monkeypatch.setattr(paging, "STRIDE", 9)


def read(url: str, asked: Asked = ASKED, begin: Cursor = START) -> tuple[list[Page], int]:
    """All pages, and how many requests they cost."""

    async def inside() -> tuple[list[Page], int]:
        async with reader_of(url) as reader:
            return [page async for page in pages(reader, asked, begin)], reader.requests

    return asyncio.run(inside())


def ids(found: list[Page]) -> list[int]:
    return [id_ for page in found for id_, _ in page.rows]


def test_every_row_comes_once_in_as_many_requests_as_there_are_pages(sandbox: SandboxServer) -> None:
    found, requests = read(sandbox.url)
    assert ids(found) == sorted(sandbox.world.products)
    assert requests == PAGES


def test_rows_that_vanish_while_we_page_cost_no_other_row(sandbox: SandboxServer) -> None:
    plant(sandbox, {"kind": "vanishing_rows", "route": "GET */product-search", "count": 6, "after": 1})
    found, requests = read(sandbox.url)
    left = set(sandbox.world.products)
    assert len(left) == PRODUCTS - 6
    assert set(ids(found)) >= left
    assert len(ids(found)) == len(set(ids(found)))
    assert requests <= PAGES + 6 * (1 + IN_FLIGHT)  # each asks anew for what was ahead


def test_rows_that_move_while_we_page_are_found_once(sandbox: SandboxServer) -> None:
    plant(sandbox, {"kind": "moving_rows", "route": "GET */product-search", "count": 6})
    found, _ = read(sandbox.url)
    assert ids(found) == sorted(sandbox.world.products)


@pytest.mark.parametrize("claimed", [0, 10, 9999])
def test_a_count_that_lies_hides_nothing(sandbox: SandboxServer, claimed: int) -> None:
    plant(sandbox, {"kind": "lying_count", "route": "GET */product-search", "value": claimed})
    found, requests = read(sandbox.url)
    assert ids(found) == sorted(sandbox.world.products)
    assert requests <= PAGES + 8  # what is asked beyond the end is bounded by the requests in flight


def test_paging_goes_on_where_it_was_cut_off(sandbox: SandboxServer) -> None:
    whole, _ = read(sandbox.url)
    rest, requests = read(sandbox.url, begin=whole[4].after)
    assert ids(rest) == ids(whole[5:])
    assert requests == PAGES - 5
    for deleted in (1, 12):  # before where it goes on: one row, which the border row makes up for, and a page and more
        for one in ids(whole)[:deleted]:
            sandbox.world.products.pop(one, None)
        rest, _ = read(sandbox.url, begin=whole[4].after)
        assert ids(rest) == ids(whole[5:])


def page(rows: list[Any], more: bool = False) -> tuple[int, dict[str, str], Any]:
    meta = {
        "columns": [{"name": "productId"}], "morePagesAvailable": more, "resultsAvailable": len(rows),
        "resultsReturned": len(rows), "firstResult": 1, "lastResult": len(rows),
    }  # fmt: skip
    return 200, {}, {"response": {"metaData": meta, "results": [[row] for row in rows]}}


@pytest.mark.parametrize(
    ("replies", "message"),
    [
        ([page([3, 1, 2])], "not sorted by productId"),
        ([page([1, 2], more=True), page([2], more=True)], None),
        ([page([], more=True)], None),
        ([page(list(range(1, 11)), more=True)], "pages in a row brought nothing new"),
        ([(200, {}, {"response": {"results": "none"}})], "no search result"),
    ],
)
def test_an_answer_that_makes_no_sense_ends_the_paging(
    replies: list[Any], message: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST_STEPS", 5)
    monkeypatch.setattr("bp_assets.brightpearl.patience._LONGEST_PAUSE", 0.01)
    with scripted(*replies) as (url, seen):
        if message is None:
            read(url)
        else:
            with pytest.raises(BadAnswer, match=message):
                read(url)
        assert len(seen) <= 10


def test_a_row_without_a_readable_id_is_kept_apart() -> None:
    with scripted(page([1, None, "x", 4])) as (url, _):
        found, _ = read(url)
    assert (ids(found), found[0].unread) == ([1, 4], [{"productId": None}, {"productId": "x"}])
