"""``tillbridge live``: the house for real: Dagster's daemon and UI, the webhook receiver, the database they share.

Read: the shops file, ERP and tills (preflight). Written: the home, kept from run to run; the ERP's webhooks if an
address for them is given. What posts sales are the sensors: nothing is posted by this process itself.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.webhooks import ensure_webhooks
from bp_assets.budget import shared_by_all
from bp_assets.cli import preflight
from bp_assets.cli.environment import use_dagster, use_home
from bp_assets.cli.parts import EVENTS, Parts
from bp_assets.cli.screen import console, step
from bp_assets.config import ConfigError, ShopsFile
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.trading_days import days
from bp_assets.oauth import LedgerTokens
from bp_assets.preflight.check import check
from bp_assets.webhooks import SECRET_ENV


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
        store, budget = LedgerTokens(ledger), shared_by_all(ledger, shops.erp)
        with step(out, "Preflight") as shown:
            report = check(shops, store, budget=budget, days=days(ledger))
            shown.to(1, 1, f"{len(report.faults)} findings")
        preflight.show(out, report)
        if not report.safe and not anyway:
            out.print("Nothing was started. Mend the faults, or add --anyway.", highlight=False)
            return 1
        parts = Parts(out, stack, place)
        if os.environ.get(SECRET_ENV):
            parts.start_webhooks(host, webhook_port)
        parts.start_dagster(host, port)
        if webhook_url:
            with ErpClient(shops.erp, budget=budget, store=store) as client:
                target = f"{webhook_url.rstrip('/')}/{os.environ[SECRET_ENV]}/brightpearl"
                out.print(f"{len(ensure_webhooks(client, target, EVENTS))} webhooks in the ERP", highlight=False)
        out.print(f"Dagster UI: http://{host}:{port}  Logs: {place.logs}  Ctrl-C stops everything.", highlight=False)
        return parts.until_stopped()
