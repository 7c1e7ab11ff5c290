"""``tillbridge refresh``: the ERP's tables brought up to date from the terminal, resource by resource.

The same engine as in Dagster's jobs, without a run there: for the first pull of an account, and by hand. Where no
resource is named, nothing is left empty: the warehouses come first, and what is computed from all of it at the end.
Read: the ERP (GET and OPTIONS only), the shops file, the lake. Written: the resources' tables in the lake, what was
available when; sets of files with contacts that name somebody who is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bp_assets.brightpearl.reader import ErpReader
from bp_assets.budget import shared_by_all
from bp_assets.cli.environment import use_dagster, use_home
from bp_assets.cli.lakeside import run_job
from bp_assets.cli.screen import Step, console, step, table
from bp_assets.config import Home, ShopsFile
from bp_assets.domain.lanes import Lane
from bp_assets.export.errors import ExportError
from bp_assets.export.forecasting import MEMORY, export_forecasting
from bp_assets.export.forgetting import outdated
from bp_assets.export.formats import FORMATS
from bp_assets.extraction.assets import warnings
from bp_assets.extraction.engine import Told, TooManyGone, refresh
from bp_assets.extraction.progress import Progress
from bp_assets.extraction.resource import Resource
from bp_assets.extraction.resources import ALL
from bp_assets.extraction.spool import SpoolBusy
from bp_assets.forecasting import availability
from bp_assets.lake.connect import Lake
from bp_assets.ledger.server import lake_catalogue_dsn
from bp_assets.oauth import LedgerTokens
from bp_assets.resources import lake_of, ledger_of


class NoResource(Exception):
    """A resource that there is not. The message names those there are."""


def run(root: Path, shops: ShopsFile, names: Sequence[str], *, full: bool, accept_deletions: bool) -> int:
    """Refresh what was named, or all; returns exit code 0, or 1 where something could not be finished.

    Raises:
        NoResource: nothing was asked. ErpError, LakeError, LedgerError: what was done before stays done, and a pull
        that was cut off goes on where it stopped when the command is given again.
    """
    wanted = [one.asked_by(shops.erp) for one in chosen(names)]
    out, place = console(), use_home(root)
    ledger, lake, erp = ledger_of(place), lake_of(place), shops.erp
    budget = shared_by_all(ledger, erp)

    def reader(lane: Lane) -> ErpReader:
        return ErpReader(erp, lane=lane, budget=budget, store=LedgerTokens(ledger))

    if not names:
        _job(out, place, "Warehouses", "refresh_warehouses")
    done: list[Told] = []
    unfinished: list[str] = []
    for resource in wanted:
        try:
            with step(out, resource.title) as shown:
                told = refresh(resource, lake, reader, full=full, accept_deletions=accept_deletions, tell=_shows(shown))
            done.append(told)
            _say(out, warnings(resource, told))
            if resource.main == "stock_levels":  # as the job refresh_stock does: a look that was not noted is lost
                lake.write(availability.look)
        except (SpoolBusy, TooManyGone) as why:
            unfinished.append(str(why))
            _say(out, [str(why)])
    if not names and not unfinished:
        _job(out, place, "What is computed from all this", "refresh_forecasting")
    unfinished += _made_anew(out, place)
    out.print(_summary(done))
    return 1 if unfinished else 0


def _made_anew(out: Console, home: Home) -> list[str]:
    """Sets of files that name a contact who is gone are written once more, without them; what could not be."""
    lake, failed = Lake(home, lake_catalogue_dsn(home), memory=MEMORY), list[str]()
    for one in outdated(lake):
        try:
            with step(out, f"A contact is gone from {one.to}") as shown:
                export_forecasting(lake, Path(one.to), FORMATS[one.format], with_contacts=True, tell=shown.to)
        except ExportError as why:
            failed.append(f"{one.to} still names a contact who is gone. {why}")
            _say(out, failed[-1:])
    return failed


def _job(out: Console, place: Home, title: str, name: str) -> None:
    use_dagster(place)
    with step(out, title) as shown:
        run_job(name)
        shown.to(1, 1)


def chosen(names: Sequence[str]) -> list[Resource]:
    """The resources of these names, or whose tables have them; all, where none is named.

    Raises:
        NoResource: for a name that is neither.
    """
    if not names:
        return list(ALL)
    by_name = {table: resource for resource in ALL for table in resource.tables}
    by_name |= {resource.name: resource for resource in ALL}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        close = get_close_matches(unknown[0], by_name, n=3)
        meant = f" Did you mean {' or '.join(close)}?" if close else ""
        there = ", ".join(resource.name for resource in ALL)
        raise NoResource(f"There is no resource {unknown[0]}.{meant} Resources: {there}.")
    picked = {by_name[name].name for name in names}
    return [resource for resource in ALL if resource.name in picked]


def _shows(shown: Step) -> Callable[[Progress], None]:
    def tell(progress: Progress) -> None:
        words = progress.line().removeprefix(f"{progress.resource}: ").removeprefix(progress.answered_of_planned + ", ")
        shown.to(progress.answered, progress.planned or None, words)

    return tell


def _summary(done: Sequence[Told]) -> Table:
    rows = [
        (
            one.resource,
            one.kind.value,
            f"{sum(one.merged.written.values()):,}",
            f"{sum(one.merged.deleted.values()):,}",
            f"{sum(one.merged.rows.values()):,}",
            f"{one.sent:,}",
            f"{one.seconds:.1f}",
        )
        for one in done
    ]
    columns = ("resource", "read", "rows written", "rows deleted", "rows now", "requests", "seconds")
    return table("Refreshed", columns, rows, right=range(2, 7))


def _say(out: Console, lines: Sequence[str]) -> None:
    for line in lines:
        out.print(line, markup=False, highlight=False)
