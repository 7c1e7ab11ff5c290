"""Piles: what is on its way or set aside, by shop and cause; a day's summary counts as its receipts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.piles import Pile, piles
from bp_assets.ledger.postings import defer, mark_posted, mark_verified, park
from tests.ledger.receipts import sale, waiting

CAME = datetime(2026, 3, 2, 11, tzinfo=UTC)
DAY = date(2026, 3, 2)


def came(ledger: Ledger, *ids: str, at: datetime = CAME, **values: object) -> None:
    changes = ", ".join(f"{name} = :{name}" for name in ("captured_at", *values))
    with ledger.begin() as connection:
        change = sa.text(f"update tillbridge.postings set {changes} where sale_id = any(:ids)")
        connection.execute(change, {"ids": list(ids), "captured_at": at, **values})


def test_what_is_settled_is_in_no_pile_and_the_rest_is_counted_with_its_money(ledger: Ledger) -> None:
    one, two, three, four, five = waiting(ledger, "1", "2", "3", "4", "5")
    came(ledger, one, two, three, four, five)
    came(ledger, two, at=CAME - timedelta(minutes=5))
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=2)
    defer(ledger, one, until, "the ERP is busy")
    defer(ledger, two, CAME, "it was busy")
    park(ledger, three, "unknown_sku", "LOAF")
    mark_posted(ledger, [four, five])
    mark_verified(ledger, [five])
    assert piles(ledger) == [
        Pile("leeds", "GBP", "pending", "", 2, 2400, CAME - timedelta(minutes=5), 1, until, 0, "it was busy", DAY),
        Pile("leeds", "GBP", "posted", "", 1, 1200, CAME, 0, None, 0, "", DAY),
        Pile("leeds", "GBP", "rejected", "unknown_sku", 1, 1200, CAME, 0, None, 0, "LOAF", DAY),
    ]


def test_receipts_of_a_summary_stand_where_it_stands_and_are_as_old_as_it(ledger: Ledger) -> None:
    ids = waiting(ledger, "1", "2", "3")
    came(ledger, *ids, role="member")
    closed, until = CAME + timedelta(hours=9), datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=2)
    with ledger.begin() as connection:
        made = sa.text(
            "insert into tillbridge.postings (sale_id, role, shop, source, account, source_id, receipt_number,"
            " currency, gross_minor, state, attempts, captured_at, next_attempt_at, message)"
            " values ('s', 'summary', 'leeds', '', '', 's', 's',"
            " 'GBP', 2400, 'unknown', 3, :closed, :until, 'no reply')"
        )
        connection.execute(made, {"closed": closed, "until": until})
    came(ledger, *ids[:2], summary_id="s")
    assert piles(ledger) == [
        Pile("leeds", "GBP", "gathering", "", 1, 1200, CAME, 0, None, 0, "", DAY),
        Pile("leeds", "GBP", "unknown", "", 2, 2400, closed, 2, until, 3, "no reply", DAY),
    ]
    assert ids[2] == sale("3").sale_id
