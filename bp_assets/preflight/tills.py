"""The tills themselves: credentials, locations, folders.

Read: each till's own complaint (``Till.problems``), the folders of file drops. Written: nothing. The same trouble of
several shops (one Square account, one token) is told once, with all their places.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bp_assets.config import FileDropFeed, Shop, ShopsFile
from bp_assets.preflight.report import Fault, fault, warning
from bp_assets.tills.systems import open_till

_SQUARE_PLACES = (
    ("no location", "location_id", "Use the id of the location, from Square's dashboard or the list in the message."),
    ("trades in", "location_id", "Set the shop's currency, or name another location."),
    (": set ", "token_env", "Put the access token into the named variable; it never stands in the shops file."),
    ("renew the token", "token_env", "Make a new access token in Square's developer console and restart."),
)


def check(shops: ShopsFile) -> list[Fault]:
    """Every till is asked, side by side."""
    with ThreadPoolExecutor(max_workers=min(8, len(shops.shops)), thread_name_prefix="till") as pool:
        found = list(pool.map(lambda shop: list(_of_shop(shop, shops.currency_of(shop))), shops.shops))
    return list(_together([one for several in found for one in several]))


def _of_shop(shop: Shop, currency: str) -> Iterator[Fault]:
    if isinstance(shop.feed, FileDropFeed):
        yield from folder_faults(f"shops[{shop.key}].feed.folder", shop.feed.path)
        return
    till = open_till(shop, currency)
    try:
        problems = till.problems()
    finally:
        till.close()
    for problem in problems:
        words = problem.removeprefix(f"shop {shop.key}: ")
        key, advice = next(
            ((key, advice) for part, key, advice in _SQUARE_PLACES if part in words),
            ("base_url", "Check the address and the network; nothing is lost while a till is away."),
        )
        yield fault(f"shops[{shop.key}].feed.{key}", words, advice)


def folder_faults(place: str, folder: Path) -> Iterator[Fault]:
    """What is wrong with a watched folder."""
    if not folder.exists():
        advice = "Create it, or correct the path; a relative one lies under TILLBRIDGE_HOME."
        yield fault(place, f"there is no folder {folder}", advice)
    elif not folder.is_dir():
        yield fault(place, f"{folder} is a file, not a folder", "Name the folder that the till writes its files into.")
    elif not os.access(folder, os.R_OK | os.X_OK):
        advice = f"Give the user that runs tillbridge the right to read it (user number {os.geteuid()})."
        yield fault(place, f"the folder {folder} can't be read", advice)
    elif not os.access(folder, os.W_OK):
        advice = "tillbridge only reads it; check that the till can write there."
        yield warning(place, f"the folder {folder} is not writable for user number {os.geteuid()}", advice)


def _together(faults: Sequence[Fault]) -> Iterator[Fault]:
    places: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in faults:
        places[one.severity, one.message, one.advice].append(one.place)
    for (severity, message, advice), where in places.items():
        yield (warning if severity == "warning" else fault)(", ".join(where), message, advice)
