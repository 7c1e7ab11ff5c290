"""From nothing to the files that forecasting tools load, by the two commands that a person gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.config import SandboxConfig
from sandbox.server import running
from tests.e2e.command import tillbridge
from tests.posting.receipts import SHOP_TOML, SHOPS_TOML


@pytest.mark.slow
def test_an_account_is_read_whole_and_exported_with_no_table_left_empty(tmp_path: Path) -> None:
    with running(SandboxConfig(port=0, products=40, orders=120, requests_per_minute=0)) as server:
        config = tmp_path / "shops.toml"
        common = SHOPS_TOML.replace("[nominal_codes]", "product_channels = [2]\n\n[nominal_codes]", 1)
        config.write_text(common + SHOP_TOML.format(key="leeds", warehouse=3, channel=2, contact=201))
        env = {
            "TILLBRIDGE_ERP_URL": server.url,
            "TILLBRIDGE_CONFIG": str(config),
            "TILLBRIDGE_ERP_TOKEN": server.world.config.account_token,
        }
        home = tmp_path / "home"
        read = tillbridge(home, "refresh", **env)
        assert (read.returncode, read.stderr) == (0, "")
        assert "Warehouses" in read.stdout and "What is computed from all this" in read.stdout
        done = tillbridge(home, "export", "forecasting", "--format", "tsv", "--to", str(tmp_path / "feed"), **env)
        assert (done.returncode, done.stderr) == (0, "")
    feed = tmp_path / "feed" / "current"
    manifest = json.loads((feed / "manifest.json").read_text())
    assert len(manifest["files"]) == 27
    rows = (feed / "Brightpearl_Orders.tsv").read_text().splitlines()
    world = server.world
    assert len(rows) - 1 == sum(len(order.rows) for order in world.orders.by_id.values())
    channels = (feed / "Brightpearl_ProductSalesChannels.tsv").read_text()
    assert channels.count("\tLeeds\tfalse\t") == len(world.products)  # sold there, but not without stock
    assert len((feed / "Brightpearl_Warehouses.tsv").read_text().splitlines()) - 1 == len(world.reference.warehouses)
