"""An account in a sandbox for each file, and a lake for each test that pulls from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from bp_assets.brightpearl.pacing import RequestBudget
from bp_assets.brightpearl.reader import ErpReader
from bp_assets.config import Erp
from bp_assets.domain.lanes import Lane
from bp_assets.extraction.engine import Told, refresh
from bp_assets.extraction.resource import Resource
from bp_assets.lake.connect import Lake
from sandbox.config import SandboxConfig
from sandbox.server import SandboxServer, running

PRODUCTS = 702  # two pages of a search, four sets of a GET


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


@pytest.fixture
def account(sandbox: SandboxServer, lake: Lake) -> Account:
    return Account(sandbox, lake)
