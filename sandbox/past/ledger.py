"""The stock movements of a past, collected in any order, and the opening stock that makes them add up.

Each place (product and warehouse) begins with what it takes never to fall below zero and to end with the stock a fresh
place has. A place that was to run dry once begins with just enough, so that it is empty when it should be.
"""

from __future__ import annotations

from operator import itemgetter
from typing import NamedTuple

from sandbox.erp.stock import FIRST_MOVEMENT_ID, Movement


class Move(NamedTuple):
    """A movement without its number; see :class:`~sandbox.erp.stock.Movement`."""

    at: int
    product: int
    warehouse: int
    units: int
    location: int
    kind: str
    note: int
    batch: int
    value: int
    quarantine: bool = False
    order: int = 0
    sales_row: int = 0
    purchase_row: int = 0
    reason: str = ""
    detail: str = ""


class PastLedger:
    def __init__(self) -> None:
        self._moves: list[Move] = []
        self.dry: set[int] = set()  # places that are to be empty once

    def add(self, move: Move) -> None:
        self._moves.append(move)

    def finish(self, standing: dict[int, int], otherwise: int) -> tuple[list[Movement], dict[int, tuple[int, int]]]:
        """The movements by time, and per place what it began with and how they changed it.

        ``standing`` is the stock a product's places end with at least, ``otherwise`` that of products not in it.
        """
        self._moves.sort(key=itemgetter(0))
        now: dict[int, int] = {}
        lowest: dict[int, int] = {}
        movements = []
        for number, move in enumerate(self._moves, start=FIRST_MOVEMENT_ID):
            movements.append(Movement(number, *move[1:13], move.at, move.reason, move.detail))
            if not move.quarantine:
                place = move.product * 100 + move.warehouse
                level = now[place] = now.get(place, 0) + move.units
                if level < lowest.get(place, 0):
                    lowest[place] = level
        self._moves = []
        balances = {}
        for place, change in now.items():
            least, wanted = -lowest.get(place, 0), standing.get(place // 100, otherwise)
            enough = least if place in self.dry and least + change >= wanted else max(least, wanted - change)
            balances[place] = (enough, change)
        return movements, balances
