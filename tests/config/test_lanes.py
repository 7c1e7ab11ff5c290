"""The lanes' shares of the request cap: defaults, faults in one sentence, the minute of a sandbox."""

from __future__ import annotations

import pytest

from bp_assets.config import ConfigError, loads
from bp_assets.domain.lanes import LANES
from tests.posting.receipts import SHOP_TOML, SHOPS_TOML

GOOD = SHOPS_TOML + SHOP_TOML.format(key="leeds", warehouse=3, channel=2, contact=201)


def with_lanes(lines: str) -> str:
    return GOOD.replace("[nominal_codes]", f"[erp.lanes]\n{lines}\n[nominal_codes]", 1)


def test_a_lane_that_is_not_named_keeps_its_default() -> None:
    lanes = loads(with_lanes("posting = { guaranteed = 50, greatest = 90 }")).erp.lanes
    shares = [(lanes.of(lane).guaranteed, lanes.of(lane).greatest) for lane in LANES]
    assert shares == [(50, 90), (10, 40), (10, 40), (10, 40), (5, 40), (5, 30)]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("read = { guaranteed = 5, greatest = 10 }", "erp.lanes.read: is not a known key"),
        ("sweep = { guaranteed = 5 }", "erp.lanes.sweep.greatest: is missing"),
        ("sweep = { guaranteed = 50, greatest = 40 }", "erp.lanes.sweep: guarantees 50 % but allows only 40 %"),
        ("sweep = { guaranteed = -1, greatest = 40 }",
         "erp.lanes.sweep.guaranteed: Input should be greater than or equal to 0"),
        ("sweep = { guaranteed = 0, greatest = 0 }",
         "erp.lanes.sweep.greatest: Input should be greater than or equal to 1"),
        ("posting = { guaranteed = 70, greatest = 100 }",
         "erp.lanes: the lanes are guaranteed 110 % together (posting 70, stock 10, verify 10, changes 10, sweep 5, "
         "backfill 5); no more than 100 can be"),
    ],
)  # fmt: skip
def test_a_share_that_can_not_be_is_said_in_one_sentence(lines: str, fault: str) -> None:
    with pytest.raises(ConfigError) as refused:
        loads(with_lanes(lines), "shops.toml")
    assert str(refused.value) == f"shops.toml: {fault}"


def test_the_minute_of_a_sandbox_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    erp = loads(GOOD).erp
    monkeypatch.delenv("TILLBRIDGE_ERP_MINUTE_SECONDS", raising=False)
    assert erp.minute == 60
    monkeypatch.setenv("TILLBRIDGE_ERP_MINUTE_SECONDS", "5")
    assert erp.minute == 5


@pytest.mark.parametrize("said", ["soon", "0", "-1", "nan", "inf", "7200"])
def test_a_minute_that_is_none_is_said(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLBRIDGE_ERP_MINUTE_SECONDS", said)
    with pytest.raises(ConfigError, match=f"TILLBRIDGE_ERP_MINUTE_SECONDS is '{said}'; it takes seconds above 0"):
        _ = loads(GOOD).erp.minute
