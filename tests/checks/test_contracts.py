"""contracts holds each table to its description: every kind of breach is found with its column, sound rows are not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bp_assets.domain.findings import Finding
from bp_assets.finance.reconciliation import reconciliation
from bp_assets.finance.takings import takings
from checks.context import CheckContext
from checks.contracts import contracts
from tests.builders import NOW, Books
from tests.checks.test_summaries import summed_up


@pytest.fixture
def sound(books: Books) -> Books:
    books.receipt("leeds 1001 2026-11-20\n2 MUG 12.00 20%\n1 TEA 4.20 0%\ncard 16.20", operator_id="A")
    books.post("1001")
    books.receipt("leeds 1002 2026-11-20\n-1 MUG -6.00 20% of 1001\ncard -6.00")
    books.post("1002")
    books.step("1001", "order", "success")
    for name, frame in (
        ("sales_reconciliation", reconciliation(books.connection, books.shops, NOW)),
        ("daily_takings", takings(books.connection, books.shops, NOW)),
    ):
        books.connection.register("made", frame)
        books.sql(f"insert into {name} select * from made")
    return books


def test_sound_tables_break_no_contract(sound: Books, context: CheckContext) -> None:
    assert contracts(sound.connection, context) == []


def test_the_tables_of_a_summed_up_day_break_no_contract(books: Books, context: CheckContext) -> None:
    tables = ("pos_transactions", "posted_orders", "summary_lines", "summary_tenders", "stock_corrections")
    assert contracts(summed_up(books).connection, context, tables) == []


@pytest.mark.parametrize(
    ("defect", "table", "expected"),
    [
        ("update pos_lines set sku = 'X', description = null where quantity = 1", "pos_lines",
         ("empty", "pos_lines.description", "a value in every row", "1 of 3 rows not")),
        ("insert into posted_payments select * from posted_payments where amount = 6", "posted_payments",
         ("duplicate_key", "posted_payments.payment_id", "unique", "2 of 3 rows not")),
        ("update pos_transactions set state = 'done' where receipt_number = '1001'", "pos_transactions",
         ("value", "pos_transactions.state",
          "one of pending, sending, unknown, posted, verified, rejected, excluded, quarantined",
          "1 of 2 rows not: 'done'")),
        ("update pos_transactions set currency = 'pounds' where receipt_number = '1001'", "pos_transactions",
         ("value", "pos_transactions.currency", "an ISO 4217 code", "1 of 2 rows not: 'pounds'")),
        ("update pos_lines set tax = tax + 0.01 where quantity = 2", "pos_lines",
         ("sum", "pos_lines.net + tax = gross", "net + tax = gross", "1 of 3 rows not")),
        ("update posted_payments set signed_amount = 6.00 where amount = 6", "posted_payments",
         ("sum", "posted_payments.signed_amount follows type", "signed_amount follows type", "1 of 2 rows not")),
        ("update posted_order_rows set order_id = 999 where quantity = 2", "posted_order_rows",
         ("reference", "posted_order_rows.order_id", "a row of posted_orders", "1 of 3 rows not")),
        ("alter table daily_takings alter difference type double", "daily_takings",
         ("columns", "daily_takings.difference", "DECIMAL(18,4)", "DOUBLE")),
        ("alter table tax_codes drop rate", "tax_codes",
         ("columns", "tax_codes.rate", "DECIMAL(9,4)", "no such column")),
    ],
)  # fmt: skip
def test_each_kind_of_breach_is_found_with_its_column(
    sound: Books, context: CheckContext, defect: str, table: str, expected: tuple[str, str, str, str]
) -> None:
    sound.sql(defect)
    found = contracts(sound.connection, context, [table])
    assert [(f.kind, f.place, f.expected, f.actual) for f in found] == [expected]


def test_a_finding_says_what_to_do(sound: Books, context: CheckContext) -> None:
    sound.sql("update posted_goods set direction = 'sideways' where direction = 'in'")
    assert contracts(sound.connection, context, ["posted_goods"]) == [
        Finding(
            check="contracts", kind="value", shop="", receipt_number="", sale_id="", business_date=None,
            expected="one of out, in", actual="1 of 3 rows not: 'sideways'", place="posted_goods.direction",
            owner="data",
            message="posted_goods.direction: expected one of out, in; 1 of the newest 3 rows break that: 'sideways'. "
            "Find the source of the value; extend the list only if the ERP or till really has a new one.",
        )
    ]  # fmt: skip


def test_only_the_newest_rows_are_validated_but_their_keys_against_all(sound: Books, context: CheckContext) -> None:
    sound.sql("update pos_transactions set captured_at = '2020-01-01', state = 'done' where receipt_number = '1001'")
    assert contracts(sound.connection, context, ["pos_transactions"], limit=1) == []
    sound.sql("insert into pos_transactions select * replace ('2019-01-01'::timestamptz as captured_at)"
              " from pos_transactions where receipt_number = '1002'")  # fmt: skip
    (twice,) = contracts(sound.connection, context, ["pos_transactions"], limit=1)
    assert (twice.kind, twice.place) == ("duplicate_key", "pos_transactions.sale_id")


def _run_alone(script: str, home: Path) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(root), "HOME": str(home)}, cwd=root,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_validation_calls_nobody_and_prints_nothing(tmp_path: Path) -> None:
    script = """
import socket
def refuse(*args, **kwargs):
    raise AssertionError(f"a connection was tried: {args}")
socket.socket.connect = socket.socket.connect_ex = socket.create_connection = socket.getaddrinfo = refuse
from checks.context import CheckContext
from checks.contracts import contracts
from tests.builders import NOW, Books
from tests.checks.test_summaries import summed_up
books = Books()
books.receipt("leeds 1001 2026-11-20\\n2 MUG 12.00 20%\\ncard 12.00")
print(len(contracts(books.connection, CheckContext(books.shops, NOW), ["pos_transactions"])))
"""
    run = _run_alone(script, tmp_path)
    assert (run.returncode, run.stdout, run.stderr) == (0, "0\n", "")


def test_loading_the_checks_imports_neither_great_expectations_nor_pandas(tmp_path: Path) -> None:
    script = """
import sys, checks.contracts, checks.report
print([name for name in ("great_expectations", "pandas") if name in sys.modules])
"""
    assert _run_alone(script, tmp_path).stdout == "[]\n"
