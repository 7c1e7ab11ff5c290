"""Whatever is asked of it, in whatever order: the sandbox's stock and money stay consistent with its ledger.

A seeded caller does hundreds of random steps, many of them nonsense; the seed stands in the test's name.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from sandbox.world import World
from tests.sandbox.client import DAY, Caller, line, sale

STEPS = 400


class Walk:
    """Random steps on three products in three shops."""

    def __init__(self, box: Caller, seed: int) -> None:
        self.box = box
        self.draw = random.Random(seed)
        self.orders: list[int] = []
        self.credits: list[int] = []
        self.notes: list[tuple[int, int]] = []
        self.statuses: Counter[int] = Counter()

    def step(self) -> None:
        does = (self.sell, self.sell, self.fulfil, self.fulfil, self.ship, self.reserve, self.unreserve, self.unnote)
        act = self.draw.choice((*does, self.give_back, self.receive, self.pay, self.close, self.correct, self.edit))
        status = act()
        if status is not None:
            self.statuses[status] += 1

    def send(self, method: str, path: str, body: Any = None) -> Any:
        reply = self.box.call(method, path, body)
        self.statuses[reply.status_code] += 1
        return reply.json().get("response")

    def _rows(self, order: int) -> list[Any]:
        return list(self.box.server.world.orders.by_id[order].rows.values())

    def sell(self) -> None:
        rows = [
            line(1007 + self.draw.randrange(3), self.draw.randrange(1, 40)) for _ in range(self.draw.randrange(1, 4))
        ]
        warehouse = self.draw.randrange(3, 6)
        ref = f"s{self.draw.randrange(200)}"
        made = self.send("POST", "/order-service/sales-order", sale(ref, rows) | {"warehouseId": warehouse})
        if made and made not in self.orders:
            self.orders.append(made)

    def give_back(self) -> None:
        body = sale(f"c{self.draw.randrange(10**9)}", [line(1007, self.draw.randrange(1, 9))])
        self.credits.append(self.send("POST", "/order-service/sales-credit", body))

    def _entry(self, order: int) -> dict[str, int]:
        row = self.draw.choice(self._rows(order))
        return {"productId": row.product_id, "salesOrderRowId": row.id, "quantity": self.draw.randrange(1, 40)}

    def fulfil(self) -> None:
        if self.orders:
            order = self.draw.choice(self.orders)
            entries = [
                {"warehouseId": self.draw.randrange(3, 6), "products": [self._entry(order)]}
                for _ in range(self.draw.randrange(1, 3))
            ]
            made = self.send("POST", f"/warehouse-service/order/{order}/goods-note/goods-out", {"warehouses": entries})
            self.notes += [(order, note) for note in made or []]

    def ship(self) -> None:
        if self.notes:
            _, note = self.draw.choice(self.notes)
            event = {"eventCode": self.draw.choice(("SHW", "PIC", "UPI")), "occured": DAY, "eventOwnerId": 4}
            self.send("POST", f"/warehouse-service/goods-note/goods-out/{note}/event", {"events": [event]})

    def unnote(self) -> None:
        if self.notes:
            order, note = self.draw.choice(self.notes)
            self.send("DELETE", f"/warehouse-service/order/{order}/goods-note/goods-out/{note}")

    def reserve(self) -> None:
        if self.orders:
            order = self.draw.choice(self.orders)
            path = f"/warehouse-service/order/{order}/reservation/warehouse/{self.draw.randrange(3, 6)}"
            self.send("POST", path, {"products": [self._entry(order), self._entry(order)]})

    def unreserve(self) -> None:
        if self.orders:
            order = self.draw.choice(self.orders)
            path = f"/warehouse-service/order/{order}/reservation"
            if self.draw.random() < 0.5:
                self.send("DELETE", path)
            else:
                self.send("PUT", path, {"products": [self._entry(order)]})

    def receive(self) -> None:
        if self.credits:
            credit = self.draw.choice(self.credits)
            row = self._rows(credit)[0]
            moved = {"productId": row.product_id, "purchaseOrderRowId": row.id, "quantity": self.draw.randrange(1, 5)}
            moved["destinationLocationId"] = self.draw.choice((4, 5))
            body = {"warehouseId": 3, "goodsMoved": [moved], "userBatchReference": f"b{self.draw.randrange(100)}"}
            self.send("POST", f"/warehouse-service/order/{credit}/goods-note/goods-in", body)

    def pay(self) -> None:
        if self.orders:
            reply = self.box.pay(
                self.draw.choice(self.orders), self.draw.randrange(1, 50), f"p{self.draw.randrange(60)}"
            )
            self.statuses[reply.status_code] += 1

    def close(self) -> None:
        if self.orders and self.draw.random() < 0.2:
            self.send("POST", f"/order-service/sales-order/{self.draw.choice(self.orders)}/close", {})

    def correct(self) -> None:
        entry = {"quantity": self.draw.randrange(-60, 60), "productId": 1007, "reason": "count", "locationId": 4}
        self.send("POST", "/warehouse-service/warehouse/3/stock-correction", {"corrections": [entry]})

    def edit(self) -> None:
        if self.orders:
            order = self.draw.choice(self.orders)
            row = self.draw.choice(self._rows(order) or [None])
            if row is not None and len(self._rows(order)) > 1:
                value = str(self.draw.randrange(1, 60))
                patch = [{"op": "replace", "path": "/quantity/magnitude", "value": value}]
                self.send("PATCH", f"/order-service/order/{order}/row/{row.id}", patch)


def _check(world: World) -> None:
    moved: Counter[tuple[int, int]] = Counter()
    held: Counter[tuple[int, int]] = Counter()
    bound: Counter[tuple[int, int]] = Counter()
    for move in world.stock.all_movements():
        (held if move.quarantine else moved)[move.product_id, move.warehouse_id] += move.quantity
    for note in world.goods_out.values():
        if "shipped" not in note.done:
            for product, units in note.rows.values():
                bound[product, note.warehouse_id] += units
    for order in world.orders.by_id.values():
        for row in order.rows.values():
            assert 0 <= row.shipped <= row.fulfilled or order.type == "SC"
            assert row.fulfilled + row.reserved <= row.units
            if row.reserved:
                bound[row.product_id, order.reserved_warehouse] += row.reserved
        assert order.total == order.net + order.tax
        receipts = sum(world.payments[one].paid for one in order.payments)
        assert order.paid == receipts
    for key, level in world.stock.levels.items():
        assert (level.in_stock, level.allocated, level.quarantine) == (moved[key], bound[key], held[key])
        assert level.on_hand >= 0
        assert sum(lot[1] for lot in level.batches) == level.in_stock


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_work_keeps_levels_movements_and_states_in_step(box: Caller, seed: int) -> None:
    walk = Walk(box, seed)
    for _ in range(STEPS):
        walk.step()
    _check(box.server.world)
    assert set(walk.statuses) <= {200, 201, 400, 404}
    assert min(walk.statuses[200], walk.statuses[201], walk.statuses[400]) > 10
