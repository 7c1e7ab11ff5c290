"""Fixtures that every test may use: a home with the embedded PostgreSQL, a fresh database, an open ledger, a lake.

The server is one per test session (per worker); databases are made per test from a migrated template. Each is some
three hundred files: a hundredth of a second in memory, up to half a second on a slow disk. So the session's temporary
files are kept in memory where there is room and ``TMPDIR`` says nothing else; no process of ours asks a disk for more
than that what it wrote can be read.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bp_assets.config.home import Home
from bp_assets.lake.connect import Lake
from bp_assets.lake.migrate import migrate as migrate_lake
from bp_assets.ledger import cluster, server
from bp_assets.ledger.connection import Ledger

_NUMBERS = itertools.count(1)
_MEMORY = Path("/dev/shm")  # Linux: a file system in memory, half of it by default
_ROOM = 3 * 1024**3  # several times what two workers were seen to use


def pytest_configure(config: pytest.Config) -> None:
    config.option.loadscopereorder = False  # pytest-xdist's own order is by number of tests, see below
    if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ["TMPDIR"] = str(_MEMORY)  # for this process, the workers and what tests start
        tempfile.tempdir = None  # asked for again


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Several workers begin with the files that hold slow tests, or one would be busy with the last while others idle.
    A single process keeps the usual order: a quick test that fails is seen first."""
    if hasattr(config, "workerinput"):
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder for servers outside pytest's own: as root a server runs as another user, and every pytest session that
    starts shuts other users out of pytest's folders, those of running sessions too."""
    with tempfile.TemporaryDirectory(prefix="tillbridge-tests-") as folder:
        yield Path(folder)


@pytest.fixture
def server_path(server_folder: Path) -> Path:
    """A folder of this test alone in which an embedded server may live."""
    return Path(tempfile.mkdtemp(dir=server_folder))


@pytest.fixture(scope="session")
def postgres(server_folder: Path) -> Iterator[sa.URL]:
    """URL of an embedded PostgreSQL of this session; its database ``ready`` has a migrated ledger and lake."""
    data = server_folder / "session" / "postgres"
    socket_dir = cluster.attach(data)
    url = sa.make_url(f"postgresql+psycopg2://postgres@/postgres?host={socket_dir}")
    make_database(url, "ready")
    home = Home(data.parent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TILLBRIDGE_DATABASE_URL", url.set(database="ready").render_as_string(hide_password=False))
        Ledger.open(home).close()
        migrate_lake(Lake(home, server.lake_catalogue_dsn(home)))
    yield url
    cluster.stop(data)
    cluster.release(data)


def make_database(url: sa.URL, name: str, template: str = "template1") -> sa.URL:
    """A new database beside the one of ``url``."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f'create database "{name}" template "{template}"'))
    return url.set(database=name)


def drop_database(url: sa.URL, name: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f'drop database if exists "{name}" with (force)'))


@pytest.fixture(scope="session")
def used(postgres: sa.URL) -> deque[str]:
    """Databases of tests that have ended. PostgreSQL waits a tenth of a second for a connection closed just now, so a
    database is dropped some tests later."""
    return deque()


@pytest.fixture
def database(postgres: sa.URL, used: deque[str]) -> Iterator[str]:
    """URL of a fresh, migrated database of this test alone."""
    name = f"test_{next(_NUMBERS)}"
    url = make_database(postgres, name, template="ready")
    yield url.render_as_string(hide_password=False)
    used.append(name)
    if len(used) > 5:
        drop_database(postgres, used.popleft())


def let_go(home: Home) -> None:
    """Close what the resources hold open of a home in this process, which opens many in turn. Where nobody imported
    them, and Dagster with them, there is nothing."""
    resources = sys.modules.get("bp_assets.resources")
    if resources and (lake := resources._lakes.pop(home, None)):
        lake.close()
    if resources and (ledger := resources._ledgers.pop(home, None)):
        ledger.close()


@pytest.fixture
def home(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home of this test alone: its own database, its own folders. Nothing of it stays open after the test."""
    monkeypatch.setenv("TILLBRIDGE_DATABASE_URL", database)
    monkeypatch.setenv("TILLBRIDGE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TILLBRIDGE_LAKE_PATH", raising=False)
    root = tmp_path / "home"
    root.mkdir()
    made = Home(root)
    # The template's lake has no rows yet, so its files may stand anywhere: here, in the folder of this test.
    with sa.create_engine(server.database_url(made), poolclass=sa.NullPool).begin() as connection:
        move = sa.text("update lake.ducklake_metadata set value = :folder where key = 'data_path'")
        connection.execute(move, {"folder": f"{made.lake}/"})
    yield made
    let_go(made)


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    """An empty ledger, open."""
    assert home.database_url
    with Ledger(server.database_url(home)) as opened:
        yield opened


@pytest.fixture
def lake(home: Home) -> Iterator[Lake]:
    """An empty lake with all its tables."""
    lake = Lake(home, server.lake_catalogue_dsn(home))
    yield lake
    lake.close()
