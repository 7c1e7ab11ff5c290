"""What happens at one shop moves no other: its till hangs, floods or lies, its map or its warehouse is wrong."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bp_assets.ledger.locks import poster_lock
from bp_assets.ledger.marks import Mark, all_marks, ask_failed
from bp_assets.ledger.marks import asked as asked_well
from bp_assets.ledger.webhooks import hear, open_webhooks
from bp_assets.operations.standing import assessed
from bp_assets.posting import attendants, breaker, intake
from bp_assets.posting.breaker import Rest, rest_after, rest_left
from bp_assets.tills import systems
from bp_assets.tills.protocol import Decoded, RawReceipt
from tests.posting.house import House
from tests.posting.lingering import (
    Lingering,
    at_square,
    folders,
    lingering,
    mend,
    posted,
    seconds,
    sell,
    states,
    until,
)
from tests.tills.hanging import answering, hang, nonsense, trickle

# Captured to posted is about 0.2 s here; what another shop does takes minutes. The bound is wide for a busy machine.
AT_ONCE = 2.0


@pytest.fixture
def shops(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("TILLBRIDGE_HOME", str(tmp_path))
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", "any")
    folders(house, tmp_path)
    return house


def mark(house: House, shop: str) -> Mark:
    return next(one for one in all_marks(house.ledger) if one.shop == shop)


def one_by_one(house: House, root: Path, run: Lingering, number: int = 5) -> list[float]:
    """So many sales at Leeds, each once the one before is posted; from captured to posted."""
    until(lambda: run.rounds)
    for done in range(number):
        sell(root, "leeds", f"fresh-{done}")
        until(posted(house, "leeds", done + 1))
    return seconds(house, "leeds")


@pytest.mark.parametrize("talk", [hang, trickle, nonsense])
def test_a_till_that_hangs_trickles_or_talks_nonsense_holds_up_no_other_shop(
    talk: Callable[[socket.socket], None], shops: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendants, "SILENT_SECONDS", 0.3)
    with answering(talk) as url:
        at_square(shops, "london", url)
        with lingering(shops) as run:
            assert one_by_one(shops, tmp_path, run)[-1] < AT_ONCE
            until(lambda: any(one.shop == "london" and one.state != "ok" for one in all_marks(shops.ledger)))
            began = time.monotonic()
            assert run.end().posted == 5
            assert time.monotonic() - began < 2.0  # the run's end waits for no till either
    london = mark(shops, "london")
    assert (london.state, london.error_kind) in [("resting", "no_answer"), ("failing", "unreachable")]
    assert london.last_success_at is None


def test_a_run_of_one_round_keeps_nobody_from_posting_while_it_waits_for_a_till(shops: House, tmp_path: Path) -> None:
    answer = threading.Event()

    def later(line: socket.socket) -> None:
        answer.wait(60)
        line.sendall(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n")

    with answering(later) as url:
        at_square(shops, "london", url, timeout_seconds=60)
        sell(tmp_path, "leeds", "1")
        with lingering(shops, seconds=0) as run:
            until(lambda: states(shops, "leeds") == {"pending": 1})
            with poster_lock(shops.ledger, shops.shops.erp.account) as lock:
                assert lock is not None
            answer.set()
            assert run.join().posted == 1


def test_a_till_that_answers_once_the_run_is_over_says_nothing_of_the_next_ones_till(
    shops: House, tmp_path: Path
) -> None:
    asked, answer, gone = threading.Event(), threading.Event(), threading.Event()

    def later(line: socket.socket) -> None:
        asked.set()
        answer.wait(60)
        line.sendall(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n")
        gone.set()

    with answering(later) as url:
        at_square(shops, "london", url, timeout_seconds=60)
        others = set(threading.enumerate())
        with lingering(shops) as run:
            until(asked.is_set)
            run.end()
        asked_well(shops.ledger, "london")  # the next run, whose till answers
        (hung,) = [one for one in threading.enumerate() if one.name == "till-london" and one not in others]
        answer.set()
        hung.join(20)
        assert gone.is_set() and not hung.is_alive()
    assert (mark(shops, "london").state, mark(shops, "london").error) == ("ok", "")


def test_a_till_that_floods_holds_up_no_other_shop(shops: House, tmp_path: Path) -> None:
    """The flood is taken, decoded and posted in steps; a fresh sale of another shop passes between them."""
    with lingering(shops) as run:
        until(run.locked.is_set)
        sell(tmp_path, "london", *range(800))
        until(lambda: sum(states(shops, "london").values()) >= 50)
        took = one_by_one(shops, tmp_path, run)
        london = states(shops, "london")
        assert took[-1] < 2 * AT_ONCE, (took, london)
        assert london.get("pending", 0) + london.get("sending", 0) > 0, "the flood was over too soon to prove anything"


def test_a_decoder_that_fails_costs_its_own_receipts_only(
    shops: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(raw: RawReceipt, shop: intake.Shop, currency: str) -> Decoded:
        if shop.key == "london":
            raise RecursionError("a receipt without end")
        return systems.decode(raw, shop, currency)

    monkeypatch.setattr(intake, "decode", decode)
    with lingering(shops) as run:
        sell(tmp_path, "london", "1", "2")
        assert one_by_one(shops, tmp_path, run, 2)[-1] < AT_ONCE
        until(lambda: states(shops, "london") == {"quarantined": 2})


def test_a_decoder_that_takes_one_receipt_for_another_stops_its_own_shop_only(
    shops: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger refuses such a sale; the shop is seen to fail, with the words, and is tried again."""

    def decode(raw: RawReceipt, shop: intake.Shop, currency: str) -> Decoded:
        other = replace(raw, source_id="another") if shop.key == "london" else raw
        return systems.decode(other, shop, currency)

    monkeypatch.setattr(intake, "decode", decode)
    with lingering(shops) as run:
        sell(tmp_path, "london", "1")
        assert one_by_one(shops, tmp_path, run, 2)[-1] < AT_ONCE
        until(lambda: mark(shops, "london").error_kind == "reader_failed")
        assert not run.ended
    assert "was decoded into sale file_drop-london-another" in mark(shops, "london").error


def test_a_receipt_that_the_ledger_cannot_hold_costs_itself_only(shops: House, tmp_path: Path) -> None:
    """Twelve lines of nearly 10**18 pence each: more than a column holds."""
    row = f"absurd,{datetime.now(UTC).isoformat()},1,9900000000000000.00\n"
    (tmp_path / "drop" / "london" / "absurd.csv").write_text("r,t,q,p\n" + row * 12)
    with lingering(shops) as run:
        sell(tmp_path, "london", "sound")
        assert one_by_one(shops, tmp_path, run, 1)[-1] < AT_ONCE
        until(lambda: states(shops, "london") == {"quarantined": 1, "posted": 1})
    assert mark(shops, "london").state == "ok"


def test_a_broken_map_or_an_unknown_warehouse_rejects_its_own_shops_sales_only(shops: House, tmp_path: Path) -> None:
    mend(shops, "london", warehouse_id=4711)
    shops.change(tender_map={"card": "NO SUCH METHOD"})
    mend(shops, "leeds", tender_map={"card": "CARD"})
    with lingering(shops) as run:
        sell(tmp_path, "london", "1", "2")
        assert one_by_one(shops, tmp_path, run, 2)[-1] < AT_ONCE
        until(lambda: states(shops, "london") == {"rejected": 2})


def test_a_shop_whose_entry_is_wrong_waits_until_it_is_mended_and_the_others_go_on(
    shops: House, tmp_path: Path
) -> None:
    sell(tmp_path, "london", "1", "2")
    london = shops.shops.shop("london")
    intake.ShopTaker(shops.ledger, shops.shops, london).ask()
    sound, shops.shops = shops.shops, shops.shops.leaving_out({"london": "shops[1].warehouse_id: is missing"})
    with lingering(shops) as run:
        assert one_by_one(shops, tmp_path, run, 2)[-1] < AT_ONCE
        assert states(shops, "london") == {"pending": 2}
    found, _, _ = assessed(shops.ledger, shops.shops, datetime.now(UTC))["london"]
    assert (found.state, found.reason) == (
        "misconfigured",
        "Its entry in the shops file is wrong: shops[1].warehouse_id: is missing. "
        "Until it is mended its till is not asked, and 2 receipts (12.00 GBP) wait.",
    )
    shops.shops = sound
    with lingering(shops):
        until(posted(shops, "london", 2))


def test_a_shops_backlog_of_an_hour_leaves_fresh_sales_their_turn(shops: House, tmp_path: Path) -> None:
    sell(tmp_path, "london", *range(700))
    intake.decode_waiting(shops.ledger, shops.shops, shops.shops.shops[1])
    attendants.take_all(shops.ledger, shops.shops)
    assert states(shops, "london") == {"pending": 700}
    with lingering(shops) as run:
        until(lambda: run.rounds)
        sell(tmp_path, "leeds", "fresh")
        until(posted(shops, "leeds", 1))
        left = states(shops, "london").get("pending", 0)
        until(posted(shops, "london", 700))
    assert left >= 100
    assert [one.posted.waves for one in run.rounds].count(1) >= 8  # seven of the backlog, and the fresh one


def test_a_till_is_left_alone_longer_the_longer_it_fails_and_asked_at_once_when_it_is_back(
    shops: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "SOON", 0.05)
    monkeypatch.setattr(breaker, "FIRST", 0.2)
    away = tmp_path / "away"
    (tmp_path / "drop" / "london").rename(away)
    with lingering(shops) as run:
        until(lambda: any(one.shop == "london" and one.state == "resting" for one in all_marks(shops.ledger)))
        resting = mark(shops, "london")
        assert (resting.error_kind, resting.last_success_at) == ("unreachable", None)
        assert "there is no folder" in resting.error
        away.rename(tmp_path / "drop" / "london")
        sell(tmp_path, "london", "1")
        until(posted(shops, "london", 1))
        until(lambda: [bool(one.error) for each in run.rounds for one in each.intake if one.changed] == [True, False])
    back = mark(shops, "london")
    assert (back.state, back.failures, back.error) == ("ok", 0, "")
    assert back.state_since > resting.state_since


def test_a_tills_hint_has_it_asked_at_once(shops: House, tmp_path: Path) -> None:
    posting = shops.shops.posting.model_copy(update={"poll_seconds": 600})
    shops.shops = shops.shops.model_copy(update={"posting": posting})
    with lingering(shops) as run:
        until(lambda: run.rounds)
        until(lambda: len(all_marks(shops.ledger)) == 2)  # both were asked once, and are not for ten minutes
        sell(tmp_path, "leeds", "1")
        hear(shops.ledger, "file_drop", "order.created", "1", {})
        until(posted(shops, "leeds", 1))
    assert open_webhooks(shops.ledger) == []


def test_rests_double_up_to_a_minute_and_are_spread() -> None:
    assert [rest_after(failures, lambda: 0.0) for failures in (1, 2, 3, 4, 5, 6, 7, 100_000)] == [
        Rest("failing", 2.0), Rest("failing", 2.0), Rest("resting", 5.0), Rest("resting", 10.0), Rest("resting", 20.0),
        Rest("resting", 40.0), Rest("resting", 60.0), Rest("resting", 60.0),
    ]  # fmt: skip
    assert rest_after(7, lambda: 1.0) == Rest("resting", 45.0)


def test_a_rest_ends_although_the_clock_was_put_back_by_hours() -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    moments = (None, now - timedelta(hours=1), now, now + timedelta(seconds=60), now + timedelta(hours=3))
    assert [rest_left(until, now) for until in moments] == [0.0, 0.0, 0.0, 60.0, 0.0]


def test_a_till_that_rested_when_the_clock_was_put_back_is_asked(shops: House, tmp_path: Path) -> None:
    ask_failed(shops.ledger, "leeds", "down", datetime.now(UTC) + timedelta(hours=3), state="resting")
    sell(tmp_path, "leeds", "1")
    assert [one.new for one in attendants.take_all(shops.ledger, shops.shops)] == [1, 0]
