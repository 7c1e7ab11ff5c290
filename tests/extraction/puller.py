"""A process that pulls the products, to be killed: ``URL HOME``. Read: the ERP. Written: the spool, the lake."""

from __future__ import annotations

import sys
from pathlib import Path

from bp_assets.config.home import Home
from bp_assets.extraction import fetching
from bp_assets.extraction.engine import refresh
from bp_assets.extraction.resources import products
from bp_assets.lake.connect import Lake
from bp_assets.ledger.server import lake_catalogue_dsn
from tests.extraction.conftest import reader_of

if __name__ == "__main__":
    url, root = sys.argv[1:]
    home = Home(Path(root))
    fetching.PART_ROWS = 1  # each answer is kept at once
    refresh(products.RESOURCES[0], Lake(home, lake_catalogue_dsn(home)), lambda lane: reader_of(url, lane))
