"""One resource of the ERP, described: whence its ids, how it is fetched, what shows its changes, how it is decoded.

The engine reads descriptions; adding a resource is adding one, with a decode function. Pure: nothing read or written.

Words: an *object* is what the ERP names by one id (an order); a *record* is the JSON that tells of it; its *rows* may
stand in several tables (``orders``, ``order_rows``). An object's rows change together and go together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bp_assets.brightpearl.reading import Unclear
from bp_assets.config import Erp

__all__ = [
    "Changes", "Chosen", "Context", "Decode", "Decoded", "Get", "Resource", "Rows", "Search", "Split", "Sweep",
    "Unclear", "Uris", "Whole", "Within",
]  # fmt: skip

Filters = Mapping[str, str | int | bool]

# Rows per table, as plain tuples in the order of the columns that the description names for it: int, str, bool,
# Decimal that fits the column exactly, datetime in UTC, date, None. The engine adds ``as_of``.
Decoded = Mapping[str, Sequence[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Context:
    """What a decode function may know beside its record.

    When it was read, and the description's ``lookups``: a query of two columns as a map of the first to the second, one
    of a single column as a tuple of its values.
    """

    read_on: datetime
    lookups: Mapping[str, Any] = field(default_factory=dict)


# Pure. Gets the object's id and its record. Raises :class:`Unclear` for what it can't understand: the record then goes
# to quarantine with its raw JSON, and the object's rows stay as they were last understood.
Decode = Callable[[int, Any, Context], Decoded]

# Pure: an answer's ``response`` and the ids that were asked for -> (object's id, its record). ``None`` for an id that
# can't be read. Raises :class:`Unclear` before the first where the payload has another shape altogether. See
# :mod:`splits`.
Split = Callable[[Any, Sequence[int]], Iterable[tuple[int | None, Any]]]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a resource puts into one table: the column that holds the object's id, and the columns of decoded tuples.

    A text column may hold the id (nominal codes): it is compared as a number. Columns of the table that are not named
    are null.
    """

    id: str
    columns: tuple[str, ...]


# Where the ids of all objects come from. ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Uris:
    """``OPTIONS path``: the ERP lists the ids that exist, any number of them in one request.

    ``path`` is that of the resource, service first: ``/product-service/product``.
    """

    path: str


@dataclass(frozen=True, slots=True)
class Search:
    """All pages of a search, 500 rows each, in ascending order of ``id_column``.

    ``id_column`` may repeat (one row per product of a goods-in note); it names the object. ``columns`` limits what is
    asked for, where the rows themselves are not the records (then ``(id_column,)`` will do).
    """

    path: str
    id_column: str
    filters: Filters = field(default_factory=dict)
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Whole:
    """A small list: one GET without ids answers everything. The :class:`Get` says where and how."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Ids out of the lake, for what the ERP can't list, or where few objects matter (open orders).

    ``sql`` answers ``id`` and, optionally, ``touched_on``: an increment asks for the ids that were never read, that
    were touched since they were read, or whose reading is older than ``Resource.rotate``. What is no longer chosen
    loses its rows (reservations of an order that is no longer open), unless ``forget`` says otherwise. With ``changes``
    what their search names is read too, if it is chosen.
    """

    sql: str
    forget: bool = True


Listing = Uris | Search | Whole | Chosen


# How records are fetched. ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Within:
    """What the ERP tells only to who asks within a context: the same ids are asked for once more for each of them.

    ``param`` names the context, ``values`` are those that the shops file wants. ``add``, pure, puts what such an answer
    says of an object into its record; it never raises: what is strange is for decode to refuse. ``members`` (named as
    in :mod:`members`) come with a context alone: they are no news when somebody begins to ask for one.
    """

    param: str
    values: Callable[[Erp], Sequence[int]]
    add: Callable[[Any, Any], Any]
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Get:
    """``GET path``; ``{ids}`` stands for an id set: ``/warehouse-service/order/*/goods-note/goods-out/{ids}``.

    ``limit`` is how many ids the ERP takes. ``split`` takes the answer apart. ``nothing`` are error codes that mean
    "none of these has anything". ``contexts`` are the values of ``within``: see :meth:`Resource.asked_by`.
    """

    path: str
    split: Split
    limit: int = 200
    params: Filters = field(default_factory=dict)
    nothing: frozenset[str] = frozenset()
    within: Within | None = None
    contexts: tuple[int, ...] = ()

    @property
    def again(self) -> list[Filters]:
        """The parameters of each further request for the same ids."""
        return [{**self.params, self.within.param: one} for one in self.contexts] if self.within else []


# How changes and deletions are found. ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changes:
    """A search whose rows are the objects that changed.

    ``moments`` are PERIOD filters, ``standing`` filters that need no period (notes that are not shipped yet). They are
    asked *in turn*, the one that waited longest first, each with a mark of its own: a quiet account costs one request,
    and once something was found the others are asked in the same run. ``same`` maps a column of the search to a column
    of the resource's first table: an object whose columns are all equal, and that was read well after it was last
    changed, is not fetched again. It must hold an instant of change, or everything that may change.
    """

    path: str
    id_column: str
    moments: tuple[str, ...]
    standing: tuple[Filters, ...] = ()
    same: Mapping[str, str] = field(default_factory=dict)
    overlap: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Sweep:
    """How deletions are found: the complete listing, again after ``every``; ``None``: at full pulls only.

    ``valve``: more than this share of all objects gone at once is not believed; nothing of the resource is published
    until a person accepts it (``--accept-deletions``). Less than ``few`` objects always pass.
    """

    every: timedelta | None = timedelta(days=1)
    valve: float = 0.05
    few: int = 20


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. ``name`` is that of its Dagster op, of its folder, and on the command line.

    - ``tables``: table of the lake -> what is put into it; the first is the main one.
    - ``get`` is ``None`` where the rows of the listing (a :class:`Search`) are the records; decode gets each as
      ``{column: value}``.
    - ``absent_is_gone``: an object that was asked for and is not in the answer does not exist any more. ``False``: it
      has no rows (no stock, no reservation), which is nothing to worry about.
    - ``afterwards``: SQL run in the same transaction of the lake, after the rows are in; ``temp.main.changed`` and
      ``temp.main.gone`` have the ``object_id`` of what was written and of what was deleted.
    - ``rotate``: no object's reading is older. For what no filter shows; with ``changes`` it is done with the sweep.
    - ``every``: how fresh the tables are promised to be, and how often the refresh looks at it.
    - ``lookups``: name -> SQL of one or two columns, for :class:`Context`.
    - ``after``: names of tables that must be read before (those that ``Chosen.sql`` and ``lookups`` ask).
    - ``hinted``: webhooks name objects of it (``bp_assets/hints.py`` says which); the next refresh fetches them.
    - ``traps``: what one has to know, in words, for the docs.
    - ``version``: a higher one than the last pull's forces a full pull (a column was added).
    """

    name: str
    title: str
    tables: Mapping[str, Rows]
    listing: Listing
    get: Get | None
    decode: Decode
    changes: Changes | None = None
    sweep: Sweep = Sweep()
    absent_is_gone: bool = True
    rotate: timedelta | None = None
    every: timedelta = timedelta(hours=1)
    lookups: Mapping[str, str] = field(default_factory=dict)
    afterwards: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    hinted: bool = False
    traps: str = ""
    version: int = 1

    @property
    def main(self) -> str:
        """The first of its tables."""
        return next(iter(self.tables))

    @property
    def contexts(self) -> tuple[int, ...]:
        """Within which contexts its objects are asked for too."""
        return self.get.contexts if self.get else ()

    def asked_by(self, erp: Erp) -> Resource:
        """The description with the contexts that the shops file names."""
        if self.get is None or self.get.within is None:
            return self
        return replace(self, get=replace(self.get, contexts=tuple(self.get.within.values(erp))))

    def __post_init__(self) -> None:
        fault = _fault(self)
        if fault:
            raise ValueError(f"resource {self.name}: {fault}")


def _fault(one: Resource) -> str:
    """What can't work in a description, or an empty text."""
    if not one.tables:
        return "it fills no table"
    if one.get is None and not isinstance(one.listing, Search):
        return "without a GET its listing must be a search, whose rows are the records"
    if one.get is not None:
        whole = isinstance(one.listing, Whole)
        if whole == ("{ids}" in one.get.path):
            return "the GET of a whole list names no {ids}; any other must"
        if one.get.within and (whole or one.get.nothing):
            return "within contexts sets of ids are asked for, and an answer without any of them is no error"
        if one.get.limit < 1:
            return "a GET asks for one id at least"
        if whole and one.changes:
            return "a whole list is read whole, each time"
    if one.changes and not (one.changes.moments or one.changes.standing):
        return "changes that ask nothing"
    if one.changes and one.get is None and one.changes.path != getattr(one.listing, "path", ""):
        return "without a GET changes must come from the same search as the listing"
    swept = one.changes and not isinstance(one.listing, Chosen)
    if one.rotate and swept and not (one.sweep.every and one.sweep.every < one.rotate):
        return "what has changes is read again in turn when it is swept, so the sweep must come oftener than the turn"
    if not 0 < one.sweep.valve <= 1:
        return "the valve is a share: above 0, at most 1"
    return ""
