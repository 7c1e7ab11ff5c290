"""The baseline: an honest puller as one would write it first. One GET for each id, one page after another.

Plain httpx, one connection, nothing in flight while an answer is decoded; the rows are inserted into a plain DuckDB
file, a frame of a thousand at a time, in one transaction. It uses the product's descriptions for where things are, how
they are decoded and how frames are made of them, so both make the same rows. It packs no ids, keeps no marks, compares
nothing, could not go on after a kill, and the lists of ids that it begins with are not counted: all that is to its
favour.
Read: the ERP. Written: the file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

import duckdb
import httpx

from benchmarks.extract_least import PAGE
from bp_assets.brightpearl.id_sets import unpack
from bp_assets.extraction.layout import Layout
from bp_assets.extraction.resource import Context, Resource, Search, Uris, Whole
from bp_assets.extraction.splits import id_of
from bp_assets.lake.tables import BY_NAME

_AT_ONCE = 1000  # rows of one insert
_NOTHING = 404  # the ERP's way of saying that there is none


@dataclass(frozen=True, slots=True)
class Sample:
    """What a part of a resource took: objects asked for, rows made of them, requests, seconds, those of inserts."""

    objects: int
    rows: int
    requests: int
    seconds: float
    inserting: float


class PlainPuller:
    """``erp`` speaks to the account: base address, and the headers of every call. ``file`` takes the rows.

    Raises ``httpx.HTTPStatusError`` for whatever goes wrong: a baseline has no bad days.
    """

    def __init__(self, erp: httpx.Client, file: duckdb.DuckDBPyConnection) -> None:
        self.erp, self.file = erp, file

    def sample(self, resource: Resource, ids: Iterable[int], pages: int, lookups: Mapping[str, Any]) -> Sample:
        """Read these objects one by one, or so many pages where a search's rows are the records."""
        context = Context(datetime.now(UTC), lookups)
        self._tables(resource)
        held: dict[str, list[tuple[Any, ...]]] = {table: [] for table in resource.tables}
        began, objects, rows, requests, inserting = time.perf_counter(), 0, 0, 0, 0.0
        self.file.execute("BEGIN")
        for records in self._answers(resource, ids, pages):
            requests += 1
            for object_id, record in records:
                objects += 1
                for table, decoded in resource.decode(object_id, record, context).items():
                    rows += len(decoded)
                    held[table] += decoded
            if sum(map(len, held.values())) >= _AT_ONCE:
                inserting += self._insert(resource, held)
        inserting += self._insert(resource, held)
        self.file.execute("COMMIT")
        return Sample(objects, rows, requests, time.perf_counter() - began, inserting)

    def _tables(self, resource: Resource) -> None:
        for table, given in resource.tables.items():
            columns = ", ".join(f'"{name}" {BY_NAME[table].column(name).type}' for name in given.columns)
            self.file.execute(f'CREATE OR REPLACE TABLE "{table}" ({columns})')

    def _insert(self, resource: Resource, held: dict[str, list[tuple[Any, ...]]]) -> float:
        """Insert what is held and let go of it; the seconds it took."""
        began = time.perf_counter()
        for table in Layout(resource).tables:
            if rows := held[table.name]:
                frame = table.frame([id_of(row[table.id_at]) for row in rows], rows)
                self.file.register("incoming", frame.to_arrow())
                self.file.execute(f'INSERT INTO "{table.name}" SELECT * FROM incoming')
                self.file.unregister("incoming")
                rows.clear()
        return time.perf_counter() - began

    def listed(self, listing: Uris | Search, most: int) -> list[int]:
        """Up to ``most`` ids, as the ERP lists them."""
        if isinstance(listing, Uris):
            answer = self.erp.options(listing.path.removeprefix("/")).raise_for_status().json()["response"]
            ids = (one for uri in answer["getUris"] for one in unpack(uri.rsplit("/", 1)[1]))
            return list(islice(ids, most))
        rows = (row for page in self._pages(listing) for row in page)
        return list(islice(dict.fromkeys(row[listing.id_column] for row in rows), most))

    def count(self, listing: Search) -> int:
        """How many rows a search lists."""
        page = self._get(listing.path, {**listing.filters, "countOnly": "true"})
        return int(page["metaData"]["resultsAvailable"]) if page else 0

    def _answers(
        self, resource: Resource, ids: Iterable[int], pages: int
    ) -> Iterator[Iterable[tuple[int | None, Any]]]:
        """What each request brings, as (id, record)."""
        get, listing = resource.get, resource.listing
        if get is None:
            assert isinstance(listing, Search)  # as a description promises
            for page in islice(self._pages(listing), pages):
                yield [(row[listing.id_column], row) for row in page]
            return
        for one in [0] if isinstance(listing, Whole) else ids:
            yield get.split(self._get(get.path.replace("{ids}", str(one)), get.params), [one])

    def _pages(self, listing: Search) -> Iterator[list[dict[str, Any]]]:
        params: dict[str, Any] = {**listing.filters, "pageSize": PAGE, "sort": f"{listing.id_column}.ASC"}
        if listing.columns:
            params["columns"] = ",".join(listing.columns)
        first: int | None = 1
        while first:
            response = self._get(listing.path, {**params, "firstResult": first})
            meta = response["metaData"]
            names = [column["name"] for column in meta["columns"]]
            yield [dict(zip(names, row, strict=True)) for row in response["results"]]
            first = meta["lastResult"] + 1 if meta["morePagesAvailable"] else None

    def _get(self, path: str, params: Mapping[str, Any]) -> Any:
        answer = self.erp.get(path.removeprefix("/"), params=dict(params))
        if answer.status_code == _NOTHING:
            return None
        return json.loads(answer.raise_for_status().content, parse_float=Decimal)["response"]


def chosen(rows: Sequence[tuple[Any, ...]]) -> Any:
    """A lookup's answer as descriptions want it: two columns as a map, one as a tuple."""
    return dict(rows) if rows and len(rows[0]) == 2 else tuple(row[0] for row in rows)
