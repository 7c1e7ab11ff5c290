"""One poster per ERP account, and a bell that spares it from asking all the time."""

from __future__ import annotations

import threading
import time

import pytest
import sqlalchemy as sa

from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.errors import LockLost
from bp_assets.ledger.locks import bell, poster_lock
from bp_assets.ledger.postings import park, requeue
from bp_assets.ledger.totals import Standing, counts, oldest_unsettled, standings
from bp_assets.ledger.webhooks import handled, hear, open_webhooks
from tests.ledger.receipts import waiting


def test_a_second_poster_of_the_account_is_turned_away_until_the_first_ends(ledger: Ledger) -> None:
    with poster_lock(ledger, "acme") as first:
        assert first is not None
        first.check()
        with poster_lock(ledger, "acme") as second, poster_lock(ledger, "other") as other:
            assert second is None
            assert other is not None
    with poster_lock(ledger, "acme") as third:
        assert third is not None


def test_a_poster_whose_connection_is_cut_is_told_before_it_sends_again(ledger: Ledger) -> None:
    with poster_lock(ledger, "acme") as lock:
        assert lock is not None
        with ledger.begin() as connection:
            kill = "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory' and database = "
            kill += "(select oid from pg_database where datname = current_database())"
            assert connection.scalar(sa.text(kill)) == 1
        for ask in (lock.check, lock.check, lock.wanted):  # several threads ask, and each is told
            with pytest.raises(LockLost, match="'acme' was lost"):
                ask()
        with poster_lock(ledger, "acme") as next_one:
            assert next_one is not None


def test_the_bell_rings_for_a_new_sale_and_for_a_retry(ledger: Ledger) -> None:
    with bell(ledger) as ring:
        assert ring.wait(0) is False
        (sale_id,) = waiting(ledger, "1")
        assert ring.wait(5) is True
        assert ring.wait(0) is False
        park(ledger, sale_id, "unknown_sku", "?")
        assert ring.wait(0) is False
        requeue(ledger)
        assert ring.wait(5) is True


def test_the_bell_wakes_a_waiting_poster_at_once(ledger: Ledger) -> None:
    with bell(ledger) as ring:
        seller = threading.Timer(0.2, waiting, (ledger, "1"))
        started = time.monotonic()
        seller.start()
        assert ring.wait(20) is True
        assert time.monotonic() - started < 10
        seller.join()


def test_a_bell_whose_connection_is_cut_rings_once_and_then_waits_as_long_as_it_is_told(ledger: Ledger) -> None:
    with bell(ledger) as ring, ledger.begin() as connection:
        kill = "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%'"
        assert connection.scalar(sa.text(kill)) is True
        assert ring.wait(20) is True
        started = time.monotonic()
        assert ring.wait(0.5) is False
        assert time.monotonic() - started >= 0.5


def test_the_ledger_counts_what_stands_where(ledger: Ledger) -> None:
    one, _two = waiting(ledger, "1", "2")
    waiting(ledger, "3", shop="york")
    park(ledger, one, "unknown_sku", "?")
    assert counts(ledger) == {"leeds": {"pending": 1, "rejected": 1}, "york": {"pending": 1}}
    assert standings(ledger) == [
        Standing("leeds", "pending", "", "GBP", 1, 1000, 1200),
        Standing("leeds", "rejected", "unknown_sku", "GBP", 1, 1000, 1200),
        Standing("york", "pending", "", "GBP", 1, 1000, 1200),
    ]
    assert [(w.shop, w.count, w.oldest_sale_id) for w in oldest_unsettled(ledger)] == [
        ("leeds", 1, _two),
        ("york", 1, "file_drop-tills-3"),
    ]


def test_a_hint_is_open_until_it_was_acted_upon(ledger: Ledger) -> None:
    first = hear(ledger, "brightpearl", "order.modified.status", "501", {"id": "501"})
    hear(ledger, "square", "payment.created", "p1", {})
    assert [(h.webhook_id, h.payload) for h in open_webhooks(ledger, "brightpearl")] == [(first, {"id": "501"})]
    assert handled(ledger, [first]) == 1
    assert handled(ledger, [first]) == 0
    assert [h.source for h in open_webhooks(ledger)] == ["square"]
