"""A simulated ERP with tills over real HTTP, and a shops file that is right about both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bp_assets.config import ShopsFile, loads
from bp_assets.preflight.check import check
from bp_assets.preflight.report import Fault, Report
from sandbox.config import SandboxConfig
from sandbox.server import SandboxServer, running

ROOT = Path(__file__).parents[2]
GOOD = (ROOT / "shops.toml").read_text(encoding="utf-8")  # the demo's file
# One budget per process and address: without this the tests would wait for each other's minute.
GOOD = GOOD.replace("requests_per_minute = 200", "requests_per_minute = 1000000")


@dataclass
class House:
    """A running sandbox and the checks against it."""

    server: SandboxServer
    home: Path

    @property
    def world(self):  # type: ignore[no-untyped-def]  # the sandbox's own, edited by tests as a person would the ERP
        return self.server.world

    def file(self, *changes: tuple[str, str]) -> ShopsFile:
        """The good file with texts replaced; each must be there."""
        return loads(changed(GOOD, *changes))

    def check(self, *changes: tuple[str, str]) -> Report:
        return check(self.file(*changes))

    def faults(self, *changes: tuple[str, str]) -> list[Fault]:
        return list(self.check(*changes).faults)

    def requests(self) -> dict[str, int]:
        return dict(httpx.get(f"{self.server.url}/sandbox/books?history=false").json()["requests"])


def changed(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text, f"the file has no {old!r}"
        text = text.replace(old, new, 1)
    return text


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with running(SandboxConfig(port=0, requests_per_minute=0)) as one:
        yield one


@pytest.fixture
def house(server: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A fresh sandbox, the environment that points to it, and the folders of the file drops."""
    httpx.post(f"{server.url}/sandbox/reset").raise_for_status()
    for shop in ("york", "bath"):
        (tmp_path / "drop" / shop).mkdir(parents=True)
    settings = {
        "TILLBRIDGE_HOME": str(tmp_path),
        "TILLBRIDGE_ERP_URL": server.url,
        "TILLBRIDGE_ERP_TOKEN": "sandbox-token",
        "TILLBRIDGE_SQUARE_URL": f"{server.url}/square",
        "SQUARE_ACCESS_TOKEN": "square-sandbox-token",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("bp_assets.brightpearl.patience._FIRST_PAUSE", 0.01)
    return House(server, tmp_path)


@pytest.fixture
def only(house: House) -> Callable[..., Fault]:
    """The single fault that a changed file, or a changed ERP, brings."""

    def one(*changes: tuple[str, str]) -> Fault:
        (found,) = house.faults(*changes)
        return found

    return one
