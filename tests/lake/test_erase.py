"""What a personal table no longer holds is nowhere: not in old snapshots, not in a file, not in the catalogue."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import psycopg2
import pytest

from bp_assets.lake.connect import Lake
from bp_assets.lake.erase import erase
from bp_assets.lake.errors import LakeUnavailable
from bp_assets.lake.maintain import maintain
from bp_assets.lake.publish import publish
from tests.lake.frames_of_tests import NOON, stock

FORGOTTEN = "aaa.forgotten@example.com"  # the smallest of all: statistics would keep it longest


def people(*emails: str) -> pl.DataFrame:
    return pl.DataFrame({"contact_id": range(1, len(emails) + 1), "email": emails}).with_columns(as_of=pl.lit(NOON))


def in_files(lake: Lake, text: str) -> list[Path]:
    """Parquet keeps short texts as they are, so long as a page is not compressed: hence a reading, file by file."""
    found = []
    for file in sorted((lake.home.lake / "personal").rglob("*.parquet")):
        with duckdb.connect() as reading:
            columns = reading.execute(f"select * from read_parquet('{file}')").fetchall()
        if any(text in str(row) for row in columns) or text.encode() in file.read_bytes():
            found.append(file)
    return found


def in_catalogue(lake: Lake, text: str) -> list[str]:
    with psycopg2.connect(lake.dsn) as catalogue, catalogue.cursor() as cursor:
        cursor.execute("select table_name from information_schema.tables where table_schema = 'lake'")
        names = [name for (name,) in cursor.fetchall()]
        found = []
        for name in names:
            cursor.execute(f'select count(*) from lake."{name}" t where t::text like %s', (f"%{text}%",))
            found += [name] * cursor.fetchone()[0]
    return found


@pytest.fixture
def before(lake: Lake) -> int:
    """The snapshot at which the person was still known; afterwards forgotten, and another one renamed."""
    lake.write(lambda w: w.replace("contacts", people(FORGOTTEN, "old@example.com", "z@example.com")))
    known = int(lake.read("SELECT id FROM lake.current_snapshot()").item())
    assert in_files(lake, FORGOTTEN)
    assert "ducklake_table_column_stats" in in_catalogue(lake, FORGOTTEN)
    lake.write(lambda w: w.replace("contacts", people("", "new@example.com", "z@example.com").slice(1)))
    with lake.open(at=known) as past:
        assert past.execute("SELECT count(*) FROM personal.contacts").fetchone() == (3,)
    return known


def test_a_forgotten_contact_and_an_old_address_are_gone_from_every_snapshot_and_file(lake: Lake, before: int) -> None:
    assert erase(lake) >= 2
    for text in (FORGOTTEN, "old@example.com"):
        assert in_files(lake, text) == []
        assert in_catalogue(lake, text) == []
    with lake.open(at=before) as past:
        assert past.execute("SELECT email FROM personal.contacts WHERE contact_id < 3").fetchall() == []
    held = lake.read("SELECT contact_id, email FROM personal.contacts ORDER BY 1").rows()
    assert held == [(2, "new@example.com"), (3, "z@example.com")]
    publish(lake)
    assert FORGOTTEN.encode() not in lake.home.finance_file.read_bytes()


def test_erasing_again_does_nothing_and_the_lake_goes_on(lake: Lake, before: int) -> None:
    erase(lake)
    snapshot = lake.read("SELECT id FROM lake.current_snapshot()").item()
    assert erase(lake) == 0
    assert lake.read("SELECT id FROM lake.current_snapshot()").item() == snapshot
    lake.write(lambda w: w.upsert("contacts", people("b@example.com")))
    assert lake.read("SELECT email FROM personal.contacts WHERE email < 'c'").rows() == [("b@example.com",)]
    maintain(lake)  # merges the table's files, and leaves the old ones for its next run
    assert erase(lake) > 0
    assert erase(lake) == 0
    assert lake.read("SELECT count(*) FROM personal.contacts").item() == 3


def test_a_contact_whose_file_held_nobody_else_leaves_nothing(lake: Lake) -> None:
    lake.write(lambda w: w.replace("contacts", people(FORGOTTEN)))
    lake.write(lambda w: w.replace("contacts", people()[:0].cast({"contact_id": pl.Int64, "email": pl.String})))
    assert erase(lake) == 1
    assert list((lake.home.lake / "personal").rglob("*.parquet")) == []
    assert in_catalogue(lake, FORGOTTEN) == []
    lake.write(lambda w: w.replace("contacts", people("b@example.com")))
    assert lake.read("SELECT email FROM personal.contacts").rows() == [("b@example.com",)]


def test_without_its_catalogue_it_says_so_in_one_line(lake: Lake) -> None:
    away = Lake(lake.home, "host=/nowhere/at/all dbname=lake")
    with pytest.raises(LakeUnavailable, match=r"The lake's catalogue does not answer: .* Check that PostgreSQL runs"):
        erase(away)


def test_cut_off_before_its_files_were_deleted_it_is_done_by_the_next(
    lake: Lake, before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("bp_assets.lake.erase._delete", killed)
        with pytest.raises(KeyboardInterrupt):
            erase(lake)
    assert in_files(lake, FORGOTTEN) != []
    assert erase(lake) >= 2
    assert in_files(lake, FORGOTTEN) == []


def test_other_tables_keep_their_past(lake: Lake) -> None:
    many = [(n, 1, 1) for n in range(600)]
    lake.write(lambda w: (w.replace("stock_levels", stock(*many)), w.replace("contacts", people(FORGOTTEN))))
    known = int(lake.read("SELECT id FROM lake.current_snapshot()").item())
    lake.write(lambda w: (w.replace("stock_levels", stock(*many[:1])), w.delete_keys("contacts", people("x"))))
    assert erase(lake) == 1
    with lake.open(at=known) as past:
        assert past.execute("SELECT count(*) FROM stock_levels").fetchone() == (600,)
        assert past.execute("SELECT count(*) FROM personal.contacts").fetchone() == (0,)
