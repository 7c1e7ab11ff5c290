"""``tillbridge live``: refuses to start on a fault, runs until it is told to stop, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import httpx
import psutil
import pytest

from bp_assets.cli.processes import Child, python_module
from bp_assets.config import Home
from sandbox.config import SandboxConfig
from sandbox.server import running
from tests.cli.shop_day import shops_file
from tests.cli.terminal import ROOT, tillbridge


@pytest.fixture
def settings(home: Home, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.delenv("TILLBRIDGE_WEBHOOK_SECRET", raising=False)
    (home.root / "drop" / "leeds").mkdir(parents=True)
    return {"TILLBRIDGE_ERP_TOKEN": "sandbox-token", "TILLBRIDGE_CONFIG": str(shops_file(home.root))}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_fault_keeps_it_from_starting(home: Home, settings: dict[str, str]) -> None:
    with running(SandboxConfig(port=0)) as server:
        shops_file(home.root, ("warehouse_id = 3", "warehouse_id = 33"))
        done = tillbridge("live", TILLBRIDGE_ERP_URL=server.url, **settings)
    assert done.returncode == 1
    assert "the ERP has no warehouse 33" in done.stdout
    assert done.stdout.endswith("Nothing was started. Mend the faults, or add --anyway.\n")


def test_webhooks_without_a_secret_are_refused(settings: dict[str, str]) -> None:
    done = tillbridge("live", "--webhook-url", "https://hooks.example.com", **settings)
    assert done.returncode == 2
    assert done.stderr.startswith("--webhook-url needs TILLBRIDGE_WEBHOOK_SECRET")


@pytest.mark.slow
def test_it_runs_until_it_is_told_to_stop(home: Home, settings: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    with running(SandboxConfig(port=0)) as server:
        secret = {"TILLBRIDGE_WEBHOOK_SECRET": "a-long-word", "TILLBRIDGE_ERP_URL": server.url}
        env = {**os.environ, **settings, **secret, "PYTHONPATH": str(ROOT)}
        hook = f"http://127.0.0.1:{free_port()}"
        arguments = ["--port", str(port), "--webhook-port", hook.rsplit(":", 1)[1], "--webhook-url", hook]
        live = Child("live", python_module("bp_assets.cli.app", "live", *arguments), tmp_path / "out", env)
        try:
            live.wait_for("Dagster UI: ", 150)
            assert httpx.get(f"http://127.0.0.1:{port}/server_info", timeout=30).status_code == 200
            assert httpx.get(f"{hook}/health", timeout=30).json() == {"status": "ok"}
            targets = {entry.uri for entry in server.world.webhooks.hooks.values()}
            assert targets == {f"{hook}/a-long-word/brightpearl"}
            started = psutil.Process(live.process.pid).children(recursive=True)
            assert len(started) >= 3
            live.process.send_signal(signal.SIGTERM)
            assert live.process.wait(60) == 0
            assert psutil.wait_procs(started, timeout=30)[1] == []
        finally:
            live.stop()
        assert "a-long-word" not in live.output()
