"""Fixtures of the tests of what is running: empty books at a fixed instant, a shops file. Read, written: that file."""

from __future__ import annotations

import pytest

from bp_assets.config import Home
from tests.builders import SHOPS_TOML, Books


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def shops_path(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shops file of the builders, as the one of this installation."""
    file = home.root / "shops.toml"
    file.write_text(SHOPS_TOML)
    monkeypatch.setenv("TILLBRIDGE_CONFIG", str(file))
