"""``tillbridge export``: a set of files for tools outside. Read: the lake, at one snapshot. Written: a folder."""

from __future__ import annotations

from pathlib import Path

from bp_assets.cli.screen import console, step
from bp_assets.cli.state import existing
from bp_assets.export.folder import CURRENT
from bp_assets.export.forecasting import MEMORY, export_forecasting
from bp_assets.export.formats import FORMATS
from bp_assets.lake.connect import Lake
from bp_assets.ledger.server import lake_catalogue_dsn


def run(root: Path, to: Path, form: str, *, with_contacts: bool, keep: int) -> int:
    """Export the forecasting set and say what stands where; returns exit code 0.

    Raises:
        ExportError, NoState, LakeUnavailable: with what to do.
    """
    place = existing(root)
    out = console()
    with step(out, "Writing the files") as shown:
        done = export_forecasting(
            Lake(place, lake_catalogue_dsn(place), memory=MEMORY),
            to.absolute(),
            FORMATS[form],
            with_contacts=with_contacts,
            keep=keep,
            tell=shown.to,
        )
    manifest = done.manifest
    size = f"{len(manifest.files)} files, {done.rows:,} rows, {done.bytes / 1e6:,.1f} MB"
    contacts = "with contacts" if with_contacts else "no personal data"
    told = (
        f"{size}, {contacts}: {done.folder}{'' if done.renewed else ', where it stood already'}",
        f"As of {manifest.as_of or 'unknown'}, lake snapshot {manifest.shows.snapshot_id}. "
        f"{done.folder.parent / CURRENT} names this set.",
    )
    for line in told:
        out.print(line, highlight=False, markup=False, soft_wrap=True)
    return 0
