"""``tillbridge demo``: one trading day of four shops, from the tills to finance, on one screen.

Read: the shops file of the project. Written: ``<home>/demo`` (emptied first). Starts and stops database and sandbox.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from rich.console import Console

from bp_assets.brightpearl.client import ErpClient
from bp_assets.budget import shared_by_all
from bp_assets.cli import lakeside
from bp_assets.cli.books import net_of_credits
from bp_assets.cli.environment import PROJECT_ROOT, use_dagster, use_home, use_sandbox
from bp_assets.cli.processes import running_sandbox
from bp_assets.cli.screen import console, money, step, table
from bp_assets.config import Home, ShopsFile, load
from bp_assets.domain.states import SETTLED
from bp_assets.ledger.connection import Ledger
from bp_assets.posting import linger
from bp_assets.posting.attendants import note_totals

DAY = date(2026, 11, 20)
_POSTING_SECONDS = 120.0
_STILL_SECONDS = 3.0  # longer than a till is left alone: nothing more comes
_PRODUCTS = 200
# What goes wrong in the ERP during the day, beside what the tills themselves get wrong.
ERP_FAULTS = [
    {"kind": "lost_reply", "route": "POST /multi-message", "count": 1},
    {"kind": "item_failure", "route": "POST */goods-note/goods-out", "count": 2, "status": 500},
    {"kind": "error", "route": "GET /order-service/order/*", "count": 1, "status": 502},
]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one receipt, from the ledger."""

    sale_id: str
    shop: str
    source_id: str
    receipt_number: str
    state: str
    reason_code: str
    message: str
    gross_minor: int | None


def run(root: Path, *, seed: int, transactions: int, minute_seconds: int) -> int:
    """The demo; returns the exit code: 0 only if every transaction is accounted for."""
    out = console()
    started = time.monotonic()
    place = use_home(root, fresh=True)
    os.environ.setdefault("TILLBRIDGE_CONFIG", str(PROJECT_ROOT / "shops.toml"))
    shops = load()
    out.print(
        f"[bold]tillbridge demo[/bold]: four shops, {transactions} transactions, seed {seed}. The sandbox allows 200"
        f" requests a minute; its minute lasts {minute_seconds} s here, so that you need not wait."
    )
    options = ["--port", "0", "--seed", str(seed), "--products", str(_PRODUCTS)]
    options += ["--minute-seconds", str(minute_seconds), "--drop-dir", str(place.root / "drop")]
    with step(out, "Starting PostgreSQL") as shown:
        use_dagster(place)
        ledger = Ledger.open(place)
        shown.to(1, 1)
    with ledger, running_sandbox(place.logs / "sandbox.log", *options) as url:
        use_sandbox(url, minute_seconds)
        _master_data(out)
        books = _trade(out, url, seed, transactions)
        _post(out, ledger, shops, len(_closed(books)))
        with step(out, "Reading back, comparing, publishing") as shown:
            for number, job in enumerate(("read_back", "watch_shops"), start=1):
                lakeside.run_job(job)
                shown.to(number, 2, job)
        with step(out, "Running the checks") as shown:
            checks = lakeside.run_checks(place)
            shown.to(len(checks))
        erp = httpx.get(f"{url}/sandbox/books", timeout=60).json()
        receipts = _receipts(ledger)
    accounted = _show(out, place, shops, books, erp, receipts, checks)
    out.print(f"{time.monotonic() - started:.0f} s in all.")
    _next_steps(out, place)
    return 0 if accounted else 1


def _master_data(out: Console) -> None:
    with step(out, "Brightpearl tables") as shown:
        for number, job in enumerate(("refresh_products", "refresh_stock"), start=1):
            lakeside.run_job(job)
            shown.to(number, 2, job)


def _trade(out: Console, url: str, seed: int, transactions: int) -> dict[str, Any]:
    with step(out, "Trading") as shown:
        asked = {"date": DAY.isoformat(), "transactions": transactions, "seed": seed}
        httpx.post(f"{url}/sandbox/tills/trade", json=asked, timeout=120).raise_for_status()
        httpx.post(f"{url}/sandbox/faults", json={"faults": ERP_FAULTS}, timeout=30).raise_for_status()
        books: dict[str, Any] = httpx.get(f"{url}/sandbox/tills/books", timeout=60).json()
        shown.to(len(books["transactions"]), len(books["transactions"]), f"{len(books['planted'])} faults planted")
    return books


def _post(out: Console, ledger: Ledger, shops: ShopsFile, expected: int) -> None:
    """Take and post until every receipt is there and nothing is on its way, or the time is over."""
    budget = shared_by_all(ledger, shops.erp)
    with step(out, "Posting") as shown, ErpClient(shops.erp, lane="posting", budget=budget) as client:
        finished = threading.Event()
        still = [0, time.monotonic()]  # how many were settled, and since when it is that many

        def on_round(one: linger.Round) -> None:
            done = _settled(ledger, posted=True)
            shown.to(done, expected, one.posted.down)
            if done != still[0]:
                still[:] = [done, time.monotonic()]
            if done >= min(expected, _all(ledger)) and time.monotonic() - still[1] > _STILL_SECONDS:
                finished.set()

        linger.run(ledger, client, shops, linger_seconds=_POSTING_SECONDS, on_round=on_round, stop=finished)
        note_totals(ledger, shops, [DAY])


def _settled(ledger: Ledger, *, posted: bool) -> int:
    states = [str(state) for state in SETTLED] + (["posted"] if posted else [])
    with ledger.begin() as connection:
        query = sa.text("select count(*) from tillbridge.postings where role <> 'summary' and state = any(:states)")
        return int(connection.scalar(query, {"states": states}) or 0)


def _all(ledger: Ledger) -> int:
    with ledger.begin() as connection:
        return int(connection.scalar(sa.text("select count(*) from tillbridge.postings where role <> 'summary'")) or 0)


def _receipts(ledger: Ledger) -> list[Receipt]:
    query = sa.text(
        "select sale_id, shop, source_id, receipt_number, state, reason_code, message, gross_minor"
        " from tillbridge.postings where role <> 'summary' order by shop, sold_at"
    )
    with ledger.begin() as connection:
        return [Receipt(*row) for row in connection.execute(query)]


def _show(
    out: Console,
    place: Home,
    shops: ShopsFile,
    books: dict[str, Any],
    erp: dict[str, Any],
    receipts: list[Receipt],
    checks: list[lakeside.CheckRun],
) -> bool:
    currency = shops.erp.currency
    by_source = {(receipt.shop, receipt.source_id): receipt for receipt in receipts}
    closed = _closed(books)
    missing = [one for one in closed if (one["shop"], one["source_id"]) not in by_source]
    out.print(_by_shop(books, receipts, currency))
    findings = lakeside.read(
        place, "select check_name, kind, receipt_number, sale_id, message from findings order by 1, 2, 3"
    )
    out.print(_planted(books, by_source, findings.to_dicts()))
    out.print(_checks(checks, findings.to_dicts()))
    verified = sum(receipt.gross_minor or 0 for receipt in receipts if receipt.state == "verified")
    in_erp = net_of_credits(erp, "total", currency)
    unsettled = [receipt for receipt in receipts if receipt.state not in SETTLED]
    requests = sum(erp["requests"].values())
    standing = set(lakeside.read(place, "select distinct sale_id from posted_orders")["sale_id"])
    partly = [one for one in receipts if one.state in ("rejected", "quarantined") and one.sale_id in standing]
    parked = len(books["transactions"]) - len(closed)
    out.print(
        f"Tills: {len(closed)} transactions{f' and {parked} still parked there' if parked else ''}, "
        f"{len(missing)} never received, {len(unsettled)} unsettled. "
        f"Verified at the till {money(verified, currency)} {currency}, in the ERP's books {money(in_erp, currency)}. "
        f"{requests} requests, {erp['refused']} refused by the cap."
    )
    for one in missing:
        out.print(f"  never received: {one['shop']} {one['receipt_number']}")
    for receipt in unsettled:
        out.print(f"  unsettled: {receipt.shop} {receipt.receipt_number} is {receipt.state}: {receipt.message}")
    for receipt in partly:
        where = f"{receipt.shop} {receipt.receipt_number}"
        out.print(f"  in the ERP, but not whole: {where} is {receipt.state}: {receipt.message}")
    accounted = not missing and not unsettled and verified == in_erp
    out.print(
        "[bold green]Every transaction is accounted for.[/]"
        if accounted
        else "[bold red]NOT every transaction is accounted for.[/]"
    )
    return accounted


def _closed(books: dict[str, Any]) -> list[dict[str, Any]]:
    """The tills' transactions but for parked baskets: a till hands those over when it closes them."""
    return [one for one in books["transactions"] if one["kind"] != "parked"]


def _by_shop(books: dict[str, Any], receipts: list[Receipt], currency: str) -> Any:
    states = ("verified", "rejected", "quarantined", "excluded")
    count: dict[tuple[str, str], int] = defaultdict(int)
    amount: dict[tuple[str, str], int] = defaultdict(int)
    for receipt in receipts:
        count[receipt.shop, receipt.state] += 1
        amount[receipt.shop, receipt.state] += receipt.gross_minor or 0
    sold: dict[str, int] = defaultdict(int)
    for one in _closed(books):
        sold[one["shop"]] += 1
    rows = []
    for shop in sorted(sold):
        others = sum(number for (where, state), number in count.items() if where == shop and state not in states)
        rows.append(
            [
                shop,
                sold[shop],
                *(count[shop, state] for state in states),
                others,
                money(amount[shop, "verified"], currency),
            ]
        )
    columns = ["shop", "at the till", *states, "unsettled", f"verified {currency}"]
    return table("The day, shop by shop", columns, rows, range(1, 8))


def _planted(books: dict[str, Any], receipts: dict[tuple[str, str], Receipt], findings: list[dict[str, Any]]) -> Any:
    rows = []
    for one in books["planted"]:
        receipt = receipts.get((one["shop"], one["source_id"]))
        state = (
            f"{receipt.state}{f' ({receipt.reason_code})' if receipt and receipt.reason_code else ''}"
            if receipt
            else "never received"
        )
        found = sorted(
            {f"{f['check_name']}/{f['kind']}" for f in findings if receipt and f["sale_id"] == receipt.sale_id}
        )
        rows.append(
            [
                one["fault"].replace("_", " "),
                one["shop"],
                one["receipt"],
                state,
                ", ".join(found) or "nothing to report",
            ]
        )
    return table("What the tills got wrong on purpose", ["fault", "shop", "receipt", "became", "found by"], rows)


def _checks(checks: list[lakeside.CheckRun], findings: list[dict[str, Any]]) -> Any:
    counted: dict[str, int] = defaultdict(int)
    for one in findings:
        counted[one["check_name"]] += 1
    by_name: dict[str, list[lakeside.CheckRun]] = defaultdict(list)
    for check in checks:
        by_name[check.check].append(check)
    rows = []
    for name, runs in sorted(by_name.items()):
        failed = [run for run in runs if not run.passed]
        result = "passed" if not failed else f"{failed[0].severity.lower()}: {failed[0].description}"
        rows.append([name, len(runs), counted.get(name, 0), result[:160]])
    return table("Checks", ["check", "tables", "findings", "result"], rows, (1, 2))


def _next_steps(out: Console, place: Home) -> None:
    home = _short(place.root)
    command = _short(Path(sys.argv[0]).absolute()) if Path(sys.argv[0]).name == "tillbridge" else "tillbridge"
    out.print(
        f'\nNext: {command} sql --home {home} "select * from sales_reconciliation"\n'
        f'      {command} sql --home {home} "select * from findings"\n'
        f"      open {home}/finance.duckdb with any tool that reads DuckDB files\n"
        "      make dev, then http://localhost:3000: the same, live, in the Dagster UI"
    )


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
