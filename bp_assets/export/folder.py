"""The folder that consumers read: sets in folders of their own, and ``current``, which names the newest whole one.

A set is written under a hidden name, made durable, and renamed; then the link ``current`` is replaced by a rename. Each
step happens whole or not at all, so no visible set is ever half there. Old sets stay for those who still read them, and
go by being hidden first. Read and written: that folder; nothing in it that is not a set of ours is ever touched.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bp_assets.export.errors import Busy, ExportError, NoFolder, NoSpace
from bp_assets.export.manifest import NAME, read
from bp_assets.lake.durable import sync

CURRENT = "current"
_HIDDEN = ".tillbridge-"  # a set that is not yet there, or no longer
_SET = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z-\d+(\.\d+)?")
_MOST_OF_ONE_NAME = 100
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Folder:
    """A folder of sets, held by one export at a time. Made by :func:`held`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def current(self) -> Path | None:
        """The set that consumers read now; it may have been removed by hand."""
        link = self.path / CURRENT
        named = link.readlink() if link.is_symlink() else Path()
        return self.path / named if _SET.fullmatch(str(named)) else None

    def accept(self, kind: str) -> None:
        """Refuse sets of another kind: what ``current`` names must not turn into something else under its readers.

        Raises:
            NoFolder: with what stands there.
        """
        if os.path.lexists(self.path / CURRENT) and self.current is None:
            raise NoFolder(
                f"{self.path / CURRENT} is no link made by an export. Move it away or export to another folder."
            )
        stands = read(self.current) if self.current else None
        if stands is not None and stands.shows.kind != kind:
            raise NoFolder(
                f"{self.path} holds sets of another kind ({stands.shows.kind}; asked for: {kind}), and its readers "
                f"rely on it. Export to another folder, or remove {self.path / CURRENT} first."
            )

    def names(self, name: str) -> Iterator[Path]:
        """Where a set of this name may stand: a set that was tampered with, or of an older version, keeps its place."""
        yield self.path / name
        for number in range(2, _MOST_OF_ONE_NAME):
            yield self.path / f"{name}.{number}"
        raise ExportError(f"{self.path} holds {_MOST_OF_ONE_NAME} damaged sets {name}: remove them and export again.")

    @contextmanager
    def new_set(self, place: Path) -> Iterator[Path]:
        """A hidden folder to write a set into; at the block's end it is made durable and stands at ``place``."""
        hidden = self.path / f"{_HIDDEN}{place.name}"
        try:
            hidden.mkdir()
            yield hidden
            for file in sorted(hidden.iterdir()):
                sync(file)
            sync(hidden)
            hidden.rename(place)
            sync(self.path)
        finally:
            shutil.rmtree(hidden, ignore_errors=True)

    def swing(self, place: Path) -> None:
        """Have ``current`` name this set, from one moment to the next."""
        link = self.path / f"{_HIDDEN}{CURRENT}"
        link.unlink(missing_ok=True)
        link.symlink_to(place.name)
        link.replace(self.path / CURRENT)
        sync(self.path)

    def prune(self, keep: int) -> list[str]:
        """Remove all but the ``keep`` newest sets, never the one that ``current`` names; the names removed."""
        sets = [place for place in self.path.iterdir() if _SET.fullmatch(place.name) and read(place)]
        sets.sort(key=lambda place: (place == self.current, (place / NAME).stat().st_mtime_ns), reverse=True)
        for place in sets[keep:]:
            hidden = place.with_name(f"{_HIDDEN}{place.name}")
            place.rename(hidden)
            shutil.rmtree(hidden)
        return sorted(place.name for place in sets[keep:])

    def clear(self) -> None:
        """Remove what a killed export left behind."""
        for left in self.path.glob(f"{_HIDDEN}*"):
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left)
            else:
                left.unlink()


def name_of(snapshot_time: str, snapshot: int) -> str:
    """A set's folder: the moment it shows and the lake's snapshot, ``2026-03-02T090000Z-41``."""
    return f"{snapshot_time[:19].replace(':', '')}Z-{snapshot}"


@contextmanager
def held(path: Path) -> Iterator[Folder]:
    """The folder, made if need be, for one export alone.

    Raises:
        NoFolder: it can't be made, written or linked in. NoSpace: the disk is full. Busy: another export is at work.
    """
    with explained(path):
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(f"Another export is writing to {path}. Wait for it to end, then run again.") from None
            folder = Folder(path)
            folder.clear()
            yield folder
        finally:
            os.close(lock)


def no_space(path: Path, said: str) -> NoSpace:
    return NoSpace(
        f"There is no space left in {path}: nothing of the new set is left there, and the set before it stands. "
        f"Free space or export to another folder. ({said})"
    )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Errors of the file system that a person can do something about, as one line."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        if error.errno in _FULL:
            raise no_space(path, error.strerror or str(error)) from error
        raise NoFolder(
            f"Can't export to {path}: {error.strerror or error} ({where}). Name a folder that can be written to and "
            "whose file system knows links."
        ) from error
