"""``tillbridge status``: counts and money by state, how fresh everything is, and why receipts are set aside."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from bp_assets.cli.status import _ago, run, statuses
from bp_assets.config import Home, loads
from bp_assets.ledger import marks, postings
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.requests import Spending, change_usage
from tests.cli.shop_day import TOML, drop
from tests.cli.terminal import tillbridge

_, _, LEEDS = TOML.partition("[[shops]]")
YORK = LEEDS.replace("leeds", "york").replace("_id = 3", "_id = 4").replace("_id = 2", "_id = 5")
SHOPS = loads(f"{TOML}[[shops]]{YORK}")


@pytest.fixture
def a_day(ledger: Ledger, home: Home) -> Ledger:
    """1001 and 1002 pending, 1003 rejected, 1004 quarantined; a second shop's till does not answer."""
    drop(
        ledger,
        home.root,
        [
            "1001,2026-03-02T10:00:00,MUG,1,12.00,20",
            "1002,2026-03-02T10:05:00,MUG,-2,-24.60,20",
            "1003,2026-03-02T10:06:00,CUP,1,1.00,20",
            "1004,2026-03-02T10:07:00,MUG,1,twelve,20",
        ],
    )
    (third,) = postings.postings_by_receipt(ledger, "1003")
    postings.park(ledger, third.sale_id, "unknown_sku", "as planted")
    marks.ask_failed(ledger, "york", "the till is away", None)
    marks.ask_failed(ledger, "york", "the till is away", None)
    return ledger


def test_every_shop_is_summed_up_from_the_ledger(a_day: Ledger) -> None:
    leeds, york = statuses(a_day, SHOPS, datetime.now(UTC))
    assert leeds.counts == {"pending": 2, "rejected": 1, "quarantined": 1}
    assert leeds.gross_minor == {"pending": -1260, "rejected": 100, "quarantined": 0}
    assert leeds.reasons == {"unknown_sku": 1, "bad_number": 1}
    oldest, *_ = postings.postings_by_receipt(a_day, "1001")
    assert leeds.oldest_unsettled_since == oldest.captured_at
    assert (leeds.currency, leeds.last_posting, leeds.till_error) == ("GBP", None, "")
    assert (york.shop, york.till_error, york.till_failures, york.counts) == ("york", "the till is away", 2, {})
    assert (leeds.state, york.state) == ("erp_refusing", "till_failing")
    assert (
        leeds.reason
        == "1 receipt (1.00 GBP) is rejected: unknown_sku 1. 1 receipt (0.00 GBP) is quarantined: bad_number 1."
    )


def test_the_screen_shows_money_and_reasons(a_day: Ledger, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(home.root, SHOPS, as_json=False) == 0
    out = capsys.readouterr().out
    assert "-12.60" in out
    assert "failing, first 0 s ago (2 times)" in out
    assert "Its till can't be read (2 times in a row): the till is away." in out
    assert any(line.split("│")[1:4] == [" leeds ", " unknown_sku ", "        1 "] for line in out.splitlines())


def test_sales_that_back_off_are_shown_with_their_attempts_and_the_next_one(
    a_day: Ledger, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    (first,) = postings.postings_by_receipt(a_day, "1001")
    postings.defer(a_day, first.sale_id, datetime.now(UTC) + timedelta(seconds=90.9), "503: busy [try later]")
    run(home.root, SHOPS, as_json=False)
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert ["leeds", "1", "0", "in 90 s", "503: busy [try later]"] in lines


def test_without_a_shops_file_all_but_the_states_is_shown(
    a_day: Ledger, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(home.root, None, as_json=False) == 0
    out = capsys.readouterr().out
    assert "-12.60" in out and "How every shop stands" not in out


def test_json_is_for_a_monitor(a_day: Ledger, home: Home) -> None:
    done = tillbridge("status", "--json", TILLBRIDGE_HOME=str(home.root))
    shops = {one["shop"]: one for one in json.loads(done.stdout)["shops"]}
    leeds, york = shops["leeds"], shops["york"]
    assert done.returncode == 0
    assert leeds["gross_minor"]["pending"] == -1260
    assert datetime.fromisoformat(leeds["oldest_unsettled_since"]).utcoffset() == timedelta(0)
    assert (york["till_failures"], york["till_state"]) == (2, "failing")


def test_an_empty_ledger_says_so(ledger: Ledger, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    run(home.root, SHOPS, as_json=False)
    assert capsys.readouterr().out == "No till was asked yet.\n"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s ago"), (119, "119 s ago"), (120, "2 min ago"), (7200, "2 h ago"), (172_800, "2 d ago")],
)
def test_ages_are_told_in_the_largest_unit_that_tells(seconds: int, words: str) -> None:
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert _ago(now - timedelta(seconds=seconds), now) == words


def test_the_last_line_tells_what_was_sent_to_the_erp(
    a_day: Ledger, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(home.root, SHOPS, as_json=False) == 0
    assert "Requests to the ERP" not in capsys.readouterr().out
    spent = [Spending("verify", 4, 0, 200), Spending("posting", 30, 1, 11_400)]
    change_usage(a_day, "acme", lambda text, now: ("{}", spent))
    assert run(home.root, SHOPS, as_json=False) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "Requests to the ERP in the last hour: posting 30, verify 4; 34 in the busiest minute; 1 refused; "
        "waited 12 s for the cap."
    )
    assert run(home.root, SHOPS, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["erp_requests_last_hour"] == {
        "by_lane": {"posting": 30, "verify": 4}, "busiest_minute": 34, "refused": 1, "waited_seconds": 11.6,
    }  # fmt: skip
