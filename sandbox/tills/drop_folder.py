"""Puts export files into the shops' folders: under a temporary name, then renamed; or half-written, when a fault asks
for it.

Read: transactions. Written: ``<drop_dir>/<shop>/<SHOP>_<date>_<number>.csv|ndjson``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sandbox.tills.events import Shop, Transaction
from sandbox.tills.exports import csv_bytes, ndjson_bytes
from sandbox.tills.faults import Faults


class DropFolder:
    """One folder per shop under ``root``; numbers its files itself and remembers what it still owes."""

    def __init__(self, root: Path, faults: Faults) -> None:
        self.root, self.faults = root, faults
        self.written: list[Path] = []
        self.owed: list[tuple[Path, bytes, bool]] = []  # (file, bytes, append): delivered by ``deliver``
        self.counter: dict[str, int] = {}

    def export(self, shop: Shop, baskets: Sequence[Transaction]) -> None:
        """One file with these receipts; receipts to be delivered twice come again in a second file."""
        if not baskets:
            return
        self._write(shop, baskets)
        again = [basket for basket in baskets if basket.fault == "delivered_twice"]
        if again:
            self._write(shop, again)

    def _write(self, shop: Shop, baskets: Sequence[Transaction]) -> None:
        number = self.counter[shop.code] = self.counter.get(shop.code, 0) + 1
        content = csv_bytes(baskets) if shop.system == "csv" else ndjson_bytes(baskets)
        folder = self.root / shop.place
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{shop.code.upper()}_{baskets[0].business_date:%Y%m%d}_{number:05d}.{shop.system}"
        fault = self.faults.take(shop.code)
        if fault is not None and fault.kind == "late":
            self.owed.append((path, content, False))
        elif fault is not None:
            half = len(content) // 2
            path.write_bytes(content[:half])
            self.owed.append((path, content[half:], True))
            self.written.append(path)
        else:
            self._place(path, content)

    def _place(self, path: Path, content: bytes) -> None:
        partial = path.with_name(f".{path.name}.part")
        partial.write_bytes(content)
        partial.replace(path)
        self.written.append(path)

    def deliver(self) -> int:
        """Complete what is late or half-written; returns how many files that were."""
        owed, self.owed = self.owed, []
        for path, content, append in owed:
            if append:
                with path.open("ab") as file:
                    file.write(content)
            else:
                self._place(path, content)
        return len(owed)

    def reset(self) -> None:
        """Remove what was written and forget what is owed."""
        for path in self.written:
            path.unlink(missing_ok=True)
        self.written, self.owed, self.counter = [], [], {}
