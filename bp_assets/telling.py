"""What an asset says of itself after it ran: row count, what was read, what it cost, what could not be understood.

Read: nothing. Written: metadata of the materialisation, as people see it in the Dagster UI.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.reading import Misread
from bp_assets.lake.tables import BY_NAME

SHOWN = 20  # of the records that could not be understood; all are in the run's log


def told(
    context: dg.AssetExecutionContext,
    table: str,
    row_count: int,
    *,
    written: int,
    client: ErpClient | None = None,
    misread: Sequence[Misread] = (),
    **more: Any,
) -> dg.MaterializeResult[Any]:
    """The result of one table. ``row_count`` is what it holds now, ``written`` what this run wrote."""
    for one in misread:
        context.log.warning(f"{table}: {one.resource} {one.id or '(no id)'} was left out: {one.reason}")
    metadata: dict[str, Any] = {"dagster/row_count": row_count, "rows_written": written, **more}
    if table in BY_NAME:
        metadata["dagster/column_schema"] = catalog.column_schema(BY_NAME[table])
    if client is not None:
        metadata["erp_requests"] = sum(client.counts.values())
    if misread:
        metadata["not_understood"] = len(misread)
        metadata["not_understood_because"] = dg.MetadataValue.md(_list(misread))
    return dg.MaterializeResult(asset_key=catalog.key(table), metadata=metadata)


def _list(misread: Sequence[Misread]) -> str:
    lines = [f"- `{one.resource} {one.id}`: {one.reason}" for one in misread[:SHOWN]]
    if len(misread) > SHOWN:
        lines.append(f"- and {len(misread) - SHOWN} more, in the run's log")
    return "\n".join(lines)
