"""``tillbridge dev``: all of it runs until Ctrl-C, sales reach the ERP, and nothing of it is left running."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from bp_assets.cli.processes import Child, python_module
from tests.cli.terminal import ROOT, tillbridge

_OURS = ("TILLBRIDGE_", "SQUARE_", "DAGSTER_")
Start = Callable[..., Child]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Start]:
    """Starts ``tillbridge dev`` in a home of its own."""
    started: list[Child] = []

    def start(**options: int) -> Child:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        arguments = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
        command = python_module("bp_assets.cli.app", "dev", "--home", str(tmp_path / "home"), *arguments)
        started.append(Child("dev", command, tmp_path / "out", clean | {"PYTHONPATH": str(ROOT)}))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def of_the_home(home: Path) -> list[psutil.Process]:
    """Processes that work in this home: by what they were started with, or by their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            continue
        if any(str(home) in word for word in words):
            found.append(process)
    return found


def until(true: Callable[[], bool], seconds: float = 90) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


@pytest.mark.slow
def test_sales_reach_the_erp_until_ctrl_c_stops_everything(dev: Start, tmp_path: Path) -> None:
    port, sandbox_port = free_port(), free_port()
    running = dev(port=port, sandbox_port=sandbox_port, sales_per_minute=120)
    running.wait_for("Ctrl-C stops everything", 200)
    sandbox = f"http://127.0.0.1:{sandbox_port}/sandbox"
    assert httpx.get(f"http://127.0.0.1:{port}/server_info", timeout=30).status_code == 200
    assert until(lambda: bool(httpx.get(f"{sandbox}/books?opening=false", timeout=30).json()["orders"]))
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(60) == 0
    assert running.output().endswith("Stopping.\n")
    assert until(lambda: not of_the_home(tmp_path / "home"), 20), of_the_home(tmp_path / "home")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143)])
def test_a_start_that_is_cut_short_leaves_nothing_running(
    dev: Start, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    running = dev(port=free_port(), sandbox_port=free_port())
    running.wait_for("Starting the sandbox: ", 100)
    running.process.send_signal(sent)
    assert running.process.wait(60) == code
    assert until(lambda: not of_the_home(tmp_path / "home"), 20), of_the_home(tmp_path / "home")


def test_a_port_in_use_is_named_with_the_option_that_chooses_another(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = str(taken.getsockname()[1])
        done = tillbridge("dev", "--home", str(tmp_path), "--port", number)
    assert done.returncode == 2
    assert done.stderr == f"port {number} is in use; end what listens there or choose another with --port\n"
