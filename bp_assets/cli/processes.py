"""Child processes of the command line: started in their own group, watched, and always stopped.

Read: their standard output. Written: one log file per process under ``<home>/logs``.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no types

STOP_SECONDS = 10.0  # for the process itself
WORK_SECONDS = 20.0  # for what it started, runs above all: a posting run finishes the wave it has in hand


class DidNotStart(Exception):
    """A child process ended or stayed silent before it was ready. The message holds the end of its log."""


class Child:
    """One process. Its output goes to a log file; a ready line can be awaited there."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path, env: dict[str, str]) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        self._from = log.stat().st_size if log.exists() else 0
        with log.open("ab") as out:
            # A session of its own: Ctrl-C in the terminal reaches us alone, and we stop the group in order.
            self.process = subprocess.Popen(
                list(arguments), stdout=out, stderr=subprocess.STDOUT, env=env, start_new_session=True
            )

    def wait_for(self, text: str, seconds: float) -> str:
        """The first log line that contains ``text``.

        Raises:
            DidNotStart: the process ended, or the time is over.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for line in self.output().splitlines():
                if text in line:
                    return line
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise DidNotStart(f"{self.name} did not start. The end of {self.log}:\n{self.output()[-2000:]}")

    def output(self) -> str:
        """What this run of the process has written so far."""
        with self.log.open("rb") as log:
            log.seek(self._from)
            return log.read().decode(errors="replace")

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """End the process and all it started: asked first, killed once their time is over."""
        started: list[psutil.Process] = []
        with contextlib.suppress(psutil.NoSuchProcess):
            started = psutil.Process(self.process.pid).children(recursive=True)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        deadline = time.monotonic() + WORK_SECONDS
        while any(_works(one) for one in started) and time.monotonic() < deadline:
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _works(process: psutil.Process) -> bool:
    """Whether a process still does something; one that only waits for its end to be noticed does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def python_module(module: str, *arguments: str) -> list[str]:
    """The command that runs a module with this very interpreter."""
    return [sys.executable, "-m", module, *arguments]


@contextlib.contextmanager
def running_sandbox(log: Path, *arguments: str) -> Iterator[str]:
    """A sandbox on a free port as its own process; gives its address and stops it at the end.

    Raises:
        DidNotStart: it did not come up within a minute.
    """
    child = Child("the sandbox", python_module("sandbox", "serve", *arguments), log, dict(os.environ))
    try:
        line = child.wait_for("sandbox ready at ", 60)
        yield line.split("sandbox ready at ", 1)[1].split()[0]
    finally:
        child.stop()
