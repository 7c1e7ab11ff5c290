"""A whole installation for a test: one shop with a file till, a running sandbox as its ERP, own database, own lake."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import httpx

from bp_assets.config import Home, ShopsFile, load
from bp_assets.definitions import ASSETS, defs, resources
from bp_assets.resources import lake_of, ledger_of
from sandbox.server import SandboxServer
from tests.erp_account import erp_account


def shops_toml(url: str, folder: Path) -> str:
    """The shops file: one shop whose till drops CSV files into ``folder``."""
    return f"""{erp_account(url, requests_per_minute=100_000, search_lag_seconds=1)}
[posting]
poll_seconds = 0.2
linger_seconds = 0

[tax_map]
"20" = "T20"
"5" = "T5"
"0" = "T0"

[tender_map]
card = "CARD"

[[shops]]
key = "leeds"
name = "Leeds"
warehouse_id = 2
channel_id = 1
price_list_id = 2
walk_in_contact_id = 201
time_zone = "Europe/London"

[shops.feed]
kind = "file_drop"
folder = "{folder}"
settle_seconds = 0
prices_include_tax = true
default_tax_rate = 20
default_tender = "card"
columns = {{ receipt = "receipt", sold_at = "at", sku = "sku", quantity = "qty", unit_price = "price" }}
"""


@dataclass
class House:
    """What a test does in an installation: drop receipts, run jobs, look at the lake and at the ERP's books."""

    home: Home
    sandbox: SandboxServer
    config: Path
    folder: Path
    instance: dg.DagsterInstance
    _files: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def shops(self) -> ShopsFile:
        return load(self.config)

    def drop(self, *numbers: str, day: str = "2026-11-20", sku: str | None = None, price: str = "12.00") -> None:
        """Receipts of one unit each, as one file of the till."""
        chosen = sku or self.sku()
        rows = [f"{number},{day}T10:15:00,{chosen},1,{price}" for number in numbers]
        text = "\n".join(["receipt,at,sku,qty,price", *rows]) + "\n"
        (self.folder / f"sales-{next(self._files)}.csv").write_text(text)

    def sku(self, index: int = 0) -> str:
        """A SKU that the simulated ERP stocks and charges 20 % on."""
        found = [item.sku for item in self.sandbox.world.items if item.tax_code == "T20"]
        return found[index]

    def materialise(self, *names: str, **config: dict[str, Any]) -> dg.ExecuteInProcessResult:
        """Run these assets in this process, as a job would. ``config`` is by op."""
        selection = dg.AssetSelection.assets(*names).required_multi_asset_neighbors()  # an op fills all its tables
        ops = {name: {"config": values} for name, values in config.items()}
        result = dg.materialize(
            list(ASSETS), instance=self.instance, resources=resources(), selection=selection, run_config={"ops": ops}
        )
        assert result.success
        return result

    def run(self, job: str, **config: dict[str, Any]) -> dg.ExecuteInProcessResult:
        """Run a job of the project in this process. ``config`` is by op."""
        ops = {name: {"config": values} for name, values in config.items()}
        found = defs.resolve_job_def(job)
        result = found.execute_in_process(instance=self.instance, run_config={"ops": ops} if ops else None)
        assert result.success
        return result

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with lake_of(self.home).open() as reading:
            return reading.execute(sql).fetchall()

    def ledger_rows(self, sql: str) -> list[tuple[Any, ...]]:
        with ledger_of(self.home).begin() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql)]

    def books(self) -> dict[str, Any]:
        return httpx.get(f"{self.sandbox.url}/sandbox/books", timeout=30).json()

    def edit_product(self, **values: Any) -> None:
        """As a person in the ERP would."""
        answer = httpx.post(f"{self.sandbox.url}/sandbox/products", json=values, timeout=30)
        assert answer.status_code == 200, answer.text

    def edit_stock(self, **values: Any) -> None:
        answer = httpx.post(f"{self.sandbox.url}/sandbox/stock", json=values, timeout=30)
        assert answer.status_code == 200, answer.text

    def edit_order(self, order_id: int, **values: Any) -> None:
        answer = httpx.post(f"{self.sandbox.url}/sandbox/orders/{order_id}", json=values, timeout=30)
        assert answer.status_code == 200, answer.text

    @contextmanager
    def requests(self) -> Iterator[Counter[str]]:
        """What was asked of the ERP inside the block, by route."""
        before = Counter(self.books()["requests"])
        asked: Counter[str] = Counter()
        yield asked
        asked.update(Counter(self.books()["requests"]) - before)
