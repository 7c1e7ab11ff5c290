"""What an asset says of itself after it ran: row count, what was read, what it cost, what could not be understood.

Read: the table's row count. Written: metadata of the materialisation, as people see it in the Dagster UI.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import dagster as dg

from bp_assets import catalog
from bp_assets.brightpearl.reading import Misread
from bp_assets.domain.lanes import Lane
from bp_assets.lake.frames import Change, Writer
from bp_assets.lake.tables import BY_NAME

SHOWN = 20  # of the records that could not be understood; all are in the run's log


@dataclass(frozen=True, slots=True)
class Said:
    """What a write did to a table: rows it holds now, rows that were new or different, rows that went."""

    rows: int
    written: int
    deleted: int

    @classmethod
    def of(cls, writer: Writer, table: str, *changes: Change) -> "Said":
        """Within the transaction that wrote: the count is the one that is committed."""
        count = writer.connection.execute(f"SELECT count(*) FROM {BY_NAME[table].sql}").fetchone()
        return cls(count[0] if count else 0, sum(one.written for one in changes), sum(one.deleted for one in changes))


class Spender(Protocol):
    """Who sent requests: how many by (minute in UTC, lane)."""

    @property
    def minutes(self) -> Mapping[tuple[datetime, Lane], int]: ...


def together(words: str) -> str:
    """Words that the UI does not break apart, for the cells of a table."""
    return words.replace(" ", "\N{NO-BREAK SPACE}").replace("-", "\N{NON-BREAKING HYPHEN}")


def told(
    context: dg.AssetExecutionContext,
    table: str,
    said: Said,
    *,
    client: Spender | None = None,
    misread: Sequence[Misread] = (),
    **more: Any,
) -> dg.MaterializeResult[Any]:
    """The result of one table; ``more`` are further figures about this run."""
    for one in misread:
        context.log.warning(f"{table}: {one.resource} {one.id or '(no id)'} was left out: {one.reason}")
    metadata: dict[str, Any] = {
        "dagster/row_count": said.rows,
        "rows_written": said.written,
        "rows_deleted": said.deleted,
        "dagster/column_schema": catalog.column_schema(BY_NAME[table]),
        **more,
    }
    lineage = catalog.column_lineage(table)
    if lineage.deps_by_column:
        metadata["dagster/column_lineage"] = lineage
    if client is not None:
        metadata |= requests_made(client)
    if misread:
        metadata["not_understood"] = len(misread)
        metadata["not_understood_because"] = dg.MetadataValue.md(_list(misread))
    return dg.MaterializeResult(asset_key=catalog.key(table), metadata=metadata)


def requests_made(*spenders: Spender) -> dict[str, Any]:
    """What a run spent of the ERP's request cap, by lane and minute, as metadata of whatever it did with it."""
    spent = Counter[tuple[datetime, Lane]]()
    for one in spenders:
        spent.update(one.minutes)
    rows = [
        dg.TableRecord({"minute": f"{minute:%Y-%m-%d %H:%M}", "lane": lane, "requests": count})
        for (minute, lane), count in sorted(spent.items())
    ]
    columns = [dg.TableColumn("minute"), dg.TableColumn("lane"), dg.TableColumn("requests", "int")]
    return {
        "erp_requests": sum(spent.values()),
        "erp_requests_by_minute": dg.MetadataValue.table(rows, dg.TableSchema(columns)),
    }


def _list(misread: Sequence[Misread]) -> str:
    lines = [f"- `{one.resource} {one.id}`: {one.reason}" for one in misread[:SHOWN]]
    if len(misread) > SHOWN:
        lines.append(f"- and {len(misread) - SHOWN} more, in the run's log")
    return "\n".join(lines)
