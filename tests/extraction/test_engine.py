"""The engine on a real description: a whole pull, what changed, what is gone, what can't be understood."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bp_assets.brightpearl.errors import Unauthorised
from bp_assets.extraction import listing
from bp_assets.extraction.engine import TooManyGone
from bp_assets.extraction.plan import Kind
from bp_assets.extraction.resource import Chosen, Context, Decoded, Resource, Sweep, Unclear
from bp_assets.extraction.resources import ALL
from tests.extraction.conftest import PRODUCT, PRODUCTS, SETS, Account

BY_NAME = {resource.name: resource for resource in ALL}
SWEPT = replace(PRODUCT, sweep=replace(PRODUCT.sweep, every=timedelta(0)), rotate=None)
OPTIONS, GET = "OPTIONS /product-service/product", "GET /product-service/product/{}"
SEARCH = "GET /product-service/product-search"


@pytest.fixture(autouse=True)
def _sure_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "WELL_AFTER", timedelta(0))


def test_a_first_pull_reads_all_in_as_few_requests_as_the_limits_allow_and_the_next_one_asks_one_question(
    account: Account,
) -> None:
    told = account.refresh(PRODUCT)
    there = len(account.world.products)
    assert (told.kind, told.planned, told.requests) == (Kind.FULL, SETS, {OPTIONS: 1, GET: SETS})
    assert account.rows("select count(*), count(distinct product_id) from products") == [(there, there)]
    assert account.rows("select count(*) from extraction_objects where resource = 'products'") == [(there,)]
    assert told.merged.quarantined == ()

    before = account.rows("select product_id, as_of from products order by 1")
    for _ in range(2):  # updatedOn, then createdOn in its turn
        told = account.refresh(PRODUCT)
        assert (told.kind, told.requests, told.merged.changed) == (Kind.CHANGES, {SEARCH: 1}, 0)
    assert account.rows("select product_id, as_of from products order by 1") == before


def test_a_changed_object_is_written_anew_and_no_other_is_touched(account: Account) -> None:
    account.refresh(PRODUCT)
    before = dict(account.rows("select product_id, as_of from products"))
    changed = account.ids()[70]
    account.edit("products", {"sku": account.sku(changed), "name": "Renamed"})
    told = account.refresh(PRODUCT)
    assert told.requests == {SEARCH: 2, GET: 1}  # once one question finds something, the other is asked too
    assert (told.merged.objects, told.merged.changed, told.merged.written["products"]) == (1, 1, 1)
    after = dict(account.rows("select product_id, as_of from products"))
    assert [one for one in after if after[one] != before[one]] == [changed]
    assert account.rows("select name from products where product_id = ?", changed) == [("Renamed",)]


def test_what_the_listing_no_longer_names_is_deleted_from_every_table(account: Account) -> None:
    account.refresh(PRODUCT)
    gone = account.ids()[5]
    del account.world.products[gone]
    told = account.refresh(SWEPT)
    assert (told.kind, told.merged.gone, told.requests[OPTIONS]) == (Kind.SWEEP, 1, 1)
    for table, given in PRODUCT.tables.items():
        assert account.rows(f"select count(*) from {table} where {given.id} = ?", gone) == [(0,)], table
    assert account.rows("select count(*) from extraction_objects where object_id = ?", gone) == [(0,)]


def test_a_mass_deletion_is_held_back_until_a_person_accepts_it(account: Account) -> None:
    account.refresh(PRODUCT)
    all_ids = account.ids()
    for one in all_ids[:30]:
        del account.world.products[one]
    account.edit("products", {"sku": account.sku(all_ids[80]), "name": "Renamed"})
    message = (
        rf"products: 30 of {PRODUCTS:,} objects \(29 %\) are no longer there; more than 5% at once is not "
        r"believed. .* `tillbridge refresh products --accept-deletions`"
    )
    for _ in range(2):  # the next refresh looks again
        with pytest.raises(TooManyGone, match=message):
            account.refresh(SWEPT)
    assert account.ids() == all_ids
    assert account.rows("select name from products where product_id = ?", all_ids[80]) == [("Renamed",)]
    told = account.refresh(SWEPT, accept_deletions=True)
    assert (told.merged.gone, told.merged.held_back) == (30, 0)
    assert account.ids() == all_ids[30:]


def refusing(resource: Resource, *strange: int) -> Resource:
    """The resource, but its decode function does not understand some objects."""

    def decode(object_id: int, raw: Any, context: Context) -> Decoded:
        if object_id in strange:
            raise Unclear("status is a list, not a text")
        return resource.decode(object_id, raw, context)

    return replace(resource, decode=decode)


def test_a_record_that_is_not_understood_waits_in_quarantine_and_leaves_it_when_it_is(account: Account) -> None:
    quarantine = "select object_id, reason, json_extract_string(raw, '$.id') from personal.extraction_quarantine"
    account.refresh(PRODUCT)
    known = account.ids()[3]
    told = account.refresh(refusing(PRODUCT, known), full=True)
    assert told.merged.quarantined == (str(known),)
    assert account.rows(quarantine) == [(str(known), "status is a list, not a text", str(known))]
    assert (known in account.ids(), len(account.ids())) == (True, PRODUCTS)  # as it was last understood
    first_seen = account.rows("select first_seen from personal.extraction_quarantine")
    account.refresh(refusing(SWEPT, known))  # asked again with each sweep
    assert account.rows("select first_seen from personal.extraction_quarantine") == first_seen
    told = account.refresh(SWEPT)
    assert told.merged.written["products"] == 1
    assert account.rows(quarantine) == []


def test_rows_that_do_not_fit_their_table_cost_their_object_alone(account: Account) -> None:
    faults: dict[int, Any] = {1: None, 2: 5, 3: "x" * 3}

    def decode(object_id: int, raw: Any, context: Context) -> Decoded:
        decoded = dict(PRODUCT.decode(object_id, raw, context))
        kind = object_id % 50
        if kind in faults:
            columns = PRODUCT.tables["products"].columns
            row = list(decoded["products"][0])
            row[columns.index("name" if kind < 3 else "brand_id")] = faults[kind]
            decoded["products"] = [tuple(row)]
        return decoded

    told = account.refresh(replace(PRODUCT, decode=decode))
    reasons = account.rows("select distinct reason from personal.extraction_quarantine order by 1")
    assert reasons == [
        ("products.brand_id is a str, not a int",),
        ("products.name is a int, not a str",),
        ("products.name is missing",),
    ]
    assert told.merged.rows["products"] == PRODUCTS - len(told.merged.quarantined)


def test_an_error_in_the_middle_keeps_what_was_read_and_the_next_run_asks_for_the_rest(account: Account) -> None:
    account.faults({"kind": "expire_token", "route": "GET /product-service/product/*", "count": 1})
    with pytest.raises(Unauthorised, match="TILLBRIDGE_ERP_TOKEN"):
        account.refresh(PRODUCT)
    assert account.rows("select count(*) from products") == [(0,)]
    account.no_faults()
    told = account.refresh(PRODUCT)
    assert told.resumed < SETS
    assert told.requests == {GET: SETS - told.resumed}
    assert len(account.ids()) == PRODUCTS


def test_an_account_without_orders_has_empty_tables_that_are_fresh(account: Account) -> None:
    said: list[str] = []
    told = account.refresh(BY_NAME["orders"], tell=lambda progress: said.append(progress.line()))
    assert told.requests == {"OPTIONS /order-service/order": 1}
    assert said[-1] == "orders: 1 request sent, 0 rows read"
    assert account.rows("select rows from lake_marks where table_name in ('orders', 'order_rows')") == [(0,), (0,)]


def test_what_has_no_filter_is_read_again_in_turn_as_fast_as_time_passes(account: Account) -> None:
    turning = replace(PRODUCT, changes=None, rotate=timedelta(hours=2), every=timedelta(hours=1), sweep=Sweep())
    account.refresh(turning)
    read: list[set[int]] = []
    query = "select object_id from extraction_objects where read_on > now() - interval 30 minute"
    for _ in range(2):
        account.an_hour_passes()
        told = account.refresh(turning)
        assert told.kind is Kind.CHANGES
        read.append({row[0] for row in account.rows(query)})
    assert len(set[int]().union(*read)) == PRODUCTS  # all of them within two hours
    assert max(map(len, read)) <= PRODUCTS * 11 // 20 + 2  # none at once
    assert account.refresh(turning).merged.objects <= 1  # no time has passed: nobody is due


def test_what_the_lake_no_longer_chooses_leaves_without_an_alarm(account: Account) -> None:
    account.refresh(PRODUCT)
    chosen = replace(
        BY_NAME["prices"], rotate=None, listing=Chosen("select product_id as id from products where product_id < 1080")
    )
    told = account.refresh(chosen)
    assert told.merged.objects == len([one for one in account.ids() if one < 1080])
    fewer = replace(chosen, listing=Chosen("select product_id as id from products where product_id < 1040"))
    told = account.refresh(fewer)
    assert (told.merged.gone > 30, told.merged.held_back, told.requests) == (True, 0, {})
    assert account.rows("select max(product_id) from prices")[0][0] < 1040


def test_rows_from_before_the_engine_are_replaced_or_go(account: Account) -> None:
    account.refresh(PRODUCT)
    with account.lake.transaction() as writer:
        for statement in (
            "delete from extraction_objects", "delete from lake_marks",
            "update products set name = 'old' where product_id = 1000",
            "update products set product_id = 7 where product_id = 1001",
        ):  # fmt: skip
            writer.connection.execute(statement)
    told = account.refresh(PRODUCT)
    assert (told.kind, told.merged.gone) == (Kind.FULL, 1)
    assert account.ids() == sorted(account.world.products)
    assert account.rows("select count(*) from products where name = 'old'") == [(0,)]
