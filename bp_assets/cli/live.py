"""``tillbridge live``: the house for real: Dagster's daemon and UI, the webhook receiver, the database they share.

Read: the shops file, ERP and tills (preflight). Written: the home, kept from run to run; the ERP's webhooks if an
address for them is given. What posts sales are the sensors: nothing is posted by this process itself.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.webhooks import ensure_webhooks
from bp_assets.cli import preflight
from bp_assets.cli.dev import EVENTS
from bp_assets.cli.environment import PROJECT_ROOT, use_dagster, use_home
from bp_assets.cli.processes import Child, python_module
from bp_assets.cli.screen import console, step
from bp_assets.config import ConfigError, Home, ShopsFile
from bp_assets.ledger.connection import Ledger
from bp_assets.oauth import LedgerTokens
from bp_assets.preflight.check import check
from bp_assets.webhooks import SECRET_ENV

_START_SECONDS = 120.0


def run(
    root: Path, shops: ShopsFile, *, host: str, port: int, webhook_url: str, webhook_port: int, anyway: bool
) -> int:
    """Run until told to stop (0), or until a part ends by itself (1); 1 at once if preflight finds a fault.

    Raises:
        ConfigError: an address for webhooks without a secret. LedgerError, DidNotStart: with what to do.
    """
    if webhook_url and not os.environ.get(SECRET_ENV):
        raise ConfigError(f"--webhook-url needs {SECRET_ENV}: a long random word that becomes part of the address")
    out = console()
    place = use_home(root)
    with ExitStack() as stack:
        with step(out, "Starting PostgreSQL") as shown:
            use_dagster(place)
            ledger = stack.enter_context(Ledger.open(place))
            shown.to(1, 1)
        store = LedgerTokens(ledger)
        with step(out, "Preflight") as shown:
            report = check(shops, store)
            shown.to(1, 1, f"{len(report.faults)} findings")
        preflight.show(out, report)
        if not report.safe and not anyway:
            out.print("Nothing was started. Mend the faults, or add --anyway.", highlight=False)
            return 1
        children = _start(out, stack, place, host, port, webhook_port)
        if webhook_url:
            with ErpClient(shops.erp, store=store) as client:
                target = f"{webhook_url.rstrip('/')}/{os.environ[SECRET_ENV]}/brightpearl"
                out.print(f"{len(ensure_webhooks(client, target, EVENTS))} webhooks in the ERP", highlight=False)
        out.print(f"Dagster UI: http://{host}:{port}  Logs: {place.logs}  Ctrl-C stops everything.", highlight=False)
        return until_stopped(out, children)


def _start(out: Console, stack: ExitStack, place: Home, host: str, port: int, webhook_port: int) -> list[Child]:
    children: list[Child] = []

    def child(name: str, ready: str, *command: str) -> None:
        with step(out, f"Starting the {name}") as shown:
            one = Child(name, python_module(*command), place.logs / f"{name.replace(' ', '-')}.log", dict(os.environ))
            stack.callback(one.stop)
            children.append(one)
            one.wait_for(ready, _START_SECONDS)
            shown.to(1, 1)

    workspace = ("-w", str(PROJECT_ROOT / "workspace.yaml"))
    if os.environ.get(SECRET_ENV):
        child("webhook receiver", "webhooks: ", "bp_assets.webhooks", "--host", host, "--port", str(webhook_port))
    child("daemon", "Instance is configured with", "dagster._daemon", "run", *workspace)
    child("ui", "Serving dagster-webserver", "dagster_webserver", *workspace, "-p", str(port), "-h", host)
    return children


def until_stopped(out: Console, children: Sequence[Child]) -> int:
    """Wait for Ctrl-C or a termination signal (0), or for a part to end by itself (1)."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(1.0):
        for one in children:
            if not one.alive:
                out.print(
                    f"The {one.name} ended by itself; the end of {one.log}:\n{one.output()[-1500:]}", markup=False
                )
                return 1
    out.print("Stopping.")
    return 0
