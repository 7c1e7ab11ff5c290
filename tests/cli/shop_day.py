"""A small shop whose till drops CSV files, and what its ledger holds: for the tests of the commands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bp_assets.config import ShopsFile, loads
from bp_assets.ledger.connection import Ledger
from bp_assets.posting.attendants import take_all
from tests.erp_account import erp_account

TOML = f"""{erp_account()}
[tax_map]
"20" = "T20"
"0" = "T0"

[tender_map]
cash = "CASH"

[[shops]]
key = "leeds"
name = "Leeds"
warehouse_id = 3
channel_id = 2
price_list_id = 2
walk_in_contact_id = 201
time_zone = "Europe/London"
[shops.feed]
kind = "file_drop"
folder = "drop/leeds"
settle_seconds = 0
prices_include_tax = true
default_tender = "cash"
[shops.feed.columns]
receipt = "no"
sold_at = "at"
sku = "sku"
quantity = "qty"
gross = "total"
tax_rate = "vat"
"""
HEADER = "no,at,sku,qty,total,vat"


def shops_file(home: Path, *changes: tuple[str, str]) -> Path:
    """The shops file of the shop, written into its home; with texts replaced."""
    text = TOML
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = home / "shops.toml"
    path.write_text(text, encoding="utf-8")
    return path


def drop(ledger: Ledger, home: Path, rows: Sequence[str], name: str = "day.csv", mode: str = "realtime") -> ShopsFile:
    """The till drops a file, the ledger takes and decodes it."""
    folder = home / "drop" / "leeds"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    shops = loads(TOML.replace('name = "Leeds"', f'name = "Leeds"\nmode = "{mode}"'))
    (result,) = take_all(ledger, shops)
    assert not result.error
    return shops
