"""A lingering run in a thread beside the test, tills that are folders or sockets, and the times its sales took."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bp_assets.config import Shop, SquareFeed
from bp_assets.posting import linger
from bp_assets.posting.linger import Lingered, Round
from tests.posting.house import House

_FILES = itertools.count(1)


@dataclass
class Lingering:
    """A run that is under way: its rounds so far, and how it ended once it did."""

    rounds: list[Round] = field(default_factory=list)
    locked: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    ended: list[Lingered] = field(default_factory=list)
    thread: threading.Thread | None = None

    def end(self, seconds: float = 20) -> Lingered:
        """Tell it to stop; how it ended."""
        self.stop.set()
        return self.join(seconds)

    def join(self, seconds: float = 20) -> Lingered:
        assert self.thread is not None
        self.thread.join(seconds)
        assert self.ended, "the run did not end in time"
        return self.ended[0]


@contextmanager
def lingering(house: House, seconds: float = 60, **more: Any) -> Iterator[Lingering]:
    """A run at work within the block; it holds the lock, or waits for it, when the block begins."""
    one = Lingering()

    def work() -> None:
        told = {"on_round": one.rounds.append, "on_lock": lambda until: one.locked.set(), "stop": one.stop}
        done = linger.run(house.ledger, house.client(), house.shops, linger_seconds=seconds, **told, **more)
        one.ended.append(done)

    one.thread = threading.Thread(target=work, daemon=True)
    one.thread.start()
    try:
        yield one
    finally:
        with suppress(AssertionError):  # what the test has to say goes first
            one.end()


def until(true: Callable[[], object], seconds: float = 20) -> None:
    """Waits for an event in another thread or server."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def folders(house: House, root: Path) -> None:
    """Tills that are folders, asked ten times a second."""
    for shop in house.shops.shops:
        (root / "drop" / shop.key).mkdir(parents=True)
    feeds = {shop.key: shop.feed.model_copy(update={"settle_seconds": 0.0}) for shop in house.shops.shops}
    house.shops = house.shops.model_copy(
        update={
            "shops": tuple(shop.model_copy(update={"feed": feeds[shop.key]}) for shop in house.shops.shops),
            "posting": house.shops.posting.model_copy(update={"poll_seconds": 0.1}),
        }
    )


def at_square(house: House, key: str, url: str, **more: Any) -> None:
    """Give a shop a Square till at an address."""
    feed = SquareFeed(kind="square", location_id="L1", base_url=url, **more)
    mend(house, key, feed=feed)


def mend(house: House, key: str, **parts: Any) -> None:
    """Change one shop of the file."""
    shops: tuple[Shop, ...] = house.shops.shops
    changed = tuple(shop.model_copy(update=parts) if shop.key == key else shop for shop in shops)
    house.shops = house.shops.model_copy(update={"shops": changed})


def sell(root: Path, shop: str, *numbers: object) -> None:
    """Receipts of 6.00 each, as one file of the shop's till, complete at once."""
    rows = "".join(f"{number},{datetime.now(UTC).isoformat()},1,6.00\n" for number in numbers)
    name = f"{next(_FILES)}.csv"
    folder = root / "drop" / shop
    (folder / f"{name}.part").write_text(f"r,t,q,p\n{rows}")
    (folder / f"{name}.part").rename(folder / name)


def states(house: House, shop: str) -> dict[str, int]:
    query = sa.text("select state, count(*) from tillbridge.postings where shop = :shop group by 1")
    with house.ledger.begin() as connection:
        return {row.state: row.count for row in connection.execute(query, {"shop": shop})}


def seconds(house: House, shop: str, since: str = "captured_at") -> list[float]:
    """From captured (or ``sold_at``) to posted, of each posted sale of a shop, quickest first."""
    query = sa.text(
        f"select extract(epoch from posted_at - {since})::float8 from tillbridge.postings"
        " where shop = :shop and posted_at is not null order by 1"
    )
    with house.ledger.begin() as connection:
        return list(connection.scalars(query, {"shop": shop}))


def posted(house: House, shop: str, number: int) -> Callable[[], bool]:
    return lambda: states(house, shop).get("posted", 0) == number
