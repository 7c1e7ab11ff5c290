"""Reading the shops file: TOML to a :class:`ShopsFile`, every fault with its place, in words.

Read: one TOML file (``TILLBRIDGE_CONFIG``, default ``shops.toml``). Written: nothing.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from bp_assets.config.shops import ConfigError, ShopsFile

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def loads(text: str, origin: str = "shops file", *, sound_only: bool = False) -> ShopsFile:
    """The shops file from TOML text. ``sound_only``: see :func:`load`.

    Raises:
        ConfigError: not TOML, or any field missing, unknown or wrong; every fault is listed.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{origin}: not valid TOML: {error}") from None
    try:
        return ShopsFile.model_validate(data)
    except ValidationError as error:
        # A list whose every entry is wrong also counts as empty: that is no fault of its own.
        within = {fault["loc"][:1] for fault in error.errors() if len(fault["loc"]) > 1}
        faults = [fault for fault in error.errors() if fault["type"] != "too_short" or fault["loc"] not in within]
    if sound_only and (sound := _without(data, faults)) is not None:
        return sound
    raise ConfigError("\n".join(f"{origin}: {_said(fault)}" for fault in faults))


def load(path: Path | None = None, *, sound_only: bool = False) -> ShopsFile:
    """The shops file at ``path``, ``TILLBRIDGE_CONFIG`` or ``shops.toml``.

    ``sound_only``: a shop whose own entry is wrong is left out and named in ``broken``, so that a slip in one shop's
    entry stops no other shop. What is wrong for all, or between two shops, still raises.

    Raises:
        ConfigError: the file is missing, can't be read, or is not valid.
    """
    path = path or Path(os.environ.get("TILLBRIDGE_CONFIG") or "shops.toml")
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark that TOML does not know
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; give one with TILLBRIDGE_CONFIG or --config") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: can't be read: {error}") from None
    return loads(text, str(path), sound_only=sound_only)


def _without(data: dict[str, Any], faults: Sequence[ErrorDetails]) -> ShopsFile | None:
    """The file without the shops whose entries have faults; ``None`` if that is not all that is wrong, or they have no
    key by which they can be named.
    """
    wrong: dict[int, list[str]] = {}
    for fault in faults:
        if len(fault["loc"]) < 3 or fault["loc"][0] != "shops" or not isinstance(number := fault["loc"][1], int):
            return None
        wrong.setdefault(number, []).append(_said(fault))
    broken = {data["shops"][number].get("key"): "; ".join(said) for number, said in wrong.items()}
    left = [shop for number, shop in enumerate(data["shops"]) if number not in wrong]
    known = {shop["key"] for shop in left}
    if len(broken) < len(wrong) or not all(isinstance(key, str) and key and key not in known for key in broken):
        return None
    try:
        return ShopsFile.model_validate({**data, "shops": left}).leaving_out(broken)
    except ValidationError:
        return None


# The tags of unions: no keys that the user wrote.
_TAGS = {("feed", "square"), ("feed", "file_drop"), ("mode", "word"), ("mode", "list")}


def _said(fault: ErrorDetails) -> str:
    return f"{_place(fault['loc'])}: {_words(fault['msg'])}"


def _place(location: tuple[int | str, ...]) -> str:
    """``("shops", 2, "feed", "file_drop", "folder")`` -> ``shops[2].feed.folder``."""
    text = ""
    for before, part in zip(("", *location), location, strict=False):
        if (before, part) in _TAGS:
            continue
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the file"


def _words(message: str) -> str:
    message = message.removeprefix("Value error, ")
    if message.startswith("Tuple should have at least 1 item"):
        return "needs at least one entry"
    return {"Field required": "is missing", "Extra inputs are not permitted": "is not a known key"}.get(
        message, message
    )
