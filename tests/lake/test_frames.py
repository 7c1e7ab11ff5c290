"""Writing frames: what differs is rewritten, what does not fit is refused, marks go with their rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from bp_assets.lake.connect import Lake
from bp_assets.lake.erp_catalogue import PRICES, STOCK_LEVELS
from bp_assets.lake.errors import LakeSchemaError
from bp_assets.lake.fit import fit
from bp_assets.lake.frames import Change, LakeMark, Writer, mark
from bp_assets.lake.freshness import FRESHNESS
from tests.lake.frames_of_tests import NOON, stock, tenders


def in_stock(lake: Lake) -> list[tuple[int, int, int]]:
    return lake.read("SELECT product_id, warehouse_id, in_stock FROM stock_levels ORDER BY ALL").rows()


def snapshot(lake: Lake) -> int:
    return int(lake.read("SELECT id FROM lake.current_snapshot()").item())


def test_an_upsert_inserts_what_is_new_and_updates_what_differs(lake: Lake) -> None:
    assert lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5), (2, 1, 7)))) == Change(2, 0)
    assert lake.write(lambda w: w.upsert("stock_levels", stock((2, 1, 8), (3, 1, 9)))) == Change(2, 0)
    assert in_stock(lake) == [(1, 1, 5), (2, 1, 8), (3, 1, 9)]


def test_an_upsert_that_changes_nothing_makes_no_snapshot_and_no_file(lake: Lake) -> None:
    many = stock(*((n, 1, n) for n in range(2000)))  # too many to stay in the catalogue
    lake.write(lambda w: w.upsert("stock_levels", many))
    before, files = snapshot(lake), sorted(lake.home.lake.rglob("*.parquet"))
    assert len(files) == 1
    later = many.with_columns(as_of=pl.lit(NOON + timedelta(hours=1)))
    assert lake.write(lambda w: w.upsert("stock_levels", later)) == Change(0, 0)
    assert lake.write(lambda w: w.replace("stock_levels", later)) == Change(0, 0)
    assert snapshot(lake) == before
    assert sorted(lake.home.lake.rglob("*.parquet")) == files


def test_a_row_keeps_the_instant_at_which_it_was_last_found_changed(lake: Lake) -> None:
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5), (2, 1, 5))))
    later = NOON + timedelta(hours=1)
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5), (2, 1, 6), as_of=later)))
    assert lake.read("SELECT as_of FROM stock_levels ORDER BY product_id")["as_of"].to_list() == [NOON, later]
    assert lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5), as_of=later), ignoring=())) == Change(1, 0)


def test_a_sale_that_lost_a_tender_loses_it_in_the_lake_and_others_are_left_alone(lake: Lake) -> None:
    lake.write(lambda w: w.upsert("pos_tenders", pl.concat([tenders("a", "1.00", "2.00"), tenders("b", "9.00")])))
    change = lake.write(lambda w: w.upsert("pos_tenders", tenders("a", "3.00"), within=("sale_id",)))
    assert change == Change(1, 1)
    rows = lake.read("SELECT sale_id, tender_id, amount FROM pos_tenders ORDER BY ALL").rows()
    assert rows == [("a", "1", Decimal("3.0000")), ("b", "1", Decimal("9.0000"))]


def test_replace_leaves_exactly_the_frames_rows(lake: Lake) -> None:
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5), (2, 1, 7), (3, 1, 9))))
    assert lake.write(lambda w: w.replace("stock_levels", stock((2, 1, 7), (4, 1, 1)))) == Change(1, 2)
    assert in_stock(lake) == [(2, 1, 7), (4, 1, 1)]


def test_delete_keys_deletes_by_the_key_or_by_a_part_of_it(lake: Lake) -> None:
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5), (1, 2, 6), (2, 1, 7))))
    assert lake.write(lambda w: w.delete_keys("stock_levels", pl.DataFrame({"product_id": [1]}), ["product_id"])) == 2
    assert lake.write(lambda w: w.delete_keys("stock_levels", stock((2, 1, 0), (9, 9, 0)))) == 1
    assert in_stock(lake) == []


def test_rows_of_several_tables_and_their_marks_are_written_together_or_not_at_all(lake: Lake) -> None:
    with pytest.raises(RuntimeError, match="killed here"), lake.transaction() as writer:
        writer.upsert("stock_levels", stock((1, 1, 5)))
        writer.upsert("pos_tenders", tenders("a", "1.00"))
        writer.set_mark("stock_levels", 41)
        raise RuntimeError("killed here")
    assert in_stock(lake) == []
    with lake.transaction() as writer:
        assert writer.mark("stock_levels") is None
        writer.upsert("stock_levels", stock((1, 1, 5)))
        writer.set_mark("stock_levels", {"xid": 42}, NOON)
    with lake.transaction() as writer:
        found = writer.mark("stock_levels")
    assert found is not None
    assert (found.mark, found.as_of, found.rows) == ({"xid": 42}, NOON, 1)


def test_money_and_instants_come_back_as_they_went_in(lake: Lake) -> None:
    amount = "99999999999999.9999"
    lake.write(lambda w: w.upsert("pos_tenders", tenders("a", amount, "-0.0001")))
    frame = lake.read("SELECT amount, business_date FROM pos_tenders ORDER BY tender_id")
    assert frame["amount"].to_list() == [Decimal(amount), Decimal("-0.0001")]
    assert frame["business_date"].to_list() == [date(2026, 3, 2)] * 2
    lake.write(lambda w: w.upsert("stock_levels", stock((1, 1, 5))))
    instants = lake.read("SELECT as_of FROM stock_levels")["as_of"]
    assert instants.dtype == pl.Datetime("us", "UTC")
    assert instants.to_list() == [datetime(2026, 3, 2, 12, tzinfo=UTC)]


PRICE = {"product_id": [1], "price_list_id": [1], "min_quantity": [1], "currency": ["GBP"], "as_of": [NOON]}


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"unit_price": [1.5]}, r"'unit_price' .*takes DECIMAL\(18,4\), the frame has Float64; no float on money"),
        ({"unit_price": ["1"]}, r"'unit_price' .* the frame has String"),
        ({"unit_price": [Decimal("0.12345")]}, "'unit_price' .* 0.12345 does not fit"),
        ({"unit_price": [Decimal(10**15)]}, "'unit_price' of table prices takes"),
        ({"unit_price": [None]}, r"'unit_price' .* may not be null; 1 rows are, first with key \(1, 1, 1\)"),
        ({}, "column 'unit_price' of table prices is missing"),
        ({"unit_price": [1], "colour": ["red"]}, "table prices has no column 'colour'; it has product_id, "),
        ({"unit_price": [1], "as_of": [NOON.replace(tzinfo=None)]}, "'as_of' .* an instant needs its time zone"),
        ({"unit_price": [1], "product_id": ["1"]}, "'product_id' of table prices takes BIGINT, the frame has String"),
    ],
    ids=["float", "text", "too fine", "too large", "null", "missing", "unknown", "naive", "text id"],
)  # fmt: skip
def test_a_frame_that_does_not_fit_is_refused_by_table_column_and_types(
    column: dict[str, list[object]], words: str
) -> None:
    with pytest.raises(LakeSchemaError, match=words):
        fit(PRICES, pl.DataFrame({**PRICE, **column}))


def test_integers_and_narrower_decimals_fit_and_absent_nullable_columns_are_null() -> None:
    fitted = fit(PRICES, pl.DataFrame({**PRICE, "unit_price": [3]}))
    assert fitted["unit_price"].to_list() == [Decimal(3)]
    assert fitted.schema["unit_price"] == pl.Decimal(18, 4)
    assert fit(PRICES, pl.DataFrame({**PRICE, "unit_price": [Decimal("2.50")]}))["unit_price"].to_list() == [
        Decimal("2.5")
    ]


def test_two_rows_with_one_key_are_refused_with_the_key() -> None:
    with pytest.raises(LakeSchemaError, match=r"two rows for table stock_levels have the key .* = \(1, 1\)"):
        fit(STOCK_LEVELS, stock((1, 1, 5), (1, 1, 6)))


PARTS = "SELECT 1::BIGINT AS brand_id, 'Mugs' AS name, NULL::VARCHAR AS description, now() AS as_of UNION ALL "
PARTS += "SELECT 2, 'Teas', 'loose', now()"


def test_the_rows_of_a_query_go_in_without_passing_through_python(lake: Lake, tmp_path: Path) -> None:
    with duckdb.connect() as maker:
        for number in (1, 2):
            rows = f"SELECT * FROM ({PARTS}) WHERE brand_id = {number}"
            maker.execute(f"COPY ({rows}) TO '{tmp_path}/{number}.parquet'")
    assert lake.write(lambda w: w.insert_query("brands", f"SELECT * FROM read_parquet('{tmp_path}/*.parquet')")) == 2
    assert lake.read("SELECT brand_id, name FROM brands ORDER BY 1").rows() == [(1, "Mugs"), (2, "Teas")]


REFUSED = [
    (f"SELECT * FROM ({PARTS}) WHERE brand_id = 1",
     r"table brands already has a row with the key brand_id = \(1,\)"),
    (f"SELECT * REPLACE (7::BIGINT AS brand_id) FROM ({PARTS})",
     r"two rows for table brands have the key brand_id = \(7,\)"),
    (f"SELECT * REPLACE (brand_id + 5 AS brand_id, nullif(name, 'Teas') AS name) FROM ({PARTS})",
     r"column 'name' of table brands may not be null; 1 rows are, first with key \(7,\)"),
    (f"SELECT * EXCLUDE (as_of) FROM ({PARTS})",
     "column 'as_of' of table brands takes TIMESTAMPTZ, the query gives nothing of that name"),
    (f"SELECT * REPLACE (brand_id::INTEGER AS brand_id) FROM ({PARTS})",
     "column 'brand_id' of table brands takes BIGINT, the query gives INTEGER"),
    (f"SELECT *, 1 AS colour FROM ({PARTS})",
     "column 'colour' of table brands takes no such column, the query gives INTEGER"),
]  # fmt: skip


def test_rows_of_a_query_that_do_not_fit_are_refused_and_nothing_is_written(lake: Lake) -> None:
    lake.write(lambda w: w.insert_query("brands", f"SELECT * FROM ({PARTS}) WHERE brand_id = 1"))
    with lake.transaction() as writer:
        for query, words in REFUSED:
            with pytest.raises(LakeSchemaError, match=words):
                writer.insert_query("brands", query)
    assert lake.read("SELECT brand_id FROM brands").rows() == [(1,)]


def test_a_view_is_not_written(lake: Lake) -> None:
    with pytest.raises(LakeSchemaError, match="table_freshness is a view: write the tables it is made from"):
        lake.write(lambda w: w.replace("table_freshness", pl.DataFrame()))


def test_how_fresh_a_table_is_shows_in_the_transaction_that_wrote_it(lake: Lake) -> None:
    query = "SELECT as_of, high_water_mark, oldest_row_seconds, rows FROM table_freshness WHERE table_name = 'contacts'"
    assert lake.read(query).rows() == [(None, None, None, None)]

    def refreshed(writer: Writer) -> None:
        writer.upsert("contacts", pl.DataFrame({"contact_id": [7], "as_of": [NOON]}))
        earlier = NOON - timedelta(minutes=5)
        writer.set_mark("contacts", {"seen": 1}, NOON, high_water=earlier, oldest=NOON - timedelta(hours=6))

    lake.write(refreshed)
    assert lake.read(query).rows() == [(NOON, NOON - timedelta(minutes=5), Decimal("21600.000"), 1)]
    with lake.open() as reading:
        held = mark(reading, "contacts")
    assert held == LakeMark({"seen": 1}, NOON, 1, NOON - timedelta(minutes=5), NOON - timedelta(hours=6))
    promised = lake.read("SELECT count(*), min(stale_after_seconds - expected_every_seconds) > 0 FROM table_freshness")
    assert promised.rows() == [(len(FRESHNESS), True)]
