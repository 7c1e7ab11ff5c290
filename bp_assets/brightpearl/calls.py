"""A write as a value, and what became of it: the three outcomes without exceptions.

Read and written: through the client only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bp_assets.brightpearl.answer import Answer
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import ErpError, Outcome


@dataclass(frozen=True, slots=True)
class Call:
    """One write. ``path`` begins with the service; ``label`` is the caller's own word for it (a sale id, say).

    ``headers`` (``If-Match``) can't travel inside a multi-message, so such a call goes alone.
    """

    method: str  # POST, PUT, DELETE or PATCH
    path: str
    body: Any = None
    label: str = ""
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of ``call``. ``answer`` is there on success, ``error`` otherwise."""

    call: Call
    answer: Answer | None = None
    error: ErpError | None = None

    @property
    def outcome(self) -> Outcome:
        return self.error.outcome if self.error else Outcome.SUCCESS

    @property
    def new_id(self) -> int | None:
        """The id a successful creating POST answered with, or ``None``: then look the record up."""
        return self.answer.new_id if self.answer else None

    @property
    def status(self) -> int | None:
        return self.answer.status if self.answer else self.error.status if self.error else None


def send_one(client: ErpClient, call: Call) -> Sent:
    """Send ``call`` by itself; never raises for what the ERP or the network does."""
    try:
        answer = client.request(call.method, call.path, body=call.body, headers=call.headers)
    except ErpError as error:
        return Sent(call, error=error)
    return Sent(call, answer=answer)
