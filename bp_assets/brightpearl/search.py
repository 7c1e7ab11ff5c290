"""The ERP's resource searches: positional rows become dictionaries, page after page.

Columns are always mapped by the answer's own ``metaData.columns``; their order is the ERP's business.
Read: ``*-search`` resources. Written: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import BadAnswer
from bp_assets.brightpearl.times import iso

PAGE = 500  # the ERP's largest page
MOST_PAGES = 20_000  # ten million rows: beyond that a search is not ending, it is broken

Filters = Mapping[str, str | int | bool]


def period(start: datetime | None = None, end: datetime | None = None) -> str:
    """A PERIOD filter, open where ``None``: ``2026-07-01T00:00:00.000+00:00/``. Both ends count.

    Raises:
        ValueError: both are ``None``, or one has no time zone.
    """
    if start is None and end is None:
        raise ValueError("a period needs a start or an end")
    return f"{iso(start) if start else ''}/{iso(end) if end else ''}"


def search(
    client: ErpClient,
    path: str,
    filters: Filters,
    columns: Sequence[str] | None = None,
    sort: str | None = None,
    page_size: int = PAGE,
) -> Iterator[dict[str, Any]]:
    """Every row that matches, as ``{column: value}``. ``sort`` is ``orderId.ASC``; ids are the default order.

    Rows that appear or vanish while we page may be missed or come twice; callers overlap their windows and are keyed.

    Raises:
        BadAnswer: the answer is no search result, or its pages do not advance. Otherwise as :meth:`ErpClient.get`.
    """
    params: dict[str, str | int | bool] = {**filters, "pageSize": page_size}
    if columns:
        params["columns"] = ",".join(columns)
    if sort:
        params["sort"] = sort
    first = 1
    for _ in range(MOST_PAGES):
        answer = client.get(path, params if first == 1 else {**params, "firstResult": first})
        if answer.response is None:
            return
        names, rows, meta = read_page(path, answer.response)
        for row in rows:
            yield dict(zip(names, row, strict=True))
        if not meta.get("morePagesAvailable"):
            return
        last = meta.get("lastResult")
        if not rows or type(last) is not int or last < first:
            raise BadAnswer(f"{path}: more pages are announced after row {first - 1} but none comes", answer.status)
        first = last + 1
    raise BadAnswer(f"{path}: no end after {MOST_PAGES} pages")


def ids_of(client: ErpClient, path: str, filters: Filters, column: str) -> set[int]:
    """The ids in one column of every row that matches. Raises as :func:`search`."""
    ids: set[int] = set()
    for row in search(client, path, filters, columns=[column]):
        value = row.get(column)
        if type(value) is not int:
            raise BadAnswer(f"{path}: {value!r} where {column} was expected")
        ids.add(value)
    return ids


def count(client: ErpClient, path: str, filters: Filters) -> int:
    """How many rows match, without fetching them."""
    answer = client.get(path, {**filters, "countOnly": True})
    if answer.response is None:
        return 0
    _, _, meta = read_page(path, {"results": [], **answer.response} if isinstance(answer.response, dict) else {})
    found = meta.get("resultsAvailable")
    if type(found) is not int:
        raise BadAnswer(f"{path}: the count has no resultsAvailable", answer.status)
    return found


def read_page(path: str, response: Any) -> tuple[list[str], list[list[Any]], dict[str, Any]]:
    """Column names, rows and meta-data of one page, checked for shape."""
    if isinstance(response, dict):
        meta, rows = response.get("metaData"), response.get("results")
        if isinstance(meta, dict) and isinstance(rows, list):
            columns = meta.get("columns")
            names = [column.get("name") for column in columns or [] if isinstance(column, dict)]
            if all(isinstance(row, list) and len(row) == len(names) for row in rows):
                return [str(name) for name in names], rows, meta
    raise BadAnswer(f"{path}: the answer is no search result")
