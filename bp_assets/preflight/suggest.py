"""What was probably meant: the closest of the names that exist. Pure; read and written: nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher, get_close_matches
from typing import TypeVar

T = TypeVar("T", int, str)

_MOST_LISTED = 12


def code(wanted: str, known: Mapping[str, str]) -> str:
    """A sentence for a code that does not exist. ``known`` maps the codes there are to their words."""
    by_folded = {name.casefold(): name for name in reversed(list(known))}
    close = get_close_matches(wanted.casefold(), by_folded, n=1, cutoff=0.5)
    names = [by_folded[one] for one in close] or _by_words(wanted, known)
    meant = f"Did you mean {' or '.join(_told(name, known[name]) for name in names)}? " if names else ""
    return f"{meant}The ERP has {listed(known)}."


def number(name: str, known: Mapping[int, str]) -> str:
    """A sentence for an id that does not exist, where ``name`` is what the record is probably called."""
    same = [one for one, words in known.items() if words.casefold() == name.casefold()] or _by_words(name, known)
    meant = f"Did you mean {' or '.join(_told(str(one), known[one]) for one in same)}? " if same else ""
    return f"{meant}The ERP has {listed({str(one): words for one, words in known.items()})}."


def listed(known: Mapping[str, str] | Iterable[str]) -> str:
    """``T0 (Zero rated), T20 (Standard rate) and 4 more``."""
    told = [_told(one, known[one]) for one in known] if isinstance(known, Mapping) else list(known)
    if not told:
        return "none"
    more = f" and {len(told) - _MOST_LISTED} more" if len(told) > _MOST_LISTED else ""
    return ", ".join(told[:_MOST_LISTED]) + more


def _told(name: str, words: str) -> str:
    return f"{name} ({words})" if words and words != name else name


def _by_words(wanted: str, known: Mapping[T, str]) -> list[T]:
    """The one whose words are closest, if any is close."""
    best: float = 0.6
    found: list[T] = []
    for name, words in known.items():
        likeness = SequenceMatcher(None, wanted.casefold(), words.casefold()).ratio()
        if likeness > best:
            best, found = likeness, [name]
    return found
