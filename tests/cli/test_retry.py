"""``tillbridge retry``: what goes back in line, what does not, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bp_assets.cli.retry import NotKnown, run
from bp_assets.config import Home, ShopsFile, load, loads
from bp_assets.ledger import postings
from bp_assets.ledger.connection import Ledger
from tests.cli.shop_day import TOML, drop, shops_file
from tests.cli.terminal import tillbridge


def state_of(ledger: Ledger, number: str) -> str:
    (posting,) = postings.postings_by_receipt(ledger, number)
    return posting.state


@pytest.fixture
def shops(ledger: Ledger, home: Home) -> ShopsFile:
    """Four receipts: 1001 pending, 1002 and 1003 rejected for two reasons, 1004 quarantined (12.00 is in words)."""
    file = drop(
        ledger,
        home.root,
        [
            "1001,2026-03-02T10:00:00,MUG,1,12.00,20",
            "1002,2026-03-02T10:05:00,MUG,1,12.00,5",
            "1003,2026-03-02T10:06:00,CUP,1,12.00,20",
            "1004,2026-03-02T10:07:00,MUG,1,twelve,20",
        ],
    )
    for number, reason in (("1002", "tax_not_mapped"), ("1003", "unknown_sku")):
        (posting,) = postings.postings_by_receipt(ledger, number)
        postings.park(ledger, posting.sale_id, reason, "as planted")
    return file


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_without_names_all_rejected_and_quarantined_are_tried_again(
    ledger: Ledger, home: Home, shops: ShopsFile, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(home.root, shops, [], None) == 0
    first, second, third = said(capsys)
    assert first == "2 receipts wait to be posted again."
    assert second.startswith("1004 (leeds) is still quarantined, bad_number: receipt 1004: day.csv row 5: total: ")
    assert "Mend the value at the named row" in second
    assert third.startswith("The next posting run sends them")
    states = [state_of(ledger, number) for number in ("1001", "1002", "1003", "1004")]
    assert states == ["pending", "pending", "pending", "quarantined"]
    (again,) = postings.postings_by_receipt(ledger, "1002")
    assert (again.reason_code, again.message, again.attempts) == ("", "", 0)


def test_a_reason_chooses(ledger: Ledger, home: Home, shops: ShopsFile, capsys: pytest.CaptureFixture[str]) -> None:
    run(home.root, shops, [], "tax_not_mapped")
    assert said(capsys)[0] == "1 receipt waits to be posted again."
    assert (state_of(ledger, "1002"), state_of(ledger, "1003")) == ("pending", "rejected")
    run(home.root, shops, [], "tax_not_mapped")
    assert said(capsys) == ["Nothing is rejected or quarantined with the reason tax_not_mapped."]


def test_named_receipts_alone_are_tried_again(
    ledger: Ledger, home: Home, shops: ShopsFile, capsys: pytest.CaptureFixture[str]
) -> None:
    (third,) = postings.postings_by_receipt(ledger, "1003")
    run(home.root, shops, ["1001", third.sale_id], None)
    assert said(capsys)[:2] == [
        "1001 (leeds) is pending: there is nothing to try again.",
        "1 receipt waits to be posted again.",
    ]
    assert (state_of(ledger, "1002"), state_of(ledger, "1003")) == ("rejected", "pending")


def test_an_excluded_receipt_comes_back_only_by_name(
    ledger: Ledger, home: Home, shops: ShopsFile, capsys: pytest.CaptureFixture[str]
) -> None:
    (first,) = postings.postings_by_receipt(ledger, "1001")
    postings.exclude(ledger, first.sale_id, "excluded_by_rule", "staff purchase")
    run(home.root, shops, [], None)
    assert state_of(ledger, "1001") == "excluded"
    run(home.root, shops, ["1001"], None)
    assert state_of(ledger, "1001") == "pending"


def test_a_quarantined_receipt_is_read_with_the_mended_file(
    ledger: Ledger, home: Home, shops: ShopsFile, capsys: pytest.CaptureFixture[str]
) -> None:
    drop(ledger, home.root, ["2001,02.03.2026 11:00,MUG,1,12.00,20"], "german.csv")
    assert state_of(ledger, "2001") == "quarantined"
    mended = loads(TOML.replace("settle_seconds = 0", 'settle_seconds = 0\ntime_format = "%d.%m.%Y %H:%M"'))
    run(home.root, mended, ["2001"], None)
    assert said(capsys)[0] == "1 receipt could be read now and waits to be posted."
    assert (state_of(ledger, "2001"), state_of(ledger, "1004")) == ("pending", "quarantined")


def test_an_unknown_receipt_changes_nothing_and_the_close_ones_are_named(
    ledger: Ledger, home: Home, shops: ShopsFile
) -> None:
    with pytest.raises(NotKnown) as refused:
        run(home.root, shops, ["1002", "10O3"], None)
    assert str(refused.value).splitlines() == [
        "There is no receipt 10O3. Did you mean 1003?",
        "Rejected or quarantined: 1002, 1003, 1004. Nothing was changed.",
    ]
    assert state_of(ledger, "1002") == "rejected"


def test_an_unknown_reason_names_those_there_are(ledger: Ledger, home: Home, shops: ShopsFile) -> None:
    with pytest.raises(NotKnown) as refused:
        run(home.root, shops, [], "tax_unmapped")
    assert str(refused.value) == (
        "There is no reason tax_unmapped. Did you mean tax_not_mapped? Reasons that receipts wait with: "
        "bad_number (1), tax_not_mapped (1), unknown_sku (1). Nothing was changed."
    )


def test_receipts_of_a_shop_that_left_the_file_are_left_alone(
    ledger: Ledger, home: Home, shops: ShopsFile, capsys: pytest.CaptureFixture[str]
) -> None:
    run(home.root, loads(TOML.replace('key = "leeds"', 'key = "york"')), [], None)
    assert said(capsys) == ["Shop leeds is not in the shops file: its receipts are left as they are."]
    assert (state_of(ledger, "1002"), state_of(ledger, "1004")) == ("rejected", "quarantined")


def test_the_command_reads_the_file_it_is_given(ledger: Ledger, home: Home, shops: ShopsFile) -> None:
    file = shops_file(home.root)
    done = tillbridge("retry", "--reason", "unknown_sku", "--config", str(file), TILLBRIDGE_HOME=str(home.root))
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "1 receipt waits to be posted again.")
    wrong = tillbridge("retry", "9999", "--config", str(file), TILLBRIDGE_HOME=str(home.root))
    assert wrong.returncode == 2
    assert wrong.stderr.splitlines()[0] == "There is no receipt 9999."
    assert load(Path(file)).shops[0].key == "leeds"
