"""A poster that dies: a process of its own posts what is due and kills itself with SIGKILL after its n-th deed.

A deed is a transaction of the ledger that wrote something and was committed, or a write that the ERP has answered.
The hooks live here; the product does not know of them. Used by ``test_crash.py``, and by hand:

    python -m tests.posting.crash_driver ERP_URL DATABASE_URL DEEDS
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import httpx
import sqlalchemy as sa

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.pacing import RequestBudget
from bp_assets.ledger.connection import Ledger
from bp_assets.posting.poster import Poster
from tests.posting.receipts import in_mode, shops_file

TOKEN = "sandbox-token"


class Deeds:
    """Counts what has been done for good; the last one is the end."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.done = 0

    def one_more(self) -> None:
        self.done += 1
        if self.done == self.left:
            os.kill(os.getpid(), signal.SIGKILL)


def count_commits(ledger: Ledger, deeds: Deeds) -> None:
    """Counts each commit of a transaction that wrote, just after the database has confirmed it."""
    wrote: set[int] = set()
    dialect: Any = ledger.engine.dialect
    commit = dialect.do_commit

    @sa.event.listens_for(ledger.engine, "before_cursor_execute")
    def _written(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().lower().startswith(("insert", "update", "delete")):
            wrote.add(id(connection.connection.dbapi_connection))

    def committed(connection: Any) -> None:
        commit(connection)
        key = id(getattr(connection, "dbapi_connection", connection))
        if key in wrote:
            wrote.discard(key)
            deeds.one_more()

    dialect.do_commit = committed


def count_writes(client: ErpClient, deeds: Deeds) -> None:
    """Counts each answered write: the ERP has done it, the ledger does not know yet."""

    def answered(response: httpx.Response) -> None:
        if response.request.method != "GET":
            deeds.one_more()

    client._http.event_hooks["response"].append(answered)


def run(url: str, database: str, deeds_left: int, mode: str = "realtime") -> int:
    """Posts what is due; how many deeds it took, unless it died of them."""
    deeds = Deeds(deeds_left)
    shops = in_mode(shops_file(base_url=url), mode)
    with Ledger(database) as ledger, ErpClient(shops.erp, TOKEN, budget=RequestBudget(10_000, 0)) as client:
        count_commits(ledger, deeds)
        count_writes(client, deeds)
        Poster(ledger, client, shops).post_due()
    return deeds.done


if __name__ == "__main__":
    print(run(sys.argv[1], sys.argv[2], int(sys.argv[3])))
