"""Goods-in notes: stock received against a purchase order, or coming back against a sales credit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.amounts import plain, scaled
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, done, ok
from sandbox.erp.idset import IdSet
from sandbox.erp.notes import asked
from sandbox.erp.order_create import instant, text
from sandbox.erp.order_model import Order, of_type
from sandbox.erp.records import Records
from sandbox.erp.search import Column, Search, add_search, narrowed
from sandbox.erp.stock import Movement
from sandbox.erp.times import iso

if TYPE_CHECKING:
    from sandbox.world import World

LIMIT = 200


@dataclass(slots=True)
class Receipt:
    """One goods-in note; it is also one stock batch. ``lines``: row, product, units, location, unit value."""

    id: int
    order_id: int
    warehouse_id: int
    received: int
    created: int
    reference: str = ""
    status: str = "CLOSED"
    lines: list[tuple[int, int, int, int, int]] = field(default_factory=list)


def post(call: Call) -> Reply:
    """``purchaseOrderRowId`` carries the row ID, on a sales credit too. A ``userBatchReference`` works once."""
    world, body = call.world, call.fields()
    order = of_type(world, call.id(), "PO", "SC")
    warehouse = body.get("warehouseId")
    if warehouse not in world.reference.warehouses:
        raise codes.WAREHOUSE_MISSING.error(value=warehouse)
    reference = text(body.get("userBatchReference"), "userBatchReference", 255)
    if reference in world.receipt_by_reference:
        raise codes.BATCH_REFERENCE.error(value=reference, id=world.receipt_by_reference[reference])
    entries = body.get("goodsMoved")
    if not isinstance(entries, list) or not entries:
        raise codes.NOTE_EMPTY.error()
    lines = _check(world, order, warehouse, entries)
    if not world.switches.partial_credit_receipt and order.type == "SC":
        _refuse_part(order, lines)
    now = world.now_ms()
    receipts: list[Receipt] = []
    for line in lines:
        receipt = next((one for one in receipts if all(held[1] != line[1] for held in one.lines)), None)
        if receipt is None:  # the same product on two rows makes a note of its own
            receipt = Receipt(
                world.next_id("goods_in"), order.id, warehouse, instant(body, "receivedOn", now), now, reference
            )
            receipts.append(receipt)
        receipt.lines.append(line)
        _receive(world, order, receipt, line)
    for receipt in receipts:
        world.receipts[receipt.id] = receipt
        world.receipts_by_order.setdefault(order.id, []).append(receipt.id)
        world.emit("goods-in-note.created", receipt.id)
    if reference:
        world.receipt_by_reference[reference] = receipts[0].id
    order.recount()
    world.orders.touch(order, now)
    world.emit("order.modified", order.id)
    return ok(receipts[0].id)


def _check(world: World, order: Order, warehouse: int, entries: list[Any]) -> list[tuple[int, int, int, int, int]]:
    lines = []
    left = {row.id: row.units - row.fulfilled for row in order.rows.values()}
    locations = world.reference.warehouses[warehouse].locations
    for entry in entries:
        row = order.rows.get(entry.get("purchaseOrderRowId"))
        product, units, location = entry.get("productId"), entry.get("quantity"), entry.get("destinationLocationId")
        if row is None or row.product_id != product:
            raise codes.NOTE_ROW.error(row=entry.get("purchaseOrderRowId"), order=order.id, product=product)
        if not row.tracked:
            raise codes.NOTE_UNTRACKED.error(row=row.id, product=product)
        whole = scaled(units, 0)
        if whole is None or whole < 1 or whole > left[row.id]:
            raise codes.NOTE_QUANTITY.error(row=row.id, value=units, left=left[row.id])
        left[row.id] -= whole
        if location not in locations:
            raise codes.LOCATION_UNKNOWN.error(value=location, warehouse=warehouse)
        value = entry.get("productValue") or {}
        if value and value.get("currency") != world.reference.base_currency:
            raise codes.VALUE_CURRENCY.error(value=world.reference.base_currency)
        cost = scaled(value.get("value", 0), 4)
        if cost is None or cost < 0:
            raise codes.BAD_MEMBER.error(name="productValue.value", value=value.get("value"))
        lines.append((row.id, row.product_id, whole, location, cost))
    return lines


def _refuse_part(order: Order, lines: list[tuple[int, int, int, int, int]]) -> None:
    received = {row.id: row.fulfilled for row in order.rows.values()}
    for row_id, _, units, _, _ in lines:
        received[row_id] += units
    for row in order.rows.values():
        if row.tracked and received[row.id] < row.units:
            raise codes.NOTE_QUANTITY.error(row=row.id, value=received[row.id], left=row.units)


def _receive(world: World, order: Order, receipt: Receipt, line: tuple[int, int, int, int, int]) -> None:
    row_id, product, units, location, value = line
    quarantine = location == world.reference.warehouses[receipt.warehouse_id].quarantine_location
    world.stock.move(
        Movement(
            0, product, receipt.warehouse_id, units, location, "PG", receipt.id, receipt.id, value, quarantine,
            order.id, 0, row_id, world.now_ms(), "goods-in-quarantine" if quarantine else "goods-in",
        )
    )  # fmt: skip
    order.rows[row_id].fulfilled += units


def view(world: World, receipt: Receipt) -> dict[str, Any]:
    zone, base = world.switches.time_zone, world.reference.base_currency
    quarantine = world.reference.warehouses[receipt.warehouse_id].quarantine_location
    shape: dict[str, Any] = {
        "goodsNoteId": receipt.id,
        "orderId": receipt.order_id,
        "transfer": False,
        "goodsNoteStatus": receipt.status,
    }
    if receipt.reference:
        shape["userBatchReference"] = receipt.reference
    shape |= {
        "receivedOn": iso(receipt.received, zone),
        "createdBy": 4,
        "goodsMoved": [
            {
                "productId": product,
                "purchaseOrderRowId": row,
                "quantity": units,
                "warehouseId": receipt.warehouse_id,
                "destinationLocationId": location,
                "goodsNoteId": receipt.id,
                "batchGoodsNoteId": receipt.id,
                "productValue": {"currency": base, "value": plain(value, 4)},
                "cleared": False,
                "quarantine": location == quarantine,
                "allocated": False,
                "valueConfirmed": True,
                "createdOn": iso(receipt.created, zone),
                "createdBy": 4,
                "updatedOn": iso(receipt.created, zone),
                "updatedBy": 4,
            }
            for row, product, units, location, value in receipt.lines
        ],
    }
    return shape


def get(call: Call) -> Reply:
    world = call.world
    found = asked(call, LIMIT, world.receipts, world.receipts_by_order, lambda one: {one.order_id})
    return ok({str(receipt.id): view(world, receipt) for receipt in found})


def delete(call: Call) -> Reply:
    """Only while all of it is still there and unallocated."""
    world = call.world
    receipt = world.receipts.get(call.id())
    if receipt is None:
        raise codes.NOT_FOUND.error(what=f"No goods-in note {call.params[0]}")
    quarantine = world.reference.warehouses[receipt.warehouse_id].quarantine_location
    for _, product, units, location, _ in receipt.lines:
        level = world.stock.level(product, receipt.warehouse_id)
        there = level.quarantine if location == quarantine else min(level.on_hand, _left(world, receipt, product))
        if there < units:
            raise codes.STOCK_BOUND.error(value=receipt.id)
    order = world.orders.by_id.get(receipt.order_id)
    for row_id, product, units, location, value in receipt.lines:
        held = location == quarantine
        back = Movement(
            0, product, receipt.warehouse_id, -units, location, "PG", receipt.id, receipt.id, value, held,
            receipt.order_id, 0, row_id, world.now_ms(), "goods-in-deleted",
        )  # fmt: skip
        if held:
            world.stock.move(back)
        else:
            world.stock.take(back, batch=receipt.id)
        if order is not None and row_id in order.rows:
            order.rows[row_id].fulfilled -= units
    del world.receipts[receipt.id]
    world.receipts_by_order[receipt.order_id].remove(receipt.id)
    world.receipt_by_reference.pop(receipt.reference, None)
    if order is not None:
        order.recount()
        world.orders.touch(order, world.now_ms())
    return done()


def _left(world: World, receipt: Receipt, product: int) -> int:
    return sum(lot[1] for lot in world.stock.level(product, receipt.warehouse_id).batches if lot[0] == receipt.id)


Batch = tuple[Receipt, tuple[int, int, int, int, int]]


def _batches(world: World, filters: dict[str, str]) -> Iterator[Batch]:
    receipts: Iterable[Receipt] = world.receipts.values()
    if "purchaseOrderId" in filters:
        orders = IdSet(filters["purchaseOrderId"]).pick(world.orders.by_id)
        receipts = [world.receipts[one] for order in orders for one in world.receipts_by_order.get(order.id, ())]
    elif "userBatchRef" in filters:
        number = world.receipt_by_reference.get(filters["userBatchRef"])
        receipts = [receipt for receipt in receipts if receipt.reference == filters["userBatchRef"]] if number else []
    elif "batchId" in filters:
        receipts = narrowed(filters, "batchId", world.receipts) or []
    for receipt in receipts:
        for line in receipt.lines:
            yield receipt, line


class _Lines:
    """All lines of all receipts by note; a page skips whole receipts."""

    def __init__(self, receipts: Records[Receipt]) -> None:
        self._receipts = receipts

    def __len__(self) -> int:
        return sum(len(receipt.lines) for receipt in self._receipts.values())

    def page(self, first: int, last: int) -> list[Batch]:
        found: list[Batch] = []
        place = 0
        for number in self._receipts.ids():
            receipt = self._receipts[number]
            if place >= last:
                break
            if place + len(receipt.lines) > first:
                found += [(receipt, line) for line in receipt.lines[max(0, first - place) : last - place]]
            place += len(receipt.lines)
        return found


def _grouping(letter: str) -> Column:
    return Column(
        f"grouping{letter}",
        "STRING",
        lambda world, batch: (
            world.reference.warehouses[batch[0].warehouse_id].locations[batch[1][3]].get(f"grouping{letter}")
        ),
    )


SEARCH = Search(
    columns=(
        Column("purchaseOrderId", "IDSET", lambda world, batch: batch[0].order_id),
        Column("batchId", "IDSET", lambda world, batch: batch[0].id),
        Column("userBatchRef", "STRING", lambda world, batch: batch[0].reference or None),
        Column("productId", "IDSET", lambda world, batch: batch[1][1]),
        Column("locationId", "IDSET", lambda world, batch: batch[1][3]),
        *(_grouping(letter) for letter in "ABCD"),
        Column("price", "STRING", lambda world, batch: plain(batch[1][4], 4)),
        Column("landedCosts", "STRING", lambda world, batch: "0.0000"),
        Column("currCode", "STRING", lambda world, batch: world.reference.base_currency),
        Column("receivedQuantity", "INTEGER", lambda world, batch: batch[1][2]),
        Column("onHand", "INTEGER", lambda world, batch: _left(world, batch[0], batch[1][1])),
        Column("createdDate", "PERIOD", lambda world, batch: batch[0].created),
        Column("receivedDate", "PERIOD", lambda world, batch: batch[0].received),
        Column("warehouseId", "IDSET", lambda world, batch: batch[0].warehouse_id),
    ),
    records=_batches,
    created=lambda batch: batch[0].created,
    default="batchId",
    ordered=lambda world: _Lines(world.receipts),
)


def register(router: Router) -> None:
    base = "/warehouse-service/order/{order}/goods-note/goods-in"
    add_search(router, "/warehouse-service/goods-in-search", SEARCH)
    router.add("POST", base, post, "post-goods-in-note")
    router.add("GET", f"{base}/[notes]", get, "get-goods-in-note")
    router.add("DELETE", "/warehouse-service/goods-note/goods-in/{id}", delete, "delete-goods-in-note")
