"""Asset ``stock_levels``. Read: the lake, goods movements, open hints, availability. Written: ``stock_levels``, its mark.

The ERP can't be asked which stock changed, so the products to read are gathered from what is known: hints (webhooks),
goods movements since the mark, orders of ours read back since, products read since; and, as reservations move nothing,
a further part of all products in turn. A full sweep reads all of them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.search import period, search
from bp_assets.brightpearl.stock import availability
from bp_assets.ledger.webhooks import handled, open_webhooks
from bp_assets.resources import ErpResource, LakeResource, LedgerResource
from bp_assets.staging import hints, rows
from bp_assets.telling import told

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
class Turn:
    """Which products are next, and where the turn stands then."""

    products: list[int]
    after: int


def next_in_turn(tracked: list[int], after: int, size: int) -> Turn:
    """The next ``size`` of the ascending ids behind ``after``, from the beginning again at the end."""
    ahead = [one for one in tracked if one > after] + [one for one in tracked if one <= after]
    chosen = ahead[:size]
    return Turn(chosen, chosen[-1] if chosen else 0)


def moved(client: ErpClient, since: datetime) -> set[int]:
    """Products with goods movements since: one search."""
    answer = search(client, MOVEMENTS, {"updatedOn": period(since)}, columns=["productId"])
    return {int(row["productId"]) for row in answer}


@dg.asset(**catalog.attributes("stock_levels"), retry_policy=catalog.RETRY)
def stock_levels(
    context: dg.AssetExecutionContext, config: StockSweep, erp: ErpResource, lake: LakeResource, ledger: LedgerResource
) -> dg.MaterializeResult:
    started, book = datetime.now(UTC), ledger.open()
    hint_ids, hinted = hints.about(open_webhooks(book, hints.SOURCE), hints.STOCK)
    with lake.lake() as store, erp.client("read") as client:
        mark = store.mark("stock_levels") or {}
        tracked = [row[0] for row in store.rows("select product_id from products where stock_tracked order by 1")]
        full = config.full or not mark
        turn = Turn(tracked, 0) if full else next_in_turn(tracked, mark["after"], IN_TURN)
        wanted = set(turn.products)
        if not full:
            since = datetime.fromisoformat(mark["at"])
            touched = {row[0] for row in store.rows(_TOUCHED, [since])} | moved(client, since - OVERLAP) | set(hinted)
            wanted |= touched & set(tracked)
        places = [row[0] for row in store.rows("select warehouse_id from warehouses")]
        found = availability(client, wanted, places)
        unread = {int(one.id or 0) for one in found.misread}
        with store.change() as change:
            gone = set() if not full else {row[0] for row in store.rows("select distinct product_id from stock_levels")}
            change.delete("stock_levels", "product_id", (wanted | (gone - set(tracked))) - unread)
            change.insert("stock_levels", [rows.stock_level(one, started) for one in found.levels])
            if tracked:
                change.mark("stock_levels", {"at": started.isoformat(), "after": turn.after})
        handled(book, hint_ids)
        return told(
            context, "stock_levels", store.count("stock_levels"), written=len(found.levels), client=client,
            misread=found.misread, products=len(wanted), left_out=len(found.left_out), full=full,
        )  # fmt: skip
