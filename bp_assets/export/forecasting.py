"""One set of the forecasting files. Read: the lake, at one snapshot. Written: a folder of sets (``folder.py``)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from bp_assets.export.errors import ExportError, NotFilled
from bp_assets.export.folder import Folder, held, name_of, no_space
from bp_assets.export.forgetting import Place, note
from bp_assets.export.formats import TSV, Format
from bp_assets.export.manifest import File, Manifest, Shows, digest, kind_of, moment, read
from bp_assets.export.sheet import Sheet
from bp_assets.export.sheets import SHEETS, tables_read
from bp_assets.lake.connect import Lake, quoted
from bp_assets.lake.publish import current_snapshot
from bp_assets.lake.tables import BY_NAME

KEPT = 3  # sets that stay for those who still read them, the current one among them
# What DuckDB should be given: sorting more than that goes by way of the disk, and a large account needs as much memory
# as a small one.
MEMORY = "160MB"
_NO_SPACE = ("No space left", "File too large", "Disk quota exceeded")


@dataclass(frozen=True, slots=True)
class Exported:
    """A set that stands. ``renewed`` is false where the folder already held it; ``removed`` are the sets that went."""

    folder: Path
    manifest: Manifest
    seconds: float
    renewed: bool
    removed: tuple[str, ...]

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.manifest.files)

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.manifest.files)


def export_forecasting(
    lake: Lake,
    to: Path,
    form: Format = TSV,
    *,
    with_contacts: bool = False,
    keep: int = KEPT,
    sheets: Sequence[Sheet] = SHEETS,
    tell: Callable[[int, int, str], None] = lambda done, total, name: None,
) -> Exported:
    """Export the lake's current snapshot as a whole set into ``to`` and let ``to/current`` name it.

    ``lake`` should be one of little memory (``MEMORY``). With contacts only the newest set is kept, whatever ``keep``
    says: who was forgotten in Brightpearl is in no file once the next set stands. ``tell`` hears of every file: how
    many are done, of how many, which.

    Raises:
        ExportError: nothing of the new set is visible, the one before stands; the text says what to do.
        LakeUnavailable: no lake yet, or it does not answer.
    """
    started = time.monotonic()
    with held(to) as folder:  # before the lake is read: of two exports, the later one shows the later state
        folder.accept(kind_of(form.name, with_contacts))
        with lake.open() as reading:
            reading.execute("BEGIN")  # one transaction reads one snapshot
            if empty := never_filled(reading, with_contacts, sheets):
                raise NotFilled(
                    f"Never filled: {', '.join(empty)}. A set made now would say that there are none, so nothing was "
                    "written. Fill them once with `tillbridge refresh`, and export again."
                )
            snapshot, instant = current_snapshot(reading)
            shows = Shows(snapshot, moment(instant), form.name, with_contacts, version("tillbridge"))
            place, manifest = _place(folder, shows)
            renewed = manifest is None
            if manifest is None:
                with folder.new_set(place) as hidden:
                    manifest = _write_set(reading, shows, form, hidden, sheets, tell)
            if with_contacts:  # before it can be seen: a set that nobody knows of would never be made anew
                note(lake.home, Place(str(to.absolute()), form.name))
        folder.swing(place)
        removed = folder.prune(1 if with_contacts else keep)
    return Exported(place, manifest, time.monotonic() - started, renewed, tuple(removed))


def _write_set(
    reading: duckdb.DuckDBPyConnection,
    shows: Shows,
    form: Format,
    folder: Path,
    sheets: Sequence[Sheet],
    tell: Callable[[int, int, str], None],
) -> Manifest:
    refreshed = _refreshed(reading)
    files = []
    for number, sheet in enumerate(sheets):
        tell(number, len(sheets), sheet.name)
        file = folder / f"{sheet.name}.{form.name}"
        rows = _write(reading, sheet.select(shows.with_contacts), file, form)
        as_of = _oldest(refreshed, sheet.needs(shows.with_contacts))
        files.append(File(file.name, rows, file.stat().st_size, digest(file), as_of))
    tell(len(sheets), len(sheets), "")
    manifest = Manifest(shows, _oldest(refreshed, tables_read(shows.with_contacts, sheets)), tuple(files))
    manifest.write(folder)
    return manifest


def never_filled(
    reading: duckdb.DuckDBPyConnection, with_contacts: bool, sheets: Sequence[Sheet] = SHEETS
) -> list[str]:
    """Tables of the set that no run has ever filled. A table that was read and has no rows is none of them."""
    filled = _refreshed(reading)
    unmarked = [name for name in tables_read(with_contacts, sheets) if name not in filled]
    return [name for name in unmarked if not reading.execute(f"SELECT 1 FROM {BY_NAME[name].sql} LIMIT 1").fetchone()]


def _refreshed(reading: duckdb.DuckDBPyConnection) -> dict[str, datetime]:
    return dict(reading.execute("SELECT table_name, as_of FROM lake_marks").fetchall())


def _place(folder: Folder, shows: Shows) -> tuple[Path, Manifest | None]:
    """Where the set stands or is to stand, and its manifest where it already does, untouched."""
    for place in folder.names(name_of(shows.snapshot_time, shows.snapshot_id)):
        if not place.exists():
            return place, None
        stands = read(place)
        if stands is not None and stands.shows == shows and stands.holds(place):
            return place, stands
    raise AssertionError("the names of a set end with an error")


def _write(reading: duckdb.DuckDBPyConnection, query: str, file: Path, form: Format) -> int:
    """The query's answer as a file; how many rows it has."""
    with _explained(file.parent):
        copied = reading.execute(f"COPY ({query}) TO {quoted(str(file))} ({form.options})").fetchone()
    return int(copied[0]) if copied else 0


def _oldest(refreshed: dict[str, datetime], tables: tuple[str, ...]) -> str | None:
    """The oldest refresh of these tables; ``None`` if there are none, or one does not tell."""
    if not tables or any(name not in refreshed for name in tables):
        return None
    return moment(min(refreshed[name] for name in tables).astimezone(UTC))


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """What stops DuckDB from writing into the folder, as one line."""
    try:
        yield
    except duckdb.Error as error:
        said = " ".join(str(error).split())[:300]
        if str(folder) not in said:
            raise
        if any(words in said for words in _NO_SPACE):
            raise no_space(folder.parent, said) from error
        raise ExportError(f"Can't export to {folder.parent}: {said}") from error
