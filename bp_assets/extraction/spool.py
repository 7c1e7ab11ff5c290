"""Where a refresh puts what it has read until all of it is there: files in a folder of the resource.

``listing.ndjson`` grows while a long listing is paged. ``plan.json`` says what is to be asked, each Parquet part
``parts/NNNNNNNN`` holds what some of the requests answered; both appear whole or not at all, so that a run that was
killed is gone on with. One process at a time works in a folder: a lock on a file in it goes with the process. When the
rows are in the lake, the folder is emptied.
Read and written: ``home/extracts/<resource>``.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bp_assets.brightpearl.id_sets import pack, unpack
from bp_assets.config.home import Home
from bp_assets.extraction.decoding import Batch
from bp_assets.extraction.plan import Plan

KEPT_FOR = timedelta(hours=24)  # an older plan is not gone on with: what it read is too old, and may be personal


_LINE = 100_000  # characters: a page of ids is one line


class SpoolBusy(Exception):
    """Another process works on the resource. The message says what to do."""


@dataclass(slots=True)
class Done:
    """What a part answers: numbers of id sets, or how far which search came. Also what was noticed on the way."""

    sets: list[int] = field(default_factory=list)
    search: int | None = None
    last_id: int = 0
    place: int = 1
    ended: bool = False
    rows: int = 0
    objects: int = 0
    members: dict[str, int] = field(default_factory=dict)
    unasked: int = 0


@dataclass(slots=True)
class Listed:
    """How far a listing of all objects has come: when it began, the ids so far, and where to go on."""

    clock: datetime
    ids: list[int] = field(default_factory=list)
    last_id: int = 0
    place: int = 1


class Spool:
    """The folder of one resource. Use within :func:`spool_of`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts, self._listing = folder / "parts", folder / "listing.ndjson"
        self._next = 0

    def resume(self, fingerprint: str, now: datetime) -> Plan | None:
        """The plan of a run that did not get to its end, if it can be gone on with; else the folder is emptied."""
        plan: Plan | None = None
        with suppress(OSError, ValueError, KeyError, TypeError):
            plan = Plan.loads((self.folder / "plan.json").read_text(encoding="utf-8"))
        if plan is None:
            shutil.rmtree(self._parts, ignore_errors=True)  # a listing may have been begun: it stays
            return None
        if plan.fingerprint != fingerprint or now - plan.made > KEPT_FOR:
            self.clear()
            return None
        for unfinished in self._parts.glob(".*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        self._next = 1 + max((int(part.name) for part in self._parts.iterdir()), default=-1)
        return plan

    def listing(self, fingerprint: str, clock: datetime) -> Listed:
        """A listing that was cut off, or a new one that begins now."""
        lines: list[dict[str, Any]] = []
        with suppress(OSError, ValueError):  # the last line may have been cut off
            for line in self._listing.read_text(encoding="utf-8").splitlines():
                lines.append(json.loads(line))  # noqa: PERF401  # what came before a line that can't be read counts
        if lines and lines[0].get("fingerprint") == fingerprint:
            begun = Listed(datetime.fromisoformat(lines[0]["clock"]))
            if clock - begun.clock < KEPT_FOR:
                for one in lines[1:]:
                    begun.ids += unpack(one["ids"])
                    begun.last_id, begun.place = one["last_id"], one["place"]
                return begun
        head = {"fingerprint": fingerprint, "clock": clock.isoformat()}
        self._listing.write_text(json.dumps(head) + "\n", encoding="utf-8")
        return Listed(clock)

    def listed(self, ids: Sequence[int], last_id: int, place: int) -> None:
        """One more page of the listing."""
        for text in pack(ids, limit=len(ids) or 1, max_chars=_LINE):
            with self._listing.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"ids": text, "last_id": last_id, "place": place}) + "\n")

    def begin(self, plan: Plan) -> None:
        self.clear()
        self._parts.mkdir(parents=True)
        waiting = self.folder / ".plan.json"
        waiting.write_text(plan.dumps(), encoding="utf-8")
        _settle(waiting)
        waiting.replace(self.folder / "plan.json")

    def write(self, batch: Batch, done: Done) -> None:
        """One part, whole or not at all."""
        name = f"{self._next:08d}"
        waiting = self._parts / f".{name}"
        waiting.mkdir()
        for table, frame in batch.frames().items():
            frame.write_parquet(waiting / f"{table}.parquet", compression="lz4", statistics=False)
            _settle(waiting / f"{table}.parquet")
        done.rows, done.objects = batch.size, batch.objects
        done.members, done.unasked = dict(batch.fields), batch.unasked
        (waiting / "done.json").write_text(json.dumps(asdict(done)), encoding="utf-8")
        _settle(waiting / "done.json")
        waiting.rename(self._parts / name)
        self._next += 1

    def done(self) -> list[Done]:
        """What was answered so far, in the order it was written."""
        parts = sorted(self._parts.iterdir()) if self._parts.exists() else []
        return [Done(**json.loads((part / "done.json").read_text(encoding="utf-8"))) for part in parts]

    def files(self, name: str) -> list[str]:
        """The Parquet files of a table, of ``_objects`` or of ``_quarantined``, oldest first."""
        return [str(path) for path in sorted(self._parts.glob(f"*/{name}.parquet"))]

    def clear(self) -> None:
        (self.folder / "plan.json").unlink(missing_ok=True)  # first: parts without a plan are nothing
        self._listing.unlink(missing_ok=True)
        shutil.rmtree(self._parts, ignore_errors=True)
        self._next = 0


@contextmanager
def spool_of(home: Home, resource: str) -> Iterator[Spool]:
    """The resource's folder for this process alone.

    Raises:
        SpoolBusy: another process has it.
    """
    folder = home.root / "extracts" / resource
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # what waits here may be personal
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SpoolBusy(
                f"{resource} is being read by another process (a Dagster run, or `tillbridge refresh`). "
                "Wait for it; nothing was asked."
            ) from None
        yield Spool(folder)


def _settle(file: Path) -> None:
    """Make sure that the file's content is on the disk before its name is."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
