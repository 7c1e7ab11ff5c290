"""End of day: the stock a receipt moves during the day, and the corrections that move it. Pure.

Read: nothing. Written: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from bp_assets.brightpearl import encode
from bp_assets.domain.catalogue import Catalogue, Place
from bp_assets.ledger.stock_moves import Move, Waiting
from bp_assets.posting.plan import CREDIT, Document, Plan, Refusal, Row

MOST_MOVES = 200  # of one request


def moves_of(plan: Plan, catalogue: Catalogue) -> list[Move] | Refusal:
    """What leaves the shop (negative) and what comes back to it, row by row of the receipt's own plan."""
    moving = [(document, row) for document in plan.documents for row in document.moving()]
    place = catalogue.places.get(plan.shop.warehouse_id)
    if moving and place is None:
        words = f"warehouse {plan.shop.warehouse_id} of shop {plan.shop.key} is not in the ERP: nothing can leave it"
        return Refusal("unknown_location", words)
    return [_move(plan, document, row, place) for document, row in moving if place]


def _move(plan: Plan, document: Document, row: Row, place: Place) -> Move:
    assert row.product is not None, "only rows of stock-tracked products move"
    quantity = int(row.quantity)
    return Move(
        sale_id=plan.sale.sale_id,
        document=document.code,
        sequence=row.sequence,
        shop=plan.shop.key,
        warehouse_id=plan.shop.warehouse_id,
        product_id=row.product.product_id,
        sku=row.product.sku,
        quantity=quantity if document.code == CREDIT else -quantity,
        location_id=place.quarantine_location_id if row.place == "quarantine" else place.default_location_id,
        handle=f"{document.ref}/{row.sequence}",
    )


def next_batch(waiting: Sequence[Waiting], most: int = MOST_MOVES) -> list[Move]:
    """The moves of the next request: whole receipts, oldest first.

    What was refused goes in ever smaller company, until the one receipt that the ERP can't take stands alone.
    """
    receipts: dict[str, list[Waiting]] = {}
    for one in waiting:
        receipts.setdefault(one.move.sale_id, []).append(one)
    chosen: list[Move] = []
    room = most
    for count, moves in enumerate(receipts.values()):
        room = min(room, max(1, most >> max(one.refusals for one in moves)))
        if chosen and (count >= room or len(chosen) + len(moves) > most):
            break
        chosen += [one.move for one in moves]
    return chosen


def correction_body(
    moves: Sequence[Move], unit_costs: Mapping[int, Decimal], currency: str
) -> tuple[list[Move], encode.Body]:
    """The moves in the order of the request, and its body. What comes back goes first: it may be sold again."""
    ordered = sorted(moves, key=lambda move: (move.quantity < 0, move.handle))
    corrections = [
        encode.Correction(
            product_id=move.product_id,
            quantity=move.quantity,
            location_id=move.location_id,
            reason=move.handle,
            unit_cost=unit_costs.get(move.product_id, Decimal(0)) if move.quantity > 0 else None,
        )
        for move in ordered
    ]
    return ordered, encode.stock_correction(corrections, currency)
