"""Every resource from a sandbox with a past, over HTTP, through the engine, into the lake: every field of every table.

What must stand there is worked out from the sandbox's own records, not from its answers. And a contact that the ERP
forgot is nowhere in the lake after the next refresh.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bp_assets.brightpearl.errors import Unauthorised
from bp_assets.extraction.resources import ALL
from bp_assets.framing import frame_of
from bp_assets.lake.tables import BY_NAME
from sandbox.config import SandboxConfig
from sandbox.server import SandboxServer, running
from tests.extraction.conftest import Account
from tests.extraction.records import COLUMNS, RECORDS, expected

RESOURCES = {one.name: one for one in ALL}
EMPTY = {"goods_out_labels"}  # nobody in the sandbox's past printed one


@pytest.fixture(scope="module")
def module_sandbox() -> Iterator[SandboxServer]:
    """An account with two years behind it, in place of the folder's own."""
    with running(SandboxConfig(port=0, products=60, orders=300, requests_per_minute=0)) as server:
        yield server


def held(account: Account, table: str) -> list[tuple[Any, ...]]:
    columns = ", ".join(f'"{name}"' for name in COLUMNS[table])
    return sorted(account.rows(f"select {columns} from {BY_NAME[table].sql}"), key=repr)


def know_warehouses(account: Account) -> None:
    """As the staging asset leaves them."""
    places = account.world.reference.warehouses.values()
    rows = [{"warehouse_id": one.id, "name": one.name, "as_of": datetime.now(UTC)} for one in places]
    account.lake.write(lambda writer: writer.upsert("warehouses", frame_of("warehouses", rows)))


@pytest.mark.slow
def test_every_field_of_every_table_is_what_the_sandbox_holds(account: Account) -> None:
    know_warehouses(account)
    for one in ALL:
        told = account.refresh(one)
        assert told.merged.quarantined == (), one.name
    wanted = {table: expected(account.world, table) for table in RECORDS}
    assert {table for table, rows in wanted.items() if not rows} == EMPTY
    different = {}
    for table, rows in wanted.items():
        there = held(account, table)
        if there != rows:
            different[table] = (
                sorted(set(rows) - set(there), key=repr)[:2],
                sorted(set(there) - set(rows), key=repr)[:2],
            )
    assert different == {}


@pytest.mark.slow
def test_stock_that_an_order_reserves_is_read_again_though_nothing_moved(account: Account) -> None:
    know_warehouses(account)
    for name in ("products", "orders", "stock_levels"):
        account.refresh(RESOURCES[name])
    world = account.world
    order = next(one for one in world.orders.by_id.values() if one.type == "SO" and one.stock_status == "SON")
    row = next(one for one in order.rows.values() if one.tracked)
    level = "select allocated from stock_levels where product_id = ? and warehouse_id = ?"
    before = account.rows(level, row.product_id, order.warehouse_id)[0][0]
    world.stock.allocate(row.product_id, order.warehouse_id, 1)  # a reservation is no movement
    httpx.post(f"{account.server.url}/sandbox/orders/{order.id}", json={"reference": "reserved"}).raise_for_status()
    for _ in RESOURCES["orders"].changes.moments:  # asked in turn: one of them shows it
        account.refresh(RESOURCES["orders"])
    told = account.refresh(RESOURCES["stock_levels"])
    assert account.rows(level, row.product_id, order.warehouse_id) == [(before + 1,)]
    assert told.requests["GET /warehouse-service/product-availability/{}"] == 1


def told_of(account: Account, *words: str, at: datetime | None = None) -> set[str]:
    """Every ``table.column`` of the lake in which one of the words stands, or stood at a moment."""
    pattern = "|".join(map(re.escape, words)).lower()
    looks = []
    for table in BY_NAME.values():
        names = [column.name for column in table.columns if column.type == "VARCHAR"]
        if names and not table.view:
            told = (f"if(bool_or(regexp_matches(lower({name}), $1)), '{table.name}.{name}', null)" for name in names)
            looks.append(f"select unnest([{', '.join(told)}]) as place from {table.sql}")
    with account.lake.open(at=at) as connection:
        found = connection.execute(" union all ".join(looks), [pattern]).fetchall()
    return {place for (place,) in found if place}


@pytest.mark.slow
def test_a_contact_forgotten_or_deleted_in_the_erp_is_nowhere_in_the_lake_after_the_next_refresh(
    account: Account,
) -> None:
    contacts, orders = RESOURCES["contacts"], RESOURCES["orders"]
    account.refresh(contacts)
    account.refresh(orders)
    world = account.world
    buyers = [
        one for one in world.contacts.values()
        if not one.supplier and not one.staff and one.emails.get("PRI") and one.ordered
    ]  # fmt: skip
    gone, merged = buyers[0], buyers[1]
    mails, before = (gone.emails["PRI"], merged.emails["PRI"]), datetime.now(UTC)
    assert told_of(account, *mails) == {"contacts.email", "order_parties.email"}

    httpx.post(f"{account.server.url}/sandbox/contacts/{gone.id}/forget", json={}).raise_for_status()
    account.refresh(contacts)
    assert told_of(account, mails[0], "forgotten contact", "forgotten-email") == set()

    httpx.delete(f"{account.server.url}/sandbox/contacts/{merged.id}").raise_for_status()
    account.refresh(contacts, full=True)  # deletions show in the sweep's listing only
    assert told_of(account, *mails) == set()

    # An order still has its copy of the name; it is read again, and the name stays away.
    number = next(one.id for one in world.orders.by_id.values() if one.contact_id == gone.id)
    httpx.post(f"{account.server.url}/sandbox/orders/{number}", json={"reference": "again"}).raise_for_status()
    account.refresh(orders)
    assert account.rows("select reference from orders where order_id = ?", number) == [("again",)]
    assert told_of(account, *mails) == set()
    parties = account.rows("select role, name from personal.order_parties where order_id = ? order by 1", number)
    assert parties == [("billing", None), ("delivery", None)]
    assert told_of(account, *mails, at=before) == set()  # nor does the lake remember how it was


@pytest.mark.slow
def test_a_contact_forgotten_after_a_pull_was_cut_off_is_not_put_in_by_the_next(account: Account) -> None:
    contacts = RESOURCES["contacts"]
    assert contacts.get is not None
    contacts = replace(contacts, get=replace(contacts.get, limit=20))
    buyers = [one for one in account.world.contacts.values() if one.ordered and one.emails.get("PRI")]
    first = min(buyers, key=lambda one: one.id)
    mail = first.emails["PRI"]
    account.faults({"kind": "expire_token", "route": "GET /contact-service/contact/*", "after": 2, "count": 1})
    with pytest.raises(Unauthorised):
        account.refresh(contacts)
    account.no_faults()
    httpx.post(f"{account.server.url}/sandbox/contacts/{first.id}/forget", json={}).raise_for_status()
    told = account.refresh(contacts)
    assert told.resumed > 0
    assert told_of(account, mail, "forgotten contact") == set()
    assert account.rows("select count(*) from personal.contacts") == [(told.merged.rows["contacts"],)]
    assert told.requests["GET /contact-service/contact-search"] == 1
