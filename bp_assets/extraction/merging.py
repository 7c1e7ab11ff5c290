"""What was read into the lake, in one transaction: readers see the tables as they were, or as they are now.

By object: the rows of an object whose content is another one, or that is gone, are deleted and written anew; all others
are not touched. A deletion of many objects at once is held back by the valve until a person accepts it.
Read: the parts of a spool. Written: the resource's tables, ``extraction_objects``, ``extraction_quarantine``, marks.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from bp_assets.brightpearl.id_sets import unpack
from bp_assets.extraction.decoding import GONE, KEPT, UNCLEAR
from bp_assets.extraction.plan import Kind, Plan, State
from bp_assets.extraction.resource import Chosen, Resource
from bp_assets.extraction.spool import Done, Spool
from bp_assets.lake.connect import quoted
from bp_assets.lake.frames import Writer
from bp_assets.lake.table import Table
from bp_assets.lake.tables import BY_NAME

_OBJECTS = "object_id BIGINT, state VARCHAR, content_hash VARCHAR, as_of TIMESTAMPTZ"
_QUARANTINED = "object_id VARCHAR, reason VARCHAR, raw VARCHAR"


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did. ``held_back`` objects seem to be gone, and were not deleted: too many at once."""

    rows: dict[str, int]
    written: dict[str, int]
    deleted: dict[str, int]
    objects: int = 0
    changed: int = 0
    gone: int = 0
    held_back: int = 0
    known: int = 0
    quarantined: tuple[str, ...] = ()
    new_members: dict[str, int] | None = None
    unasked: int = 0


def merge(
    writer: Writer, resource: Resource, plan: Plan, spool: Spool, state: State | None, *, accept_deletions: bool
) -> Merged:
    """Within a write transaction. Raises: ``duckdb.Error``; nothing is written then."""
    return _Merge(writer, resource, plan, spool, state).run(accept_deletions=accept_deletions)


class _Merge:
    def __init__(self, writer: Writer, resource: Resource, plan: Plan, spool: Spool, state: State | None) -> None:
        self.writer, self.resource, self.plan, self.spool, self.state = writer, resource, plan, spool, state
        self.run_sql = writer.connection.execute

    def run(self, *, accept_deletions: bool) -> Merged:
        resource, parts = self.resource, self.spool.done()
        known = self._temporary(self._listed())
        gone = self._count("gone")
        held_back = 0
        if self._valved and gone > max(resource.sweep.few, resource.sweep.valve * known) and not accept_deletions:
            held_back, gone = gone, 0
            self.run_sql("DELETE FROM temp.main.gone")
        changed = self._count("changed")
        tables = {name: self._table(BY_NAME[name]) if changed or gone else (0, 0) for name in resource.tables}
        quarantined: tuple[str, ...] = ()
        if parts or gone:
            self._objects()
            quarantined = self._quarantine()
        if any(any(counts) for counts in tables.values()) or self.state is None:
            for statement in resource.afterwards:
                self.run_sql(statement)
        members = _added(parts)
        return Merged(
            rows=self._marks(members, held_back),
            written={name: counts[0] for name, counts in tables.items()},
            deleted={name: counts[1] for name, counts in tables.items()},
            objects=sum(part.objects for part in parts),
            changed=changed,
            gone=gone,
            held_back=held_back,
            known=known,
            quarantined=quarantined,
            new_members=members if self.state is not None else None,
            unasked=sum(part.unasked for part in parts),
        )

    def _temporary(self, listed: pl.DataFrame | None) -> int:
        """The sets of ids that decide: ``incoming`` as read, ``known`` before, ``changed`` and ``gone``.

        Returns how many objects were known.
        """
        self.run_sql(f"CREATE TEMP TABLE incoming AS {_parquet(self.spool.files('_objects'), _OBJECTS)}")
        mine = f"extraction_objects WHERE resource = {quoted(self.resource.name)}"
        # Where not all are compared, only those that were read matter.
        some = "" if self._complete else " AND object_id IN (SELECT object_id FROM temp.main.incoming)"
        self.run_sql(f"CREATE TEMP TABLE known AS SELECT object_id, content_hash FROM {mine}{some}")
        if self.state is None and self._valved:
            # Rows that stood here before this engine knew of their objects.
            main = BY_NAME[self.resource.main]
            self.run_sql(
                f"INSERT INTO temp.main.known SELECT DISTINCT {self._id(main)}, '' FROM {main.sql} "
                f"WHERE {self._id(main)} NOT IN (SELECT object_id FROM temp.main.known)"
            )
        self.run_sql(
            "CREATE TEMP TABLE changed AS SELECT object_id FROM temp.main.incoming i "
            f"WHERE state = '{KEPT}' AND NOT EXISTS (SELECT 1 FROM temp.main.known k "
            "WHERE k.object_id = i.object_id AND k.content_hash = i.content_hash)"
        )
        absent = f"SELECT object_id FROM temp.main.incoming WHERE state = '{GONE}'"
        if listed is not None:
            self.writer.connection.register("listed_ids", listed.to_arrow())
            absent += " UNION SELECT object_id FROM temp.main.known WHERE object_id NOT IN (SELECT id FROM listed_ids)"
        elif self.plan.whole and not self._nameless():
            # A record whose id can't be read may be any of ours: then nothing counts as gone.
            absent += (
                " UNION SELECT object_id FROM temp.main.known"
                " WHERE object_id NOT IN (SELECT object_id FROM temp.main.incoming)"
            )
        self.run_sql(
            f"CREATE TEMP TABLE gone AS SELECT object_id FROM ({absent}) "
            "WHERE object_id IN (SELECT object_id FROM temp.main.known)"
        )
        if listed is not None:
            self.writer.connection.unregister("listed_ids")
        return self._count("known") if self._complete else self._count(mine, "")

    @property
    def _valved(self) -> bool:
        """What the lake chooses (open orders) leaves the tables for reasons that we know: many at once are no alarm.
        And rows that others wrote there (of orders that need no question) are none of its objects."""
        return not isinstance(self.resource.listing, Chosen)

    @property
    def _complete(self) -> bool:
        """Whether what is there in all is known: then the rest is gone."""
        return self.plan.whole or self.plan.listed is not None

    def _listed(self) -> pl.DataFrame | None:
        if self.plan.listed is None:
            return None
        ids = array("q", (one for text in self.plan.listed for one in unpack(text)))
        return pl.DataFrame({"id": pl.Series(ids, dtype=pl.Int64)})

    def _nameless(self) -> bool:
        files = self.spool.files("_quarantined")
        if not files:
            return False
        found = self.run_sql(f"SELECT count(*) FROM ({_parquet(files)}) WHERE NOT regexp_full_match(object_id, '\\d+')")
        return bool((found.fetchone() or (0,))[0])

    def _table(self, table: Table) -> tuple[int, int]:
        """Rows written and rows deleted."""
        given, mine, deleted = self.resource.tables[table.name], self._id(table), 0
        if self._count(table.sql, ""):
            leaving = "SELECT object_id FROM temp.main.gone UNION ALL SELECT object_id FROM temp.main.changed"
            deleted = self._affected(f"DELETE FROM {table.sql} WHERE {mine} IN ({leaving})")
        files = self.spool.files(table.name)
        if not files:
            return 0, deleted
        held = {*given.columns, "as_of"}
        columns = ", ".join(
            f'"{c.name}"' if c.name in held else f'CAST(NULL AS {c.type}) AS "{c.name}"' for c in table.columns
        )
        key = ", ".join(f'"{name}"' for name in table.key)
        rows = f"SELECT {columns} FROM ({_parquet(files)}) WHERE {mine} IN (SELECT object_id FROM temp.main.changed)"
        if tuple(table.key) != (given.id,):
            # Two objects that name one key (an address that two contacts share): the one with the greater id has it,
            # or the one that was read last.
            twice = self.run_sql(f"SELECT 1 FROM ({rows}) GROUP BY {key} HAVING count(*) > 1 LIMIT 1").fetchone()
            if twice:
                rows += f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {mine} DESC) = 1"
            if self._count(table.sql, ""):
                same = " AND ".join(f't."{name}" = s."{name}"' for name in table.key)
                taken = f"EXISTS (SELECT 1 FROM ({rows}) AS s WHERE {same})"
                deleted += self._affected(f"DELETE FROM {table.sql} AS t WHERE {taken}")
        return self.writer.insert_query(table.name, rows), deleted

    def _id(self, table: Table) -> str:
        name = self.resource.tables[table.name].id
        return f'"{name}"' if table.column(name).type == "BIGINT" else f'TRY_CAST("{name}" AS BIGINT)'

    def _objects(self) -> None:
        """What is known from now on. The hash of what could not be understood is empty: it is asked for again."""
        name = self.resource.name
        self.run_sql(
            "DELETE FROM extraction_objects WHERE resource = ? "
            "AND (object_id IN (SELECT object_id FROM temp.main.gone) "
            f"OR object_id IN (SELECT object_id FROM temp.main.incoming WHERE state <> '{GONE}'))",
            [name],
        )
        self.run_sql(
            "INSERT INTO extraction_objects (resource, object_id, content_hash, read_on) "
            "SELECT ?, object_id, content_hash, as_of FROM temp.main.incoming "
            f"WHERE state <> '{GONE}' AND object_id NOT IN (SELECT object_id FROM temp.main.gone)",
            [name],
        )

    def _quarantine(self) -> tuple[str, ...]:
        """Ids that could not be understood now. Who was understood, or is gone, leaves."""
        table, name, now = BY_NAME["extraction_quarantine"].sql, self.resource.name, self.plan.made
        files = self.spool.files("_quarantined")
        self.run_sql(
            f"CREATE TEMP TABLE unread AS SELECT * FROM ({_parquet(files, _QUARANTINED)}) "
            "QUALIFY row_number() OVER (PARTITION BY object_id) = 1"
        )
        over = (
            f"SELECT CAST(object_id AS VARCHAR) FROM temp.main.incoming WHERE state <> '{UNCLEAR}' "
            "UNION ALL SELECT CAST(object_id AS VARCHAR) FROM temp.main.gone"
        )
        nameless = "OR NOT regexp_full_match(object_id, '\\d+')" if self.plan.kind is Kind.FULL else ""
        self.run_sql(
            f"CREATE TEMP TABLE seen AS SELECT object_id, min(first_seen) AS first_seen FROM {table} "
            "WHERE resource = ? GROUP BY object_id",
            [name],
        )
        self.run_sql(
            f"DELETE FROM {table} WHERE resource = ? AND (object_id IN ({over}) {nameless} "
            "OR object_id IN (SELECT object_id FROM temp.main.unread))",
            [name],
        )
        self.run_sql(
            f"INSERT INTO {table} (resource, object_id, reason, raw, first_seen, last_seen) "
            "SELECT ?, u.object_id, u.reason, u.raw, coalesce(s.first_seen, ?), ? "
            "FROM temp.main.unread u LEFT JOIN temp.main.seen s ON s.object_id = u.object_id",
            [name, now, now],
        )
        rows = self.run_sql("SELECT object_id FROM temp.main.unread ORDER BY 1").fetchall()
        return tuple(row[0] for row in rows)

    def _marks(self, members: dict[str, int], held_back: int) -> dict[str, int]:
        """The marks move; how many rows each table now has."""
        plan, resource = self.plan, self.resource
        before = self.state or State(resource.version, {}, plan.clock)
        moments = {**before.moments, **plan.moments, **self._asked()}
        state = replace(
            before,
            version=resource.version,
            moments=moments,
            # What was held back is looked for again with the next refresh.
            listed=plan.clock if self._complete and not held_back else before.listed,
            members=tuple(sorted({*before.members, *members})),
            contexts=resource.contexts,
        )
        oldest: Any = None
        if resource.rotate is not None:
            query = "SELECT min(read_on) FROM extraction_objects WHERE resource = ?"
            oldest = (self.run_sql(query, [resource.name]).fetchone() or (None,))[0]
        water = min(moments.values(), default=plan.clock)
        for name in resource.tables:
            mark = state.as_mark() if name == resource.main else {"of": resource.main}
            self.writer.set_mark(name, mark, plan.made, high_water=water, oldest=oldest)
        names = ", ".join(quoted(name) for name in resource.tables)
        return dict(self.run_sql(f"SELECT table_name, rows FROM lake_marks WHERE table_name IN ({names})").fetchall())

    def _asked(self) -> dict[str, datetime]:
        """The questions whose searches came to their end."""
        ended = {part.search for part in self.spool.done() if part.ended}
        searches = self.plan.searches
        return {one["name"]: self.plan.clock for number, one in enumerate(searches) if number in ended and one["name"]}

    def _count(self, table: str, schema: str = "temp.main.") -> int:
        return int((self.run_sql(f"SELECT count(*) FROM {schema}{table}").fetchone() or (0,))[0])

    def _affected(self, sql: str) -> int:
        return int((self.run_sql(sql).fetchone() or (0,))[0])


def _added(parts: Sequence[Done]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, count in part.members.items():
            total[name] = total.get(name, 0) + count
    return total


def _parquet(files: Sequence[str], columns: str = "") -> str:
    """A query of the files' rows; without files, one of no rows with ``columns``."""
    if not files:
        names = ", ".join(f"CAST(NULL AS {one.split()[1]}) AS {one.split()[0]}" for one in columns.split(", "))
        return f"SELECT {names} WHERE false"
    return f"SELECT * FROM read_parquet([{', '.join(quoted(file) for file in files)}])"
