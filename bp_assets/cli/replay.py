"""``tillbridge replay``: a real till export through the whole house, against a fresh sandbox stocked with its SKUs.

Read: the export's files, the shops file. Written: ``<home>/replay``, the sandbox, the summary.
"""

from __future__ import annotations

import csv
import json
import shutil
import time
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from rich.console import Console

from bp_assets.brightpearl.client import ErpClient
from bp_assets.budget import shared_by_all
from bp_assets.cli import lakeside
from bp_assets.cli.books import net_of_credits
from bp_assets.cli.environment import use_home, use_sandbox
from bp_assets.cli.processes import running_sandbox
from bp_assets.cli.screen import console, money, step, table
from bp_assets.config import ConfigError, FileDropFeed, Shop, ShopsFile
from bp_assets.domain.sale import LineType, Sale
from bp_assets.domain.states import UNSETTLED
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.summaries import gatherings
from bp_assets.ledger.trading_days import ask_to_close
from bp_assets.posting.attendants import take_all
from bp_assets.posting.poster import Poster, Summary
from bp_assets.posting.verify import verify_posted

_ROUNDS = 200  # of posting and verifying, each ended by what is due; a limit, never reached
_VERIFY_SECONDS = 60.0
FINAL = ("verified", "rejected", "quarantined", "excluded", "unsettled")


def run(root: Path, files: list[Path], shops: ShopsFile, json_out: Path | None, requests_per_minute: int) -> int:
    """Replay; returns the exit code: 0 only if every receipt is settled and the money agrees to the penny."""
    out = console()
    shop = _the_shop(shops)
    place = use_home(root, fresh=True)
    shops = _at_once(shops, shop)
    started = time.monotonic()
    folder = shop.feed.path  # type: ignore[union-attr]  # _the_shop saw that it is a file drop
    with step(out, "Dropping the files") as shown:
        shown.to(_drop(files, folder), note=str(folder))
    with Ledger.open(place) as ledger:
        with step(out, "Taking and decoding receipts") as shown:
            results = take_all(ledger, shops)
            shown.to(sum(one.new for one in results))
            for one in results:
                if one.error or one.waiting:
                    raise ConfigError(f"{one.shop}: {one.error or 'still waiting for ' + '; '.join(one.waiting)}")
        catalogue = place.root / "catalogue.csv"
        with step(out, "Stocking the sandbox") as shown:
            shown.to(_write_catalogue(ledger, shops, shop, catalogue), note="SKUs of the file")
        options = ["--port", "0", "--seed", "7", "--catalogue", str(catalogue), "--stock-per-product", "1000000"]
        options += ["--requests-per-minute", str(requests_per_minute)]
        with running_sandbox(place.logs / "sandbox.log", *options) as url:
            use_sandbox(url)
            with ErpClient(shops.erp, lane="posting", budget=shared_by_all(ledger, shops.erp)) as client:
                _post_and_verify(out, ledger, client, shops)
            findings = lakeside.refresh(out, place)
            books = httpx.get(f"{url}/sandbox/books", timeout=120).json()
        summary = _summary(ledger, books, shops.currency_of(shop))
        summary["findings"] = sum(findings.values())
        summary["findings_by_check"] = findings
        summary["seconds"] = round(time.monotonic() - started, 1)
    if json_out:
        json_out.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return _show(out, summary, shops.currency_of(shop), json_out)


def _the_shop(shops: ShopsFile) -> Shop:
    if len(shops.shops) != 1 or not isinstance(shops.shops[0].feed, FileDropFeed):
        raise ConfigError("replay needs a shops file with exactly one shop, whose feed is a file drop")
    return shops.shops[0]


def _at_once(shops: ShopsFile, shop: Shop) -> ShopsFile:
    """The same shops file for files that are known to be complete and a sandbox whose search is prompt."""
    feed = shop.feed.model_copy(update={"settle_seconds": 0.0})
    erp = shops.erp.model_copy(update={"search_lag_seconds": 0.0})
    return shops.model_copy(update={"shops": (shop.model_copy(update={"feed": feed}),), "erp": erp})


def _drop(files: list[Path], folder: Path) -> int:
    """Copy the pieces into the watched folder, each under a name of its own."""
    pieces = [
        piece
        for file in files
        for piece in (sorted(p for p in file.iterdir() if p.is_file()) if file.is_dir() else [file])
    ]
    for piece in pieces:
        if not piece.is_file():
            raise ConfigError(f"{piece}: there is no such file")
    if not pieces:
        raise ConfigError(f"{', '.join(map(str, files))}: there are no files in it")
    folder.mkdir(parents=True, exist_ok=True)
    for number, piece in enumerate(pieces, start=1):
        name = piece.name if len(pieces) == 1 else f"{number:04d}-{piece.name}"
        part = folder / f".{name}.part"
        shutil.copyfile(piece, part)
        part.replace(folder / name)
    return len(pieces)


def _write_catalogue(ledger: Ledger, shops: ShopsFile, shop: Shop, path: Path) -> int:
    """What the sandbox stocks: every SKU of an item line, with the name and price of its first line."""
    rows: dict[str, tuple[str, str, Decimal]] = {}
    query = sa.text(
        "select sale::text from tillbridge.postings where sale is not null and role <> 'summary'"
        " order by sold_at, sale_id"
    )
    with ledger.begin() as connection:
        for (text,) in connection.execute(query):
            for line in Sale.model_validate_json(text).lines:
                if line.type is LineType.ITEM and line.sku and line.sku not in rows:
                    rows[line.sku] = (
                        line.description or line.sku,
                        shops.tax_code(shop, line) or "",
                        line.unit_price or Decimal(0),
                    )
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["sku", "name", "tax_code", "net_price"])
        writer.writerows([sku, name, code, f"{price:f}"] for sku, (name, code, price) in sorted(rows.items()))
    return len(rows)


def _post_and_verify(out: Console, ledger: Ledger, client: ErpClient, shops: ShopsFile) -> None:
    total = _count(ledger, "state = 'pending'")
    poster = Poster(ledger, client, shops)
    with step(out, "Posting") as shown:
        done = 0
        for gathering in gatherings(ledger):  # the file is whole: its days are over
            ask_to_close(ledger, gathering.shop, gathering.business_date)

        def on_wave(summary: Summary) -> None:
            shown.to(done + summary.posted + summary.parked, total)

        for _ in range(_ROUNDS):
            summary = poster.post_due(on_wave)
            done += summary.posted + summary.parked
            if summary.down:
                raise ConfigError(f"the sandbox does not work: {summary.down}")
            if not _count(ledger, "state in ('pending', 'sending', 'unknown')"):
                break
            time.sleep(0.2)
        shown.to(done, total)
    with step(out, "Reading back and verifying") as shown:
        end = time.monotonic() + _VERIFY_SECONDS
        verified = 0
        while time.monotonic() < end:
            result = verify_posted(ledger, client, shops, poster.catalogue)
            verified += result.verified
            shown.to(verified)
            if not result.waiting:
                break
            time.sleep(0.1)


def _count(ledger: Ledger, where: str) -> int:
    with ledger.begin() as connection:
        return int(
            connection.scalar(sa.text(f"select count(*) from tillbridge.postings where role <> 'summary' and {where}"))
            or 0
        )


def _summary(ledger: Ledger, books: dict[str, Any], currency: str) -> dict[str, Any]:
    """Counts and money by final state from the ledger, the ERP's own money from the sandbox's books."""
    counts: dict[str, int] = defaultdict(int)
    net: dict[str, int] = defaultdict(int)
    reasons: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    posted = 0
    query = sa.text(
        "select state, reason_code, count(*), coalesce(sum(net_minor), 0), count(posted_at)"
        " from tillbridge.postings where role <> 'summary' group by 1, 2"
    )
    with ledger.begin() as connection:
        for state, reason, number, money_, sent in connection.execute(query):
            final = "unsettled" if state in UNSETTLED else state
            counts[final] += number
            net[final] += int(money_)
            posted += sent
            if reason:
                reasons[final][reason] += number
    erp = net_of_credits(books, "net", currency)
    return {
        "receipts": sum(counts.values()),
        "posted": posted,
        **{state: counts[state] for state in FINAL},
        "net_minor_by_state": {state: net[state] for state in FINAL},
        "reasons": {state: dict(sorted(found.items())) for state, found in sorted(reasons.items())},
        "erp_net_minor": erp,
        "erp_documents": len(books["orders"]),
        "requests": sum(books["requests"].values()),
        "refused": books["refused"],
    }


def _show(out: Console, summary: dict[str, Any], currency: str, json_out: Path | None) -> int:
    net = summary["net_minor_by_state"]
    rows = [
        [
            state,
            summary[state],
            money(net[state], currency),
            ", ".join(f"{n} {r}" for r, n in summary["reasons"].get(state, {}).items()),
        ]
        for state in FINAL
    ]
    rows.append(["all receipts", summary["receipts"], money(sum(net.values()), currency), ""])
    out.print(
        table(f"What became of every receipt ({currency})", ["state", "receipts", "net", "reasons"], rows, (1, 2))
    )
    # Rejected receipts may have reached the ERP in part; then equality is asked of what is verified and what is there.
    agrees = summary["erp_net_minor"] == net["verified"] and not summary["unsettled"]
    out.print(
        f"The ERP's books: {money(summary['erp_net_minor'], currency)} net in {summary['erp_documents']} documents; "
        f"verified at the till: {money(net['verified'], currency)}. They {'agree' if agrees else 'do NOT agree'}."
    )
    out.print(f"{summary['requests']} requests, {summary['seconds']} s, {summary['findings']} findings.")
    if json_out:
        out.print(f"Summary: {json_out}")
    return 0 if agrees else 1
