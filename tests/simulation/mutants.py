"""Posters that are broken on purpose, to show that the auditor notices. Each breaks one thing, in the simplest way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from bp_assets.brightpearl.answer import Answer, classify
from bp_assets.brightpearl.client import ErpClient, Params
from bp_assets.brightpearl.errors import UnknownOutcome
from tests.simulation.acts import Acts
from tests.simulation.process import Process, Turn


class Meddler(ErpClient):
    """Sees every write on its way out, those inside a multi-message too; ``meddle`` may change its body."""

    def request(
        self, method: str, path: str, *, params: Params | None = None, body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        if method != "GET" and isinstance(body, dict):
            for item in body.get("messages") or [{"uri": path, "body": body}]:
                self.meddle(item["uri"], item.get("body"))
        return super().request(method, path, params=params, body=body, headers=headers)

    def meddle(self, path: str, body: Any) -> None:
        """Nothing, here."""


class TwiceUnderAnotherName(Meddler):
    """Sends every order once more, under a reference made up on the spot."""

    def meddle(self, path: str, body: Any) -> None:
        if path in ("/order-service/sales-order", "/order-service/sales-credit") and "again" not in body["externalRef"]:
            super().request("POST", path, body={**body, "externalRef": f"{body['externalRef']}-again"})


class OtherMoney(Meddler):
    """A penny more on the first row of every order."""

    def meddle(self, path: str, body: Any) -> None:
        if path.startswith("/order-service/sales-") and "rows" in body:
            row = body["rows"][0]
            row["net"] = f"{float(row['net']) + 0.01:.4f}"


class OtherSums(Meddler):
    """A penny more on every summary of a shop's day."""

    def meddle(self, path: str, body: Any) -> None:
        if path.startswith("/order-service/sales-") and "summary" in body.get("externalRef", ""):
            body["rows"][0]["net"] = f"{float(body['rows'][0]['net']) + 0.01:.4f}"


class StockTwice(Meddler):
    """Sends every stock correction twice."""

    def meddle(self, path: str, body: Any) -> None:
        if "stock-correction" in path:
            ErpClient.request(self, "POST", path, body=body)


class OtherShop(Meddler):
    """Every order in the web shop's channel."""

    def meddle(self, path: str, body: Any) -> None:
        if "channelId" in (body or {}):
            body["channelId"] = 1


class FalsePaymentMethod(Meddler):
    """Cash, whatever it was."""

    def meddle(self, path: str, body: Any) -> None:
        if path == "/accounting-service/customer-payment":
            body["paymentMethodCode"] = "OTHER"


class NeverPays(Meddler):
    """Claims to have posted each payment, and sent none."""

    def request(self, method: str, path: str, **more: Any) -> Answer:
        if method == "POST" and path == "/accounting-service/customer-payment":
            return classify(200, {}, b'{"response": 3999999}')
        return super().request(method, path, **more)


class NeverShips(Meddler):
    """Claims to have sent the goods out."""

    def request(self, method: str, path: str, **more: Any) -> Answer:
        if method == "POST" and path.endswith("/event"):
            return classify(200, {}, b'{"response": ""}')
        return super().request(method, path, **more)


class IgnoresTheUnknown(Meddler):
    """No answer is a good answer."""

    def request(self, method: str, path: str, **more: Any) -> Answer:
        try:
            return super().request(method, path, **more)
        except UnknownOutcome:
            return classify(200, {}, b'{"response": 3999999}')


class ForgetsParents(Meddler):
    """A credit of nothing."""

    def meddle(self, path: str, body: Any) -> None:
        if path == "/order-service/sales-credit":
            body.pop("parentId", None)


class _InTheLedger(Process):
    statement = ""

    def turn(self) -> Turn:
        self.take()
        with self.ledger.begin() as connection:
            connection.execute(sa.text(self.statement))
        return super().turn()


class LosesASale(_InTheLedger):
    statement = (
        "delete from tillbridge.postings where sale_id in (select min(sale_id) from tillbridge.postings"
        " where state = 'pending' and attempts = 0)"
    )


class ParksForNothing(_InTheLedger):
    statement = "update tillbridge.postings set state = 'rejected', reason_code = 'erp_refused' where state = 'pending'"


class BelievesItself(_InTheLedger):
    statement = "update tillbridge.postings set state = 'verified' where state = 'pending'"


def acting(mutant: type[ErpClient] | type[Process]) -> type[Acts]:
    """The day's acts with a broken poster in them."""
    if issubclass(mutant, Process):
        process: type[Process] = mutant
    else:
        process = type(f"Process{mutant.__name__}", (Process,), {"client_class": mutant})
    return type(f"Acts{mutant.__name__}", (Acts,), {"process_class": process})
