"""Sets with contacts that name somebody whom the lake no longer has: where they stand.

A contact that is forgotten in the ERP leaves the lake with the next refresh, and then the sets, which are made anew:
which folders hold sets with contacts is noted when one is written. Compared are ids: whoever stands in a set and not in
the lake is gone.
Read: the newest sets of those folders, ``personal.contacts``. Written: ``<home>/exports/with-contacts.json``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from bp_assets.config import Home
from bp_assets.export.catalogue import CONTACTS
from bp_assets.export.folder import Folder
from bp_assets.export.formats import FORMATS
from bp_assets.export.manifest import read
from bp_assets.lake.connect import Lake, quoted
from bp_assets.lake.frames import mark

MOST = 100  # folders that are kept in mind; a test run's or a script's thousand would be looked at for ever
_FILE = "with-contacts.json"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of sets with contacts, and their format."""

    to: str
    format: str


def note(home: Home, place: Place) -> None:
    """Keep in mind that sets with contacts are written there; the folders that were written last are kept."""
    places = noted(home)
    if place not in places:
        home.exports.mkdir(parents=True, exist_ok=True)
        waiting = home.exports / f".{_FILE}"
        waiting.write_text(json.dumps([asdict(one) for one in [*places, place][-MOST:]], indent=2), encoding="utf-8")
        waiting.replace(home.exports / _FILE)


def noted(home: Home) -> list[Place]:
    """The folders of sets with contacts; those that were removed by hand stay named, and are passed over."""
    try:
        return [Place(**one) for one in json.loads((home.exports / _FILE).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def outdated(lake: Lake) -> list[Place]:
    """The folders whose newest set names a contact that is gone. Without such folders the lake is not asked; before
    its contacts were read for the first time nobody is gone.

    Raises:
        LakeUnavailable: as :meth:`Lake.open`.
    """
    files = {place: file for place in noted(lake.home) if (file := _contacts(place))}
    if not files:
        return []
    with lake.open() as reading:
        if mark(reading, "contacts") is None:
            return []
        return [place for place, file in files.items() if _names_somebody_gone(reading, place, file)]


def _contacts(place: Place) -> Path | None:
    """The file of contacts in the newest set, where there is one of this kind."""
    current = Folder(Path(place.to)).current
    stands = read(current) if current else None
    if current is None or stands is None or not stands.shows.with_contacts or place.format not in FORMATS:
        return None
    file = current / f"{CONTACTS.name}.{place.format}"
    return file if file.exists() else None


def _names_somebody_gone(reading: duckdb.DuckDBPyConnection, place: Place, file: Path) -> bool:
    source = FORMATS[place.format].source.format(file=quoted(str(file)))
    query = (
        f'SELECT count(*) > 0 FROM {source} WHERE CAST("ContactId" AS BIGINT) NOT IN '
        "(SELECT contact_id FROM personal.contacts)"
    )
    return reading.execute(query).fetchone() == (True,)
