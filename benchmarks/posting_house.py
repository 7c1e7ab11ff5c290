"""A house to measure posting in: an embedded PostgreSQL and a simulated ERP, each where it is told to run.

Written: a temporary folder, gone at the end. With ``apart`` this process and the database's server share the first
core and the sandbox has the second one to itself; where the system can't pin a process, it says so.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]  # ships no types
import sqlalchemy as sa

from bp_assets.brightpearl.client import ErpClient
from bp_assets.budget import shared_by_all
from bp_assets.cli.environment import SANDBOX_TOKEN
from bp_assets.cli.processes import running_sandbox
from bp_assets.config import Home, ShopsFile, loads
from bp_assets.domain.lanes import Lane
from bp_assets.ledger import cluster
from bp_assets.ledger.connection import Ledger
from bp_assets.posting import linger
from sandbox.catalogue import Item, seeded

PRODUCTS = 200
SEED = 7
PLACES = ((3, 2, 201), (4, 3, 202), (5, 4, 203), (6, 5, 204))  # warehouse, channel, walk-in contact of the sandbox
_HEAD = """
[erp]
base_url = "{url}"
account = "sandbox"
app_ref = "tillbridge"
integration_instance_id = 13
currency = "GBP"
requests_per_minute = {per_minute}
minute_seconds = {minute}
reserve_percent = {reserve}
shipping_method_id = 1
search_lag_seconds = 0
[nominal_codes]
discount = "4905"
shipping = "4040"
service_charge = "4010"
tip = "2240"
gift_card = "2230"
rounding = "4909"
fee = "4900"
deposit = "2250"
adjustment = "4900"
[tax_map]
"20" = "T20"
"5" = "T5"
"0" = "T0"
[tender_map]
cash = "CASH"
card = "CARD"
"""
_SHOP = """
[[shops]]
key = "{key}"
name = "{key}"
warehouse_id = {warehouse}
channel_id = {channel}
price_list_id = 2
walk_in_contact_id = {contact}
time_zone = "Europe/London"
[shops.feed]
kind = "file_drop"
folder = "{folder}"
account = "tills"
prices_include_tax = true
default_tender = "card"
columns = {{ receipt = "r", sold_at = "t", quantity = "q", unit_price = "p" }}
"""
UNLIMITED = 1_000_000


def items() -> list[Item]:
    """The range of every sandbox that is started here."""
    return seeded(SEED, PRODUCTS)


def shop_keys(count: int = len(PLACES)) -> list[str]:
    return [f"shop{number:02d}" for number in range(count)]


def _shops_text(head: str, root: Path) -> str:
    """A shops file of one shop for each of the sandbox's warehouses; its tills are empty folders."""
    for key, (warehouse, channel, contact) in zip(shop_keys(), PLACES, strict=True):
        folder = root / "drop" / key
        folder.mkdir(parents=True)
        head += _SHOP.format(key=key, warehouse=warehouse, channel=channel, contact=contact, folder=folder)
    return head


@dataclass(slots=True)
class House:
    """``sandbox`` is the simulated ERP's process, for its memory and its share of a core.

    ``head`` is the shops file without its shops, for those who bring their own.
    """

    root: Path
    head: str
    ledger: Ledger
    shops: ShopsFile
    url: str
    http: httpx.Client
    sandbox: psutil.Process

    def client(self, lane: Lane = "posting") -> ErpClient:
        """A client that shares the account's budget through the ledger, as every process of the product does."""
        erp = self.shops.erp
        return ErpClient(erp, SANDBOX_TOKEN, lane=lane, budget=shared_by_all(self.ledger, erp))

    def books(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get("/sandbox/books?opening=false&history=false").raise_for_status().json()
        return found

    def requests(self) -> int:
        """Requests the ERP has been sent so far, whatever for and whoever sent them."""
        health = self.http.get("/sandbox/health").raise_for_status().json()
        return sum(health["requests"].values())

    def refused(self) -> int:
        return int(self.http.get("/sandbox/health").raise_for_status().json()["refused"])

    def count(self, where: str = "true") -> int:
        """Postings of which ``where`` (SQL) is true."""
        with self.ledger.begin() as connection:
            return int(connection.scalar(sa.text(f"select count(*) from tillbridge.postings where {where}")) or 0)


@contextlib.contextmanager
def house(
    *,
    per_minute: int = 0,
    minute_seconds: float = 60,
    reserve: int = 0,
    apart: bool = False,
    sandbox: Sequence[str] = (),
) -> Iterator[House]:
    """A house that is taken down at the end. ``per_minute`` 0 means no cap; ``sandbox`` adds options of its command."""
    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="posting-")))
        options = ["--port", "0", "--seed", str(SEED), "--products", str(PRODUCTS), "--stock-per-product", "1000000"]
        options += ["--requests-per-minute", str(per_minute), "--minute-seconds", str(minute_seconds), *sandbox]
        ours, theirs = _cores(apart)
        with pinned(theirs):
            url = stack.enter_context(running_sandbox(root / "sandbox.log", *options))
        stack.enter_context(pinned(ours))
        place = Home(root)
        ledger = stack.enter_context(Ledger.open(place))
        stack.callback(cluster.stop, place.postgres)
        http = stack.enter_context(httpx.Client(base_url=url, timeout=120))
        head = _HEAD.format(
            url=url, per_minute=per_minute or UNLIMITED, minute=minute_seconds if per_minute else 60, reserve=reserve
        )
        yield House(root, head, ledger, loads(_shops_text(head, root)), url, http, _listener(url))


@contextlib.contextmanager
def lingering(place: House, shops: ShopsFile) -> Iterator[None]:
    """A posting run beside the block, as the job runs it; told to stop at the block's end. Raises what it raised."""
    stop, failed = threading.Event(), []

    def work() -> None:
        try:
            with place.client() as client, place.client("changes") as reader:
                linger.run(place.ledger, client, shops, linger_seconds=3600, reader=reader, stop=stop)
        except BaseException as error:  # it is told at the end, whatever it was
            failed.append(error)

    thread = threading.Thread(target=work, name="posting")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if failed:
        raise failed[0]


def _cores(apart: bool) -> tuple[set[int], set[int]]:
    if not apart or not hasattr(os, "sched_setaffinity"):
        if apart:
            print("this system can't pin a process to a core: the cores are shared")
        return set(), set()
    usable = sorted(os.sched_getaffinity(0))
    return ({usable[0]}, {usable[1]}) if len(usable) > 1 else (set(), set())


@contextlib.contextmanager
def pinned(cores: set[int]) -> Iterator[None]:
    """This thread, and every process and thread started meanwhile, on these cores; an empty set changes nothing."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _listener(url: str) -> psutil.Process:
    """The process that serves ``url``, a child of ours."""
    port = httpx.URL(url).port
    for _ in range(50):
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if any(one.laddr.port == port for one in child.net_connections("tcp") if one.status == "LISTEN"):
                    return child
        time.sleep(0.1)
    raise RuntimeError(f"no process of ours serves {url}")
