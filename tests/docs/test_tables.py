"""``docs/tables.md``, the table ``table_dictionary`` and the lake itself say what ``lake/tables.py`` says.

Read: all of them. Written: nothing but a temporary copy and a lake of the tests.
"""

from pathlib import Path

from bp_assets.lake import dictionary
from bp_assets.lake.connect import Lake
from bp_assets.lake.lake_tables import TABLE_DICTIONARY
from bp_assets.lake.tables import TABLES

FILE = Path(__file__).parents[2] / "docs" / "tables.md"


def test_the_dictionary_in_the_docs_is_the_one_the_code_gives() -> None:
    assert FILE.read_text(encoding="utf-8") == dictionary.dictionary(), "run python -m bp_assets.lake.dictionary"


def test_the_command_writes_the_same_file(tmp_path: Path) -> None:
    assert dictionary.main([str(tmp_path / "tables.md")]) == 0
    assert (tmp_path / "tables.md").read_bytes() == FILE.read_bytes()


def test_every_table_has_its_section_and_every_column_its_row() -> None:
    sections = {part.split("\n", 1)[0]: part for part in FILE.read_text(encoding="utf-8").split("\n### ")[1:]}
    assert list(sections) == [table.name for table in TABLES]
    for table in TABLES:
        rows = [line.split("|") for line in sections[table.name].splitlines() if line.startswith("| `")]
        assert [(row[1].strip(" `"), row[2].strip()) for row in rows] == [(c.name, c.type) for c in table.columns]
        assert all(len(row[3].strip()) > 3 for row in rows)


def test_references_lead_to_columns_that_exist() -> None:
    columns = {f"{table.name}.{column.name}" for table in TABLES for column in table.columns}
    named = {column.references for table in TABLES for column in table.columns if column.references}
    assert named - columns == set()
    assert {"pos_transactions.sale_id", "posted_orders.order_id", "products.product_id"} <= named


def test_dictionary_page_and_lake_agree_on_every_column(lake: Lake) -> None:
    told = lake.read("SELECT table_name, column_name, type, nullable, description FROM table_dictionary").rows()
    assert sorted(told) == sorted(
        (t.name, c.name, c.type, c.nullable, c.description) for t in TABLES for c in t.columns
    )
    spelt = "replace(data_type, 'TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ')"
    real = lake.read(
        f"SELECT schema_name, table_name, column_name, {spelt} FROM duckdb_columns() WHERE database_name = 'lake' "
        "AND table_name NOT IN ('lake_marks', 'lake_version')"
    ).rows()
    said = lake.read("SELECT schema_name, table_name, column_name, type FROM table_dictionary").rows()
    assert sorted(said) == sorted(real)
    page = FILE.read_text(encoding="utf-8")
    for table, column, type_, _, words in told:
        section = page.split(f"\n### {table}\n", 1)[1].split("\n### ", 1)[0]
        assert f"| `{column}` | {type_} | {words.replace('|', chr(92) + '|')}" in section


def test_the_dictionary_follows_the_code_and_is_left_alone_where_it_does(lake: Lake) -> None:
    snapshot = "SELECT id FROM lake.current_snapshot()"
    before = lake.read(snapshot).item()
    lake.write(dictionary.fill)
    assert lake.read(snapshot).item() == before
    with lake.transaction() as writer:
        writer.connection.execute("UPDATE table_dictionary SET description = '?' WHERE column_name = 'sku'")
        writer.connection.execute("UPDATE table_dictionary SET column_name = 'gone' WHERE column_name = 'barcode'")
    lake.write(dictionary.fill)
    columns = ", ".join(column.name for column in TABLE_DICTIONARY.columns)
    held = lake.read(f"SELECT {columns} FROM table_dictionary")
    assert sorted(held.rows()) == sorted(dictionary.rows().rows())
    assert list((lake.home.lake / "main").rglob("*.parquet")) == []
