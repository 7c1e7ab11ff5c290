"""A lake filled once for all tests that only read it. Read and written: a database and a folder of these alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from bp_assets.config import Home
from bp_assets.export.forecasting import Exported, export_forecasting
from bp_assets.export.formats import PARQUET
from bp_assets.lake.connect import Lake
from bp_assets.ledger import server
from tests.conftest import drop_database, make_database
from tests.export.account import fill


@pytest.fixture(scope="package")
def filled(postgres: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Two rows in every table that an export reads. Tests that write use ``lake``."""
    url = make_database(postgres, "exports", template="ready")
    root = tmp_path_factory.mktemp("export")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TILLBRIDGE_DATABASE_URL", url.render_as_string(hide_password=False))
        home = Home(root)
        with sa.create_engine(server.database_url(home), poolclass=sa.NullPool).begin() as connection:
            move = sa.text("update lake.ducklake_metadata set value = :folder where key = 'data_path'")
            connection.execute(move, {"folder": f"{home.lake}/"})
        lake = Lake(home, server.lake_catalogue_dsn(home))
        fill(lake)
        yield lake
    drop_database(postgres, "exports")


@dataclass(frozen=True, slots=True)
class Sets:
    """The filled lake, exported in three kinds of set."""

    plain: Exported
    private: Exported
    private_typed: Exported


@pytest.fixture(scope="package")
def sets(filled: Lake, tmp_path_factory: pytest.TempPathFactory) -> Sets:
    to = tmp_path_factory.mktemp("sets")
    return Sets(
        export_forecasting(filled, to / "plain"),
        export_forecasting(filled, to / "private", with_contacts=True),
        export_forecasting(filled, to / "typed", PARQUET, with_contacts=True),
    )


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "sets"
