"""Asset ``stock_levels``. Read: the lake, goods movements, open hints, availability. Written: ``stock_levels``.

The ERP can't be asked which stock changed, so the products to read are gathered from what is known: hints (webhooks),
goods movements since the mark, orders of ours read back since, products found changed since; and, as reservations move
nothing, a further part of all products in turn. A full sweep reads all of them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
import duckdb

from bp_assets import catalog, hints
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.search import period, search
from bp_assets.brightpearl.stock import availability
from bp_assets.framing import frame_of, keys_of
from bp_assets.lake.frames import Change, Writer, mark
from bp_assets.ledger.webhooks import handled, open_webhooks
from bp_assets.resources import ErpResource, LakeResource, LedgerResource
from bp_assets.staging import rows
from bp_assets.telling import Said, told

OVERLAP = timedelta(minutes=10)
IN_TURN = 400  # products of the rotating part: two requests a run
MOVEMENTS = "/warehouse-service/goods-movement-search"
_TOUCHED = """
select product_id from posted_order_rows where as_of > $1
union select product_id from posted_goods where as_of > $1
union select product_id from products where as_of > $1
"""


class StockSweep(dg.Config):
    """``full`` reads all products; without it those that moved and the next ones in turn."""

    full: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the lake knows: tracked products and warehouses by id, products with stock rows, and how far we are."""

    tracked: list[int]
    warehouses: list[int]
    held: set[int]
    since: datetime | None
    after: int
    touched: set[int]


def known_to(reading: duckdb.DuckDBPyConnection) -> Known:
    def ids(sql: str, *parameters: object) -> list[int]:
        return [row[0] for row in reading.execute(sql, list(parameters)).fetchall()]

    followed = mark(reading, "stock_levels")
    since = datetime.fromisoformat(followed.mark["at"]) if followed else None
    return Known(
        tracked=ids("select product_id from products where stock_tracked order by 1"),
        warehouses=ids("select warehouse_id from warehouses order by 1"),
        held=set(ids("select distinct product_id from stock_levels")),
        since=since,
        after=followed.mark["after"] if followed else 0,
        touched=set(ids(_TOUCHED, since)) if since else set(),
    )


def next_in_turn(tracked: list[int], after: int, size: int) -> list[int]:
    """The next ``size`` of the ascending ids behind ``after``, from the beginning again at the end."""
    return [*(one for one in tracked if one > after), *(one for one in tracked if one <= after)][:size]


def moved(client: ErpClient, since: datetime) -> set[int]:
    """Products with goods movements since: one search."""
    answer = search(client, MOVEMENTS, {"updatedOn": period(since)}, columns=["productId"])
    return {int(row["productId"]) for row in answer}


@dg.asset(**catalog.attributes("stock_levels"), retry_policy=catalog.RETRY)
def stock_levels(
    context: dg.AssetExecutionContext, config: StockSweep, erp: ErpResource, lake: LakeResource, ledger: LedgerResource
) -> dg.MaterializeResult:
    started, book, tables = datetime.now(UTC), ledger.open(), lake.open()
    hint_ids, hinted = hints.about(open_webhooks(book, hints.SOURCE), hints.STOCK)
    with tables.open() as reading:
        known = known_to(reading)
    full = config.full or known.since is None
    turn = known.tracked if full else next_in_turn(known.tracked, known.after, IN_TURN)
    with erp.client("sweep" if full else "changes") as client:
        news = set(hinted) | known.touched
        if not full and known.since is not None:
            news |= moved(client, known.since - OVERLAP)
        wanted = set(turn) | (news & set(known.tracked))
        found = availability(client, wanted, known.warehouses)
    frame = frame_of("stock_levels", [rows.stock_level(one, started) for one in found.levels])
    gone = known.held - set(known.tracked)

    def store(writer: Writer) -> Said:
        deleted = writer.delete_keys("stock_levels", keys_of("product_id", gone), ["product_id"]) if gone else 0
        change = writer.upsert("stock_levels", frame, within=("product_id",))
        if known.tracked:
            writer.set_mark("stock_levels", {"at": started.isoformat(), "after": turn[-1]}, started)
        return Said.of(writer, "stock_levels", change, Change(deleted=deleted))

    said = tables.write(store)
    handled(book, hint_ids)
    return told(
        context, "stock_levels", said, client=client, misread=found.misread, products_read=len(wanted),
        left_out_by_the_erp=len(found.left_out), full_sweep=full,
    )  # fmt: skip
