"""The simulation's own embedded PostgreSQL: databases for the seeds, a ``now()`` that can be moved, restarts.

Every database has a schema ``sim`` that stands before ``pg_catalog`` in the search path: its ``now()`` is the clock of
the simulated day, so that the ledger's statements and column defaults keep the same time as everything else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import sqlalchemy as sa

from bp_assets.config.home import Home
from bp_assets.lake.connect import Lake
from bp_assets.lake.migrate import migrate as migrate_lake
from bp_assets.ledger import cluster, server
from bp_assets.ledger.connection import Ledger

_CLOCK = """
create schema sim;
create table sim.clock (ahead double precision not null);
insert into sim.clock values (0);
create function sim.now() returns timestamptz language sql stable
    as 'select pg_catalog.now() + make_interval(secs => ahead) from sim.clock';
create function sim.clock_timestamp() returns timestamptz language sql volatile
    as 'select pg_catalog.clock_timestamp() + make_interval(secs => ahead) from sim.clock';
do $$ declare one record; begin
    for one in select table_name, column_name from information_schema.columns
               where table_schema = 'tillbridge' and column_default like '%now()' loop
        execute format('alter table tillbridge.%I alter %I set default sim.now()', one.table_name, one.column_name);
    end loop;
end $$;
"""


class Postgres:
    """``url`` of a database is for SQLAlchemy. ``with_lake`` brings the tables people read, which takes seconds."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "postgres"
        self._home = Home(folder)
        self._templates: set[str] = set()
        self._root = self._attach()
        # A lost machine is not part of the simulation, so nothing need reach the disk.
        self._admin(
            "alter system set fsync = off", "alter system set full_page_writes = off", "select pg_reload_conf()"
        )
        self._admin('alter role postgres set search_path = "$user", public, sim, pg_catalog')

    def close(self) -> None:
        cluster.stop(self.data)
        cluster.release(self.data)

    def make(self, name: str, *, with_lake: bool = False) -> str:
        """A new database with a migrated ledger; its URL."""
        template = "ready" if with_lake else "bare"
        if template not in self._templates:
            self._make_template(template, with_lake=with_lake)
        self._admin(f'create database "{name}" template {template}')
        return self.url(name)

    def drop(self, name: str) -> None:
        self._admin(f'drop database if exists "{name}" with (force)')

    def url(self, name: str) -> str:
        return self._root.set(database=name).render_as_string(hide_password=False)

    def restart(self) -> None:
        """Stop and start the server: every connection is lost, every open transaction rolled back."""
        cluster.stop(self.data)
        self._root = self._attach()

    def cut(self, name: str) -> None:
        """End every connection to a database, as a failing network or a restarted pooler would."""
        self._admin(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")

    def _attach(self) -> sa.URL:
        folder = cluster.attach(self.data)
        return sa.make_url(f"postgresql+psycopg2://postgres@/postgres?host={folder}")

    def _make_template(self, name: str, *, with_lake: bool) -> None:
        self._admin(f"create database {name}")
        with mock.patch.dict(os.environ, {"TILLBRIDGE_DATABASE_URL": self.url(name)}):
            Ledger.open(self._home).close()
            if with_lake:
                migrate_lake(Lake(self._home, server.lake_catalogue_dsn(self._home)))
        engine = sa.create_engine(self.url(name), poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.text(_CLOCK))
        self._templates.add(name)

    def _admin(self, *statements: str) -> None:
        engine = sa.create_engine(self._root, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)


@contextmanager
def running(folder: Path) -> Iterator[Postgres]:
    server_ = Postgres(folder)
    try:
        yield server_
    finally:
        server_.close()
