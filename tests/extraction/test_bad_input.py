"""What the ERP may answer and shouldn't, and a run that is killed: one object pays, or nobody."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bp_assets.brightpearl.errors import ErpRefused, Unauthorised
from bp_assets.extraction import pages as paging
from bp_assets.extraction.assets import warnings
from bp_assets.extraction.resource import Search
from tests.extraction.conftest import PRODUCT, PRODUCTS, SETS, Account
from tests.extraction.test_engine import GET, OPTIONS

ROUTE = "GET /product-service/product/*"
ROOT = Path(__file__).parents[2]


def quarantined(account: Account) -> list[tuple[str, str]]:
    return account.rows("select object_id, reason from personal.extraction_quarantine order by 1")


def test_a_field_of_another_type_costs_that_object_alone_and_a_new_one_is_told_once(account: Account) -> None:
    account.refresh(PRODUCT)
    strange = account.ids()[9]
    account.faults(
        {"kind": "odd_field", "route": ROUTE, "path": "composition", "how": "list", "id": strange},
        {"kind": "odd_field", "route": ROUTE, "path": "stock.colour", "how": "value", "value": "red"},
    )
    told = account.refresh(PRODUCT, full=True)
    assert told.merged.quarantined == (str(strange),)
    assert told.merged.new_members == {"stock.colour": PRODUCTS}
    assert (told.merged.changed, len(account.ids())) == (0, PRODUCTS)
    assert warnings(PRODUCT, told) == [
        f"products: 1 records could not be understood ({strange}); why, and as they came: table "
        "personal.extraction_quarantine",
        f"products: the ERP sends a new member stock.colour ({PRODUCTS} times in this run); it is ignored",
    ]
    told = account.refresh(PRODUCT, full=True)
    assert told.merged.new_members == {}
    assert account.rows("select json_extract_string(raw, '$.id') from personal.extraction_quarantine") == [
        (str(strange),)
    ]


def test_one_bad_id_that_spoils_a_set_is_found_by_halving_and_the_others_are_read(account: Account) -> None:
    bad = sorted(account.world.products)[77]
    account.faults({"kind": "error", "route": ROUTE, "status": 400, "id": bad})
    told = account.refresh(PRODUCT)
    assert quarantined(account)[0][0] == str(bad)
    assert "the ERP refuses to tell of it" in quarantined(account)[0][1]
    assert len(account.ids()) == PRODUCTS - 1
    assert told.requests[GET] <= SETS + 2 * 5  # a set of 20 is halved five times
    account.no_faults()
    account.refresh(PRODUCT, full=True)
    assert (quarantined(account), len(account.ids())) == ([], PRODUCTS)


def test_an_erp_that_refuses_everything_ends_the_run_with_what_it_said(account: Account) -> None:
    account.faults({"kind": "error", "route": ROUTE, "status": 400})
    with pytest.raises(ErpRefused, match="the ERP refused"):
        account.refresh(PRODUCT)
    assert account.rows("select count(*) from products") == [(0,)]


def test_a_url_that_is_too_long_is_asked_in_parts(account: Account) -> None:
    everywhere = sorted(account.world.products)
    for one in everywhere[::2]:
        del account.world.products[one]  # ids with holes are named one by one
    account.switch(url_limit=120)
    told = account.refresh(PRODUCT)
    assert account.ids() == everywhere[1::2]
    assert told.requests[OPTIONS] == 1
    assert quarantined(account) == []


def test_an_erp_that_writes_another_offset_tells_the_same_instants(account: Account) -> None:
    account.refresh(PRODUCT)
    before = account.rows("select product_id, created_on, updated_on from products order by 1")
    account.switch(time_zone="America/Chicago")
    told = account.refresh(PRODUCT, full=True)
    assert told.merged.changed == 0
    assert account.rows("select product_id, created_on, updated_on from products order by 1") == before


def test_a_run_killed_in_the_middle_is_gone_on_with_and_readers_saw_nothing_of_it(account: Account) -> None:
    account.faults({"kind": "slow", "route": ROUTE, "seconds": 60, "after": 2})
    lake = account.lake
    command = [sys.executable, "-m", "tests.extraction.puller", account.server.url, str(lake.home.root), lake.dsn]
    with subprocess.Popen(command, cwd=ROOT) as process:
        parts = lake.home.root / "extracts" / "products" / "parts"
        end = time.monotonic() + 60
        while len(list(parts.glob("0*"))) < 2:
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert account.rows("select count(*) from products") == [(0,)]
    account.no_faults()
    told = account.refresh(PRODUCT)
    assert (told.resumed, told.requests) == (2, {GET: SETS - 2})
    assert len(account.ids()) == PRODUCTS
    assert not parts.exists()


def test_a_long_listing_that_was_cut_off_is_gone_on_with(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE", 10)
    monkeypatch.setattr(paging, "STRIDE", 9)
    search = "GET /product-service/product-search"
    found = replace(PRODUCT, listing=Search("/product-service/product-search", "productId"))
    account.faults({"kind": "expire_token", "route": "GET */product-search", "after": 7, "count": 1})
    with pytest.raises(Unauthorised):
        account.refresh(found)
    told = account.refresh(found)
    pages = -(-(PRODUCTS - 1) // 9)
    assert (told.requests[GET], len(account.ids())) == (SETS, PRODUCTS)
    assert told.requests[search] < pages
    assert not list((account.lake.home.root / "extracts" / "products").glob("*.ndjson"))
