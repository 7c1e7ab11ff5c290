"""Where state lives: ``TILLBRIDGE_HOME`` (default ``.tillbridge`` in the working folder), and the two store addresses.

Read: environment variables. Written: nothing (folders are made by those who fill them).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one installation."""

    root: Path

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def lake(self) -> Path:
        """Folder of the lake's Parquet files, or what ``TILLBRIDGE_LAKE_PATH`` says."""
        return Path(os.environ.get("TILLBRIDGE_LAKE_PATH") or self.root / "lake")

    @property
    def finance_file(self) -> Path:
        """The published DuckDB file that finance opens."""
        return self.root / "finance.duckdb"

    @property
    def exports(self) -> Path:
        """Sets of files for tools outside, a folder for each kind of set."""
        return self.root / "exports"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def database_url(self) -> str | None:
        """A PostgreSQL of your own (``TILLBRIDGE_DATABASE_URL``); ``None`` means the embedded one."""
        return os.environ.get("TILLBRIDGE_DATABASE_URL") or None


def home() -> Home:
    """The installation named by the environment."""
    return Home(Path(os.environ.get("TILLBRIDGE_HOME") or ".tillbridge").absolute())
