"""The retailer of the simulation: the four shops of ``shops.toml``, at a simulated ERP and simulated tills."""

from __future__ import annotations

from pathlib import Path

from bp_assets.config import ShopsFile, loads

TOKEN = "sandbox-token"
SQUARE_TOKEN = "square-sandbox-token"
SEARCH_LAG_SECONDS = 10
# Till files are still for longer than this when they are complete (their time stamp says so), and half-written ones are
# not: no test waits for a clock that it can't move.
SETTLE_SECONDS = 600
_FILE = Path(__file__).parents[2] / "shops.toml"


def shops_text(erp_url: str, folder: Path, unknown_sku: str, summed: str = "") -> str:
    """The shops file of the demo, at other addresses, with a little less patience; ``summed`` is an end-of-day shop."""
    text = _FILE.read_text(encoding="utf-8")
    for old, new in (
        ("http://127.0.0.1:8400", erp_url),
        ("search_lag_seconds = 2", f"search_lag_seconds = {SEARCH_LAG_SECONDS}\ntimeout_seconds = 0.6"),
        ('unknown_sku = "non_stock_row"', f'unknown_sku = "{unknown_sku}"'),
        ("settle_seconds = 1\n", f"settle_seconds = {SETTLE_SECONDS}\n"),
        ('folder = "drop/', f'folder = "{folder}/'),
    ):
        assert old in text, f"shops.toml no longer says {old}"
        text = text.replace(old, new)
    if summed:
        text = text.replace(f'key = "{summed}"\n', f'key = "{summed}"\nmode = "end_of_day"\n')
    return text


def shops_file(erp_url: str, folder: Path, unknown_sku: str, summed: str = "") -> ShopsFile:
    return loads(shops_text(erp_url, folder, unknown_sku, summed))
