"""The tills of a day hand over what was sold: Square's in one go, file tills as files; late, half, twice, changed.

A file that is complete carries a time stamp of long ago, one that is still being written one of now: the reader takes
the first at once and waits for the second, without anybody waiting for a clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from sandbox.tills.events import SHOPS, Transaction
from sandbox.tills.exports import csv_bytes, ndjson_bytes
from sandbox.tills.floor import TradingFloor

_LONG_AGO = 86_400
_SYSTEMS = {shop.code: shop.system for shop in SHOPS}


class Tills:
    """``files`` of each shop that were completed, with the transactions in them."""

    def __init__(self, folder: Path, floor: TradingFloor) -> None:
        self.folder, self.floor = folder, floor
        self.files: dict[str, list[tuple[Path, list[Transaction]]]] = {}
        self.halves: dict[str, list[tuple[Path, list[Transaction]]]] = {}
        self._numbers = 0
        for shop, system in _SYSTEMS.items():
            if system != "square":
                (folder / shop).mkdir(parents=True)

    def deliver(self, shop: str, baskets: Sequence[Transaction]) -> None:
        if _SYSTEMS[shop] == "square":
            for basket in baskets:
                self.floor.seller.receive(basket)
        else:
            self._complete(shop, self._new_path(shop), list(baskets))

    def begin_file(self, shop: str, baskets: Sequence[Transaction]) -> None:
        """The file is there, and only a part of it."""
        content = _content(shop, baskets)
        path = self._new_path(shop)
        path.write_bytes(content[: len(content) * 2 // 3])
        self.halves.setdefault(shop, []).append((path, list(baskets)))

    def finish_files(self, shop: str) -> list[Transaction]:
        """Half-written files are written to their end; what stands in them."""
        halves = self.halves.pop(shop, [])
        for path, baskets in halves:
            self._complete(shop, path, baskets)
        return [basket for _, baskets in halves for basket in baskets]

    def file_again(self, shop: str) -> bool:
        """The last file again, byte for byte, under another name; false if there is none."""
        if not self.files.get(shop):
            return False
        _place(self._new_path(shop), self.files[shop][-1][0].read_bytes())
        return True

    def receipts_again(self, shop: str) -> list[Transaction]:
        """Half of the last file's receipts in a file of their own. Only a till that numbers its lines can do that."""
        if _SYSTEMS[shop] != "csv" or not self.files.get(shop):
            return []
        baskets = self.files[shop][-1][1]
        again = baskets[: (len(baskets) + 1) // 2]
        _place(self._new_path(shop), _content(shop, again))
        return again

    def other_version(self, shop: str, revised: Transaction) -> None:
        """A receipt once more, with other money in it."""
        _place(self._new_path(shop), _content(shop, [revised]))

    def _new_path(self, shop: str) -> Path:
        self._numbers += 1
        return self.folder / shop / f"{shop}-{self._numbers:04d}.{_SYSTEMS[shop]}"

    def _complete(self, shop: str, path: Path, baskets: list[Transaction]) -> None:
        _place(path, _content(shop, baskets))
        self.files.setdefault(shop, []).append((path, baskets))
        if twice := [basket for basket in baskets if basket.fault == "delivered_twice"]:
            _place(self._new_path(shop), _content(shop, twice))


def _content(shop: str, baskets: Sequence[Transaction]) -> bytes:
    return csv_bytes(baskets) if _SYSTEMS[shop] == "csv" else ndjson_bytes(baskets)


def _place(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    then = time.time() - _LONG_AGO
    os.utime(path, (then, then))
