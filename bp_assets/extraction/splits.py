"""Taking an answer of the ERP apart into (object's id, record). Pure: nothing read, nothing written.

Each is a :data:`bp_assets.extraction.resource.Split` or makes one. Nothing found (``None``, ``[]``, ``{}``) splits
into nothing; a payload of another shape is :class:`Unclear`. Records may be sealed, and stay so where that is possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bp_assets.brightpearl.reading import Unclear
from bp_assets.brightpearl.wire import all_opened, opened
from bp_assets.extraction.resource import Split

_MOST_DIGITS = 18  # more is no id of the ERP, and no BIGINT


def by_member(*path: str) -> Split:
    """A list of records, each naming its id at ``path``: ``by_member("id")``."""

    def split(payload: Any, asked: Sequence[int]) -> Iterator[tuple[int | None, Any]]:
        if payload in (None, {}):
            return
        if not isinstance(payload, list):
            raise Unclear(f"a {type(payload).__name__} where a list was expected")
        for record in payload:
            yield id_of(_at(opened(record), path)), record

    return split


def by_key(payload: Any, asked: Sequence[int]) -> Iterator[tuple[int | None, Any]]:
    """A map of ids to records."""
    if payload in (None, []):
        return
    if not isinstance(payload, dict):
        raise Unclear(f"a {type(payload).__name__} where a map was expected")
    for key, record in payload.items():
        yield id_of(key), record


def grouped_by(*path: str) -> Split:
    """A map of records of which several belong to one object, named at ``path``: (object's id, {key: record, ...})."""

    def split(payload: Any, asked: Sequence[int]) -> Iterator[tuple[int | None, Any]]:
        groups: dict[int | None, dict[str, Any]] = {}
        if isinstance(payload, dict):
            for key, record in all_opened(payload).items():
                groups.setdefault(id_of(_at(record, path)), {})[key] = record
        elif payload not in (None, []):
            raise Unclear(f"a {type(payload).__name__} where a map was expected")
        yield from groups.items()

    return split


def answered(payload: Any, asked: Sequence[int]) -> Iterator[tuple[int | None, Any]]:
    """The whole answer is about the one object asked for; nothing found is no record."""
    if payload not in (None, [], {}):
        yield asked[0], all_opened(payload)


def id_of(value: Any) -> int | None:
    """A positive id, from a number or digits; ``None`` where it is neither."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        value = int(value)
    return value if type(value) is int and 0 < value < 10**_MOST_DIGITS else None


def _at(record: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(record, dict):
            return None
        record = record.get(name)
    return record
