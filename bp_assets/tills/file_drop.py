"""Watch a folder that a till writes export files into, and hand over its receipts.

Read: files of the folder. Written: nothing (files stay where they are; moving them away is the shop's business). A
file is taken once by its content: the same bytes under another name are the same file, other bytes under the same
name are a new one. A file that is still being written is waited for. Rows of all files of one fetch are put together
to receipts, in an order that does not depend on files or rows, so that a split and shuffled export gives the same
receipts, byte for byte.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from bp_assets.config import FileDropFeed, Shop
from bp_assets.tills.file_drop_decode import BROKEN, decode
from bp_assets.tills.file_formats import Row, Unreadable, format_of, is_complete, read_rows
from bp_assets.tills.protocol import ControlTotals, Excluded, Fetch, Mark, RawReceipt, TillError, Waiting

SOURCE = "file_drop"
MOST_BYTES = 1 << 30  # in one fetch; the rest comes with the next
MOST_REMEMBERED = 2000  # digests of files that are gone from the folder
UNFINISHED_FACTOR = 30  # a file without its ending is taken after so many settle times of stillness
_TEMPORARY_STARTS = (".", "~", "_tmp")
_TEMPORARY_ENDS = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", ".writing", "~")


@dataclass(slots=True)
class _Taken:
    """Files of one fetch: rows by receipt, and receipts made of what could not be read."""

    rows: dict[str, list[tuple[str, Row]]] = field(default_factory=dict)
    faults: dict[str, RawReceipt] = field(default_factory=dict)


class FileDropTill:
    """The reader of one shop's folder; keep one for the life of the process."""

    def __init__(self, shop: Shop, currency: str, *, now: Callable[[], float] = time.time) -> None:
        if not isinstance(shop.feed, FileDropFeed):
            raise TypeError(f"shop {shop.key} has no file drop")
        self.shop, self.feed, self.currency, self.now = shop, shop.feed, currency, now
        declared = shop.feed.model_dump_json(exclude={"folder", "settle_seconds"})
        self.declaration = hashlib.sha256(declared.encode()).hexdigest()[:12]
        self._seen: dict[str, tuple[int, int, float]] = {}

    def close(self) -> None:
        """Nothing is held open."""

    # -- fetching -----------------------------------------------------------------------------------------------------

    def fetch(self, mark: Mark | None) -> Fetch:
        """Receipts of files not taken yet. The mark is ``{"files": {name: [size, mtime_ns, digest, fault]}, "gone":
        [digest]}``.

        ``fault`` is empty, or names the declaration under which the file could not be read: it is tried again when
        that changes.
        """
        files = self._files()
        known: dict[str, list[Any]] = dict((mark or {}).get("files", {}))
        gone: list[str] = [*(mark or {}).get("gone", ())]
        names = {path.name for path in files}
        gone += [entry[2] for name, entry in known.items() if name not in names and not entry[3]]
        known = {name: entry for name, entry in known.items() if name in names}
        digests = {entry[2] for entry in known.values() if not entry[3]} | set(gone)
        taken, waiting, more, size = _Taken(), [], False, 0
        for path in files:
            if self._unchanged(path, known.get(path.name)):
                continue
            if size > MOST_BYTES:
                more = True
                break
            content, reason = self._settled_content(path)
            if content is None:
                waiting.append(Waiting(path.name, reason))
                continue
            digest = hashlib.sha256(content).hexdigest()[:32]
            fault = ""
            if digest not in digests:
                size += len(content)
                fault = self._take(path.name, content, digest, taken)
                if not fault:
                    digests.add(digest)
            before = self._seen[path.name]
            if path.name in known and known[path.name][2] != digest and not known[path.name][3]:
                gone.append(known[path.name][2])
            known[path.name] = [before[0], before[1], digest, fault]
        new: Mark = {"files": known, "gone": gone[-MOST_REMEMBERED:]}
        return Fetch(tuple(self._receipts(taken)), new, tuple(waiting), more)

    def _files(self) -> list[Path]:
        folder = self.feed.path
        try:
            found = [path for path in folder.glob(self.feed.pattern) if path.is_file() and not _temporary(path.name)]
        except OSError as problem:
            raise TillError("unreachable", f"shop {self.shop.key}: folder {folder} can't be read: {problem}") from None
        if not found and not folder.is_dir():
            raise TillError(
                "unreachable", f"shop {self.shop.key}: there is no folder {folder}; create it or correct feed.folder"
            )
        return sorted(found)

    def _unchanged(self, path: Path, entry: list[Any] | None) -> bool:
        if entry is None:
            return False
        if entry[3] and entry[3] != self.declaration:
            return False
        try:
            stat = path.stat()
        except OSError:
            return True
        return [stat.st_size, stat.st_mtime_ns] == entry[:2]

    def _settled_content(self, path: Path) -> tuple[bytes | None, str]:
        """The bytes of a file that nobody writes to any more, or why it is waited for."""
        try:
            stat = path.stat()
            still = self._still_for(path.name, stat.st_size, stat.st_mtime_ns)
            if still < self.feed.settle_seconds:
                return None, f"changed within the last {self.feed.settle_seconds:g} s"
            content = path.read_bytes()
            after = path.stat()
        except OSError as problem:
            return None, f"can't be read: {problem}"
        if (after.st_size, after.st_mtime_ns) != (stat.st_size, stat.st_mtime_ns):
            return None, "changed while it was read"
        finished = is_complete(format_of(path.name, content, self.feed), content)
        if not finished and still < self.feed.settle_seconds * UNFINISHED_FACTOR:
            return None, "its end is missing: still being written"
        return content, ""

    def _still_for(self, name: str, size: int, mtime_ns: int) -> float:
        """Seconds since the file last changed: by its time stamp, or by what was seen here, whichever is longer."""
        now = self.now()
        before = self._seen.get(name)
        if before is None or before[:2] != (size, mtime_ns):
            self._seen[name] = before = (size, mtime_ns, now)
        return max(now - before[2], now - mtime_ns / 1e9)

    def _take(self, name: str, content: bytes, digest: str, taken: _Taken) -> str:
        """Read one file into ``taken``; returns the declaration under which it can't be read, or nothing."""
        try:
            rows = read_rows(name, content, self.feed)
        except Unreadable as problem:
            head = base64.b64encode(content[:4096]).decode()
            body = {"file": digest, "size": len(content), "head": head, "reason": problem.reason_code}
            # The message names the file, which is not content: the same bytes under another name are the same fault.
            raw = self._raw(f"file-{digest[:16]}", body, f"{name}\n{problem}")
            taken.faults[raw.source_id] = raw
            return self.declaration
        for row in rows:
            receipt = row.values.get(self.feed.columns.receipt, "").strip()
            if receipt:
                taken.rows.setdefault(receipt, []).append((name, row))
            else:
                words = row.broken or f"no {self.feed.columns.receipt!r}"
                text = row.text or _canonical(row.values)
                uid = "row-" + hashlib.sha256(text.encode()).hexdigest()[:16]
                taken.faults[uid] = self._raw(uid, {"row": text, "error": words}, f"{name} row {row.number}")
        return ""

    # -- receipts -----------------------------------------------------------------------------------------------------

    def _receipts(self, taken: _Taken) -> Iterator[RawReceipt]:
        for receipt, rows in sorted(taken.rows.items()):
            yield self._receipt(receipt, rows)
        for _, raw in sorted(taken.faults.items()):
            yield raw

    def _receipt(self, receipt: str, rows: list[tuple[str, Row]]) -> RawReceipt:
        ordered = sorted(
            ((self._order(row), name, row) for name, row in rows), key=lambda one: (one[0], one[1], one[2].number)
        )
        kept: list[tuple[str, Row]] = []
        numbered: set[tuple[Any, ...]] = set()
        for key, name, row in ordered:
            # With a line number the same row again is the same line delivered twice; without, it is another piece.
            if self.feed.columns.line and row.values.get(self.feed.columns.line):
                if key in numbered:
                    continue
                numbered.add(key)
            kept.append((name, row))
        body = {"receipt": receipt, "rows": [_content(row) for _, row in kept]}
        return self._raw(receipt, body, _places(kept))

    def _order(self, row: Row) -> tuple[Decimal, str, str]:
        line = row.values.get(self.feed.columns.line or "", "")
        try:
            number = Decimal(line.strip()) if line else Decimal(0)
            number = number if number.is_finite() else Decimal(0)
        except InvalidOperation:
            number = Decimal(0)
        return (number, line, _canonical(_content(row)))

    def _raw(self, source_id: str, body: dict[str, Any], note: str) -> RawReceipt:
        return RawReceipt(SOURCE, self.shop.feed_account, source_id, _canonical(body).encode(), note=note)

    # -- control totals and preflight ---------------------------------------------------------------------------------

    def control_totals(self, business_date: date) -> ControlTotals:
        """Receipts of the day in the files that lie in the folder now, counted from their rows."""
        taken = _Taken()
        digests: set[str] = set()
        for path in self._files():
            content, _ = self._settled_content(path)
            digest = hashlib.sha256(content).hexdigest() if content is not None else ""
            if content is None or digest in digests:
                continue
            digests.add(digest)
            self._take(path.name, content, digest[:32], taken)
        count, gross, unreadable = 0, 0, 0
        for raw in self._receipts(taken):
            outcome = decode(raw, self.shop, self.currency)
            told = outcome.sale if isinstance(outcome, Excluded) else outcome
            voided = isinstance(outcome, Excluded) and outcome.reason_code == "void"
            if voided or told.business_date != business_date:
                continue
            count += 1
            if told.gross_minor is None:
                unreadable += 1
            else:
                gross += told.gross_minor
        return ControlTotals(
            self.shop.key, business_date, count, None if unreadable else gross, self.currency, unreadable
        )

    def problems(self) -> list[str]:
        """A folder that is missing or can't be read."""
        try:
            self._files()
        except TillError as error:
            return [str(error)]
        return []


def _temporary(name: str) -> bool:
    return name.startswith(_TEMPORARY_STARTS) or name.lower().endswith(_TEMPORARY_ENDS)


def _content(row: Row) -> dict[str, str]:
    return row.values | {BROKEN: row.broken} if row.broken else row.values


def _canonical(body: Any) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _places(rows: Iterable[tuple[str, Row]]) -> str:
    """``till.csv rows 2-5,9; other.csv row 3``: where the rows of the content stand, in their order."""
    parts: list[tuple[str, list[list[int]]]] = []
    for name, row in rows:
        if not parts or parts[-1][0] != name:
            parts.append((name, []))
        runs = parts[-1][1]
        if runs and runs[-1][1] == row.number - 1:
            runs[-1][1] = row.number
        else:
            runs.append([row.number, row.number])
    return "; ".join(
        f"{name} rows " + ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
        for name, runs in parts
    )
