"""Dagster as in production, for a test: its storage in PostgreSQL, a daemon with its code server, runs as processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import psutil

from bp_assets.ledger.server import dagster_url
from tests.orchestration.house import House

ROOT = Path(__file__).parents[2]
T = TypeVar("T")


def environment(house: House) -> dict[str, str]:
    """What a process of Dagster needs to know; makes DAGSTER_HOME as the command line does."""
    folder = house.home.dagster
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "dagster.yaml", folder)
    place = {"DAGSTER_HOME": str(folder), "TILLBRIDGE_DAGSTER_URL": dagster_url(house.home)}
    return {**os.environ, **place, "PYTHONPATH": str(ROOT)}


@contextmanager
def daemon(house: House) -> Iterator[psutil.Process]:
    """A running ``dagster-daemon``; it and everything it started are gone after the block."""
    with (house.home.root / "daemon.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster._daemon", "run", "-w", str(ROOT / "workspace.yaml")],
            env=environment(house), cwd=house.home.root, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    found = psutil.Process(process.pid)
    try:
        yield found
    finally:
        kill(found)
        process.wait(timeout=10)


def kill(process: psutil.Process) -> None:
    """``kill -9`` of a process and all its children: as if the machine had lost its power."""
    with suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.send_signal(signal.SIGKILL)
        psutil.wait_procs(family, timeout=10)


def await_(what: str, look: Callable[[], T], seconds: float = 120) -> T:
    """What ``look`` answers as soon as that is true; fails with ``what`` after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)  # the event is in another process: there is nothing to wait on
    raise AssertionError(f"not within {seconds:.0f} s: {what}")
