"""Counting what a poster does, to act at one exact moment of it: hooks that the product does not know of.

A commit is one of a ledger transaction that wrote something: ``commit`` is the moment before it (the transaction is
lost), ``committed`` the one after the database confirmed it. A request is a write to the ERP: ``sending`` is the moment
before it leaves, ``answered`` the one after its answer came in. What happens within a request is ``gate.py``'s.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx
import sqlalchemy as sa

from bp_assets.brightpearl.client import ErpClient
from bp_assets.ledger.connection import Ledger

COMMIT, COMMITTED, SENDING, ANSWERED = "commit", "committed", "sending", "answered"
MOMENTS = (COMMIT, COMMITTED, SENDING, ANSWERED)
_WRITES = ("insert", "update", "delete", "with")


class Deeds:
    """Acts once, at the n-th deed of one kind; ``done`` counts those of all kinds."""

    def __init__(self, moment: str = "", number: int = 0, act: Callable[[], None] = lambda: None) -> None:
        self.moment, self.number, self._act = moment, number, act
        self.done: dict[str, int] = dict.fromkeys(MOMENTS, 0)
        self.struck = False
        self._gate = threading.Lock()

    def one_more(self, moment: str) -> None:
        with self._gate:
            self.done[moment] += 1
            due = moment == self.moment and self.done[moment] == self.number
        if due:
            self.struck = True
            self._act()


def watch_commits(ledger: Ledger, deeds: Deeds) -> None:
    """Tell ``deeds`` of the commits of this ledger."""
    wrote: set[int] = set()
    dialect: Any = ledger.engine.dialect
    commit = dialect.do_commit

    @sa.event.listens_for(ledger.engine, "before_cursor_execute")
    def _written(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().lower().startswith(_WRITES):
            wrote.add(id(connection.connection.dbapi_connection))

    def committed(connection: Any) -> None:
        key = id(getattr(connection, "dbapi_connection", connection))
        writes = key in wrote
        wrote.discard(key)
        if writes:
            deeds.one_more(COMMIT)
        commit(connection)
        if writes:
            deeds.one_more(COMMITTED)

    dialect.do_commit = committed


def watch_requests(client: ErpClient, deeds: Deeds) -> None:
    """Tell ``deeds`` of the writes of this client."""

    def sending(request: httpx.Request) -> None:
        if request.method != "GET":
            deeds.one_more(SENDING)

    def answered(response: httpx.Response) -> None:
        if response.request.method != "GET":
            deeds.one_more(ANSWERED)

    hooks = client._http.event_hooks
    client._http.event_hooks = {
        "request": [*hooks["request"], sending],
        "response": [*hooks["response"], answered],
    }
