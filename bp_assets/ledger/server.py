"""Which PostgreSQL: your own (``TILLBRIDGE_DATABASE_URL``) or the embedded one, and who lives where in it.

One database, three schemas, alike on both: ``tillbridge`` (the ledger), ``dagster`` (Dagster's storage) and ``lake``
(DuckLake's catalogue). One database needs one URL, one backup and one point in time to restore to: the marks in the
lake and the rows they speak of can't drift apart. Read: environment. Written: the schemas, if missing.
"""

from __future__ import annotations

import sqlalchemy as sa
from psycopg2.extensions import make_dsn  # type: ignore[import-untyped]  # ships no types

from bp_assets.config.home import Home
from bp_assets.ledger import cluster
from bp_assets.ledger.errors import LedgerUnavailable

LEDGER_SCHEMA = "tillbridge"
DAGSTER_SCHEMA = "dagster"
LAKE_SCHEMA = "lake"
_DRIVER = "postgresql+psycopg2"
_LOCK = 0x7411_0004  # an arbitrary number, the same in every version


def database_url(home: Home) -> str:
    """The SQLAlchemy URL of the one database; starts the embedded server if there is no URL of your own.

    Raises:
        LedgerUnavailable: the embedded server can't be started, or the URL is not a PostgreSQL URL.
    """
    if home.database_url:
        return _own(home.database_url)
    socket_dir = cluster.attach(home.postgres)
    url = sa.URL.create(_DRIVER, cluster.SUPERUSER, database="postgres", query={"host": str(socket_dir)})
    return url.render_as_string(hide_password=False)


def dagster_url(home: Home) -> str:
    """The URL for ``dagster.yaml``: the same database, with Dagster's schema as the one its tables are made in."""
    url = sa.make_url(database_url(home)).set(drivername="postgresql")
    said = url.query.get("options", "")
    options = " ".join(
        filter(None, [said if isinstance(said, str) else " ".join(said), f"-csearch_path={DAGSTER_SCHEMA}"])
    )
    return url.update_query_dict({"options": options}).render_as_string(hide_password=False)


def lake_catalogue_dsn(home: Home) -> str:
    """The libpq connection string of DuckLake's catalogue, which stands in the schema ``LAKE_SCHEMA``."""
    return dsn(database_url(home))


def dsn(url: str) -> str:
    """A SQLAlchemy PostgreSQL URL as a libpq connection string."""
    parts = sa.make_url(url)
    known: dict[str, str] = {key: value if isinstance(value, str) else value[-1] for key, value in parts.query.items()}
    named = {"host": parts.host, "port": parts.port, "user": parts.username, "password": parts.password}
    known.update({key: str(value) for key, value in named.items() if value is not None})
    return str(make_dsn(dbname=parts.database or "postgres", **known))


def ensure_schemas(engine: sa.Engine) -> None:
    """Make the three schemas if they are missing. Needs the right to create schemas only where one is missing."""
    with engine.begin() as connection:
        there = set(connection.scalars(sa.text("select nspname from pg_namespace")))
        missing = [schema for schema in (LEDGER_SCHEMA, DAGSTER_SCHEMA, LAKE_SCHEMA) if schema not in there]
        if missing:  # "if not exists" alone fails where two make the same schema at the same moment
            connection.execute(sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        for schema in missing:
            connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))


def stop(home: Home) -> None:
    """End of ``make dev`` and ``demo``: stop the embedded server after its users were ended. Never touches your own."""
    if not home.database_url:
        cluster.stop(home.postgres)


def _own(text: str) -> str:
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        raise LedgerUnavailable(
            "TILLBRIDGE_DATABASE_URL is not a URL. It looks like postgresql://user:password@host:5432/database."
        ) from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise LedgerUnavailable(
            f"TILLBRIDGE_DATABASE_URL names {url.get_backend_name()}; the ledger needs PostgreSQL "
            "(postgresql://user:password@host:5432/database)."
        )
    return url.set(drivername=_DRIVER).render_as_string(hide_password=False)
