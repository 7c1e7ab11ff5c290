"""``tillbridge replay`` from its command line: every receipt in one state, money to the penny, however the file comes.

Read: a generated month, and the real one where it is there. Written: homes of the tests.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.e2e import month
from tests.e2e.command import ROOT, tillbridge

EXAMPLE = ROOT / "examples" / "online-retail.toml"
SHARED = Path(os.environ.get("TILLBRIDGE_ONLINE_RETAIL") or ROOT.parent / "shared/data/online-retail/2010-12.parquet")
KEYS = {
    "receipts", "posted", "verified", "rejected", "quarantined", "excluded", "unsettled", "net_minor_by_state",
    "erp_net_minor", "requests", "seconds", "findings",
}  # fmt: skip
STATES = ("verified", "rejected", "quarantined", "excluded", "unsettled")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def replayed(folder: Path, files: Sequence[Path], config: Path = EXAMPLE) -> tuple[dict[str, Any], str]:
    """The summary and what was shown; the command must have found that till and ERP agree."""
    out = folder / "summary.json"
    arguments = ["replay", *map(str, files), "--config", str(config), "--sandbox", "--json", str(out)]
    done = tillbridge(folder / "home", *arguments, seconds=560)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(out.read_text(encoding="utf-8")), done.stdout


def lasting(summary: dict[str, Any]) -> dict[str, Any]:
    """What must not depend on how often, how fast or in how many pieces the file came."""
    return {name: value for name, value in summary.items() if name not in ("seconds", "requests", "refused")}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's shops file with a watched folder of its own name."""
    file = tmp_path_factory.mktemp("config") / "shops.toml"
    text = EXAMPLE.read_text(encoding="utf-8")
    assert 'folder = "drop/online_retail"' in text
    file.write_text(text.replace('folder = "drop/online_retail"', 'folder = "watched/month"'), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the month is replayed, whole and then in pieces."""
    folder = tmp_path_factory.mktemp("whole")
    month.write_csv(folder / "month.csv", month.rows())
    return folder


@pytest.fixture(scope="module")
def whole(place: Path, config: Path) -> tuple[dict[str, Any], str]:
    return replayed(place, [place / "month.csv"], config)


def test_every_receipt_ends_in_the_state_it_must_with_a_reason(whole: tuple[dict[str, Any], str]) -> None:
    summary, _ = whole
    assert set(summary) >= KEYS
    assert {name: summary[name] for name in ("receipts", "posted", *STATES)} == {
        "receipts": 64, "posted": 53, "verified": 53, "rejected": 1, "quarantined": 3, "excluded": 7, "unsettled": 0,
    }  # fmt: skip
    assert sum(summary[state] for state in STATES) == summary["receipts"]
    assert summary["reasons"] == {
        "excluded": {"zero_value": 7},
        "quarantined": {"bad_number": 2, "malformed": 1},
        "rejected": {"fractional_stock": 1},
    }


def test_money_by_state_is_that_of_an_independent_reckoning(whole: tuple[dict[str, Any], str]) -> None:
    summary, _ = whole
    reckoned = month.expected(month.rows())
    assert {state: count for state in STATES if (count := summary[state])} == reckoned.receipts
    assert summary["net_minor_by_state"] == {state: reckoned.net_minor.get(state, 0) for state in STATES}
    assert summary["erp_net_minor"] == reckoned.net_minor["verified"]
    assert reckoned.net_minor["verified"] > 1_000_000  # the month is worth something


def test_the_screen_says_that_they_agree_and_where_the_summary_is(whole: tuple[dict[str, Any], str]) -> None:
    _, shown = whole
    assert "They agree." in shown
    assert "1 fractional_stock" in shown
    assert "summary.json" in shown


def test_shuffled_pieces_of_two_kinds_over_an_earlier_replay_in_the_same_home_give_the_same(
    whole: tuple[dict[str, Any], str], place: Path, config: Path, tmp_path: Path
) -> None:
    """Neither the pieces nor what the first replay left behind (its file, ledger and lake) makes a difference."""
    assert (place / "home" / "replay" / "watched" / "month" / "month.csv").is_file()
    first, second, *rest = month.pieces(month.rows(), 4, seed=5)
    folder = tmp_path / "pieces"
    folder.mkdir()
    for number, piece in enumerate(rest):
        month.write_parquet(folder / f"part-{number}.parquet", piece)
    files = [month.write_csv(tmp_path / "first.csv", first), month.write_csv(tmp_path / "second.csv", second)]
    summary, _ = replayed(place, [*files, folder], config)
    assert lasting(summary) == lasting(whole[0])


def test_a_file_that_is_not_there_is_named_without_a_stack_trace(tmp_path: Path) -> None:
    done = tillbridge(tmp_path / "home", "replay", "nowhere.csv", "--config", str(EXAMPLE), "--sandbox")
    assert done.returncode == 2
    assert "nowhere.csv: there is no such file" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_without_a_sandbox_nothing_is_posted_and_the_reason_is_given(tmp_path: Path) -> None:
    file = month.write_csv(tmp_path / "month.csv", month.rows()[:3])
    done = tillbridge(tmp_path / "home", "replay", str(file), "--config", str(EXAMPLE))
    assert (done.returncode, done.stderr) == (
        2,
        "replay posts to a sandbox only: add --sandbox. A live account is fed through its till feeds.\n",
    )


shared = pytest.mark.skipif(not SHARED.is_file(), reason="the real month 2010-12.parquet is not there")


@shared
def test_the_real_month_in_shuffled_pieces_agrees_to_the_penny(tmp_path: Path) -> None:
    """In pieces, since that asks more: tests/tills/test_online_retail.py shows that the whole gives the same bytes."""
    data = pl.read_parquet(SHARED)
    order = list(range(data.height))
    random.Random(8).shuffle(order)
    folder = tmp_path / "pieces"
    folder.mkdir()
    for number in range(3):
        data[order[number::3]].write_parquet(folder / f"piece-{number}.parquet")
    summary, _ = replayed(tmp_path, [folder])
    assert {name: summary[name] for name in ("receipts", *STATES)} == {
        "receipts": 2025, "verified": 1885, "rejected": 0, "quarantined": 0, "excluded": 140, "unsettled": 0,
    }  # fmt: skip
    assert summary["reasons"] == {"excluded": {"zero_value": 140}}
    reckoned = sum(
        int((Decimal(quantity) * Decimal(repr(price)) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        for quantity, price in data.select("Quantity", "UnitPrice").iter_rows()
    )
    assert summary["erp_net_minor"] == sum(summary["net_minor_by_state"].values()) == reckoned == 74_895_702
