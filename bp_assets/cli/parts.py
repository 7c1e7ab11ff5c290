"""The parts of a running house: child processes that are started one by one, watched, and stopped together.

Read: their output. Written: a log file for each under ``<home>/logs``.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack

from rich.console import Console

from bp_assets.cli.environment import PROJECT_ROOT
from bp_assets.cli.processes import Child, python_module
from bp_assets.cli.screen import step
from bp_assets.config import Home

_START_SECONDS = 120.0
# What we want to hear of from the ERP. Not every order event: our own postings would be echoed back as reading.
EVENTS = (
    "product.created",
    "product.modified",
    "product.destroyed",
    "product.modified.on-hand-modified",
    "order.modified.order-status",
)


class Parts:
    """The parts started so far. ``stack`` stops them in reverse order when it closes."""

    def __init__(self, out: Console, stack: ExitStack, place: Home) -> None:
        self.out, self.place = out, place
        self._stack = stack
        self._children: list[Child] = []

    def start(self, name: str, ready: str, *command: str) -> str:
        """Start a module as a part, wait until it writes a line with ``ready``; what follows it in that line.

        Raises:
            DidNotStart: it ended, or stayed silent for two minutes.
        """
        return self._ready(self._launch(name, *command), ready)

    def start_dagster(self, host: str, port: int) -> None:
        """Dagster's daemon (sensors, schedules, the queue) and its UI: side by side, each takes seconds to load."""
        workspace = ("-w", str(PROJECT_ROOT / "workspace.yaml"))
        daemon = self._launch("daemon", "dagster._daemon", "run", *workspace)
        ui = self._launch("ui", "dagster_webserver", *workspace, "-p", str(port), "-h", host)
        self._ready(daemon, "Instance is configured with")
        self._ready(ui, "Serving dagster-webserver")

    def _launch(self, name: str, *command: str) -> Child:
        log = self.place.logs / f"{name.replace(' ', '-')}.log"
        child = Child(name, python_module(*command), log, dict(os.environ))
        self._stack.callback(child.stop)
        self._children.append(child)
        return child

    def _ready(self, child: Child, ready: str) -> str:
        with step(self.out, f"Starting the {child.name}") as shown:
            line = child.wait_for(ready, _START_SECONDS)
            shown.to(1, 1)
        return line.split(ready, 1)[1].strip()

    def start_webhooks(self, host: str, port: int) -> str:
        """The receiver of the ERP's webhooks; its address."""
        return self.start("webhook receiver", "webhooks: ", "bp_assets.webhooks", "--host", host, "--port", str(port))

    def until_stopped(self) -> int:
        """Wait for Ctrl-C or a termination signal (0), or for a part to end by itself (1)."""
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        while not stop.wait(1.0):
            for one in self._children:
                if not one.alive:
                    end = f"The {one.name} ended by itself; the end of {one.log}:\n{one.output()[-1500:]}"
                    self.out.print(end, markup=False)
                    return 1
        self.out.print("Stopping.")
        return 0
