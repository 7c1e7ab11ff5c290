"""Fixtures of posting: one simulated ERP per module, as new for each test, and a house around it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import settings

from bp_assets.ledger.connection import Ledger
from sandbox.config import SandboxConfig
from sandbox.server import SandboxServer, running
from tests.posting.house import House, empty, stock_the_range
from tests.posting.receipts import RANGE

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """The simulated ERP over real HTTP, without a cap; its throttle window is short for the tests that fill it."""
    file = tmp_path_factory.mktemp("range") / "range.csv"
    # TWIN stands twice: two products share the SKU.
    rows = [f"{sku},{sku.title()},{code},5.0000" for sku, code in [*RANGE.items(), ("TWIN", "T20")]]
    file.write_text("\n".join(["sku,name,tax_code,net_price", *rows]), encoding="utf-8")
    config = SandboxConfig(port=0, catalogue=file, requests_per_minute=0, minute_seconds=0.5)
    config.switches.close_delay_ms = 0
    with running(config) as server:
        yield server


@pytest.fixture(scope="module")
def database_of_module(postgres: sa.URL, request: pytest.FixtureRequest) -> Iterator[sa.URL]:
    """One database for a module's tests: emptying it costs a tenth of making a new one."""
    name = request.module.__name__.rpartition(".")[2]
    made = postgres.set(database=name)
    engine = sa.create_engine(postgres, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f'create database "{name}" template ready'))
    yield made
    with engine.connect() as connection:
        connection.execute(sa.text(f'drop database "{name}" with (force)'))


@pytest.fixture
def ledger(database_of_module: sa.URL) -> Iterator[Ledger]:
    """An empty ledger, open."""
    with Ledger(database_of_module.render_as_string(hide_password=False)) as opened:
        empty(opened)
        yield opened


@pytest.fixture
def house(erp: SandboxServer, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """An empty ledger beside an ERP as new."""
    monkeypatch.delenv("TILLBRIDGE_ERP_URL", raising=False)
    # Reads are repeated after a pause that doubles from here; a test need not wait as long as a night does.
    monkeypatch.setattr("bp_assets.brightpearl.patience._FIRST_PAUSE", 0.01)
    with httpx.Client(base_url=erp.url) as http:
        http.post("/sandbox/reset").raise_for_status()
        stock_the_range(http)
    made = House(ledger, erp)
    yield made
    crashes = made.control("GET", "health")["crashes"]
    made.close()
    assert not crashes, "the ERP's handlers met a body they should have refused"
