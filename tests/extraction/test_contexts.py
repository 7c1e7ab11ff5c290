"""What the ERP tells only within a context: the channels' own entries of products, asked for once more for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bp_assets.brightpearl.errors import Unauthorised
from bp_assets.export import catalogue
from bp_assets.export.forecasting import export_forecasting
from bp_assets.extraction import listing
from bp_assets.extraction.plan import Kind, fingerprint
from bp_assets.extraction.progress import Progress
from bp_assets.extraction.resource import Get, Resource, Unclear
from bp_assets.extraction.resources.products import with_channel
from tests.extraction.conftest import PRODUCT, PRODUCTS, SETS, Account, settings
from tests.extraction.decoding import RESOURCES, decode
from tests.extraction.test_engine import GET, OPTIONS, SEARCH

ROUTE = "GET /product-service/product/*"
LEEDS = "select available_to_sell_on_channel from product_sales_channels where sales_channel_name = 'Leeds'"


@pytest.fixture(autouse=True)
def _sure_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "WELL_AFTER", timedelta(0))


def asking(*channels: int) -> Resource:
    """The products, asked for as a shops file with these channels has them."""
    return PRODUCT.asked_by(settings("", product_channels=channels))


BOTH = asking(2, 3)
EACH = 3  # requests of a set: by itself, and within the context of each channel


def entries(account: Account, product_id: int) -> list[tuple[Any, ...]]:
    query = (
        "select sales_channel_name, available_to_sell_on_channel, sell_when_no_stock from product_sales_channels "
        "where product_id = ? order by sales_channel_name"
    )
    return account.rows(query, product_id)


def entry(name: str, **more: Any) -> dict[str, Any]:
    return {"salesChannelName": name, "productName": f"Mug at {name}", **more}


# -- one record --------------------------------------------------------------------------------------------------------


def channels_of(record: dict[str, Any], *others: Any) -> list[tuple[Any, ...]]:
    for one in others:
        record = with_channel(record, {"id": 7, "salesChannels": one})
    rows = decode("products", 7, record)["product_sales_channels"]
    columns = "sales_channel_name", "product_name", "available_to_sell_on_channel", "sell_when_no_stock"
    return [tuple(row[name] for name in columns) for row in rows]


def test_a_record_gets_the_entries_of_each_context_behind_its_own() -> None:
    record = {"id": 7, "salesChannels": [entry("Brightpearl")]}
    leeds = entry("Leeds", availableToSellOnChannel=True, sellWhenNoStock=False)
    assert channels_of(record, [leeds], [entry("London", availableToSellOnChannel=False)]) == [
        ("Brightpearl", "Mug at Brightpearl", None, None),
        ("Leeds", "Mug at Leeds", True, False),
        ("London", "Mug at London", False, None),
    ]
    assert record == {"id": 7, "salesChannels": [entry("Brightpearl")]}  # it may be put together again


def test_an_entry_of_a_name_that_is_there_gives_its_flags_alone() -> None:
    record = {"id": 7, "salesChannels": [entry("Brightpearl")]}
    first = {**entry("Brightpearl", availableToSellOnChannel=False), "productName": "Other"}
    second = {**entry("Brightpearl", availableToSellOnChannel=True, sellWhenNoStock=True), "productName": "Third"}
    assert channels_of(record, [first], [second]) == [("Brightpearl", "Mug at Brightpearl", False, True)]


@pytest.mark.parametrize("none", [None, [], {}, ""])
def test_a_context_that_has_no_entry_adds_none(none: Any) -> None:
    record = {"id": 7, "salesChannels": [entry("Brightpearl")]}
    assert with_channel(record, {"id": 7, "salesChannels": none}) == record
    assert channels_of({"id": 7, "salesChannels": none}, [entry("Leeds")]) == [("Leeds", "Mug at Leeds", None, None)]


@pytest.mark.parametrize(
    ("held", "more"),
    [("Brightpearl", [entry("Leeds")]), ([entry("Brightpearl")], "Leeds"), ([], [entry("Leeds"), 5])],
)
def test_entries_that_are_none_are_refused(held: Any, more: Any) -> None:
    with pytest.raises(Unclear, match=r"a str, not a list|a (str|int) where an object was expected"):
        channels_of({"id": 7, "salesChannels": held}, more)


def test_a_plan_made_with_other_channels_is_not_gone_on_with() -> None:
    assert len({fingerprint(one) for one in (PRODUCT, asking(2), asking(2, 3), asking(3, 2))}) == 4
    assert fingerprint(asking()) == fingerprint(PRODUCT)
    brands = RESOURCES["brands"]
    assert brands.asked_by(settings("", product_channels=(2,))) is brands


@pytest.mark.parametrize("how", [{"nothing": frozenset(("PRDC-404",))}, {"path": "/product-service/product"}])
def test_a_description_whose_contexts_cannot_work_is_refused(how: dict[str, Any]) -> None:
    get = PRODUCT.get
    assert get is not None
    with pytest.raises(ValueError, match="resource products: "):
        replace(PRODUCT, get=Get(**{"path": get.path, "split": get.split, "within": get.within, **how}))


# -- over HTTP ---------------------------------------------------------------------------------------------------------


def test_flags_of_the_channels_asked_for_arrive_and_a_change_costs_one_set_in_each_context(
    account: Account, tmp_path: Path
) -> None:
    live, archived = sorted(account.world.products)[10], sorted(account.world.products)[70]
    account.world.products[archived].status = "ARCHIVED"
    before, told_of = account.seen(), list[Progress]()
    told = account.refresh(BOTH, tell=told_of.append)
    assert told.requests == {OPTIONS: 1, GET: SETS * EACH}
    assert (told.planned, told_of[-1].answered) == (SETS * EACH, SETS * EACH)
    sent = account.seen() - before
    assert {route.split()[0] for route in sent} == {"GET", "OPTIONS"}
    assert sum(sent.values()) == 1 + SETS * EACH
    assert (told.merged.quarantined, told.merged.rows["product_sales_channels"]) == ((), PRODUCTS * EACH)
    assert entries(account, live) == [("Brightpearl", None, None), ("Leeds", True, False), ("London", True, False)]
    assert entries(account, archived)[1:] == [("Leeds", False, False), ("London", False, False)]
    assert account.rows("select count(distinct name) from products") == [(PRODUCTS,)]

    sheets = [catalogue.PRODUCT_SALES_CHANNELS]
    folder = export_forecasting(account.lake, tmp_path / "sets", sheets=sheets).folder
    shown = pl.read_csv(folder / "Brightpearl_ProductSalesChannels.tsv", separator="\t", infer_schema=False)
    columns = "SalesChannelName", "AvailableToSellOnChannel", "SellWhenNoStock"
    assert shown.filter(pl.col("ProductId") == str(archived)).select(columns).rows() == [
        ("Brightpearl", None, None), ("Leeds", "false", "false"), ("London", "false", "false"),
    ]  # fmt: skip
    assert shown.filter(Id=f"{live}:Leeds").select(columns).rows() == [("Leeds", "true", "false")]

    account.edit("products", {"sku": account.sku(live), "name": "Renamed"})
    told = account.refresh(BOTH)
    assert told.requests == {SEARCH: 2, GET: EACH}
    assert (told.merged.changed, told.merged.written["product_sales_channels"]) == (1, EACH)
    renamed = "select distinct product_name from product_sales_channels where product_id = ?"
    assert account.rows(renamed, live) == [("Renamed",)]


def test_other_channels_in_the_shops_file_have_all_products_read_again(account: Account) -> None:
    account.refresh(asking())
    assert account.rows("select count(*) from product_sales_channels") == [(PRODUCTS,)]
    told = account.refresh(asking(2))
    assert (told.kind, told.merged.changed, told.requests[GET]) == (Kind.FULL, PRODUCTS, SETS * 2)
    assert told.merged.new_members == {}  # the flags are no news, they were asked for
    assert account.rows(LEEDS) == [(True,)] * PRODUCTS
    assert account.refresh(asking(2)).kind is Kind.CHANGES
    told = account.refresh(asking())
    assert (told.kind, account.rows("select count(*) from product_sales_channels")) == (Kind.FULL, [(PRODUCTS,)])


def test_a_run_that_was_cut_off_is_not_gone_on_with_after_the_channels_were_changed(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bp_assets.extraction.fetching.PART_ROWS", 1)
    cut = {"kind": "expire_token", "route": ROUTE, "after": 2 * EACH + 4, "count": 1}
    for then, resumed in ((asking(2), 0), (BOTH, 1)):
        account.faults(cut)
        with pytest.raises(Unauthorised):
            account.refresh(BOTH, full=True)
        account.no_faults()
        told = account.refresh(then, full=True)
        each = 1 + len(then.contexts)
        assert (min(told.resumed, 1), told.planned) == (resumed, SETS * each)
        assert told.requests[GET] == SETS * each - told.resumed
        assert account.rows("select count(*) from product_sales_channels") == [(PRODUCTS * each,)]


def test_a_product_that_one_context_leaves_out_has_no_entry_of_it(account: Account) -> None:
    one, other, *_ = sorted(account.world.products)
    missing = {"kind": "odd_field", "route": ROUTE, "path": "id", "how": "null", "containing": "contextChannelId=3"}
    account.faults({**missing, "id": one})
    told = account.refresh(BOTH)
    assert (told.merged.quarantined, len(account.ids())) == ((), PRODUCTS)
    assert [row[0] for row in entries(account, one)] == ["Brightpearl", "Leeds"]
    assert [row[0] for row in entries(account, other)] == ["Brightpearl", "Leeds", "London"]


def test_an_entry_that_is_not_understood_costs_its_product_alone_and_is_kept_as_it_came(account: Account) -> None:
    strange = sorted(account.world.products)[30]
    path = "salesChannels.*.availableToSellOnChannel"
    odd = {"kind": "odd_field", "route": ROUTE, "path": path, "how": "text", "id": strange}
    account.faults({**odd, "containing": "contextChannelId=2"})
    told = account.refresh(BOTH)
    assert (told.merged.quarantined, len(account.ids())) == ((str(strange),), PRODUCTS - 1)
    kept = "select json_array_length(raw), json_extract_string(raw, '$[1].salesChannels[0].salesChannelName') "
    assert account.rows(f"{kept} from personal.extraction_quarantine") == [(EACH, "Leeds")]


def test_an_id_refused_within_a_context_alone_is_found_by_halving(account: Account) -> None:
    bad = sorted(account.world.products)[77]
    account.faults({"kind": "error", "route": ROUTE, "status": 400, "id": bad, "containing": "contextChannelId=3"})
    told = account.refresh(BOTH)
    assert (told.merged.quarantined, len(account.ids())) == ((str(bad),), PRODUCTS - 1)
    assert len(account.rows(LEEDS)) == PRODUCTS - 1


def test_a_url_that_only_a_context_makes_too_long_is_asked_in_parts(account: Account) -> None:
    everywhere = sorted(account.world.products)
    for one in everywhere[::2]:
        del account.world.products[one]  # ids with holes are named one by one
    account.switch(url_limit=155)
    told = account.refresh(BOTH)
    assert (told.merged.quarantined, account.ids()) == ((), everywhere[1::2])
    assert account.rows(LEEDS) == [(True,)] * (PRODUCTS // 2)
