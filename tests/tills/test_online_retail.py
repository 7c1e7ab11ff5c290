"""A real wholesaler's month (UCI Online Retail) through its own example shops file.

A small cut with the same columns and oddities is always read; the whole month where its Parquet file lies beside the
project, or where ``TILLBRIDGE_ONLINE_RETAIL`` says.
"""

import os
import random
from collections import Counter
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import polars as pl
import pytest

from bp_assets.config import Shop, load
from bp_assets.domain.sale import Sale
from bp_assets.tills.file_drop import FileDropTill
from bp_assets.tills.protocol import Decoded, Excluded
from bp_assets.tills.systems import decode

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "online-retail.toml"
MONTH = Path(os.environ.get("TILLBRIDGE_ONLINE_RETAIL") or ROOT.parent / "shared/data/online-retail/2010-12.parquet")
SCHEMA = {
    "InvoiceNo": pl.String, "StockCode": pl.String, "Description": pl.String, "Quantity": pl.Int64,
    "InvoiceDate": pl.Datetime("us"), "UnitPrice": pl.Float64, "CustomerID": pl.Int64, "Country": pl.String,
}  # fmt: skip
AT = datetime(2010, 12, 1, 8, 26)  # noqa: DTZ001  # the file's times have no offset
CUT = [
    ("536365", "85123A", "HOLDER", 6, AT, 2.55, 17850, "United Kingdom"),
    ("536365", "71053", "LANTERN", 6, AT, 3.39, 17850, "United Kingdom"),
    ("536365", "71053", "LANTERN", 6, AT, 3.39, 17850, "United Kingdom"),  # the very same row twice: two real lines
    ("C536379", "D", "Discount", -1, AT, 27.5, 14527, "United Kingdom"),
    ("C536383", "35004C", "COLOURED DUCKS", -1, AT, 4.65, 15311, "United Kingdom"),
    ("536589", "21777", None, -10, AT, 0.0, None, "United Kingdom"),  # a write-off typed in as an invoice
    ("536591", "M", "Manual", 3, AT, 0.335, None, "United Kingdom"),  # 1.005 rounds away from zero
    ("536591", "POST", "POSTAGE", 1, AT.replace(minute=27), 18.0, None, "France"),
]


def placed(folder: Path, frames: list[pl.DataFrame]) -> Shop:
    folder.mkdir(exist_ok=True)
    for number, frame in enumerate(frames):
        frame.write_parquet(folder / f"{number}.parquet")
    shop = load(EXAMPLE).shops[0]
    return shop.model_copy(update={"feed": shop.feed.model_copy(update={"folder": folder, "settle_seconds": 0})})


def read(folder: Path, frames: list[pl.DataFrame]) -> tuple[dict[str, bytes], dict[str, Decoded]]:
    shop = placed(folder, frames)
    receipts = FileDropTill(shop, "GBP").fetch(None).receipts
    return {raw.source_id: raw.content for raw in receipts}, {
        raw.source_id: decode(raw, shop, "GBP") for raw in receipts
    }


def net_of(outcome: Decoded) -> int:
    return outcome.sale.net_minor if isinstance(outcome, Excluded) else outcome.net_minor


def test_a_cut_of_the_month_invoice_by_invoice(tmp_path: Path) -> None:
    _, found = read(tmp_path / "cut", [pl.DataFrame(CUT, schema=SCHEMA, orient="row")])
    assert {uid: (getattr(one, "reason_code", "") or str(one.kind), net_of(one)) for uid, one in found.items()} == {
        "536365": ("sale", 1530 + 2034 + 2034),
        "C536379": ("refund_only", -2750),
        "C536383": ("goods_return", -465),
        "536589": ("zero_value", 0),
        "536591": ("sale", 101 + 1800),
    }
    kinds = {line.sku: str(line.type) for one in found.values() if isinstance(one, Sale) for line in one.lines}
    assert kinds == {
        "85123A": "item", "71053": "item", "D": "discount", "35004C": "item", "M": "adjustment", "POST": "shipping",
    }  # fmt: skip
    assert found["536365"].customer.source_id == "17850" and found["536591"].customer.source_id == ""
    assert [(tender.method, str(tender.type)) for tender in found["536365"].tenders] == [("account", "account")]


@pytest.mark.skipif(not MONTH.is_file(), reason="the real month 2010-12.parquet is not there")
def test_the_whole_month_adds_up_and_pieces_in_any_order_give_the_same(tmp_path: Path) -> None:
    month = pl.read_parquet(MONTH)
    whole, found = read(tmp_path / "whole", [month])
    assert (month.height, len(found)) == (42_481, 2_025)
    expected = sum(
        int((Decimal(quantity) * Decimal(repr(price)) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        for quantity, price in month.select("Quantity", "UnitPrice").iter_rows()
    )
    assert sum(net_of(one) for one in found.values()) == expected == 74_895_702
    states = Counter(getattr(one, "reason_code", "") or str(one.kind) for one in found.values())
    assert states == {"sale": 1559, "goods_return": 301, "refund_only": 25, "zero_value": 140}
    order = random.Random(3).sample(range(month.height), month.height)
    shuffled = month[order]
    split, _ = read(tmp_path / "split", [shuffled[start : start + 5000] for start in range(0, month.height, 5000)])
    assert split == whole
