"""One database, three schemas: the ledger's, Dagster's and the lake's, from one URL."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from psycopg2.extensions import parse_dsn

from bp_assets.config.home import Home
from bp_assets.ledger import server
from bp_assets.ledger.connection import Ledger


def test_dagster_keeps_to_its_schema_of_the_same_database(
    ledger: Ledger, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dagster import DagsterInstance

    monkeypatch.setenv("TILLBRIDGE_TEST_URL", server.dagster_url(home))
    (tmp_path / "dagster.yaml").write_text(
        "storage:\n  postgres:\n    postgres_url:\n      env: TILLBRIDGE_TEST_URL\ntelemetry:\n  enabled: false\n"
    )
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.get_runs() == []
    query = sa.text("select table_schema, count(*) > 10 from information_schema.tables group by 1 order by 1")
    with ledger.begin() as connection:
        found = {schema: many for schema, many in connection.execute(query) if schema in ("dagster", "public")}
    assert found == {"dagster": True}


def test_a_url_of_your_own_may_use_any_postgres_scheme_and_keeps_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    own = "postgres://clerk:p%40ss%27w@db.example:6432/shop?sslmode=require"
    monkeypatch.setenv("TILLBRIDGE_DATABASE_URL", own)
    home = Home(Path("unused"))
    assert server.database_url(home) == "postgresql+psycopg2://clerk:p%40ss%27w@db.example:6432/shop?sslmode=require"
    url = sa.make_url(server.dagster_url(home))
    assert (url.drivername, url.host, url.query["options"]) == ("postgresql", "db.example", "-csearch_path=dagster")
    assert parse_dsn(server.lake_catalogue_dsn(home)) == {
        "dbname": "shop", "sslmode": "require", "host": "db.example", "port": "6432", "user": "clerk",
        "password": "p@ss'w",
    }  # fmt: skip


def test_stopping_leaves_a_server_of_your_own_alone(ledger: Ledger, home: Home) -> None:
    server.stop(home)
    with ledger.begin() as connection:
        assert connection.scalar(sa.text("select 1")) == 1
