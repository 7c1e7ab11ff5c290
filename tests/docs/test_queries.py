"""Every query of the docs runs, and gives the answer that stands below it. Read: the docs. Written: nothing."""

from collections.abc import Iterator

import pytest

from bp_assets.domain.reasons import REASONS
from bp_assets.domain.states import State
from bp_assets.lake.finance_tables import DAILY_TAKINGS, SALES_RECONCILIATION
from tests.builders import Books
from tests.docs.answers import FILES, ROOT, Query, answer, queries
from tests.docs.sample import sample

QUERIES = [query for file in FILES for query in queries(file)]
FINANCE = (ROOT / "docs" / "finance.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    filled = sample()
    yield filled
    filled.connection.close()


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: f"{query.file}:{query.line}")
def test_a_query_of_the_docs_runs_and_gives_the_answer_below_it(books: Books, query: Query) -> None:
    got = answer(books.connection, query.text)
    if query.answer:
        assert got == query.answer, "if the new answer is right: python -m tests.docs.answers"


def test_finance_has_a_dozen_queries_with_answers_that_are_not_empty() -> None:
    answered = [query for query in QUERIES if query.file == "docs/finance.md" and query.answer]
    assert len(answered) >= 14
    assert all(query.answer.count("\n") > 2 for query in answered)


def test_the_sample_has_one_receipt_of_every_sort_the_page_speaks_of(books: Books) -> None:
    kinds = books.sql("select kind, count(*) from pos_transactions group by kind order by kind nulls last")
    assert kinds == [("exchange", 1), ("goods_return", 2), ("sale", 9), (None, 1)]


def test_finance_explains_every_column_of_its_two_tables() -> None:
    for table in (SALES_RECONCILIATION, DAILY_TAKINGS):
        missing = [column.name for column in table.columns if f"`{column.name}`" not in FINANCE]
        assert missing == [], table.name


def test_finance_explains_every_state_and_every_reason() -> None:
    assert [state for state in State if f"**{state}**" not in FINANCE] == []
    assert [code for code in REASONS if f"`{code}`" not in FINANCE] == []
