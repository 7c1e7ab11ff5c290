"""An account in a sandbox for each file, and a lake for each test that pulls from it."""

from __future__ import annotations

import itertools
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from bp_assets.brightpearl.pacing import RequestBudget
from bp_assets.brightpearl.reader import ErpReader
from bp_assets.config import Erp, Home
from bp_assets.domain.lanes import Lane
from bp_assets.extraction.engine import Told, refresh
from bp_assets.extraction.resource import Context, Decoded, Resource
from bp_assets.extraction.resources import ALL, products
from bp_assets.lake.connect import Lake
from bp_assets.lake.tables import BY_NAME
from bp_assets.ledger import server
from sandbox.config import SandboxConfig
from sandbox.server import SandboxServer, running
from tests.conftest import drop_database, make_database

PRODUCTS = 102  # with 20 a GET that is six sets, and little to read for so many tests


@pytest.fixture(scope="module")
def module_sandbox() -> Iterator[SandboxServer]:
    with running(SandboxConfig(port=0, products=PRODUCTS - 2, requests_per_minute=0)) as server:
        yield server


@pytest.fixture
def sandbox(module_sandbox: SandboxServer) -> SandboxServer:
    """The module's sandbox, as new."""
    httpx.post(f"{module_sandbox.url}/sandbox/reset").raise_for_status()
    return module_sandbox


@pytest.fixture(autouse=True)
def _fast_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bp_assets.brightpearl.patience._FIRST_PAUSE", 0.01)


def _two_tables(object_id: int, raw: Any, context: Context) -> Decoded:
    decoded = _DESCRIBED.decode(object_id, raw, context)
    return {name: decoded[name] for name in ("products", "product_sales_channels")}


_DESCRIBED = products.RESOURCES[0]
assert _DESCRIBED.changes is not None and _DESCRIBED.get is not None
# The products as they are described, but for what would only cost time here: two of their tables, 20 a GET. The sandbox
# made them a moment ago: with an overlap all of them would be news. And a second question for changes.
PRODUCT = replace(
    _DESCRIBED,
    tables={name: _DESCRIBED.tables[name] for name in ("products", "product_sales_channels")},
    decode=_two_tables,
    get=replace(_DESCRIBED.get, limit=20),
    changes=replace(_DESCRIBED.changes, overlap=timedelta(0), moments=("updatedOn", "createdOn")),
)
SETS = -(-PRODUCTS // 20)
_NUMBERS = itertools.count(1)


def settings(url: str, **more: Any) -> Erp:
    given: dict[str, Any] = {
        "base_url": url, "account": "sandbox", "app_ref": "tillbridge", "currency": "GBP",
        "requests_per_minute": 1_000_000, "timeout_seconds": 5, **more,
    }  # fmt: skip
    return Erp(**given)


def reader_of(url: str, lane: Lane = "changes", kind: type[ErpReader] = ErpReader) -> ErpReader:
    erp = settings(url)
    return kind(erp, "sandbox-token", lane=lane, budget=RequestBudget.of(erp))


def plant(server: SandboxServer, *faults: dict[str, Any]) -> None:
    httpx.post(f"{server.url}/sandbox/faults", json={"faults": list(faults)}).raise_for_status()


@dataclass
class Account:
    """A sandbox and a lake, and the pulls between them."""

    server: SandboxServer
    lake: Lake
    readers: Callable[[Lane], ErpReader] = field(init=False)

    def __post_init__(self) -> None:
        self.readers = lambda lane: reader_of(self.server.url, lane)

    @property
    def world(self) -> Any:
        return self.server.world

    def refresh(self, resource: Resource, **how: Any) -> Told:
        return refresh(resource, self.lake, self.readers, **how)

    def rows(self, sql: str, *given: Any) -> list[tuple[Any, ...]]:
        with self.lake.open() as connection:
            return connection.execute(sql, list(given)).fetchall()

    def an_hour_passes(self) -> None:
        """Everything that the lake knows to have been read is an hour older."""
        with self.lake.transaction() as writer:
            writer.connection.execute("update lake_marks set as_of = as_of - interval 1 hour")
            writer.connection.execute("update extraction_objects set read_on = read_on - interval 1 hour")

    def faults(self, *faults: dict[str, Any]) -> None:
        plant(self.server, *faults)

    def switch(self, **switches: Any) -> None:
        httpx.post(f"{self.server.url}/sandbox/switches", json=switches).raise_for_status()

    def ids(self) -> list[int]:
        return [row[0] for row in self.rows("select product_id from products order by 1")]

    def no_faults(self) -> None:
        httpx.delete(f"{self.server.url}/sandbox/faults").raise_for_status()

    def edit(self, what: str, body: dict[str, Any]) -> None:
        """As a person in the ERP would."""
        httpx.post(f"{self.server.url}/sandbox/{what}", json=body).raise_for_status()

    def sku(self, product_id: int) -> str:
        return str(self.rows("select sku from products where product_id = ?", product_id)[0][0])

    def seen(self) -> Counter[str]:
        """Requests by route, as the sandbox counted them since its start."""
        return Counter(httpx.get(f"{self.server.url}/sandbox/health").json()["requests"])


@pytest.fixture(scope="module")
def module_lake(postgres: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A lake of this file: a fresh one for each test would take longer than the test."""
    name = f"extraction_{os.getpid()}_{next(_NUMBERS)}"
    url = make_database(postgres, name, template="ready").render_as_string(hide_password=False)
    home = Home(tmp_path_factory.mktemp("extraction"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TILLBRIDGE_DATABASE_URL", url)
        patch.delenv("TILLBRIDGE_LAKE_PATH", raising=False)
        dsn = server.lake_catalogue_dsn(home)
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        move = sa.text("update lake.ducklake_metadata set value = :folder where key = 'data_path'")
        connection.execute(move, {"folder": f"{home.lake}/"})
    yield Lake(home, dsn)
    drop_database(postgres, name)


@pytest.fixture
def account(sandbox: SandboxServer, module_lake: Lake) -> Account:
    """The module's sandbox and lake, both as new."""
    with module_lake.transaction() as writer:
        for name in sorted({table for resource in ALL for table in resource.tables} | {"extraction_quarantine"}):
            writer.connection.execute(f"delete from {BY_NAME[name].sql}")
        writer.connection.execute("delete from extraction_objects")
        writer.connection.execute("delete from lake_marks")
    shutil.rmtree(module_lake.home.root / "extracts", ignore_errors=True)
    return Account(sandbox, module_lake)
