"""The retailer of the simulation: the four shops of ``shops.toml``, at a simulated ERP and simulated tills."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from bp_assets.config import ShopsFile

TOKEN = "sandbox-token"
SQUARE_TOKEN = "square-sandbox-token"
SEARCH_LAG_SECONDS = 10
# Till files are still for longer than this when they are complete (their time stamp says so), and half-written ones are
# not: no test waits for a clock that it can't move.
SETTLE_SECONDS = 600
_FILE = Path(__file__).parents[2] / "shops.toml"


def shops_file(erp_url: str, folder: Path, **posting: Any) -> ShopsFile:
    """The shops file; ``posting`` overrules its section of that name."""
    raw = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    raw["erp"] |= {
        "base_url": erp_url, "search_lag_seconds": SEARCH_LAG_SECONDS, "timeout_seconds": 0.6,
        "requests_per_minute": 200,
    }  # fmt: skip
    raw["posting"] |= posting
    for shop in raw["shops"]:
        feed = shop["feed"]
        if feed["kind"] == "square":
            feed["base_url"] = f"{erp_url}/square"
        else:
            feed |= {"folder": str(folder / shop["key"]), "settle_seconds": SETTLE_SECONDS}
    return ShopsFile.model_validate(raw)
