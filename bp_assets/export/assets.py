"""Asset ``forecasting_export``. Read: the lake, at one snapshot. Written: a set of files below ``home.exports``."""

from pathlib import Path

import dagster as dg
from pydantic import Field

from bp_assets import catalog
from bp_assets.export.errors import Busy, ExportError
from bp_assets.export.forecasting import KEPT, MEMORY, export_forecasting
from bp_assets.export.formats import FORMATS, TSV
from bp_assets.export.sheets import tables_read
from bp_assets.lake.connect import Lake
from bp_assets.resources import LakeResource


class ForecastingExport(dg.Config):
    """Where to and in which format. Without contacts the set carries no personal data."""

    format: str = Field(default=TSV.name, pattern=f"^({'|'.join(FORMATS)})$", description="tsv or parquet.")
    to: str = Field(default="", description="Folder of the sets; empty: exports/forecasting-<format> of the home.")
    with_contacts: bool = Field(default=False, description="Names, e-mails and addresses too.")
    keep: int = Field(default=KEPT, ge=1, le=100, description="Sets that stay; with contacts always one.")


@dg.asset(**catalog.forecasting_export_attributes(tables_read()), retry_policy=catalog.RETRY)
def forecasting_export(
    context: dg.AssetExecutionContext, config: ForecastingExport, lake: LakeResource
) -> dg.MaterializeResult:
    place = lake.open()
    tables = Lake(place.home, place.dsn, memory=MEMORY)
    kind = f"forecasting-{config.format}{'-with-contacts' if config.with_contacts else ''}"
    try:
        done = export_forecasting(
            tables,
            Path(config.to) if config.to else tables.home.exports / kind,
            FORMATS[config.format],
            with_contacts=config.with_contacts,
            keep=config.keep,
            tell=lambda number, total, name: context.log.debug(f"{number} of {total} {name}"),
        )
    except ExportError as error:  # a person has to act, unless another export is at work just now
        raise dg.Failure(str(error), allow_retries=isinstance(error, Busy)) from error
    rows = "\n".join(f"| {file.name} | {file.rows:,} | {file.bytes:,} |" for file in done.manifest.files)
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(str(done.folder)),
            "dagster/row_count": done.rows,
            "size_bytes": done.bytes,
            "lake_snapshot": done.manifest.shows.snapshot_id,
            "as_of": done.manifest.as_of or "not told",
            "renewed": done.renewed,
            "sets_removed": ", ".join(done.removed),
            "files": dg.MetadataValue.md(f"| file | rows | bytes |\n|---|---:|---:|\n{rows}"),
        }
    )
