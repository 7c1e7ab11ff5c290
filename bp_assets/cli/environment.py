"""What a command needs around it: the home's folders, the ledger's address, Dagster's own home.

Read: environment variables. Written: folders under the home, ``<home>/dagster/dagster.yaml``, environment variables of
this process (children inherit them).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from bp_assets.config import Home, home

SANDBOX_TOKEN = "sandbox-token"  # noqa: S105  # public by design: the simulated ERP accepts it
PROJECT_ROOT = Path(__file__).resolve().parents[2]


def use_home(root: Path | None, *, fresh: bool = False) -> Home:
    """Make ``root`` (or what the environment says) the home of this process and its children.

    With ``fresh`` an earlier run's state in it is removed first, its database server stopped before.
    """
    if root is not None:
        os.environ["TILLBRIDGE_HOME"] = str(root.absolute())
    place = home()
    if fresh and place.root.exists():
        from bp_assets.ledger.server import stop

        stop(place)
        shutil.rmtree(place.root)
    place.root.mkdir(parents=True, exist_ok=True)
    os.environ["TILLBRIDGE_HOME"] = str(place.root)
    return place


def use_sandbox(url: str, minute_seconds: float = 60) -> None:
    """Point ERP and simulated tills at a running sandbox, with the tokens it accepts and the minute it counts in."""
    os.environ["TILLBRIDGE_ERP_URL"] = url
    os.environ["TILLBRIDGE_ERP_MINUTE_SECONDS"] = str(minute_seconds)
    os.environ.setdefault("TILLBRIDGE_ERP_TOKEN", SANDBOX_TOKEN)
    os.environ["TILLBRIDGE_SQUARE_URL"] = f"{url}/square"
    os.environ.setdefault("SQUARE_ACCESS_TOKEN", "square-sandbox-token")


def use_dagster(place: Home) -> None:
    """Give Dagster a home inside ours, with its storages in the ledger's PostgreSQL.

    Raises:
        LedgerUnavailable: the database can't be reached.
    """
    from bp_assets.ledger.server import dagster_url

    place.dagster.mkdir(parents=True, exist_ok=True)
    place.logs.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT_ROOT / "dagster.yaml", place.dagster / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(place.dagster)
    os.environ["TILLBRIDGE_DAGSTER_URL"] = dagster_url(place)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
