"""``tillbridge dev``: everything running, live, until Ctrl-C.

Starts PostgreSQL, the sandbox with tills that keep trading, the receiver of ERP webhooks, the Dagster code server,
daemon and UI. Read: the shops file of the project. Written: ``<home>/dev`` (emptied first).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import threading
from pathlib import Path

import httpx
from rich.console import Console

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.webhooks import ensure_webhooks
from bp_assets.cli import lakeside
from bp_assets.cli.environment import PROJECT_ROOT, use_dagster, use_home, use_sandbox
from bp_assets.cli.processes import Child, python_module
from bp_assets.cli.screen import console, step
from bp_assets.config import ConfigError, Home, ShopsFile, load
from bp_assets.ledger.connection import Ledger
from bp_assets.webhooks import SECRET_ENV

_START_SECONDS = 90.0
_PRODUCTS = 200
# What we want to hear of. Not every order event: our own postings would be echoed back as reading.
EVENTS = (
    "product.created",
    "product.modified",
    "product.destroyed",
    "product.modified.on-hand-modified",
    "order.modified.order-status",
)


def run(root: Path, *, port: int, sandbox_port: int, seed: int, sales_per_minute: int) -> int:
    """Run until interrupted; 0 if it was stopped by hand, 1 if a part ended by itself."""
    out = console()
    for wanted, option in ((port, "--port"), (sandbox_port, "--sandbox-port")):
        if not _free(wanted):
            raise ConfigError(f"port {wanted} is in use; end what listens there or choose another with {option}")
    place = use_home(root, fresh=True)
    os.environ.setdefault("TILLBRIDGE_CONFIG", str(PROJECT_ROOT / "shops.toml"))
    shops = load()
    with step(out, "Starting PostgreSQL") as shown:
        use_dagster(place)
        ledger = Ledger.open(place)
        shown.to(1, 1)
    with ledger, contextlib.ExitStack() as stack:
        children = _start(out, stack, place, shops, port, sandbox_port, seed)
        if sales_per_minute:
            httpx.post(
                f"http://127.0.0.1:{sandbox_port}/sandbox/tills/start",
                json={"sales_per_minute": sales_per_minute, "seed": seed},
                timeout=30,
            ).raise_for_status()
        out.print(
            f"\n[bold]Dagster UI:[/bold]  http://localhost:{port}\n"
            f"[bold]Sandbox:[/bold]     http://localhost:{sandbox_port}/sandbox/books (its own books)\n"
            f"[bold]Tills:[/bold]       {sales_per_minute} sales a minute; logs in {place.logs}\n"
            "Ctrl-C stops everything."
        )
        return _wait(out, children)


def _start(
    out: Console, stack: contextlib.ExitStack, place: Home, shops: ShopsFile, port: int, sandbox_port: int, seed: int
) -> list[Child]:
    children: list[Child] = []

    def child(name: str, arguments: list[str], ready: str) -> str:
        with step(out, f"Starting {name}") as shown:
            log = place.logs / f"{name.replace(' ', '-')}.log"
            one = Child(name, arguments, log, dict(os.environ))
            stack.callback(one.stop)
            children.append(one)
            line = one.wait_for(ready, _START_SECONDS)
            shown.to(1, 1)
            return line

    drop = str(place.root / "drop")
    sandbox = ["--port", str(sandbox_port), "--seed", str(seed), "--products", str(_PRODUCTS), "--drop-dir", drop]
    line = child("sandbox", python_module("sandbox", "serve", *sandbox), "sandbox ready at ")
    use_sandbox(line.split("sandbox ready at ", 1)[1].split()[0])
    with step(out, "Brightpearl tables") as shown:
        for number, job in enumerate(("refresh_products", "refresh_stock"), start=1):
            lakeside.run_job(job)
            shown.to(number, 2, job)
    secret = os.environ.setdefault(SECRET_ENV, secrets.token_urlsafe(24))
    line = child("webhook receiver", python_module("bp_assets.webhooks", "--port", "0"), "webhooks: ")
    with ErpClient(shops.erp) as client:
        ensure_webhooks(client, f"{line.split('webhooks: ', 1)[1].split()[0]}/{secret}/brightpearl", EVENTS)
    workspace = str(PROJECT_ROOT / "workspace.yaml")
    child("daemon", python_module("dagster._daemon", "run", "-w", workspace), "Instance is configured with")
    child(
        "ui",
        python_module("dagster_webserver", "-w", workspace, "-p", str(port), "-h", "127.0.0.1"),
        "Serving dagster-webserver",
    )
    return children


def _wait(out: Console, children: list[Child]) -> int:
    """Until Ctrl-C or a termination signal, or until a part ends by itself."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(1.0):
        for one in children:
            if not one.alive:
                out.print(f"{one.name} ended by itself; the end of {one.log}:\n{one.output()[-1500:]}")
                return 1
    out.print("Stopping.")
    return 0


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
