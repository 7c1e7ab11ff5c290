"""``manifest.json``: what a set holds and how to know that it arrived whole. Read and written: that file of a set.

It tells of the lake and of nothing else (no clock, no machine), so the same snapshot gives the same manifest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

SET = "brightpearl-forecasting"
NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class File:
    """One file of a set. ``as_of`` is the oldest refresh among the tables it was made from, if all tell theirs."""

    name: str
    rows: int
    bytes: int
    sha256: str
    as_of: str | None


@dataclass(frozen=True, slots=True)
class Shows:
    """What a set shows: the lake's state, in which format, with contacts or without, written by which version."""

    snapshot_id: int
    snapshot_time: str
    format: str
    with_contacts: bool
    tillbridge: str

    @property
    def kind(self) -> str:
        return kind_of(self.format, self.with_contacts)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A set, whole. ``as_of`` is the oldest of its files'."""

    shows: Shows
    as_of: str | None
    files: tuple[File, ...]

    def write(self, folder: Path) -> Path:
        told = {"set": SET, "as_of": self.as_of, **asdict(self.shows), "files": [asdict(one) for one in self.files]}
        file = folder / NAME
        file.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        return file

    def holds(self, folder: Path) -> bool:
        """Whether every file stands there with the content it was written with."""
        return all(_same(folder / one.name, one) for one in self.files)


def kind_of(form: str, with_contacts: bool) -> str:
    """Sets of one folder are all of one kind."""
    return f"{form}, {'with' if with_contacts else 'without'} contacts"


def read(folder: Path) -> Manifest | None:
    """The manifest of a set, or ``None`` where the folder holds no set of ours."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if found["set"] != SET:
            return None
        shows = Shows(**{one.name: found[one.name] for one in fields(Shows)})
        return Manifest(shows, found["as_of"], tuple(File(**one) for one in found["files"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def moment(instant: datetime) -> str:
    """As in the files: ``2026-03-02T09:00:00.000Z``. ``instant`` is in UTC."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def _same(file: Path, told: File) -> bool:
    try:
        return file.stat().st_size == told.bytes and digest(file) == told.sha256
    except OSError:
        return False
