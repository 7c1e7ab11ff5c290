"""Callers of a running sandbox: an authorised client and the few requests most tests begin with."""

from __future__ import annotations

from typing import Any

import httpx

from sandbox.server import SandboxServer

CREDENTIALS = {"brightpearl-app-ref": "tillbridge", "brightpearl-account-token": "sandbox-token"}
DAY = "2026-11-20T10:15:00.000+00:00"


class Caller:
    """``call`` answers the response; ``read`` answers what stands in the envelope and insists on success."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.http = httpx.Client(base_url=server.url, trust_env=False, timeout=10)

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        headers = CREDENTIALS | options.pop("headers", {})
        return self.http.request(method, f"/public-api/sandbox{path}", json=body, headers=headers, **options)

    def read(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        reply = self.call(method, path, body, **options)
        assert reply.status_code in (200, 201), (method, path, reply.status_code, reply.text)
        return reply.json().get("response")

    def refusal(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str]:
        """HTTP status and first error code."""
        reply = self.call(method, path, body, **options)
        return reply.status_code, reply.json()["errors"][0]["code"]

    def rows(self, path: str) -> list[dict[str, Any]]:
        """A search answer as dictionaries by column name."""
        found = self.read("GET", path)
        names = [column["name"] for column in found["metaData"]["columns"]]
        return [dict(zip(names, row, strict=True)) for row in found["results"]]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        reply = self.http.request(method, f"/sandbox/{path}", json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    # -- what tests start from ----------------------------------------------------------------------------------------
    def order(
        self, ref: str, rows: list[dict[str, Any]] | None = None, kind: str = "sales-order", **members: Any
    ) -> int:
        body = sale(ref, rows) | members
        return int(self.read("POST", f"/order-service/{kind}", body))

    def one(self, order: int) -> dict[str, Any]:
        return dict(self.read("GET", f"/order-service/order/{order}")[0])

    def row_ids(self, order: int) -> list[int]:
        return [int(key) for key in self.one(order)["orderRows"]]

    def states(self, order: int) -> tuple[str, str, str, str]:
        """Stock, allocation, shipping and payment status."""
        found = self.one(order)
        names = ("stockStatusCode", "allocationStatusCode", "shippingStatusCode", "orderPaymentStatus")
        return tuple(found[name] for name in names)  # type: ignore[return-value]  # four names, four texts

    def stock(self, product: int, warehouse: int) -> tuple[int, int, int, int]:
        """In stock, allocated, on hand (as the API tells) and quarantine (as the books tell)."""
        places = self.read("GET", f"/warehouse-service/product-availability/{product}").get(str(product), {})
        found = places.get("warehouses", {}).get(str(warehouse), {"inStock": 0, "allocated": 0, "onHand": 0})
        quarantine = self.server.world.stock.figures(product, warehouse)[2]
        return found["inStock"], found["allocated"], found["onHand"], quarantine

    def note(self, order: int, product: int, row: int, units: int, warehouse: int = 3) -> httpx.Response:
        line = {"productId": product, "salesOrderRowId": row, "quantity": units}
        entry = {"releaseDate": DAY, "warehouseId": warehouse, "transfer": False, "products": [line]}
        body = {"warehouses": [entry], "priority": False, "shippingMethodId": 1}
        return self.call("POST", f"/warehouse-service/order/{order}/goods-note/goods-out", body)

    def ship(self, note: int) -> httpx.Response:
        event = {"eventCode": "SHW", "occured": DAY, "eventOwnerId": 4}
        return self.call("POST", f"/warehouse-service/goods-note/goods-out/{note}/event", {"events": [event]})

    def pay(self, order: int, amount: float, ref: str, kind: str = "RECEIPT", **members: Any) -> httpx.Response:
        return self.call("POST", "/accounting-service/customer-payment", payment(order, amount, ref, kind) | members)


def sale(ref: str, rows: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A sales order of the Leeds shop: by default 2 x product 1007 at 20.00 with tax in all."""
    return {
        "customer": {"id": 201},
        "ref": f"R-{ref}",
        "externalRef": ref,
        "installedIntegrationInstanceId": 13,
        "placedOn": DAY,
        "channelId": 2,
        "warehouseId": 3,
        "priceListId": 2,
        "priceModeCode": "INC",
        "currency": {"code": "GBP"},
        "rows": rows if rows is not None else [line()],
    }


def line(
    product: int = 1007, units: int = 2, net: str = "16.6667", tax: str = "3.33", code: str = "T20"
) -> dict[str, Any]:
    return {
        "productId": product,
        "quantity": str(units),
        "taxCode": code,
        "net": net,
        "tax": tax,
        "nominalCode": "4000",
    }


def payment(order: int, amount: float, ref: str, kind: str = "RECEIPT", method: str = "CARD") -> dict[str, Any]:
    return {
        "transactionRef": ref,
        "paymentMethodCode": method,
        "paymentType": kind,
        "orderId": order,
        "currencyIsoCode": "GBP",
        "exchangeRate": 1.0,
        "amountPaid": amount,
        "paymentDate": DAY,
    }
