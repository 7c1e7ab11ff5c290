"""A process that sends as much as the shared budget lets it, until its input ends: ``URL DATABASE LANE CAP MINUTE``.

Read: the ERP. Written: the ledger's request budget; to standard output a line when it is at work, and at the end how
many answers were good and how many requests were sent.
"""

from __future__ import annotations

import sys
import threading

from bp_assets.brightpearl.client import ErpClient
from bp_assets.budget import shared_by_all
from bp_assets.config import Erp
from bp_assets.domain.lanes import Lane
from bp_assets.ledger.connection import Ledger

THREADS = 4


def spend(url: str, database: str, lane: Lane, cap: int, minute: float) -> list[str]:
    """Kinds of answers met, by all threads."""
    erp = Erp(
        base_url=url, account="sandbox", app_ref="tillbridge", integration_instance_id=13, currency="GBP",
        requests_per_minute=cap, minute_seconds=minute,
    )  # fmt: skip
    met: list[str] = []
    over = threading.Event()
    with Ledger(database) as ledger:
        budget = shared_by_all(ledger, erp)
        with ErpClient(erp, "sandbox-token", lane=lane, budget=budget) as client:

            def work() -> None:
                while not over.is_set():
                    met.append(client.get("/accounting-service/tax-code").kind.value)

            threads = [threading.Thread(target=work) for _ in range(THREADS)]
            for thread in threads:
                thread.start()
            while not met and not over.wait(0.01):
                pass
            print("at work", flush=True)
            sys.stdin.read()
            over.set()
            for thread in threads:
                thread.join()
            assert sum(client.minutes.values()) == sum(client.counts.values())
            met += ["sent"] * sum(client.counts.values())
    return met


if __name__ == "__main__":
    url, database, lane, cap, minute = sys.argv[1:]
    met = spend(url, database, lane, int(cap), float(minute))  # type: ignore[arg-type]  # a lane's name
    print(met.count("ok"), met.count("sent"))
