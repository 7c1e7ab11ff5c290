"""``tillbridge dev``: everything running, live, until Ctrl-C.

Starts PostgreSQL, the sandbox with tills that keep trading, the receiver of ERP webhooks, the Dagster code server,
daemon and UI. Read: the shops file of the project. Written: ``<home>/dev`` (emptied first).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from pathlib import Path

import httpx

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.webhooks import ensure_webhooks
from bp_assets.budget import shared_by_all
from bp_assets.cli import lakeside
from bp_assets.cli.environment import PROJECT_ROOT, use_dagster, use_home, use_sandbox
from bp_assets.cli.parts import EVENTS, Parts
from bp_assets.cli.screen import console, step
from bp_assets.config import ConfigError, ShopsFile, load
from bp_assets.ledger.connection import Ledger
from bp_assets.resources import ledger_of
from bp_assets.webhooks import SECRET_ENV

_PRODUCTS = 200


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
        parts = Parts(out, stack, place)
        _start(parts, shops, port, sandbox_port, seed)
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
        return parts.until_stopped()


def _start(parts: Parts, shops: ShopsFile, port: int, sandbox_port: int, seed: int) -> None:
    drop = str(parts.place.root / "drop")
    world = ("--seed", str(seed), "--products", str(_PRODUCTS), "--drop-dir", drop)
    use_sandbox(
        parts.start("sandbox", "sandbox ready at ", "sandbox", "serve", "--port", str(sandbox_port), *world).split()[0]
    )
    with step(parts.out, "Brightpearl tables") as shown:
        for number, job in enumerate(("refresh_products", "refresh_stock"), start=1):
            lakeside.run_job(job)
            shown.to(number, 2, job)
    secret = os.environ.setdefault(SECRET_ENV, secrets.token_urlsafe(24))
    receiver = parts.start_webhooks("127.0.0.1", 0)
    with ErpClient(shops.erp, budget=shared_by_all(ledger_of(parts.place), shops.erp)) as client:
        ensure_webhooks(client, f"{receiver}/{secret}/brightpearl", EVENTS)
    parts.start_dagster("127.0.0.1", port)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
