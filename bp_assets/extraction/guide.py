"""The page ``docs/brightpearl.md``: how every resource is read, made from the descriptions. Read: them.

Written: the file that is asked for.

    python -m bp_assets.extraction.guide [FILE]
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from bp_assets.extraction.resource import Chosen, Resource, Search, Uris, Whole
from bp_assets.extraction.resources import ALL
from bp_assets.lake.tables import BY_NAME

FILE = Path(__file__).resolve().parents[2] / "docs" / "brightpearl.md"
_HEAD = """# How Brightpearl is read

Made from the descriptions in `bp_assets/extraction/resources`, by `python -m bp_assets.extraction.guide`; a test holds
the two together. Only GET and OPTIONS are ever sent. What the columns mean stands in [tables.md](tables.md).

*Changes* are asked for in turn, one question a refresh, and all of them as soon as one finds something: an account
where nothing happened costs one request. *Deleted* says how often everything is listed to find what is gone. *At most*
is the age that no row exceeds, where no filter shows all changes: a share of all objects is read again in turn.
"""


def guide(resources: Iterable[Resource] = ALL) -> str:
    """The whole text of the page."""
    return "\n".join([_HEAD, *map(_section, resources)])


def _section(one: Resource) -> str:
    said = {
        "Tables": ", ".join(f"[{BY_NAME[table].label}](tables.md#{table})" for table in one.tables),
        "Requests": _requests(one),
        "Changes": _changes(one),
        "Deleted": _deleted(one),
        "At most": f"{_span(one.rotate)} old" if one.rotate else "",
        "Asked": _every(one.every) + (f", after {', '.join(one.after)}" if one.after else ""),
    }
    lines = [f"- **{name}**: {text}" for name, text in said.items() if text]
    return "\n".join([f"## {one.title}", "", f"`{one.name}`. {one.traps}", "", *lines, ""])


def _requests(one: Resource) -> str:
    listing, get = one.listing, one.get
    if isinstance(listing, Search) and get is None:
        return f"`GET {listing.path}`, 500 rows each; its rows are the records"
    assert get is not None  # the description was checked: only the rows of a search need none
    params = "&".join(f"{name}={value}" for name, value in get.params.items())
    fetch = f"`GET {get.path}{'?' + params if params else ''}`"
    if isinstance(listing, Whole):
        return f"{fetch}, one for all"
    many = f"{fetch}, {get.limit} ids each" if get.limit > 1 else f"{fetch}, one id each"
    if get.within:
        many += f", once more with each `{get.within.param}` that the shops file names"
    if isinstance(listing, Uris):
        return f"`OPTIONS {listing.path}` names the ids; {many}"
    if isinstance(listing, Search):
        return f"`GET {listing.path}` names the ids, 500 rows each; {many}"
    return many


def _changes(one: Resource) -> str:
    if isinstance(one.listing, Whole):
        return "read whole each time"
    if one.changes:
        standing = [
            " and ".join(f"{name}={str(value).lower()}" for name, value in f.items()) for f in one.changes.standing
        ]
        asked = ", ".join(f"`{name}`" for name in (*one.changes.moments, *standing))
        return f"`{one.changes.path.rpartition('/')[2]}` by {asked}"
    return "what changed in the lake since, and in turn" if isinstance(one.listing, Chosen) else "read whole each time"


def _deleted(one: Resource) -> str:
    if isinstance(one.listing, Whole):
        return "with every reading"
    if isinstance(one.listing, Chosen):
        return "what is no longer chosen leaves the table" if one.listing.forget else ""
    return _every(one.sweep.every) if one.sweep.every else "never"


def _every(time: timedelta) -> str:
    return f"every {_span(time)}".replace("every 1 ", "every ")


def _span(time: timedelta) -> str:
    """``10 minutes``, ``1 hour``, ``2 days``."""
    minutes = int(time.total_seconds() // 60)
    for unit, size in (("day", 1440), ("hour", 60), ("minute", 1)):
        if minutes % size == 0 and minutes >= size:
            return f"{minutes // size} {unit}{'s' if minutes > size else ''}"
    raise ValueError(f"{time} is less than a minute")


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else FILE).write_text(guide(), encoding="utf-8")
