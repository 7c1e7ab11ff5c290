"""The simulated ERP of a day: its faults, its books, and the hands that edit its orders and products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx

from sandbox.config import SandboxConfig
from sandbox.faults import Fault
from sandbox.server import SandboxServer
from sandbox.server import running as serving
from tests.simulation.gate import Gate
from tests.simulation.retailer import TOKEN

PRODUCTS = 12
_SEED = 7  # of the range; a day's own seed draws what is sold from it


class Erp:
    """The ERP at ``url``. ``fired`` counts the faults that struck since the last reset, by kind."""

    def __init__(self, server: SandboxServer, gate: Gate) -> None:
        self.server, self.gate, self.url = server, gate, server.url
        self._http = httpx.Client(base_url=server.url, timeout=60)
        self._planted: list[Fault] = []

    @property
    def fired(self) -> Counter[str]:
        counted: Counter[str] = Counter()
        for fault in self._planted:
            counted[_name(fault)] += fault.fired
        return +counted

    def close(self) -> None:
        self._http.close()

    def reset(self) -> None:
        self.gate.rest()
        self._planted.clear()
        self.control("POST", "reset")

    def age(self, moment: datetime) -> None:
        """Products and people have been there since ``moment``, whatever the machine's clock said at the reset."""
        world, then = self.server.world, int(moment.timestamp() * 1000)
        for one in (*world.products.values(), *world.contacts.values()):
            one.created = one.updated = then

    def control(self, method: str, path: str, **body: Any) -> Any:
        reply = self._http.request(method, f"/sandbox/{path}", json=body)
        if reply.status_code >= 400:
            raise AssertionError(f"{method} /sandbox/{path} {body}: {reply.text}")
        return reply.json()

    def api(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """A call as another app of the account would make it."""
        headers = {
            "brightpearl-app-ref": "tillbridge", "brightpearl-account-token": TOKEN,
            "content-type": "application/json",
        }  # fmt: skip
        return self._http.request(method, f"/public-api/sandbox{path}", json=body, headers=headers)

    def fault(self, **fault: Any) -> None:
        self.control("POST", "faults", **fault)
        self._planted.append(self.server.world.faults.active[-1])

    def heal(self) -> None:
        self.control("DELETE", "faults")

    def books(self) -> dict[str, Any]:
        return dict(self.control("GET", "books?opening=false"))

    def crashes(self) -> list[str]:
        """Handlers of the sandbox that met a body they should have refused."""
        return list(self.control("GET", "health")["crashes"])


def _name(fault: Fault) -> str:
    if fault.kind == "error":
        return f"error {fault.status}{' after the work was done' if fault.committed else ''}"
    if fault.kind == "odd_reply":
        return f"odd reply: {fault.how}"
    return fault.kind


@contextmanager
def running() -> Iterator[Erp]:
    """One simulated ERP for many days, in a thread of this process."""
    gates: list[Gate] = []

    def around(app: Any) -> Gate:
        gates.append(Gate(app))
        return gates[-1]

    config = SandboxConfig(seed=_SEED, port=0, products=PRODUCTS, requests_per_minute=200)
    with serving(config, around) as server:
        erp = Erp(server, gates[0])
        try:
            yield erp
        finally:
            erp.close()
