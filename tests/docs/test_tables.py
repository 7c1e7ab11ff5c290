"""``docs/tables.md`` says what ``lake/tables.py`` says. Read: both. Written: nothing but a temporary copy."""

from pathlib import Path

from bp_assets.lake import dictionary
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
