"""Assets ``posted_orders``, ``posted_order_rows``, ``posted_payments``, ``posted_goods``: what the ERP really holds.

Read: steps and webhooks of the ledger (which orders), the ERP (what they are; 200 orders a request). Written: the four
tables in one transaction, and the state "verified" of sales whose order equals its plan. One asset op, since one
reading gives all four. What is read: sales posted and not yet verified; orders that our own steps touched; orders of
ours that the ERP's search shows as changed, whoever changed them; those that hints name.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from bp_assets import catalog, hints
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.orders import ORDER_SEARCH
from bp_assets.brightpearl.search import period, search
from bp_assets.brightpearl.times import instant
from bp_assets.framing import frame_of, keys_of
from bp_assets.lake.connect import Lake
from bp_assets.lake.frames import Change, Writer, mark
from bp_assets.ledger.changes import changes
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.instances import NONE, instances
from bp_assets.ledger.webhooks import handled, open_webhooks
from bp_assets.posting.facts import Facts, gather
from bp_assets.posting.verify import verify_posted
from bp_assets.resources import ErpResource, LakeResource, LedgerResource, ShopsResource
from bp_assets.staging import rows
from bp_assets.telling import Said, told

TABLES = ("posted_orders", "posted_order_rows", "posted_payments", "posted_goods")
OURS = ("SO-", "SC-")  # how our references begin
OVERLAP = timedelta(minutes=5)  # the ERP's clock is not ours, and its search lags behind its orders


_QUARANTINE = "select warehouse_id, quarantine_location_id from warehouses where quarantine_location_id is not null"
# Orders of ours that hints name, and those placed since an instant.
_AGAIN = "order_id in (select unnest($1::bigint[])) or placed_on >= $2"


class ReadBack(dg.Config):
    """``again_days``: orders placed in the last so many days are read again, changed or not."""

    again_days: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """An order as the lake holds it."""

    ref: str
    updated_on: datetime | None


def held(tables: Lake, condition: str, *values: object) -> dict[int, Held]:
    """Orders of the lake by id; ``condition`` is SQL over ``posted_orders``, its values in ``$1``."""
    query = f"select order_id, external_ref, updated_on from posted_orders where {condition}"
    with tables.open() as reading:
        return {row[0]: Held(row[1], row[2]) for row in reading.execute(query, list(values)).fetchall()}


def touched_by_us(ledger: Ledger, tables: Lake, since: int | None) -> tuple[dict[int, str], int]:
    """Orders that our steps touched since the mark, with their external references, and the new mark."""
    columns = ["sale_id", "step", "handle", "outcome", "erp_id"]
    found = changes(ledger, "steps", since, columns=columns)
    sales = sorted({row["sale_id"] for row in found.rows})
    known = held(tables, "sale_id in (select unnest($1))", sales) if sales and since is not None else {}
    touched = {order_id: one.ref for order_id, one in known.items()}
    for row in found.rows:
        if row["step"] == "order" and row["outcome"] == "success" and str(row["erp_id"] or "").isdigit():
            touched[int(row["erp_id"])] = row["handle"]
    return touched, found.mark


def changed_in_the_erp(
    client: ErpClient, tables: Lake, since: datetime | None, instances: Iterable[int]
) -> dict[int, str]:
    """Orders under our integration that the ERP changed since the mark, with the reference its search shows.

    ``instances``: its numbers, present and past; 0 stands for orders without one. What stands there under our name
    without standing in our ledger is found too: it would be posted twice.
    """
    bases: list[dict[str, str | int | bool]] = [
        {"installedIntegrationInstanceId": number} if number else {} for number in sorted(set(instances))
    ]
    windows = bases
    if since is not None:
        windows = [{**base, moment: period(since - OVERLAP)} for base in bases for moment in ("updatedOn", "createdOn")]
    shown: dict[int, Held] = {}
    for filters in windows:
        for row in search(client, ORDER_SEARCH, filters, columns=["orderId", "externalRef", "updatedOn"]):
            text, ref = row.get("updatedOn"), str(row.get("externalRef") or "")
            if "installedIntegrationInstanceId" in filters or ref.startswith(OURS):
                shown[int(row["orderId"])] = Held(ref, instant(text) if text else None)
    known = held(tables, "order_id in (select unnest($1))", sorted(shown)) if shown else {}
    return {order_id: one.ref for order_id, one in shown.items() if known.get(order_id) != one}


@dataclass(slots=True)
class Frames:
    """Rows of the four tables for the orders that were read, and what became of orders that are gone."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    payments: list[dict[str, Any]] = field(default_factory=list)
    goods: dict[tuple[int, int, int], dict[str, Any]] = field(default_factory=dict)
    read: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    unclear: list[str] = field(default_factory=list)


def framed(facts: dict[int, Facts], refs: dict[int, str], quarantine: dict[int, int], as_of: datetime) -> Frames:
    """The facts as rows. An order of which something could not be understood keeps the rows we have of it."""
    made = Frames()
    for order_id, fact in facts.items():
        if fact.misread:
            made.unclear += [f"order {order_id}: {words}" for words in fact.misread]
            continue
        if fact.order is None:
            made.gone.add(order_id)
            continue
        made.read.add(order_id)
        made.orders.append(rows.order(fact.order, refs.get(order_id, ""), as_of))
        made.rows += rows.order_rows(fact.order, as_of)
        made.payments += [rows.payment(one, as_of) for one in fact.payments]
        for row in _goods(fact, quarantine, as_of):
            key = (row["note_id"], row["order_row_id"], row["location_id"])
            if key in made.goods:  # the same row from two batches of one location
                row["quantity"] += made.goods[key]["quantity"]
            made.goods[key] = row
    return made


def _goods(fact: Facts, quarantine: dict[int, int], as_of: datetime) -> Iterator[dict[str, Any]]:
    for out in fact.goods_out:
        if not out.transfer:
            yield from rows.goods_out(out, as_of)
    for back in fact.goods_in:
        yield from rows.goods_in(back, quarantine, as_of)


def _oldest(config: ReadBack, now: datetime) -> datetime | None:
    return now - timedelta(days=config.again_days) if config.again_days else None


def written(writer: Writer, made: Frames) -> dict[str, Said]:
    """The four tables after the frames were written. Rows of an order that it no longer has are deleted."""
    parts = {
        "posted_orders": made.orders,
        "posted_order_rows": made.rows,
        "posted_payments": made.payments,
        "posted_goods": list(made.goods.values()),
    }
    said = {}
    for table, part in parts.items():
        empty = (made.read | made.gone) - {row["order_id"] for row in part}
        deleted = writer.delete_keys(table, keys_of("order_id", empty), ["order_id"]) if empty else 0
        change = writer.upsert(table, frame_of(table, part), within=("order_id",))
        said[table] = Said.of(writer, table, change, Change(deleted=deleted))
    return said


def _specs() -> Iterable[dg.AssetSpec]:
    return [catalog.spec(table) for table in TABLES]


@dg.multi_asset(name="posted", specs=list(_specs()), retry_policy=catalog.RETRY)
def posted(
    context: dg.AssetExecutionContext,
    config: ReadBack,
    erp: ErpResource,
    lake: LakeResource,
    ledger: LedgerResource,
    shops: ShopsResource,
) -> Iterator[dg.MaterializeResult]:
    started, book, tables, file = datetime.now(UTC), ledger.open(), lake.open(), shops.load()
    hint_ids, hinted = hints.about(open_webhooks(book, hints.SOURCE), hints.ORDERS)
    with tables.open() as reading:
        followed = mark(reading, "posted_orders")
        quarantine = dict(reading.execute(_QUARANTINE).fetchall())
    steps, at = (followed.mark["steps"], datetime.fromisoformat(followed.mark["at"])) if followed else (None, None)
    numbers = [*instances(book, file.erp.account), file.erp.integration_instance_id or NONE]
    touched, steps_mark = touched_by_us(book, tables, steps)
    refs = {order_id: one.ref for order_id, one in held(tables, _AGAIN, hinted, _oldest(config, started)).items()}
    with erp.client("verify") as client:
        verified = verify_posted(book, client, file)
        refs |= touched | changed_in_the_erp(client, tables, at, numbers)
        facts = verified.facts | gather(client, set(refs) - set(verified.facts))
    for order_id, (_, _, ref) in verified.sale_of_order.items():
        refs.setdefault(order_id, ref)
    made = framed(facts, refs, quarantine, started)
    for words in made.unclear:
        context.log.warning(f"left as it was: {words}")

    def store(writer: Writer) -> dict[str, Said]:
        said = written(writer, made)
        for table in TABLES:
            writer.set_mark(table, {"steps": steps_mark, "at": started.isoformat()}, started)
        return said

    figures: dict[str, Any] = {
        "orders_read": len(made.read),
        "sales_verified": verified.verified,
        "sales_waiting_for_the_invoice": verified.waiting,
        "sales_differing": verified.differing,
        "not_understood": len(made.unclear),
        "gone_from_the_erp": len(made.gone),
    }
    said = tables.write(store)
    handled(book, hint_ids)
    for table in TABLES:
        yield told(context, table, said[table], client=client, **figures)
