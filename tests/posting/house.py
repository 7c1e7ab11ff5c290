"""A whole house for posting: a real ledger, a simulated ERP over real HTTP, and what tests ask of both.

house.take("leeds 1001\\n2 MUG 12.00 20%\\ncard 12.00")
assert house.post().posted == 1
assert house.verify().verified == 1
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.pacing import RequestBudget
from bp_assets.config import ShopsFile
from bp_assets.domain.sale import Sale
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.inbox import take, undecoded
from bp_assets.ledger.postings import Posting, postings_of
from bp_assets.ledger.recording import Decoded, record
from bp_assets.ledger.steps import Step, steps_of
from bp_assets.posting.poster import Poster, Summary
from bp_assets.posting.summary import needs_own_order
from bp_assets.posting.verify import Verified, verify_posted
from bp_assets.tills.protocol import RawReceipt
from sandbox.server import SandboxServer
from tests.posting.receipts import RANGE, changed, sale, shops_file

TOKEN = "sandbox-token"


def take_in(ledger: Ledger, *sold: Sale, shops: ShopsFile | None = None) -> list[str]:
    """Sales into the ledger as their receipts came in: raw into the inbox, decoded into the queue; their ids.

    With ``shops`` each is posted in the mode of its day, else at once.
    """
    for one in sold:
        raw = RawReceipt(one.source, one.account, one.source_id, one.model_dump_json().encode())
        take(ledger, one.shop, [raw])
        for row in undecoded(ledger, one.shop):
            how: dict[str, Any] = {}
            if shops is not None:
                mode = shops.shop(one.shop).mode_on(one.business_date)
                how = {"mode": mode, "own_order": needs_own_order(one, shops)}
            record(ledger, [Decoded(row.inbox_id, one, **how)])
    return [one.sale_id for one in sold]


def empty(ledger: Ledger) -> None:
    """The ledger as new, without the cost of a new database."""
    with ledger.begin() as connection:
        connection.exec_driver_sql(
            "truncate tillbridge.inbox, tillbridge.postings, tillbridge.steps, tillbridge.marks, "
            "tillbridge.trading_days, tillbridge.stock_batches, tillbridge.erp_instances restart identity cascade"
        )


class House:
    """``shops`` is what the next post works with; ``late`` is how far the poster's clock runs ahead."""

    def __init__(self, ledger: Ledger, server: SandboxServer) -> None:
        self.ledger, self.server, self.url = ledger, server, server.url
        self.shops: ShopsFile = shops_file(base_url=server.url)
        self.late = timedelta()
        self._http = httpx.Client(base_url=server.url, timeout=60)
        self._clients: list[ErpClient] = []

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self._http.close()

    # -- the retailer -----------------------------------------------------------------------------------------------
    def take(self, text: str, **other: Any) -> str:
        """A receipt comes in; its sale id."""
        (sale_id,) = take_in(self.ledger, sale(text, **other), shops=self.shops)
        return sale_id

    def change(self, **parts: Any) -> None:
        """Mend or break the shops file; see ``receipts.changed``."""
        self.shops = changed(self.shops, **parts)

    def later(self, **time: float) -> None:
        """The poster's clock goes on."""
        self.late += timedelta(**time)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.late

    # -- the house --------------------------------------------------------------------------------------------------
    def client(self, token: str = TOKEN) -> ErpClient:
        budget = RequestBudget(100_000, 0)
        client = ErpClient(self.shops.erp, token, lane="posting", budget=budget)
        self._clients.append(client)
        return client

    def poster(self, token: str = TOKEN, **more: Any) -> Poster:
        return Poster(self.ledger, self.client(token), self.shops, now=self.now, **more)

    def post(self) -> Summary:
        """One run with a client and master data of its own."""
        return self.poster().post_due()

    def post_all(self, runs: int = 40) -> Summary:
        """Runs, each some minutes after the last one, until nothing is due; what the last one with work said."""
        summary = Summary()
        for _ in range(runs):
            self.later(minutes=6)
            one = self.post()
            if not (one.waves or one.down):
                return summary
            summary = one
        raise AssertionError(f"still due after {runs} runs: {summary}")

    def verify(self) -> Verified:
        return verify_posted(self.ledger, self.client(), self.shops)

    def posting(self, sale_id: str) -> Posting:
        return postings_of(self.ledger, [sale_id])[sale_id]

    def state(self, sale_id: str) -> str:
        """``posted``, or ``rejected: unknown_sku``."""
        posting = self.posting(sale_id)
        return f"{posting.state}: {posting.reason_code}" if posting.reason_code else posting.state

    def steps(self, sale_id: str) -> list[Step]:
        return steps_of(self.ledger, [sale_id])[sale_id]

    def attempts(self, sale_id: str) -> list[tuple[str, str | None]]:
        """(step, outcome) of every attempt, in order."""
        return [(f"{step.document} {step.step}", step.outcome) for step in self.steps(sale_id)]

    # -- the ERP ----------------------------------------------------------------------------------------------------
    def control(self, method: str, path: str, **body: Any) -> Any:
        return self._http.request(method, f"/sandbox/{path}", json=body).raise_for_status().json()

    def fault(self, kind: str, route: str = "*", **more: Any) -> None:
        """Break something: see ``sandbox/faults.py``."""
        self.control("POST", "faults", faults=[{"kind": kind, "route": route, **more}])

    def heal(self) -> None:
        self.control("DELETE", "faults")

    def books(self) -> dict[str, Any]:
        return self._http.get("/sandbox/books?opening=false").raise_for_status().json()

    def order(self, sale_id: str, code: str = "SO") -> dict[str, Any]:
        """The one order or credit of a sale in the ERP's own books."""
        (found,) = [one for one in self.books()["orders"] if one["externalRef"] == f"{code}-{sale_id}"]
        return found

    def seen(self, order_id: int) -> dict[str, Any]:
        """An order as the ERP's own API shows it."""
        (found,) = self.api("GET", f"/order-service/order/{order_id}")
        return found

    def row_id(self, order_id: int, sequence: int) -> int:
        rows = self.seen(order_id)["orderRows"]
        return next(int(key) for key, row in rows.items() if int(row["orderRowSequence"]) == sequence)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """A call to the ERP's own API, as a person's other app would make it."""
        headers = {
            "brightpearl-app-ref": "tillbridge",
            "brightpearl-account-token": TOKEN,
            "content-type": "application/json",
        }
        reply = self._http.request(method, f"/public-api/sandbox{path}", json=body, headers=headers)
        return reply.raise_for_status().json().get("response")

    def moves(self) -> list[tuple[int, int, int, str]]:
        """(product, warehouse, quantity, reason) of every stock movement since the opening, in order."""
        return [
            (move["productId"], move["warehouseId"], move["quantity"], move["reason"])
            for move in self.books()["stockMoves"]
        ]

    def sent(self) -> int:
        """Writes that the ERP took, alone or inside a multi-message."""
        books = self.books()
        alone = {route: count for route, count in books["requests"].items() if not route.startswith(("GET", "OPTIONS"))}
        alone.pop("POST /multi-message", None)
        return sum(alone.values()) + sum(books["messages"].values())


def stock_the_range(http: httpx.Client) -> None:
    """BAG is not stock-tracked."""
    bag = 1007 + list(RANGE).index("BAG")
    http.post("/sandbox/products", json={"productId": bag, "stockTracked": False}).raise_for_status()
