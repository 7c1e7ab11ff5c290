"""What stands in the files: exact bytes, texts that survive, the same in every reader and in both formats."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl

from bp_assets.export import catalogue, orders
from bp_assets.export.forecasting import Exported, export_forecasting
from bp_assets.export.formats import PARQUET, TSV
from bp_assets.export.sheets import SHEETS
from bp_assets.lake.connect import Lake, quoted
from tests.export.account import NASTY, NOON, put, row
from tests.export.conftest import Sets

# As docs/export.md tells readers to open a file.
DUCKDB = r"""read_csv({file}, delim='\t', quote='"', escape='"', header=true, all_varchar=true)"""


def tsv(folder: Path, name: str) -> pl.DataFrame:
    """The texts of a file as polars reads them, with the options the docs give."""
    return pl.read_csv(folder / f"Brightpearl_{name}.tsv", separator="\t", infer_schema=False)


def duckdb_rows(file: Path) -> list[tuple[str | None, ...]]:
    with duckdb.connect() as reading:
        return reading.execute(f"SELECT * FROM {DUCKDB.format(file=quoted(str(file)))}").fetchall()


def lines(done: Exported, name: str) -> list[str]:
    return (done.folder / f"Brightpearl_{name}.tsv").read_text(encoding="utf-8").splitlines()


def test_a_file_has_the_headers_the_order_and_the_formats_that_are_promised(sets: Sets) -> None:
    done = sets.plain
    assert lines(done, "Warehouses") == ["Id\tName\tAddressId", "1\tname 1\t1", "2\tname 2\t2"]
    assert lines(done, "ProductPrices") == [
        "UnitPrice\tMinQuantity\tCurrencyCode\tPriceListId\tProductId",
        "1.7400\t1\tcurrency 1\t1\t1",
        "2.7400\t2\tcurrency 2\t2\t2",
    ]
    assert lines(done, "DropshipNotes")[1] == "1\t1\ttrue\t1\t1\t2026-03-03T12:00:01.065Z\t1\tshipping_ref 1\t1"
    assert lines(done, "ProductSalesChannels")[1].split("\t")[0] == "1:sales_channel_name 1"
    assert lines(done, "GoodsOutOrderRows")[1].split("\t")[-1] == ""  # UserBatchReference: nowhere in the API


def test_an_order_row_carries_its_order_and_the_names_of_channel_and_warehouse(sets: Sets) -> None:
    (first, _) = tsv(sets.plain.folder, "Orders").rows(named=True)
    wanted = {
        "OrderId": "1", "OrderRowId": "1", "Channel": "name 1", "ChannelId": "1", "Warehouse": "name 1",
        "WarehouseId": "1", "OrderStatus": "status 1", "OrderType": "order_type 1", "ProductSku": "product_sku 1",
        "BillingContactId": "1", "BillingPartyName": None, "BillingPartyEmail": None, "DeliveryPartyName": None,
        "SupplierPartyName": None, "PlacedOnDate": "2026-03-03T12:00:00.933Z", "Acknowledged": "true",
    }  # fmt: skip
    assert {name: first[name] for name in wanted} == wanted


def test_reservations_name_their_warehouse_or_give_its_id_where_it_has_gone(lake: Lake, to: Path) -> None:
    gone = [row("reservations", 1), row("reservations", 3, warehouse_id=99)]
    lake.write(lambda writer: [put(writer, "reservations", gone), put(writer, "warehouses", [row("warehouses", 1)])])
    shown = tsv(export_forecasting(lake, to, sheets=[orders.RESERVATIONS]).folder, "Reservations")
    assert shown["Warehouse"].to_list() == ["name 1", "99"]


def test_totals_of_availability_are_over_all_warehouses(lake: Lake, to: Path) -> None:
    there = [
        row("stock_levels", 1, product_id=1, warehouse_id=1, in_stock=1, allocated=1, on_hand=0),
        row("stock_levels", 2, product_id=1, warehouse_id=2, in_stock=40, allocated=7, on_hand=33),
        row("stock_levels", 3, product_id=2, warehouse_id=2, in_stock=2, allocated=2, on_hand=0),
    ]
    lake.write(lambda writer: put(writer, "stock_levels", there))
    done = export_forecasting(lake, to, sheets=[catalogue.PRODUCT_AVAILABILITIES])
    assert lines(done, "ProductAvailabilities")[1:] == [
        "1\t1\t0\t1\t8\t41\t33\t1",
        "7\t40\t33\t1\t8\t41\t33\t2",
        "2\t2\t0\t2\t2\t2\t0\t2",
    ]


def test_tabs_newlines_quotes_and_html_come_back_from_every_reader(lake: Lake, to: Path) -> None:
    nasty = [
        row("product_sales_channels", number, description=text, product_name=text) for number, text in NASTY.items()
    ]
    lake.write(lambda writer: put(writer, "product_sales_channels", nasty))
    folder = export_forecasting(lake, to, sheets=[catalogue.PRODUCT_SALES_CHANNELS]).folder
    wanted = [text or None for text in NASTY.values()]  # an empty text is no value
    shown = tsv(folder, "ProductSalesChannels")
    assert shown["Description"].to_list() == wanted
    assert shown["ProductName"].to_list() == wanted
    assert duckdb_rows(folder / "Brightpearl_ProductSalesChannels.tsv") == shown.rows()


def test_every_file_reads_the_same_in_polars_duckdb_and_parquet(sets: Sets) -> None:
    text, typed = sets.private.folder, sets.private_typed.folder
    for sheet in SHEETS:
        polars = pl.read_csv(text / f"{sheet.name}.tsv", separator="\t", infer_schema=False)
        parquet = pl.read_parquet(typed / f"{sheet.name}.parquet")
        assert polars.columns == parquet.columns == [field.name for field in sheet.fields]
        assert duckdb_rows(text / f"{sheet.name}.tsv") == polars.rows()
        assert polars.height == parquet.height >= 2
        assert [tuple(map(_as_text, line)) for line in parquet.rows()] == polars.rows()


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal | int):
        return str(value)
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"  # type: ignore[attr-defined]  # an instant


def test_without_contacts_no_text_of_a_person_is_in_any_file(sets: Sets) -> None:
    plain, private = sets.plain, sets.private
    told = "email 1", "first_name 1", "last_name 1", "address_line1 1", "postal_code 1", "label_uri 1"
    everything = {
        done.folder: "".join(file.read_text(encoding="utf-8") for file in sorted(done.folder.iterdir()))
        for done in (plain, private)
    }
    assert [word for word in told if word in everything[plain.folder]] == []
    assert [word for word in told if word not in everything[private.folder]] == []
    assert lines(plain, "Contacts") == lines(private, "Contacts")[:1]
    assert len(lines(plain, "ContactPostalAddresses")) == 1
    (first, _) = tsv(private.folder, "Orders").rows(named=True)
    assert {name: first[name] for name in first if "Party" in name and not name.endswith("Id")} == {
        "BillingPartyEmail": None, "BillingPartyName": None, "DeliveryPartyEmail": "email 1",
        "DeliveryPartyName": "name 1", "SupplierPartyEmail": "email 2", "SupplierPartyName": "name 2",
    }  # fmt: skip


def test_the_same_snapshot_gives_the_same_bytes(filled: Lake, sets: Sets, to: Path) -> None:
    for form, one in ((TSV, sets.plain), (PARQUET, sets.private_typed)):
        again = export_forecasting(filled, to / form.name, form, with_contacts=one.manifest.shows.with_contacts)
        assert again.folder.name == one.folder.name
        for file in sorted(one.folder.iterdir()):
            assert file.read_bytes() == (again.folder / file.name).read_bytes(), file.name


def test_the_manifest_tells_snapshot_age_rows_and_hashes(filled: Lake, sets: Sets) -> None:
    done = sets.plain
    told = json.loads((done.folder / "manifest.json").read_text(encoding="utf-8"))
    snapshot = filled.read("SELECT id FROM lake.current_snapshot()").item()
    assert (told["set"], told["snapshot_id"], told["format"], told["with_contacts"]) == (
        "brightpearl-forecasting", snapshot, "tsv", False,
    )  # fmt: skip
    assert told["as_of"] == "2026-03-02T12:00:00.000Z" == f"{NOON:%Y-%m-%dT%H:%M:%S}.000Z"
    assert [file["name"] for file in told["files"]] == [f"{sheet.name}.tsv" for sheet in SHEETS]
    products = told["files"][0]
    assert (products["rows"], products["bytes"]) == (2, (done.folder / products["name"]).stat().st_size)
    assert {file["rows"] for file in told["files"]} == {0, 2}
    written = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in done.folder.glob("*.tsv")}
    assert {file["name"]: file["sha256"] for file in told["files"]} == written
    assert done.manifest.holds(done.folder)
