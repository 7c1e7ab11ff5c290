"""The ledger's migrations, applied by whoever opens the ledger first.

Read: ``tillbridge.alembic_version``. Written: the ledger's schema, in one transaction under an advisory lock, so that
starters at the same moment wait for the first and find the work done.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from bp_assets.ledger.errors import LedgerNewer
from bp_assets.ledger.server import LEDGER_SCHEMA

HEAD = "0007"
_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x7411_0001  # an arbitrary number, the same in every version


def migrate(engine: sa.Engine) -> bool:
    """Bring the ledger to this version's schema; whether anything had to be done.

    Raises:
        LedgerNewer: a newer version of tillbridge was here before; nothing was changed.
    """
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return False
    with engine.begin() as connection:
        connection.execute(sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        found = _revision(connection)
        if found == HEAD:
            return False
        _apply(connection, found)
    return True


def _revision(connection: sa.Connection) -> str | None:
    table = f"{LEDGER_SCHEMA}.alembic_version"
    if connection.scalar(sa.text("select to_regclass(:name)"), {"name": table}) is None:
        return None
    return connection.scalar(sa.text(f"select version_num from {table}"))


def _apply(connection: sa.Connection, found: str | None) -> None:
    # Imported here: nine starts in ten have nothing to migrate, and alembic takes its time to import.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise LedgerNewer(
            f"The ledger is at revision {found}, this tillbridge knows up to {HEAD}. "
            "Install the version that was here before, or a newer one; nothing was changed."
        )
    connection.execute(sa.schema.CreateSchema(LEDGER_SCHEMA, if_not_exists=True))
    command.upgrade(config, "head")
