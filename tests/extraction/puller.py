"""A process that pulls the products, to be killed: ``URL HOME DSN``. Read: the ERP. Written: the spool, the lake."""

from __future__ import annotations

import sys
from pathlib import Path

from bp_assets.config.home import Home
from bp_assets.extraction import fetching
from bp_assets.extraction.engine import refresh
from bp_assets.lake.connect import Lake
from tests.extraction.conftest import PRODUCT, reader_of

if __name__ == "__main__":
    url, root, dsn = sys.argv[1:]
    fetching.PART_ROWS = 1  # each answer is kept at once
    refresh(PRODUCT, Lake(Home(Path(root)), dsn), lambda lane: reader_of(url, lane))
