"""The shared cap, second by second, against the sandbox's cap in both kinds of window."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bp_assets.brightpearl.sharing import Landing, Limits, Usage, account_room, land, spacing
from bp_assets.config import Lanes, LaneShare
from bp_assets.domain.lanes import LANES
from tests.brightpearl.account import TICK, Account, every, keep

CAP = Limits()  # 200 a minute, 10 % left to others
WINDOWS = pytest.mark.parametrize("rolling", [False, True], ids=["clock_minute", "last_minute"])


@settings(max_examples=40, deadline=None)
@given(
    cap=st.integers(1, 60),
    reserve=st.sampled_from([0, 0, 10, 50]),
    rolling=st.booleans(),
    begin=st.floats(0, 10),
    latency=st.sampled_from([0.1, 1.0, 4.0]),
    headers=st.booleans(),
    seed=st.integers(0, 10_000),
)
def test_alone_on_the_account_no_request_is_ever_refused(cap, reserve, rolling, begin, latency, headers, seed):
    account = Account(
        Limits(cap, reserve, minute=10.0), rolling=rolling, begin=begin, seed=seed, latency=(0.01, latency),
        header=(lambda said: said) if headers else (lambda said: (None, None)),
    )  # fmt: skip
    draw = account.draw

    def wants(at):
        return [draw.choice(LANES)] * (draw.choice([1, 1, 5, 40]) if draw.random() < 0.06 else 0)

    account.run(25, wants)
    assert account.refused == []
    assert account.sent


@WINDOWS
def test_posting_alone_drains_at_nearly_all_that_is_usable(rolling):
    account = Account(CAP, rolling=rolling, begin=17.0)
    account.run(240, keep(account, "posting", each=8))
    assert account.refused == []
    a_minute = [account.count("posting", 60 * one, 60 * one + 60) for one in range(4)]
    assert a_minute[0] == 180
    assert min(a_minute) >= 176


@WINDOWS
def test_every_lane_gets_its_guarantee_while_all_want_everything(rolling):
    account = Account(CAP, rolling=rolling)
    account.run(300, keep(account, *LANES))
    assert account.refused == []
    in_three_minutes = {lane: account.count(lane, 120, 300) for lane in LANES}
    guaranteed = {lane: 3 * 180 * CAP.lanes.of(lane).guaranteed // 100 for lane in LANES}
    assert all(in_three_minutes[lane] >= 0.96 * guaranteed[lane] for lane in LANES), in_three_minutes
    assert sum(in_three_minutes.values()) >= 3 * 176


@settings(max_examples=15, deadline=None)
@given(parts=st.lists(st.integers(0, 40), min_size=6, max_size=6), busy=st.sets(st.sampled_from(LANES), min_size=1),
       rolling=st.booleans(), seed=st.integers(0, 10_000))  # fmt: skip
def test_whatever_the_shares_a_lane_that_wants_its_guarantee_gets_it(parts, busy, rolling, seed):
    total = max(100, sum(parts))
    shares = {
        lane: LaneShare(guaranteed=part * 100 // total, greatest=100) for lane, part in zip(LANES, parts, strict=True)
    }
    limits = Limits(60, 0, minute=10.0, lanes=Lanes(**shares))
    account = Account(limits, rolling=rolling, seed=seed, latency=(0.01, 0.1))
    account.run(50, keep(account, *sorted(busy, key=LANES.index)))
    assert account.refused == []
    for lane in busy:
        assert account.count(lane, 20, 50) >= 0.93 * 3 * (60 * shares[lane].guaranteed // 100) - 1, lane
    assert account.count(min(busy, key=LANES.index), 20, 50) > 0


@WINDOWS
def test_a_full_backfill_does_not_delay_posting(rolling):
    account = Account(CAP, rolling=rolling)
    fill, live = keep(account, "backfill", "sweep", each=4), every(0.6, "posting")
    account.run(240, lambda at: [*fill(at), *live(at)])
    assert account.refused == []
    assert account.longest_wait("posting") == 0.0
    # At 100 requests a minute posting is busy: the others have what they are guaranteed, no more.
    assert (account.count("backfill", 60, 240), account.count("sweep", 60, 240)) == (27, 27)


def test_a_lane_alone_keeps_to_its_greatest_share():
    account = Account(CAP)
    account.run(120, keep(account, "backfill"))
    assert [account.count("backfill", 0, 60), account.count("backfill", 60, 120)] == [54, 54]


def test_an_account_that_shows_a_small_cap_and_never_runs_out_stops_no_lane():
    account = Account(Limits(per_minute=1_000_000), cap=0)  # the sandbox shows 199 left, whatever was sent
    account.run(60, keep(account, "changes"))
    assert account.longest_wait("changes") < 1.0
    assert account.count("changes") > 600


def test_what_idle_lanes_lent_out_comes_back_within_a_minute():
    account = Account(CAP)
    account.run(90, keep(account, "posting", each=8))
    posting, verify = keep(account, "posting", each=8), keep(account, "verify")
    account.run(160, lambda at: [*posting(at), *verify(at)])
    assert account.longest_wait("verify") <= 60.5  # a request counts until a minute after its slot of half a second
    assert account.count("verify", 90, 250) >= 3 * 18


@WINDOWS
def test_another_app_that_takes_half_is_seen_through_the_headers(rolling):
    account = Account(CAP, rolling=rolling)
    account.run(300, keep(account, "posting", each=8), others=lambda at: round(at * 20) % 12 == 0)  # 100 a minute
    assert len(account.refused) <= 5
    assert account.count("posting", 60, 300) >= 4 * 60


@WINDOWS
def test_an_app_that_eats_the_whole_cap_costs_few_refusals(rolling):
    account = Account(CAP, rolling=rolling)
    account.run(300, keep(account, "posting", each=8), others=lambda at: 1)  # 1,200 a minute
    assert len(account.refused) <= 5 * 12
    account.refused.clear()
    account.run(120, keep(account, "posting", each=8))  # it stopped
    assert account.count("posting", 360, 420) >= 150
    assert len(account.refused) <= 2


def test_a_cap_below_the_one_of_the_file_is_learnt_without_a_refusal():
    account = Account(CAP, cap=100)
    account.run(240, keep(account, "posting", each=3))
    assert account.refused == []
    assert account.count("posting", 60, 240) >= 3 * 80


@WINDOWS
@pytest.mark.parametrize(
    "header",
    [
        lambda said: (None, None),
        lambda said: (None, said[1]),
        lambda said: (said[0], None),
        lambda said: (10_000_000, 0.0),
        lambda said: (199, 600.0),
        lambda said: (0, 600.0),
    ],
    ids=["none", "no_remaining", "no_period", "always_plenty", "always_new", "always_nothing"],
)
def test_absurd_headers_neither_burst_over_the_cap_nor_stop_for_more_than_a_minute(rolling, header):
    account = Account(CAP, rolling=rolling, header=header)
    account.run(300, keep(account, "posting", each=8))
    assert account.refused == []
    granted = [at for _, _, at in account.sent] + [300.0]
    assert max(after - before for before, after in pairwise(granted)) <= 61.5


@WINDOWS
@pytest.mark.parametrize("jump", [3600.0, -3600.0, 86_400 * 365.0], ids=["on", "back", "a_year_on"])
@pytest.mark.parametrize("seen", ["headers", "witness"])
def test_a_store_clock_that_jumps_neither_bursts_nor_stops(rolling, jump, seen):
    """Without any header a process that was there before notices; a process that was not is held by the headers."""
    blind = (lambda said: (None, None)) if seen == "witness" else (lambda said: said)
    account = Account(CAP, rolling=rolling, header=blind, witness=seen == "witness")
    for _ in range(3):
        account.run(47, keep(account, "posting", each=8))
        account.skew += jump
    account.run(100, keep(account, "posting", each=8))
    assert account.refused == []
    granted = [at for _, _, at in account.sent] + [241.0]
    assert max(after - before for before, after in pairwise(granted)) <= 61.5


def test_a_refusal_without_headers_holds_for_its_moment_only():
    account = Account(CAP, header=lambda said: (None, None))
    account.run(1, lambda at: ["posting"] if at == 0 else [], others=lambda at: 250 if at == 0 else 0)
    assert len(account.refused) == 1
    account.run(59, keep(account, "posting"))
    assert account.count("posting", 1, 15) == 0  # the ERP named no moment: a quarter of a minute is waited
    account.run(60, keep(account, "posting"))
    assert account.count("posting", 60, 120) >= 170


def test_an_answer_to_a_request_of_a_row_that_is_gone_widens_nothing():
    usage = Usage(at=100.0)
    land(usage, CAP, Landing(0, 500, 100.0, 100.0, remaining=150, period=30.0))
    assert account_room(usage, CAP) == 150 - 15


def test_what_two_processes_saw_of_one_jump_is_put_right_once():
    account = Account(CAP)
    account.run(10, every(1.0, "posting"))
    account.step()
    before, own = account.usage.at, account.now
    account.skew += 500
    account.step()
    assert account.usage.at == pytest.approx(before + account.now - own)
    account._expected = (before, own)  # another process, whose last visit was before the jump
    account.now += 1
    account.step()
    assert account.usage.at == pytest.approx(before + account.now - own)


def test_a_request_that_never_lands_is_forgotten_with_its_minute():
    account = Account(CAP, latency=(1e6, 1e6))  # a process that took all it could, and died
    account.run(5, keep(account, "posting", each=200))
    assert account.count("posting") == 180
    account.latency = (0.1, 0.1)
    account.run(60, keep(account, "posting"))
    assert account.count("posting", 60, 65) == 180


# -- advice on spacing -------------------------------------------------------------------------------------------------
def test_a_lane_that_uses_less_than_half_of_its_share_need_not_space_its_waves():
    account = Account(CAP)
    assert spacing(account.usage, CAP, 0, 6) == 0.0
    account.run(40, every(0.5, "posting"))  # 80 of 180
    assert spacing(account.usage, CAP, 0, 6) == 0.0


def test_spacing_begins_gently():
    account = Account(CAP)
    account.run(60, every(0.5, "posting"))  # 120 of 180
    assert 0.0 < spacing(account.usage, CAP, 0, 6) < 1.5
    account.run(30, every(0.4, "posting"))
    account.run(60, every(0.4, "posting"))  # 150 of 180
    assert spacing(account.usage, CAP, 0, 6) == pytest.approx(2.0, abs=0.3)  # 6 of 180 a minute


def test_a_backfill_makes_way_for_a_busy_day():
    account = Account(CAP)
    account.run(120, lambda at: keep(account, "backfill")(at) + every(3.0, "posting")(at))  # 20 a minute
    assert account.count("backfill", 60, 120) == 54
    account.run(180, lambda at: keep(account, "backfill")(at) + every(0.6, "posting")(at))  # 100 a minute
    assert account.count("posting", 240, 300) == 100
    assert account.count("backfill", 240, 300) == 9  # no more than it is guaranteed
    assert account.longest_wait("posting") <= TICK
    account.run(180, lambda at: keep(account, "backfill")(at))
    assert account.count("backfill", 420, 480) == 54


@pytest.mark.parametrize(("requests", "least"), [(4, 164), (20, 160), (26, 165)])
def test_waves_at_the_advised_spacing_use_nearly_all_of_a_lane(requests, least):
    account = Account(CAP)
    began, due = [0.0], [0.0]

    def wants(at):
        if account.waiting or at < due[0]:
            return []
        if began[0] >= due[0]:  # the wave is over: when may the next one begin?
            account.step()
            due[0] = began[0] + spacing(account.usage, CAP, 0, requests) + TICK
            if at < due[0]:
                return []
        began[0] = at
        return ["posting"] * requests

    account.run(360, wants)
    assert account.count("posting", 60, 360) >= 5 * least
    assert account.refused == []


def test_small_waves_at_the_advised_spacing_hardly_wait():
    account = Account(CAP)
    due = [0.0]

    def wants(at):
        if at < due[0]:
            return []
        account.step()
        due[0] = at + max(1.0, spacing(account.usage, CAP, 0, 4))
        return ["posting"] * 4

    account.run(300, wants)
    assert account.longest_wait("posting") <= 1.5
    assert account.count("posting", 60, 300) >= 4 * 160  # 240 a minute are wanted, 180 may be had
    assert account.refused == []


def test_spacing_after_a_burst_spreads_what_is_left_until_the_burst_comes_back():
    account = Account(CAP)
    account.run(0.5, lambda at: ["posting"] * 150 if at == 0 else [])
    account.run(29.5, lambda at: [])
    account.step()
    assert spacing(account.usage, CAP, 0, 6) == pytest.approx(30 * 6 / 33, abs=0.2)


def test_spacing_says_how_long_everybody_pauses():
    usage = Usage(at=100.0, paused=107.5)
    assert spacing(usage, CAP, 0, 6) == 7.5


# -- what is kept ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["", "{", "[]", '{"at": 1}', '{"slots": 3}', '{"of": "another version"}'])
def test_a_text_that_cannot_be_read_is_a_new_beginning(text):
    assert Usage.loads(text) == Usage()


def test_a_usage_is_read_as_it_was_written():
    account = Account(CAP)
    account.run(20, every(0.5, "posting", "sweep"))
    assert Usage.loads(account.usage.dumps()) == account.usage


def test_shares_of_a_tiny_cap_still_let_every_lane_through():
    account = Account(Limits(1, 50, minute=1.0, lanes=Lanes(backfill=LaneShare(guaranteed=0, greatest=1))))
    account.run(10, keep(account, "backfill", each=1))
    assert account.count("backfill") >= 7
