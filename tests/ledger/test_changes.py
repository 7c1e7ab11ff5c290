"""Increments: no order of commits hides a row, and an unchanged table has nothing to say."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from bp_assets.ledger.changes import change_stream, changes
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.postings import mark_posted
from bp_assets.ledger.totals import TillTotal, note_till_totals
from tests.ledger.receipts import waiting

ADD = sa.text(
    "insert into tillbridge.till_totals (shop, business_date, transactions, currency) "
    "values (:shop, '2026-03-02', 1, 'GBP')"
)


def shops(ledger: Ledger, since: int | None) -> tuple[set[str], int]:
    found = changes(ledger, "till_totals", since, columns=["shop"])
    return {row["shop"] for row in found.rows}, found.mark


def test_without_a_mark_every_row_is_read_and_after_it_only_what_changed(ledger: Ledger) -> None:
    one, two = waiting(ledger, "1", "2")
    first = changes(ledger, "postings", columns=["sale_id", "state"])
    assert first.complete
    assert first.rows == [{"sale_id": one, "state": "pending"}, {"sale_id": two, "state": "pending"}]
    mark_posted(ledger, [two])
    second = changes(ledger, "postings", first.mark, columns=["sale_id", "state"])
    assert (second.complete, second.rows) == (False, [{"sale_id": two, "state": "posted"}])
    assert changes(ledger, "postings", second.mark).rows == []


def test_a_row_of_a_transaction_that_was_still_open_at_the_mark_is_read_after_it_commits(ledger: Ledger) -> None:
    with ledger.engine.connect() as slow:
        slow.execute(ADD, {"shop": "slow"})
        with ledger.begin() as quick:
            quick.execute(ADD, {"shop": "quick"})
        seen, mark = shops(ledger, None)
        assert seen == {"quick"}
        slow.commit()
    seen, mark = shops(ledger, mark)
    assert seen == {"slow", "quick"}  # what came since the oldest open transaction may come twice
    assert shops(ledger, mark)[0] == set()


def test_a_fresh_row_is_read_at_once_though_an_older_transaction_is_still_open(ledger: Ledger) -> None:
    _, mark = shops(ledger, None)
    with ledger.engine.connect() as slow:
        slow.execute(ADD, {"shop": "slow"})
        with ledger.begin() as quick:
            quick.execute(ADD, {"shop": "quick"})
        assert shops(ledger, mark)[0] == {"quick"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_row_is_missed_while_writers_commit_out_of_order(ledger: Ledger, seed: int) -> None:
    """Six writers hold their transactions open for random turns while a reader follows its mark."""
    draw = random.Random(seed)
    written: set[str] = set()
    seen: set[str] = set()
    mark: int | None = None
    open_: dict[int, tuple[sa.Connection, set[str]]] = {}
    for number in range(120):
        slot = draw.randrange(6)
        if slot not in open_:
            open_[slot] = (ledger.engine.connect(), set())
        connection, mine = open_[slot]
        shop = f"s{number}"
        connection.execute(ADD, {"shop": shop})
        mine.add(shop)
        if draw.random() < 0.4:
            if draw.random() < 0.2:
                connection.rollback()
            else:
                connection.commit()
                written |= mine
            connection.close()
            del open_[slot]
        if draw.random() < 0.5:
            fresh, mark = shops(ledger, mark)
            seen |= fresh
            assert seen == written, f"seed {seed}, step {number}"
    for connection, _ in open_.values():
        connection.rollback()
        connection.close()
    seen |= shops(ledger, mark)[0]
    assert seen == written


def test_no_row_is_missed_with_writers_in_threads(ledger: Ledger) -> None:
    done = threading.Event()
    written: list[str] = []

    def write(name: int) -> None:
        draw = random.Random(name)
        for number in range(40):
            with ledger.begin() as connection:
                for part in range(draw.randint(1, 3)):
                    shop = f"w{name}-{number}-{part}"
                    connection.execute(ADD, {"shop": shop})
                    written.append(shop)

    writers = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    finisher = threading.Thread(target=lambda: ([w.join() for w in writers], done.set()))
    for thread in (*writers, finisher):
        thread.start()
    seen: set[str] = set()
    mark: int | None = None
    while True:
        last = done.is_set()
        fresh, mark = shops(ledger, mark)
        seen |= fresh
        if last:
            break
    assert seen == set(written)


def test_a_mark_from_another_server_reads_everything_again(ledger: Ledger) -> None:
    waiting(ledger, "1")
    found = changes(ledger, "postings", since=10**15)
    assert found.complete
    assert len(found.rows) == 1


def test_large_tables_come_in_batches_of_one_snapshot(ledger: Ledger) -> None:
    waiting(ledger, *(str(n) for n in range(25)))
    with change_stream(ledger, "inbox", columns=["inbox_id"], size=10) as stream:
        first = next(stream.batches)
        waiting(ledger, "late")
        sizes = [len(first), *(len(batch) for batch in stream.batches)]
    assert sizes == [10, 10, 5]
    assert len(changes(ledger, "inbox", stream.mark, columns=["inbox_id"]).rows) == 1


def test_a_table_without_stamps_is_refused_by_name(ledger: Ledger) -> None:
    with pytest.raises(KeyError, match="changes of 'marks' are not stamped"):
        changes(ledger, "marks")


def test_till_totals_that_say_the_same_are_no_change(ledger: Ledger) -> None:
    total = TillTotal("leeds", date(2026, 3, 2), 7, 8400, "GBP", datetime(2026, 3, 2, 18, tzinfo=UTC))
    note_till_totals(ledger, [total])
    mark = changes(ledger, "till_totals").mark
    note_till_totals(ledger, [total])
    assert changes(ledger, "till_totals", mark).rows == []
    note_till_totals(ledger, [replace(total, transactions=8, gross_minor=9600)])
    assert [row["gross_minor"] for row in changes(ledger, "till_totals", mark).rows] == [9600]
