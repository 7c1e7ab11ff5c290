"""``tillbridge sql``: exact figures, clear refusals, and an answer while somebody writes."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import polars as pl
import pytest

from bp_assets.cli.sql import BadQuery, run
from bp_assets.config import Home
from bp_assets.lake.connect import Lake
from bp_assets.lake.errors import LakeUnavailable
from bp_assets.lake.frames import Writer
from bp_assets.ledger.connection import Ledger
from tests.cli.terminal import tillbridge
from tests.conftest import make_database
from tests.lake.frames_of_tests import NOON, stock, tenders


@pytest.fixture
def filled(lake: Lake) -> Lake:
    lake.write(lambda writer: writer.upsert("pos_tenders", tenders("s1", "12.30", "0.05")))
    return lake


def answer(home: Home, query: str, capsys: pytest.CaptureFixture[str], limit: int | None = None) -> object:
    capsys.readouterr()
    assert run(home.root, query, as_json=True, limit=limit) == 0
    return json.loads(capsys.readouterr().out)


def refusal(home: Home, query: str) -> str:
    with pytest.raises(BadQuery) as refused:
        run(home.root, query, as_json=False, limit=None)
    return str(refused.value)


def test_json_keeps_pennies_exact(home: Home, filled: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    query = "select tender_id, amount, business_date from pos_tenders order by tender_id"
    assert answer(home, query, capsys) == [
        {"tender_id": "1", "amount": "12.3000", "business_date": "2026-03-02"},
        {"tender_id": "2", "amount": "0.0500", "business_date": "2026-03-02"},
    ]
    (total,) = answer(home, "select sum(amount) as total, count(*) as n from pos_tenders", capsys)
    assert total == {"total": "12.3500", "n": 2}


def test_json_tells_every_kind_of_value(home: Home, filled: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    query = """select 1 as a, 2 as a, null as b, true as c, 0.5::double as d, 'nan'::double as e,
        timestamptz '2026-03-02 10:00:00+01' as f, [1.50::decimal(9, 2)] as g, {'h': date '2026-03-02'} as i,
        'x'::blob as j"""
    assert answer(home, query, capsys) == [
        {
            "a": 1, "a_2": 2, "b": None, "c": True, "d": 0.5, "e": "nan", "f": "2026-03-02T09:00:00+00:00",
            "g": ["1.50"], "i": {"h": "2026-03-02"}, "j": "eA==",
        }
    ]  # fmt: skip


def test_a_table_aligns_numbers_right_and_shows_pennies(
    home: Home, filled: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    run(home.root, "select method, amount from pos_tenders order by amount desc", as_json=False, limit=None)
    lines = capsys.readouterr().out.splitlines()
    assert "│ CASH   │  12.30 │" in lines
    assert "│ CASH   │   0.05 │" in lines
    assert lines[-1] == "2 rows"


def test_a_limit_says_that_there_is_more(home: Home, filled: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    run(home.root, "select * from range(10)", as_json=False, limit=3)
    assert capsys.readouterr().out.splitlines()[-1] == "The first 3 rows; there are more (--limit)."
    assert answer(home, "select range as n from range(10)", capsys, limit=2) == [{"n": 0}, {"n": 1}]
    assert len(answer(home, "select * from range(1000)", capsys)) == 1000  # JSON is cut only when asked to be


def test_markup_in_a_cell_is_shown_as_it_is(home: Home, filled: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    run(home.root, "select '[/red] mug' as \"[bold]\"", as_json=False, limit=None)
    out = capsys.readouterr().out
    assert "[/red] mug" in out
    assert "[bold]" in out


def test_tables_are_listed_with_their_descriptions(
    home: Home, filled: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = {row["table"]: row["description"] for row in answer(home, ".tables", capsys)}
    assert tables["pos_tenders"] == "How till transactions were paid; refunds are negative."
    assert "lake_marks" not in tables
    columns = answer(home, ".columns tax_codes", capsys)
    assert columns[0] == {"column": "tax_code", "type": "VARCHAR", "description": "The code that order rows carry."}


@pytest.fixture
def with_people(lake: Lake) -> Lake:
    people = pl.DataFrame({"contact_id": [7], "email": ["jo@example.com"], "as_of": [NOON]})
    lake.write(lambda writer: writer.upsert("contacts", people))
    with lake.transaction() as writer:
        writer.connection.execute("CREATE VIEW mailing AS SELECT email FROM personal.contacts")
        writer.connection.execute("CREATE MACRO mail_of(id) AS TABLE SELECT email FROM personal.contacts")
    return lake


PERSONAL_QUERIES = [
    "select email from personal.contacts",
    "select * from products p left join lake.personal.contacts c on c.contact_id = p.primary_supplier_id",
    'select sku from products where product_id in (select contact_id from "personal"."contacts")',
    "from mailing",
    "from mail_of(7)",
    "from query_table('personal.contacts')",
    "summarize personal.contacts",
    "pivot personal.contacts on email using count(*)",
    "from personal.contacts at (version => 3)",
    "from ducklake_table_insertions('lake', 'personal', 'contacts', 0, 1)",
]


def test_personal_data_is_shown_only_where_that_is_meant(home: Home, with_people: Lake) -> None:
    for query in PERSONAL_QUERIES:
        assert refusal(home, query) == (
            "personal.contacts holds personal data, which is shown only where that is meant: add --with-contacts."
        ), query


def test_with_contacts_they_are_shown_and_without_them_counted(
    home: Home, with_people: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "select contact_id, email from personal.contacts"
    capsys.readouterr()
    assert run(home.root, query, as_json=True, limit=None, with_contacts=True) == 0
    assert json.loads(capsys.readouterr().out) == [{"contact_id": 7, "email": "jo@example.com"}]
    assert answer(home, "select count(*) as n from personal.contacts", capsys) == [{"n": 1}]
    assert answer(home, "explain from personal.contacts", capsys)
    assert answer(home, "pivot (select 'a' as k, 1 as v) on k using sum(v)", capsys) == [{"a": 1}]


def test_tables_of_another_schema_and_views_are_listed_with_their_words(
    home: Home, filled: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = {row["table"]: row["description"] for row in answer(home, ".tables", capsys)}
    assert tables["personal.contacts"].endswith("Personal data.")
    assert tables["table_freshness"].startswith("How fresh every table is")
    for name in ("contacts", "personal.contacts"):
        columns = answer(home, f".columns {name}", capsys)
        assert columns[0] == {"column": "contact_id", "type": "BIGINT", "description": "Brightpearl's contact id."}
    assert answer(home, ".columns table_freshness", capsys)[0]["description"] == "Table."
    assert "Did you mean personal.contacts?" in refusal(home, "from personal.contact")


def test_a_misspelt_table_is_guessed_and_all_are_listed(home: Home, filled: Lake) -> None:
    first, second = refusal(home, "select * from pos_tender").splitlines()
    assert first == "There is no table pos_tender. Did you mean pos_tenders?"
    assert second.startswith("Tables: availability_history, brands, ")
    assert refusal(home, ".columns produts").splitlines()[0] == "There is no table produts. Did you mean products?"


def test_a_misspelt_column_shows_the_place_and_the_candidates(home: Home, filled: Lake) -> None:
    assert refusal(home, "select skuu from products").splitlines() == [
        'Referenced column "skuu" not found in FROM clause!',
        'Candidate bindings: "sku", "status", "stock_tracked", "primary_supplier_id"',
        "LINE 1: select skuu from products",
        "               ^",
    ]


def test_writing_is_refused_in_words(home: Home, filled: Lake) -> None:
    for query, word in (
        ("delete from pos_tenders", "DELETE"),
        ("insert into tax_codes select * from tax_codes", "INSERT"),
        ("create table mine as select 1", "CREATE"),
        ("copy pos_tenders to 'x.csv'", "COPY"),
        ("attach 'x.duckdb'", "ATTACH"),
        ("call ducklake_flush_inlined_data('lake')", "CALL"),
        ("select 1; drop table products", "DROP"),
    ):
        assert refusal(home, query).startswith(f"tillbridge sql only reads, and {word} is more than reading.")
    assert filled.read("select count(*) from pos_tenders").item() == 2


def test_writing_in_disguise_is_refused_by_the_lake(home: Home, filled: Lake) -> None:
    for query in (
        "select * from postgres_execute('__ducklake_metadata_lake', 'drop schema lake cascade')",
        "explain analyze delete from pos_tenders",
        "select * from ducklake_expire_snapshots('lake', older_than => now())",
    ):
        assert "read-only" in refusal(home, query)
    assert filled.read("select count(*) from pos_tenders").item() == 2


def test_mistakes_in_what_was_typed_are_told(home: Home, filled: Lake, tmp_path: Path) -> None:
    assert refusal(home, "select 1; select 2") == "Ask one query at a time; these are 2."
    assert refusal(home, " ").startswith("The query is empty. For example: ")
    assert refusal(home, ".schema") == "There is no .schema here; there are .tables and .columns TABLE."
    assert refusal(home, f"@{tmp_path}/none.sql").startswith(f"The query file {tmp_path}/none.sql can't be read: ")
    assert refusal(home, "selct 1").startswith('syntax error at or near "selct"')


def test_a_query_file_and_a_pivot_are_answered(
    home: Home, filled: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "pivot.sql"
    file.write_text(
        "pivot (select shop, method, amount from pos_tenders) on method using sum(amount)", encoding="utf-8"
    )
    assert answer(home, f"@{file}", capsys) == [{"shop": "leeds", "CASH": "12.3500"}]


def test_a_query_is_answered_while_a_writer_has_not_committed(
    home: Home, filled: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    written, may_end = threading.Event(), threading.Event()

    def write(writer: Writer) -> None:
        writer.upsert("stock_levels", stock((1, 2, 3)))
        written.set()
        assert may_end.wait(60)

    thread = threading.Thread(target=filled.write, args=(write,))
    thread.start()
    assert written.wait(60)
    try:
        assert answer(home, "select count(*) as n from stock_levels", capsys) == [{"n": 0}]
    finally:
        may_end.set()
        thread.join(60)
    assert answer(home, "select count(*) as n from stock_levels", capsys) == [{"n": 1}]


def test_a_ledger_without_a_lake_says_so(postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]  # a fixture
    url = make_database(postgres, f"bare_{tmp_path.name}")
    monkeypatch.setenv("TILLBRIDGE_DATABASE_URL", url.render_as_string(hide_password=False))
    monkeypatch.setenv("TILLBRIDGE_HOME", str(tmp_path))
    Ledger.open(Home(tmp_path)).close()
    with pytest.raises(LakeUnavailable, match="There is no lake yet: run the pipeline once"):
        run(tmp_path, ".tables", as_json=False, limit=None)


def test_the_command_prints_json_and_nothing_else(home: Home, filled: Lake) -> None:
    done = tillbridge("sql", "--json", "select count(*) as n from pos_tenders", TILLBRIDGE_HOME=str(home.root))
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, [{"n": 2}], "")
    wrong = tillbridge("sql", "select * from pos_tender", TILLBRIDGE_HOME=str(home.root))
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.splitlines()[0] == "There is no table pos_tender. Did you mean pos_tenders?"
