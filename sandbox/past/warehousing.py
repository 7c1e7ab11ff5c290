"""What happens in the warehouses of a past beside sales and purchases: transfers between them, and counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.erp.goods_out import Note
from sandbox.erp.times import DAY_MS
from sandbox.past.account import Account, cost
from sandbox.past.days import HOUR_MS
from sandbox.past.ledger import Move
from sandbox.past.sales import advance, release

if TYPE_CHECKING:
    from sandbox.erp.products import Product

_REASONS = ("Damaged in the shop", "Stock take", "Sample for a photo", "Found behind the shelf")


def transfer(account: Account, at: int, place: int) -> None:
    """Goods go from the main warehouse to a shop, arrive in its quarantine and are released there."""
    note, product, units = _transfer(account, at, place)
    gone, come = account.by(at + 5 * HOUR_MS), account.by(at + 2 * DAY_MS)
    advance(note, 4, at, gone)
    release(account, _arrive(account, note, product, units, gone), come, _location(account, note.target_warehouse))


def open_transfers(account: Account, at: int) -> None:
    """Three that are not over: one only written down, one on its way out, one waiting in quarantine.

    Called when the stock of today stands; the one in quarantine has left its movements with :func:`in_quarantine`.
    """
    world = account.world
    _write_down(account, at, 2, 4, "Next week's delivery")
    note, product, units = _transfer(account, at, 7)
    units = min(units, world.stock.level(product.id, note.warehouse_id).on_hand)
    note.rows = {-1: (product.id, units)} if units else {}
    world.stock.allocate(product.id, note.warehouse_id, units)


def in_quarantine(account: Account, at: int) -> tuple[int, int, int]:
    """A transfer that has come and was not released. Product, warehouse and units of what waits there."""
    note, product, units = _transfer(account, at, 3)
    gone = account.by(at + HOUR_MS)
    advance(note, 4, at, gone)
    _arrive(account, note, product, units, gone)
    return product.id, note.target_warehouse, units


def _transfer(account: Account, at: int, place: int) -> tuple[Note, Product, int]:
    world = account.world
    source, target = 2, 3 + place % 4
    product, units = account.pick(at, source), 2 + place % 9
    number = _write_down(account, at, source, target, f"Fill up {world.reference.warehouses[target].name} {place}")
    note = Note(world.next_id("goods_out"), 0, source, 1, at, at, transfer=True)
    note.target_warehouse, note.stock_transfer, note.shipping_method_id = target, number, 49
    note.rows = {-1: (product.id, units)}
    note.events = [(at, 4, "PLA")]
    note.version = world.next_id("event")
    world.add_note(note)
    world.stock_transfers[number]["goodsOutNoteId"] = note.id
    return note, product, units


def _write_down(account: Account, at: int, source: int, target: int, reference: str) -> int:
    number = account.world.next_id("transfer")
    account.world.stock_transfers[number] = {
        "stockTransferId": number,
        "sourceWarehouseId": source,
        "targetWarehouseId": target,
        "goodsOutNoteId": 0,
        "reference": reference,
        "createdBy": 4,
        "createdOn": at,
    }
    return number


def _arrive(account: Account, note: Note, product: Product, units: int, at: int) -> Move:
    """Out of the source and into the target's quarantine. The movement that stands there."""
    out = Move(
        at, product.id, note.warehouse_id, -units, _location(account, note.warehouse_id), "GO", note.id, 0,
        cost(product), reason="transfer",
    )  # fmt: skip
    target = account.world.reference.warehouses[note.target_warehouse]
    held = out._replace(
        warehouse=target.id, units=units, location=target.quarantine_location, batch=note.id, quarantine=True
    )
    account.ledger.add(out)
    account.ledger.add(held)
    return held


def _location(account: Account, warehouse: int) -> int:
    return account.world.reference.warehouses[warehouse].default_location


def correct(account: Account, at: int, place: int) -> None:
    """A count found one more, or one less, than there should be."""
    warehouse = 2 + place % 5
    product, note = account.pick(at, warehouse), account.world.next_id("correction")
    reason = _REASONS[place % len(_REASONS)]
    units = 1 if place % 4 == 3 else -1
    account.ledger.add(
        Move(
            at, product.id, warehouse, units, _location(account, warehouse), "SC", note, note, cost(product),
            reason="correction", detail=reason,
        )
    )  # fmt: skip
    account.world.corrections[note] = reason
