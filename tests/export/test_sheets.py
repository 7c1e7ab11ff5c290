"""The declared files: the 27 of the list, in its words and order, each column of one row with its own value."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bp_assets.export.sheets import SHEETS, tables_read
from bp_assets.lake.connect import Lake
from bp_assets.lake.tables import BY_NAME

# Beside this checkout, or beside the one it is a working tree of.
LIST = next(
    (
        file
        for folder in Path(__file__).parents[2:5]
        if (file := folder / "shared" / "design" / "brightpearl-tables.tsv").is_file()
    ),
    None,
)


@pytest.mark.skipif(LIST is None, reason="the list brightpearl-tables.tsv is not beside this checkout")
def test_files_and_columns_are_those_of_the_shared_list_in_its_order() -> None:
    assert LIST is not None
    with LIST.open(encoding="utf-8", newline="") as stream:
        listed = [(row["table"], int(row["position"]), row["column"]) for row in csv.DictReader(stream, delimiter="\t")]
    declared = [(sheet.name, place, field.name) for sheet in SHEETS for place, field in enumerate(sheet.fields, 1)]
    assert declared == listed
    assert (len(SHEETS), len(declared)) == (27, 239)


def test_every_file_reads_tables_that_the_lake_has_and_is_sorted_by_a_whole_key() -> None:
    for sheet in SHEETS:
        first = BY_NAME[(*sheet.reads, *sheet.personal_reads)[0]]
        assert all(name in BY_NAME for name in (*sheet.reads, *sheet.personal_reads))
        if sheet.name != "Brightpearl_Orders":
            assert {part.split(".")[-1] for part in sheet.key} >= set(first.key), sheet.name


def test_an_export_without_contacts_reads_no_personal_table() -> None:
    personal = {name for name, table in BY_NAME.items() if table.schema == "personal"}
    assert set(tables_read(with_contacts=False)) & personal == set()
    assert {"contacts", "contact_postal_addresses", "order_parties"} <= set(tables_read(with_contacts=True)) & personal
    assert [sheet.name for sheet in SHEETS if "personal" in sheet.select(with_contacts=False)] == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name.removeprefix("Brightpearl_"))
def test_every_column_has_its_declared_type_with_contacts_and_without(sheet, filled: Lake) -> None:
    with filled.open() as reading:
        for with_contacts in (False, True):
            found = reading.execute(f"DESCRIBE {sheet.select(with_contacts)}").fetchall()
            types = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
            assert [(name, types.get(type_, type_)) for name, type_, *_ in found] == [
                (field.name, field.type) for field in sheet.fields
            ]
