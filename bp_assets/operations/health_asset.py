"""Asset ``shop_health``: how every shop stands. Read: the ledger (marks, piles), pos_transactions, the shops file.

Written: the table. It is small and read whole each time, since a shop's state also changes by mere waiting; rows that
stay the same are not rewritten.
"""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
from duckdb import DuckDBPyConnection

from bp_assets import catalog
from bp_assets.config import ShopsFile
from bp_assets.domain.money import from_minor
from bp_assets.framing import frame_of
from bp_assets.lake.frames import Writer
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.marks import Mark
from bp_assets.ledger.piles import GATHERING, Pile
from bp_assets.operations.health import WAITING, Health, ShopState, because, clock
from bp_assets.operations.standing import assessed
from bp_assets.resources import LakeResource, LedgerResource, ShopsResource
from bp_assets.telling import Said, told

TABLE = "shop_health"
# What succeeded last, shop by shop.
_LAST = "select shop, max(captured_at), max(posted_at), max(verified_at) from pos_transactions group by shop"
_BEFORE = "select shop, currency, state, since from shop_health"


def rows(ledger: Ledger, shops: ShopsFile, reading: DuckDBPyConnection, now: datetime) -> list[dict[str, Any]]:
    """The rows of ``shop_health``. A state that a shop had before keeps its ``since`` where nothing else tells it."""
    last = {row[0]: row[1:] for row in reading.execute(_LAST).fetchall()}
    before = {(row[0], row[1]): row[2:] for row in reading.execute(_BEFORE).fetchall()}
    own_currency = {shop.key: shops.currency_of(shop) for shop in shops.shops}
    made = []
    for key, (health, mark, own) in assessed(ledger, shops, now).items():
        usual = own_currency.get(key, shops.erp.currency)  # of a receipt that could not be read as far as its currency
        for currency in sorted({pile.currency or usual for pile in own} or {usual}):
            mine = [pile for pile in own if (pile.currency or usual) == currency]
            state, since = before.get((key, currency), (None, None))
            kept = since if state == health.state else now
            made.append(_row(key, currency, health, health.since or kept, mark, mine, last.get(key), now))
    return made


def _row(
    key: str, currency: str, health: Health, since: datetime, mark: Mark | None, own: list[Pile],
    last: tuple[datetime | None, ...] | None, now: datetime,
) -> dict[str, Any]:  # fmt: skip
    def among(*states: str) -> list[Pile]:
        return [pile for pile in own if pile.state in states]

    def beside(name: str, *states: str) -> dict[str, Any]:
        chosen = among(*states)
        return {
            f"{name}_count": sum(pile.count for pile in chosen),
            f"{name}_gross": from_minor(sum(pile.gross_minor for pile in chosen), currency),
        }

    on_their_way = among(*WAITING)
    received, posted, verified = last or (None, None, None)
    return {
        "shop": key, "currency": currency, "state": health.state.value, "since": since, "reason": health.reason,
        "reason_code": health.reason_code,
        "till_answered_at": mark.last_success_at if mark else None,
        "till_failures": mark.failures if mark else 0,
        "till_error": mark.error if mark else "",
        "till_asked_again_at": mark.next_ask_at if mark else None,
        "last_receipt_at": received, "last_posted_at": posted, "last_verified_at": verified,
        **beside("waiting", *WAITING),
        "waiting_since": min((pile.oldest_at for pile in on_their_way), default=None),
        "retrying_count": sum(pile.retrying for pile in on_their_way),
        "next_attempt_at": min((pile.next_attempt_at for pile in on_their_way if pile.next_attempt_at), default=None),
        "most_attempts": max((pile.most_attempts for pile in on_their_way), default=0),
        **beside("unverified", "posted"), **beside("gathering", GATHERING),
        **beside("rejected", "rejected"), **beside("quarantined", "quarantined"),
        "parked_because": because(among("rejected", "quarantined")),
        "as_of": now,
    }  # fmt: skip


@dg.asset(**catalog.attributes(TABLE), retry_policy=catalog.RETRY)
def shop_health(
    context: dg.AssetExecutionContext, lake: LakeResource, ledger: LedgerResource, shops: ShopsResource
) -> dg.MaterializeResult:
    now, tables = datetime.now(UTC), lake.open()
    with tables.open() as reading:
        found = rows(ledger.open(), shops.load(), reading, now)

    def store(writer: Writer) -> Said:
        change = writer.replace(TABLE, frame_of(TABLE, found))
        writer.set_mark(TABLE, None, now)
        return Said.of(writer, TABLE, change)

    unwell = {row["shop"] for row in found if row["state"] != ShopState.HEALTHY}
    shown: dict[str, Any] = {"shops": dg.MetadataValue.md(_list(found)), "shops_not_healthy": len(unwell)}
    return told(context, TABLE, tables.write(store), **shown)


def _list(found: list[dict[str, Any]]) -> str:
    """The shops as a markdown list, those that need somebody first; the healthy ones in one line."""
    lines = [
        f"- **{row['shop']}** {row['state']} since {clock(row['since'])}: {' '.join(row['reason'].split())}"
        for row in found
        if row["state"] != ShopState.HEALTHY
    ]
    healthy = sorted({row["shop"] for row in found if row["state"] == ShopState.HEALTHY})
    return "\n".join([*lines, *([f"- healthy: {', '.join(healthy)}"] if healthy else [])])
