"""A sandbox per test module over real HTTP, without a cap, brought back to its fresh state before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.config import SandboxConfig
from sandbox.server import SandboxServer, running
from tests.sandbox.client import Caller


@pytest.fixture(scope="module")
def erp_server() -> Iterator[SandboxServer]:
    with running(SandboxConfig(port=0, products=30, requests_per_minute=0)) as server:
        yield server


@pytest.fixture
def box(erp_server: SandboxServer) -> Iterator[Caller]:
    """A caller of a fresh world. No handler may have crashed by the end of the test."""
    caller = Caller(erp_server)
    caller.control("POST", "reset")
    yield caller
    crashes = caller.control("GET", "health")["crashes"]
    caller.http.close()
    assert crashes == []
