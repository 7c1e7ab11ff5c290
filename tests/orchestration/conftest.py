"""A house for each test: sandbox, database, lake, shop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from bp_assets.config import Home
from sandbox.config import SandboxConfig
from sandbox.server import running
from tests.orchestration.house import House, shops_toml


@pytest.fixture
def house(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with _house(home, tmp_path, monkeypatch, SandboxConfig(port=0, products=450, requests_per_minute=0)) as made:
        yield made


@pytest.fixture
def old_house(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """One whose account has a past: orders, notes, payments, contacts."""
    past = SandboxConfig(port=0, products=60, orders=300, requests_per_minute=0)
    with _house(home, tmp_path, monkeypatch, past) as made:
        yield made


@contextmanager
def _house(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: SandboxConfig) -> Iterator[House]:
    folder, config = tmp_path / "till", tmp_path / "shops.toml"
    folder.mkdir()
    with running(account) as sandbox:
        config.write_text(shops_toml(sandbox.url, folder))
        monkeypatch.setenv("TILLBRIDGE_CONFIG", str(config))
        monkeypatch.setenv("TILLBRIDGE_ERP_TOKEN", "sandbox-token")
        monkeypatch.delenv("TILLBRIDGE_ERP_URL", raising=False)
        with dg.DagsterInstance.ephemeral() as instance:
            yield House(home, sandbox, config, folder, instance)
