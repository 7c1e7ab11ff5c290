"""The evening of a day: the product's own tables are filled and its checks run, in this process, without a daemon.

Read: the day's ledger and ERP. Written: a lake of the day. What stands in the tables is for the auditor to judge.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import sqlalchemy as sa

from tests.conftest import let_go
from tests.simulation.retailer import TOKEN, shops_text

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Books:
    """What finance and the checks say."""

    reconciliation: list[Row]
    takings: list[Row]
    findings: list[Row]


def move_lake(database: str, folder: Path) -> None:
    """The template's lake has no rows yet, so its files may stand anywhere: in the folder of this day."""
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    with engine.begin() as connection:
        move = sa.text("update lake.ducklake_metadata set value = :folder where key = 'data_path'")
        connection.execute(move, {"folder": f"{folder}/lake/"})


def close_the_books(database: str, erp_url: str, folder: Path, unknown_sku: str, summed: str, *, checks: bool) -> Books:
    """Read back, reconcile, and with ``checks`` fill every table and run all checks; hand over what they say."""
    import dagster as dg

    config = folder / "shops.toml"
    config.write_text(shops_text(erp_url, folder, unknown_sku, summed), encoding="utf-8")
    environment = {
        "TILLBRIDGE_DATABASE_URL": database, "TILLBRIDGE_HOME": str(folder), "TILLBRIDGE_CONFIG": str(config),
        "TILLBRIDGE_ERP_TOKEN": TOKEN,
    }  # fmt: skip
    with mock.patch.dict(os.environ, environment), warnings.catch_warnings():
        warnings.simplefilter("ignore", category=dg.BetaWarning)
        from bp_assets.config import Home
        from bp_assets.definitions import defs
        from bp_assets.resources import lake_of

        home = Home(folder)
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        try:
            with dg.DagsterInstance.ephemeral() as instance:
                for job in ("refresh_all", "run_checks") if checks else ("read_back",):
                    defs.resolve_job_def(job).execute_in_process(instance=instance, run_config=quiet)
            with lake_of(home).open() as reading:
                return Books(*(reading.execute(f"from {name}").pl().to_dicts() for name in _TABLES))
        finally:  # of this day alone: thousands of days must not keep their connections
            let_go(home)


_TABLES = ("sales_reconciliation", "daily_takings", "findings")
