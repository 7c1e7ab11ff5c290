"""``tillbridge demo`` from its command line: a day accounted for, and what it says where the day is spoilt.

Read: the screen, the lake, ``finance.duckdb``. Written: homes of the tests.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import duckdb
import pytest

from tests.e2e.command import ROOT, Done, tillbridge

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def done(home: Path) -> Done:
    return tillbridge(home, "demo", "--transactions", "60", seconds=400)


def test_every_transaction_of_the_day_is_accounted_for(done: Done) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\nEvery transaction is accounted for.\n" in done.stdout
    assert "0 never received, 0 unsettled" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_the_screen_shows_the_day_the_planted_faults_and_the_checks(done: Done) -> None:
    for title in ("The day, shop by shop", "What the tills got wrong on purpose", "Checks"):
        assert f"\n{title}" in done.stdout
    for shop in ("bath", "leeds", "london", "york"):
        assert re.search(rf"│ {shop} ", done.stdout)
    became = dict(re.findall(r"│ ([a-z ]+?) +│ \w+ +│ [A-Z]{3}-[\w-]+ │ ([a-z]+(?: \(\w+\))?) ", done.stdout))
    assert became["wrong tax rate"] == "rejected (tax_not_mapped)"
    assert became["unmapped tender"] == "rejected (tender_not_mapped)"
    assert became["malformed"] == "quarantined (bad_number)"
    assert became["tender mismatch"] == "quarantined (unbalanced)"
    assert became["delivered twice"] == became["changed content"] == became["damaged return"] == "verified"
    assert "\x1b[" not in done.stdout  # not a terminal: no colours, no moving bars


def test_the_till_and_the_books_of_the_erp_hold_the_same_money(done: Done) -> None:
    money = re.search(r"Verified at the till ([\d,.]+) GBP, in the ERP's books ([\d,.]+)\.", done.stdout)
    assert money
    assert money[1] == money[2]
    assert float(money[1].replace(",", "")) > 1000


def test_the_commands_it_ends_with_work_as_they_stand(done: Done, home: Path) -> None:
    commands = re.findall(r"tillbridge (sql .*)$", done.stdout, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        asked = tillbridge(home, *shlex.split(command), "--json")
        assert asked.returncode == 0, asked.stderr
        rows = json.loads(asked.stdout)
        assert len(rows) >= 4
        if "sales_reconciliation" in command:
            assert {row["shop"] for row in rows} == {"bath", "leeds", "london", "york"}
            assert {row["unexplained_gross"] for row in rows} == {"0.0000"}
            assert {row["unsettled_count"] for row in rows} == {0}


def test_the_published_file_is_read_by_plain_duckdb_and_holds_what_the_lake_holds(done: Done, home: Path) -> None:
    assert f"open {home.name}/demo/finance.duckdb" in done.stdout
    with duckdb.connect(str(home / "demo" / "finance.duckdb"), read_only=True) as file:
        in_file = file.execute("select check_name, finding_key from findings order by all").fetchall()
        till, erp = file.execute("select sum(verified_gross), sum(erp_gross) from sales_reconciliation").fetchone() or (
            None,
            None,
        )
    assert till == erp
    assert till is not None
    query = "select check_name, finding_key from findings order by all"
    asked = tillbridge(home, "sql", "--home", str(home / "demo"), query, "--json")
    assert [(row["check_name"], row["finding_key"]) for row in json.loads(asked.stdout)] == in_file
    assert len(in_file) >= 6


def test_a_parked_basket_is_not_missed(tmp_path: Path) -> None:
    """The day of 30 with seed 7 has one basket that the Leeds till only parked."""
    done = tillbridge(tmp_path / "home", "demo", "--transactions", "30", seconds=400)
    assert "29 transactions and 1 still parked there, 0 never received" in done.stdout
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_shop_whose_files_are_sought_in_the_wrong_place_fails_the_day_and_names_its_receipts(tmp_path: Path) -> None:
    done = _spoilt(tmp_path, 'folder = "drop/york"', 'folder = "drop/yorck"')
    assert done.returncode == 1
    assert "NOT every transaction is accounted for." in done.stdout
    named = re.findall(r"never received: (\w+) (\S+)", done.stdout)
    assert {shop for shop, _ in named} == {"york"}
    assert len(named) == len(set(named)) == 5
    assert all(number.startswith("YRK-261120-") for _, number in named)


def test_an_erp_that_refuses_cash_fails_the_day_and_names_what_stands_there_unpaid(tmp_path: Path) -> None:
    done = _spoilt(tmp_path, 'cash = "CASH"', 'cash = "NOSUCH"')
    assert done.returncode == 1
    assert "NOT every transaction is accounted for." in done.stdout
    named = re.findall(r"in the ERP, but not whole: (\w+) (\S+) is rejected: (.*)", done.stdout)
    assert len(named) >= 3
    assert all("NOSUCH" in message or "payment" in message.lower() for *_, message in named)


def _spoilt(tmp_path: Path, old: str, new: str) -> Done:
    text = (ROOT / "shops.toml").read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "shops.toml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    arguments = ("demo", "--transactions", "30")
    return tillbridge(tmp_path / "home", *arguments, seconds=400, TILLBRIDGE_CONFIG=str(file))
