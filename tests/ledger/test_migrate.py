"""The ledger migrates itself, once, whoever starts first, and refuses a database from the future."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects.postgresql.base import ischema_names

from bp_assets.config.home import Home
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.errors import LedgerNewer
from bp_assets.ledger.migrate import HEAD, migrate
from bp_assets.ledger.schema import STAMPED, Xid8, metadata
from tests.conftest import drop_database, make_database

MIGRATIONS = Path(__file__).parents[2] / "bp_assets" / "ledger" / "migrations"


def test_the_migrated_database_is_what_the_code_believes(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ischema_names, "xid8", Xid8)

    def ours(name: str | None, kind: str, parents: object) -> bool:
        return kind != "schema" or name == "tillbridge"

    with ledger.engine.connect() as connection:
        options = {"include_schemas": True, "include_name": ours, "version_table_schema": "tillbridge"}
        context = MigrationContext.configure(connection, opts={**options, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_newest_revision_is_the_one_the_code_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_every_stamped_table_has_its_trigger(ledger: Ledger) -> None:
    query = sa.text(
        "select tgrelid::regclass::text from pg_trigger where not tgisinternal and tgname like '%\\_stamp' order by 1"
    )
    with ledger.begin() as connection:
        assert list(connection.scalars(query)) == sorted(f"tillbridge.{table}" for table in STAMPED)


def test_a_migrated_database_is_left_alone(ledger: Ledger) -> None:
    assert migrate(ledger.engine) is False


def test_four_processes_that_start_at_once_migrate_once(postgres: sa.URL, tmp_path: Path) -> None:
    name = f"starters_{tmp_path.name}".replace("-", "_")
    url = make_database(postgres, name).render_as_string(hide_password=False)
    code = (
        "from pathlib import Path; from bp_assets.config.home import Home; "
        "from bp_assets.ledger.connection import Ledger; from bp_assets.ledger.totals import counts; "
        "import sys; print(counts(Ledger.open(Home(Path(sys.argv[1])))))"
    )
    root = Path(__file__).parents[2]
    environment = {"TILLBRIDGE_DATABASE_URL": url, "PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", code, str(tmp_path)]
    starters = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [starter.communicate(timeout=60) for starter in starters]
    assert said == [("{}\n", "")] * 4
    drop_database(postgres, name)


def test_a_database_from_a_newer_version_is_left_alone_with_a_clear_word(ledger: Ledger, home: Home) -> None:
    with ledger.begin() as connection:
        connection.execute(sa.text("update tillbridge.alembic_version set version_num = '0999'"))
    with pytest.raises(LedgerNewer, match="The ledger is at revision 0999, this tillbridge knows up to 0007"):
        Ledger.open(home)
