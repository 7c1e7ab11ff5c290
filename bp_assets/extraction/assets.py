"""The assets of the ERP's tables: one op per resource, made from its description; it fills all tables of the resource.

Read: the ERP and the lake, through :mod:`engine`; open hints of the ledger. Written: the resource's tables. The run's
log tells how far it is some seconds apart; each table's materialisation says what was read, changed and spent.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg

from bp_assets import catalog, hints
from bp_assets.extraction.engine import Told, TooManyGone, refresh
from bp_assets.extraction.progress import Progress
from bp_assets.extraction.resource import Resource
from bp_assets.extraction.resources import ALL
from bp_assets.extraction.spool import SpoolBusy
from bp_assets.ledger.webhooks import handled, open_webhooks
from bp_assets.resources import ErpResource, LakeResource, LedgerResource
from bp_assets.telling import Said, told

LOG_SECONDS = 5.0
MOST_NAMED = 20  # of the records that could not be understood
BUSY_TIMES, BUSY_SECONDS = 40, 15  # how often and how soon a resource that another run reads is asked for again


class Refresh(dg.Config):
    """``full`` reads everything; without it what changed. ``accept_deletions`` opens the valve for this run."""

    full: bool = False
    accept_deletions: bool = False


def asset_of(resource: Resource) -> dg.AssetsDefinition:
    """The op that fills a resource's tables, named after it."""

    @dg.multi_asset(
        name=resource.name,
        specs=[catalog.spec(name) for name in resource.tables],
        retry_policy=catalog.RETRY,
        description=f"{resource.title}. {resource.traps}".strip(),
    )
    def refreshed(
        context: dg.AssetExecutionContext,
        config: Refresh,
        erp: ErpResource,
        lake: LakeResource,
        ledger: LedgerResource,
    ) -> Iterator[dg.MaterializeResult[Any]]:
        hint_ids, hinted = _hints(resource, ledger)
        try:
            done = refresh(
                resource.asked_by(erp.shops.load().erp),
                lake.open(),
                erp.reader,
                full=config.full,
                accept_deletions=config.accept_deletions,
                hinted=hinted,
                tell=every_few_seconds(context.log.info),
            )
        except SpoolBusy as why:
            raise dg.RetryRequested(max_retries=BUSY_TIMES, seconds_to_wait=BUSY_SECONDS) from why
        except TooManyGone as why:  # trying again would not help
            raise dg.Failure(str(why), allow_retries=False) from None
        if hint_ids and done.planned_now:
            handled(ledger.open(), hint_ids)
        for warning in warnings(resource, done):
            context.log.warning(warning)
        for name in resource.tables:
            yield told(context, name, _said(name, done), client=done, **metadata(done))

    return refreshed


def assets() -> list[dg.AssetsDefinition]:
    """All of them, in an order in which each comes after what it asks."""
    return [asset_of(resource) for resource in ALL]


def every_few_seconds(say: Callable[[str], object]) -> Callable[[Progress], None]:
    """A listener that passes on one line every ``LOG_SECONDS``."""
    told_at = time.monotonic()

    def tell(progress: Progress) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= LOG_SECONDS:
            told_at = time.monotonic()
            say(progress.line())

    return tell


def warnings(resource: Resource, done: Told) -> list[str]:
    """What a person should know of a refresh that came to its end. Ids only: the records may be personal."""
    merged, lines = done.merged, []
    if merged.quarantined:
        named = ", ".join(merged.quarantined[:MOST_NAMED]) + (", ..." if len(merged.quarantined) > MOST_NAMED else "")
        lines.append(
            f"{resource.name}: {len(merged.quarantined)} records could not be understood ({named}); "
            "why, and as they came: table personal.extraction_quarantine"
        )
    for name, count in sorted((merged.new_members or {}).items()):
        lines.append(f"{resource.name}: the ERP sends a new member {name} ({count} times in this run); it is ignored")
    if merged.unasked:
        lines.append(f"{resource.name}: {merged.unasked} records came that nobody had asked for; they are ignored")
    return lines


def metadata(done: Told) -> dict[str, Any]:
    """What a refresh did, as figures of its materialisations."""
    routes = [dg.TableRecord({"route": route, "requests": count}) for route, count in done.requests.items()]
    columns = [dg.TableColumn("route"), dg.TableColumn("requests", "int")]
    water = {"high_water_mark": dg.MetadataValue.timestamp(done.high_water)} if done.high_water else {}
    return {
        "as_of": dg.MetadataValue.timestamp(done.as_of),
        **water,
        "kind_of_refresh": done.kind.value,
        "objects_read": done.merged.objects,
        "objects_changed": done.merged.changed,
        "objects_gone": done.merged.gone,
        "in_quarantine_by_this_run": len(done.merged.quarantined),
        "requests_planned": done.planned,
        "requests_answered_before_a_cut": done.resumed,
        "erp_requests_by_route": dg.MetadataValue.table(routes, dg.TableSchema(columns)),
        "seconds": round(done.seconds, 1),
    }


def _hints(resource: Resource, ledger: LedgerResource) -> tuple[list[int], list[int]]:
    """Open hints about the resource: their ids, and the ids of the objects they name."""
    if not resource.hinted:
        return [], []
    return hints.about(open_webhooks(ledger.open(), hints.SOURCE), resource.main)


def _said(name: str, done: Told) -> Said:
    return Said(done.merged.rows[name], done.merged.written[name], done.merged.deleted[name])
