"""Assets ``pos_transactions``, ``pos_lines``, ``pos_tenders``, ``till_totals``, ``receipt_versions``.

Read: what changed in the ledger since the mark (postings, inbox, till totals). Written: the five tables in one
transaction with the mark, so they always speak of the same receipts. One asset op, since one increment gives them all.
A sale's lines are written when it is first understood; later its state moves, its lines do not.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import polars as pl

from bp_assets import catalog
from bp_assets.config import ShopsFile
from bp_assets.framing import frame_of
from bp_assets.lake.connect import Lake
from bp_assets.lake.frames import Change, Writer, mark
from bp_assets.ledger.changes import change_stream, changes
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.postings import postings_of
from bp_assets.model import rows
from bp_assets.posting.attendants import note_totals
from bp_assets.resources import LakeResource, LedgerResource, ShopsResource
from bp_assets.telling import Said, told

TABLES = ("pos_transactions", "pos_lines", "pos_tenders", "till_totals", "receipt_versions")
MOST_DAYS = 31  # that a till is asked about at once; older days were asked when they changed
_KNOWN = """
select sale_id from pos_transactions
where line_count is not null and state <> 'excluded' and sale_id in (select unnest($1))
"""


class TillTables(dg.Config):
    """``ask_tills``: ask each till what it says it took, for yesterday, today and days that changed."""

    ask_tills: bool = False


@dataclass(slots=True)
class Increment:
    """Frames of what changed, by table; ``complete`` names those that hold every row there is."""

    frames: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    complete: set[str] = field(default_factory=set)
    days: set[date] = field(default_factory=set)
    receipt_numbers: dict[str, str] = field(default_factory=dict)

    def add(self, table: str, part: list[rows.Row]) -> None:
        self.frames.setdefault(table, []).append(frame_of(table, part))

    def frame(self, table: str) -> pl.DataFrame:
        return pl.concat(self.frames.get(table) or [frame_of(table, [])])


def sales_since(ledger: Ledger, lake: Lake, since: int | None, found: Increment) -> None:
    """Transactions that changed, and the lines and tenders of those whose lines we do not have yet."""
    with (
        lake.open() as reading,
        change_stream(ledger, "postings", since, columns=list(rows.POSTING_COLUMNS)) as stream,
    ):
        for everything in stream.batches:
            # A summary is no transaction: its receipts are, and stand here themselves.
            batch = [posting for posting in everything if posting["role"] != "summary"]
            ids = [posting["sale_id"] for posting in batch]
            known = set() if stream.complete else {row[0] for row in reading.execute(_KNOWN, [ids]).fetchall()}
            fresh = [posting for posting in batch if posting["sale_id"] not in known]
            found.add("pos_transactions", [rows.transaction(posting) for posting in batch])
            found.add("pos_lines", [line for posting in fresh for line in rows.lines(posting)])
            found.add("pos_tenders", [tender for posting in fresh for tender in rows.tenders(posting)])
            found.days |= {posting["business_date"] for posting in batch if posting["business_date"]}
            found.receipt_numbers |= {posting["sale_id"]: posting["receipt_number"] for posting in batch}
        for table in ("pos_transactions", "pos_lines", "pos_tenders"):
            found.marks[table] = stream.mark
            if stream.complete:
                found.complete.add(table)


def versions_since(ledger: Ledger, since: int | None, found: Increment) -> None:
    """Every version of a receipt that came or was decoded."""
    changed = changes(ledger, "inbox", since, columns=list(rows.VERSION_COLUMNS))
    missing = sorted({row["sale_id"] for row in changed.rows} - set(found.receipt_numbers))
    numbers = {sale_id: posting.receipt_number for sale_id, posting in postings_of(ledger, missing).items()}
    found.add("receipt_versions", rows.versions(changed.rows, found.receipt_numbers | numbers))
    found.marks["receipt_versions"] = changed.mark
    if changed.complete:
        found.complete.add("receipt_versions")


def totals_since(ledger: Ledger, since: int | None, found: Increment) -> None:
    """What tills said of themselves since."""
    names = ["shop", "business_date", "transactions", "gross_minor", "currency", "observed_at"]
    changed = changes(ledger, "till_totals", since, columns=names)
    found.add("till_totals", [rows.till_total(row) for row in changed.rows])
    found.marks["till_totals"] = changed.mark
    if changed.complete:
        found.complete.add("till_totals")


def ask_tills(ledger: Ledger, shops: ShopsFile, days: set[date], now: datetime) -> list[date]:
    """Have the tills' own totals of yesterday, today and the newest of ``days`` noted in the ledger; the days asked."""
    local = {now.astimezone(shop.zone).date() for shop in shops.shops}
    asked = sorted(days | local | {day - timedelta(days=1) for day in local})[-MOST_DAYS:]
    note_totals(ledger, shops, asked)
    return asked


def written(writer: Writer, found: Increment) -> dict[str, Said]:
    """The five tables after the increment. What one complete reading no longer holds goes."""
    said = {}
    for table in TABLES:
        frame = found.frame(table)
        if table in found.complete:
            change: Change = writer.replace(table, frame)
        else:
            change = writer.upsert(table, frame, within=("sale_id",) if table in ("pos_lines", "pos_tenders") else ())
        writer.set_mark(table, found.marks[table])
        said[table] = Said.of(writer, table, change)
    return said


@dg.multi_asset(name="till_tables", specs=[catalog.spec(table) for table in TABLES], retry_policy=catalog.RETRY)
def till_tables(
    context: dg.AssetExecutionContext,
    config: TillTables,
    ledger: LedgerResource,
    lake: LakeResource,
    shops: ShopsResource,
) -> Iterator[dg.MaterializeResult]:
    book, tables, found = ledger.open(), lake.open(), Increment()
    with tables.open() as reading:
        followed = {table: one.mark if (one := mark(reading, table)) else None for table in TABLES}
    sales_since(book, tables, followed["pos_transactions"], found)
    versions_since(book, followed["receipt_versions"], found)
    asked = ask_tills(book, shops.load(), found.days, datetime.now(UTC)) if config.ask_tills else []
    totals_since(book, followed["till_totals"], found)
    said = tables.write(lambda writer: written(writer, found))
    for table in TABLES:
        figures: dict[str, Any] = {"days_asked_of_the_tills": len(asked)} if table == "till_totals" else {}
        yield told(context, table, said[table], **figures)
