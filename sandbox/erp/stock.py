"""The stock ledger: movements are appended, levels follow from them; batches are used first in, first out.

Opening stock is a rule, not rows: it becomes a level when a product is first touched and a movement when the ledger is
read. That keeps 57,000 products in five warehouses free until they matter. The movements of an account's past lie
between its opening and the levels of today.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

FIRST_MOVEMENT_ID = 7_000_001
OPENING_BATCH = 1_000_000_000  # opening movements and batches are numbered from here, by product and warehouse


class Movement(NamedTuple):
    """One change of stock. ``quantity`` is signed; ``value`` is per unit in ten-thousandths of the base currency."""

    id: int
    product_id: int
    warehouse_id: int
    quantity: int
    location_id: int
    type_code: str
    note_id: int
    batch_id: int
    value: int
    quarantine: bool
    order_id: int
    sales_row: int
    purchase_row: int
    at: int
    reason: str
    detail: str = ""


@dataclass(slots=True)
class Level:
    """Units of one product in one warehouse. ``on_hand`` = in stock less allocated."""

    in_stock: int = 0
    allocated: int = 0
    quarantine: int = 0
    in_transit: int = 0
    batches: list[list[int]] = field(default_factory=list)  # [batch id, units left, unit value]

    @property
    def on_hand(self) -> int:
        return self.in_stock - self.allocated


class StockLedger:
    """``opening(product)`` tells how many units each opening warehouse began with, and ``cost`` their unit value."""

    def __init__(
        self,
        opening: Callable[[int], int],
        cost: Callable[[int], int],
        warehouses: list[int],
        products: list[int],
        at: int,
    ) -> None:
        self._opening = opening
        self._cost = cost
        self._warehouses = warehouses
        self._products = products
        self.started = at  # what lies before is the past
        self.opened = at  # when the opening stock was counted
        self.past: list[Movement] = []
        self.levels: dict[tuple[int, int], Level] = {}
        self.movements: list[Movement] = []
        self.on_change: Callable[[int], None] = lambda product: None
        self._balances: dict[int, tuple[int, int]] = {}  # place of stock -> units it began with, change in the past
        self._by_product: dict[int, list[int]] = {}  # positions in past and movements together
        self._openings: array[int] | None = None

    def remember(self, past: list[Movement], balances: dict[int, tuple[int, int]], opened: int) -> None:
        """Give a fresh ledger a past: movements by time, and per place what it began with and how the past changed it.

        A place is ``product * 100 + warehouse``.
        """
        self.past, self._balances, self.opened = past, balances, opened
        for at, movement in enumerate(past):
            self._by_product.setdefault(movement.product_id, []).append(at)

    def opening_id(self, product: int, warehouse: int) -> int:
        return OPENING_BATCH + product * 100 + warehouse

    def began(self, product: int, warehouse: int) -> int:
        """Units there were when the stock was first counted."""
        found = self._balances.get(product * 100 + warehouse)
        if found is not None:
            return found[0]
        return self._opening(product) if warehouse in self._warehouses else 0

    def _at_start(self, product: int, warehouse: int) -> int:
        found = self._balances.get(product * 100 + warehouse)
        return self.began(product, warehouse) if found is None else found[0] + found[1]

    def level(self, product: int, warehouse: int) -> Level:
        """The level to change; made from the opening rule and the past at first touch."""
        key = (product, warehouse)
        found = self.levels.get(key)
        if found is None:
            units = self._at_start(product, warehouse)
            found = self.levels[key] = Level(in_stock=units)
            if units:
                found.batches.append([self.opening_id(product, warehouse), units, self._cost(product)])
        return found

    def allocate(self, product: int, warehouse: int, units: int) -> None:
        self.level(product, warehouse).allocated += units
        self.on_change(product)

    def move(self, movement: Movement) -> int:
        """Append a movement of in-stock or quarantine units and carry it into the level. Returns its ID."""
        movement = movement._replace(id=FIRST_MOVEMENT_ID + len(self.past) + len(self.movements))
        level = self.level(movement.product_id, movement.warehouse_id)
        if movement.quarantine:
            level.quarantine += movement.quantity
        else:
            level.in_stock += movement.quantity
            if movement.quantity > 0:
                level.batches.append([movement.batch_id, movement.quantity, movement.value])
            self.on_change(movement.product_id)
        self._by_product.setdefault(movement.product_id, []).append(len(self.past) + len(self.movements))
        self.movements.append(movement)
        return movement.id

    def take(self, movement: Movement, batch: int | None = None) -> None:
        """Remove ``-movement.quantity`` units first in, first out (or from one batch): one movement per batch."""
        left = -movement.quantity
        level = self.level(movement.product_id, movement.warehouse_id)
        for lot in level.batches:
            if left and lot[1] and (batch is None or lot[0] == batch):
                part = min(left, lot[1])
                lot[1] -= part
                left -= part
                self.move(movement._replace(quantity=-part, batch_id=lot[0], value=lot[2]))
        level.batches = [lot for lot in level.batches if lot[1]]
        if left:  # only where a switch lets stock go below zero
            self.move(movement._replace(quantity=-left, batch_id=0))

    def figures(self, product: int, warehouse: int) -> tuple[int, int, int, int]:
        """In stock, allocated, quarantine, in transit; without making a level."""
        found = self.levels.get((product, warehouse))
        if found is None:
            return self._at_start(product, warehouse), 0, 0, 0
        return found.in_stock, found.allocated, found.quarantine, found.in_transit

    def _opening_places(self) -> array[int]:
        if self._openings is None:
            self._openings = array(
                "q",
                [
                    product * 100 + warehouse
                    for product in self._products
                    for warehouse in self._warehouses
                    if self.began(product, warehouse)
                ],
            )
        return self._openings

    def _opening_movement(self, place: int) -> Movement:
        product, warehouse = divmod(place, 100)
        number, units = OPENING_BATCH + place, self.began(product, warehouse)
        cost = self._cost(product)
        return Movement(
            number, product, warehouse, units, 2 * warehouse - 2, "SC", number, number, cost, False,
            0, 0, 0, self.opened, "opening",
        )  # fmt: skip

    def opening_movements(self, product: int | None = None) -> Iterator[Movement]:
        if product is None:
            return map(self._opening_movement, self._opening_places())
        places = [product * 100 + warehouse for warehouse in self._warehouses if self.began(product, warehouse)]
        return map(self._opening_movement, places)

    def all_movements(self, product: int | None = None) -> Iterator[Movement]:
        """Opening movements, then everything since, optionally of one product."""
        yield from self.opening_movements(product)
        yield from self.moved(product)

    def moved(self, product: int | None = None) -> Iterator[Movement]:
        """Everything since the opening, optionally of one product."""
        if product is None:
            yield from self.past
            yield from self.movements
        else:
            before = len(self.past)
            for at in self._by_product.get(product, []):
                yield self.past[at] if at < before else self.movements[at - before]

    def moved_since(self, at: int) -> Iterator[Movement]:
        """Movements from ``at`` on, without walking the past before it."""
        first = bisect_left(self.past, at, key=lambda movement: movement.at)
        yield from self.past[first:]
        yield from self.movements

    def __len__(self) -> int:
        return len(self.past) + len(self.movements) + len(self._opening_places())

    def page(self, first: int, last: int) -> list[Movement]:
        """Movements by ascending ID: the past, what happened since, and the opening stock, whose IDs are higher."""
        parts: list[Movement] = self.past[first:last]
        begins = len(self.past)
        parts += self.movements[max(0, first - begins) : max(0, last - begins)]
        begins += len(self.movements)
        places = self._opening_places()[max(0, first - begins) : max(0, last - begins)]
        return parts + [self._opening_movement(place) for place in places]
