"""The resource search: typed columns, filters, sorting, paging, positional rows, meta-data and reference maps.

One engine serves every ``*-search``; a resource says which columns it has and where its records come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sandbox.erp.codes import (
    BAD_FILTER,
    BAD_PAGE,
    NO_SUCH_COLUMN,
    NO_SUCH_FILTER,
    NOT_SORTABLE,
    ApiError,
)
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, ok
from sandbox.erp.idset import IdSet
from sandbox.erp.times import iso, parse_period

if TYPE_CHECKING:
    from sandbox.world import World

PAGE_LIMIT = 500
_PARAMETERS = frozenset(("columns", "sort", "pageSize", "firstResult", "countOnly"))
_MISSING_LAST = (1, 0)


@dataclass(frozen=True, slots=True)
class Column:
    """``get`` gives the raw value of a record; PERIOD columns give milliseconds, printed as ISO text."""

    name: str
    kind: str
    get: Callable[[World, Any], Any]
    sortable: bool = True
    filterable: bool = True
    reference: str = ""
    shown: bool = True  # False: a filter that is not a column

    def described(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "sortable": self.sortable,
            "filterable": self.filterable,
            "reportDataType": self.kind,
            "referenceData": [self.reference] if self.reference else [],
            "isFreeTextSearchable": False,
            "required": False,
        }


class Ordered(Protocol):
    """Records in ascending order of a search's default column, a page of which can be cut out."""

    def __len__(self) -> int: ...

    def page(self, first: int, last: int) -> list[Any]: ...


@dataclass(frozen=True, slots=True)
class Search:
    """``records`` may use the filters to narrow what it yields; ``created`` (ms) serves the search-lag fault.

    ``ordered`` is everything in the default order: a plain listing of a big store then costs a page, not a walk.
    """

    columns: tuple[Column, ...]
    records: Callable[[World, dict[str, str]], Iterable[Any]]
    references: Callable[[World], dict[str, Callable[[Any], str | None]]] = lambda world: {}
    created: Callable[[Any], int] = lambda record: 0
    default: str = ""  # the column sorted by without `sort`; the first one unless named
    extra_reference: Callable[[World, list[Any]], dict[str, Any]] = lambda world, page: {}
    ordered: Callable[[World], Ordered] | None = None

    def named(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


def _matcher(column: Column, text: str) -> Callable[[Any], bool]:
    """A test on the raw value. Raises CMNC-018 (HTTP 500, as recorded) when the text does not fit the type."""
    bad = BAD_FILTER.error(name=column.name, value=text, kind=column.kind)
    if column.kind == "INTEGER":
        if not text.lstrip("-").isdecimal():
            raise bad
        wanted = int(text)
        return lambda value: wanted in value if isinstance(value, set | frozenset) else value == wanted
    if column.kind == "IDSET":
        try:
            ids = IdSet(text)
        except ApiError:
            if text == "0":
                return lambda value: value == 0
            raise bad from None
        return lambda value: (
            any(one in ids for one in value)
            if isinstance(value, set | frozenset)
            else value is not None and value in ids
        )
    if column.kind == "BOOLEAN":
        if text.lower() not in ("true", "false"):
            raise bad
        flag = text.lower() == "true"
        return lambda value: bool(value) is flag
    if column.kind == "SEARCH_STRING":
        needle = text.lower()
        return lambda value: value is not None and needle in str(value).lower()
    if column.kind == "STRING_SET":
        several = {part for part in text.split(",") if part} | {text}
        return lambda value: value in several
    if column.kind == "PERIOD":
        bounds = parse_period(text)
        if bounds is None:
            raise bad
        low, high = bounds
        return lambda value: value is not None and (low is None or value >= low) and (high is None or value <= high)
    return lambda value: value is not None and str(value) == text


def narrowed(filters: dict[str, str], name: str, store: Mapping[int, Any]) -> list[Any] | None:
    """The records whose IDs a filter names; ``None`` without that filter. "0" names none."""
    if name not in filters:
        return None
    return [] if filters[name] == "0" else IdSet(filters[name]).pick(store)


def whole_parameter(query: dict[str, str], name: str, default: int, low: int, high: int) -> int:
    """A whole-number query parameter within bounds; ``ApiError`` 400 for anything else."""
    text = query.get(name)
    if text is None:
        return default
    if not text.isdecimal() or not low <= int(text) <= high:
        raise BAD_PAGE.error(name=name, low=low, high=high, value=text)
    return int(text)


def _sorting(search: Search, query: dict[str, str]) -> list[tuple[Column, bool]]:
    order = []
    for part in (query.get("sort") or "").replace("|", ".").split(","):
        if not part:
            continue
        name, _, direction = part.partition(".")
        column = search.named(name)
        if column is None or not column.sortable or direction.upper() not in ("", "ASC", "DESC"):
            raise NOT_SORTABLE.error(value=part)
        order.append((column, direction.upper() == "DESC"))
    return order or [(_default(search), False)]


def _columns(search: Search, query: dict[str, str]) -> list[Column]:
    if not query.get("columns"):
        return [column for column in search.columns if column.shown]
    chosen = []
    for name in query["columns"].split(","):
        column = search.named(name)
        if column is None or not column.shown:
            raise NO_SUCH_COLUMN.error(value=name)
        chosen.append(column)
    return chosen


def _tests(
    search: Search, world: World, query: dict[str, str]
) -> tuple[list[tuple[Callable[[World, Any], Any], Callable[[Any], bool]]], dict[str, str]]:
    """What each record has to pass, and the filters as they were given."""
    tests: list[tuple[Callable[[World, Any], Any], Callable[[Any], bool]]] = []
    filters: dict[str, str] = {}
    for name, text in query.items():
        if name in _PARAMETERS:
            continue
        column = search.named(name)
        if column is None or not column.filterable:
            if world.switches.unknown_filter_refused:
                raise NO_SUCH_FILTER.error(value=name)
            continue
        filters[name] = text
        tests.append((column.get, _matcher(column, text)))
    return tests, filters


def _listed(
    search: Search, world: World, query: dict[str, str], order: list[tuple[Column, bool]], first: int, size: int
) -> tuple[int, list[Any]]:
    """How many records match, and those of the page."""
    tests, filters = _tests(search, world, query)
    newest = world.faults.search_horizon(world.now_ms())
    if (
        search.ordered is not None
        and not filters
        and newest is None
        and [one for one, _ in order] == [_default(search)]
    ):
        everything = search.ordered(world)
        total, descending = len(everything), order[0][1]
        if not descending:
            return total, everything.page(first, first + size)
        return total, everything.page(max(0, total - first - size), max(0, total - first))[::-1]
    found = search.records(world, filters)
    if newest is not None:
        found = [record for record in found if search.created(record) <= newest]
    for get, test in tests:
        found = [record for record in found if test(get(world, record))]
    found = list(found)
    for column, descending in reversed(order):

        def key(record: Any, column: Column = column) -> tuple[int, Any]:
            value = column.get(world, record)
            return _MISSING_LAST if value is None else (0, value)

        found.sort(key=key, reverse=descending)
    return len(found), found[first : first + size]


def _default(search: Search) -> Column:
    return search.named(search.default) or search.columns[0]


def run(search: Search, call: Call) -> Reply:
    """Answer one search call."""
    world, query = call.world, call.query
    columns = _columns(search, query)
    order = _sorting(search, query)
    size = whole_parameter(query, "pageSize", PAGE_LIMIT, 1, PAGE_LIMIT)
    first = whole_parameter(query, "firstResult", 1, 1, 10**9)
    total, page = _listed(search, world, query, order, first - 1, size)
    if query.get("countOnly") == "true":
        page = []
    zone = world.switches.time_zone
    getters = [(column.get, column.kind == "PERIOD") for column in columns]
    results = []
    for record in page:
        row = []
        for get, period in getters:
            value = get(world, record)
            if value is not None and period:
                value = iso(value, zone)
            elif isinstance(value, set | frozenset):
                value = next(iter(sorted(value)), None)
            row.append(value)
        results.append(row)
    meta: dict[str, Any] = {
        "morePagesAvailable": first - 1 + len(page) < total and bool(page),
        "resultsAvailable": total,
        "resultsReturned": len(results),
    }
    if results:
        meta["firstResult"], meta["lastResult"] = first, first + len(results) - 1
    meta["columns"] = [column.described() for column in columns]
    meta["sorting"] = [
        {"filterable": column.described(), "direction": "DESC" if descending else "ASC"} for column, descending in order
    ]
    reply = ok({"results": results, "metaData": meta})
    reply.body["reference"] = _references(search, world, columns, results) | search.extra_reference(world, page)
    return reply


def _references(search: Search, world: World, columns: list[Column], results: list[list[Any]]) -> dict[str, Any]:
    maps: dict[str, dict[str, str]] = {}
    lookups = search.references(world)
    for position, column in enumerate(columns):
        if not column.reference:
            continue
        names = maps.setdefault(column.reference, {})
        for value in {row[position] for row in results}:
            text = lookups[column.reference](value)
            if text is not None:
                names[str(value)] = text
    return {name: values for name, values in maps.items() if values}


def add_search(router: Router, path: str, search: Search) -> None:
    """Register ``path`` and ``path/meta-data``."""
    router.add("GET", path, lambda call: run(search, call), "bulk-data-search")

    def meta_data(call: Call) -> Reply:
        return ok(
            {
                "columns": [column.described() for column in search.columns if column.shown],
                "filters": [column.described() for column in search.columns if column.filterable],
                "sorting": [{"filterable": search.columns[0].described(), "direction": "ASC"}],
            }
        )

    router.add("GET", f"{path}/meta-data", meta_data, "bulk-data-search")
