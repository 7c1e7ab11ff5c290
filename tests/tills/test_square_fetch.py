"""Reading the simulated Square over real HTTP: paging, overlap, waiting, faults."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bp_assets.config import Shop
from bp_assets.domain.sale import Sale
from bp_assets.tills import square
from bp_assets.tills.protocol import Fetch, Quarantine, TillError
from bp_assets.tills.square import SquareTill
from bp_assets.tills.square_client import ATTEMPTS, SquareClient
from bp_assets.tills.systems import decode
from tests.sandbox.tills.serving import Tills
from tests.tills.shopping import shop_of

DAY = "2026-11-20"


def reader(tills: Tills, shop: str = "leeds", **kw: object) -> SquareTill:
    found: Shop = shop_of(tills, shop)
    return SquareTill(found, "GBP", client=SquareClient(found.feed, wait_seconds=0.01), **kw)


def sell(tills: Tills, shop: str = "leeds", **kw: object) -> str:
    lines = kw.pop("lines", [{"sku": tills.world.items[0].sku}])
    return tills.switch("sale", shop=shop, lines=lines, **kw)["source_id"]


def planted(tills: Tills, fault: str) -> tuple[str, str]:
    found = next(one for one in tills.books()["planted"] if one["fault"] == fault)
    return found["shop"], found["source_id"]


def ids(fetch: Fetch) -> list[str]:
    return [raw.source_id for raw in fetch.receipts]


def test_small_pages_and_equal_time_stamps_lose_nothing(tills: Tills) -> None:
    tills.switch("trade", date=DAY, transactions=150, seed=7, planted=False)
    found = ids(reader(tills, page_size=3).fetch(None))
    booked = {one["source_id"] for one in tills.books(shop="leeds")["transactions"] if one["kind"] != "parked"}
    assert len(found) == len(booked) and set(found) == booked


def test_a_location_is_read_alone(tills: Tills) -> None:
    sell(tills, "london")
    mine = sell(tills, "leeds")
    assert ids(reader(tills).fetch(None)) == [mine]


def test_payments_of_the_second_location_are_found_though_square_lists_the_main_one(tills: Tills) -> None:
    made = {sell(tills, "london"): None for _ in range(15)}
    fetch = reader(tills, "london").fetch(None)
    assert set(ids(fetch)) == made.keys()
    registers = {decode(raw, shop_of(tills, "london"), "GBP").register_id for raw in fetch.receipts}
    assert registers <= {"LON-T1", "LON-T2"} and registers


def test_what_was_stored_is_not_handed_over_again_and_new_sales_are(tills: Tills) -> None:
    till = reader(tills)
    first = sell(tills)
    one = till.fetch(None)
    assert ids(one) == [first]
    two = till.fetch(one.mark)
    assert ids(two) == []
    second = sell(tills)
    three = till.fetch(two.mark)
    assert ids(three) == [second]


def test_what_the_caller_could_not_store_is_handed_over_again(tills: Tills) -> None:
    till = reader(tills)
    sell(tills)
    start = till.fetch(None).mark
    second = sell(tills)
    assert ids(till.fetch(start)) == [second]
    assert ids(till.fetch(start)) == [second]


def test_a_new_process_reads_the_overlap_and_the_content_is_the_same(tills: Tills) -> None:
    sell(tills)
    before = reader(tills).fetch(None)
    after = reader(tills).fetch(before.mark)
    assert [raw.content_hash for raw in after.receipts] == [raw.content_hash for raw in before.receipts]


def test_polling_does_not_read_known_orders_in_full_again(tills: Tills) -> None:
    tills.switch("trade", date=DAY, transactions=60, seed=2, planted=False)
    till = reader(tills)
    mark = till.fetch(None).mark
    for _ in range(2):  # the second one picks up what Square changed on its own (fees), the third rests
        mark = till.fetch(mark).mark
    before = tills.books()["requests"]
    mark = till.fetch(mark).mark
    after = tills.books()["requests"]
    spent = {path: count - before.get(path, 0) for path, count in after.items() if count != before.get(path, 0)}
    assert spent == {"/orders/search": 1}


def test_a_processing_fee_that_appears_later_is_no_new_version(tills: Tills) -> None:
    tills.switch("trade", date=DAY, transactions=80, seed=7, planted=False)
    first = {raw.source_id: raw for raw in reader(tills).fetch(None).receipts}
    again = {raw.source_id: raw for raw in reader(tills).fetch(None).receipts}
    grown = [uid for uid in first if first[uid].version != again[uid].version]
    assert grown and all(first[uid].content == again[uid].content for uid in first)


def test_the_same_id_with_other_money_comes_as_other_content(tills: Tills) -> None:
    tills.switch("trade", date=DAY, transactions=60, planted=["changed_content"])
    shop, uid = planted(tills, "changed_content")
    till = reader(tills, shop)
    one = till.fetch(None)
    two = till.fetch(one.mark)
    assert ids(two) == [uid]
    before = next(raw for raw in one.receipts if raw.source_id == uid)
    (after,) = two.receipts
    assert (before.sale_id, before.version, after.version) == (after.sale_id, "1", "2")
    assert before.content_hash != after.content_hash
    gross = [decode(raw, shop_of(tills, shop), "GBP").gross_minor for raw in (before, after)]
    assert gross[1] - gross[0] == 100


def test_a_pending_refund_is_waited_for_and_comes_when_it_is_settled(tills: Tills) -> None:
    tills.switch("trade", date=DAY, transactions=60, planted=["pending_refund"])
    shop, uid = planted(tills, "pending_refund")
    till = reader(tills, shop)
    one = till.fetch(None)
    assert uid not in ids(one)
    assert [(wait.what, wait.reason) for wait in one.waiting] == [(uid, f"refund {uid}-R1 is still pending")]
    two = till.fetch(one.mark)
    assert ids(two) == [uid] and two.waiting == ()
    assert isinstance(decode(two.receipts[0], shop_of(tills, shop), "GBP"), Sale)


def test_a_late_arrival_with_an_old_creation_time_is_found(tills: Tills) -> None:
    till = reader(tills)
    tills.switch("faults", fault="late", shop="leeds")
    old = (datetime.now(UTC) - timedelta(hours=70)).isoformat()
    late = sell(tills, sold_at=old)
    on_time = sell(tills)
    one = till.fetch(None)
    assert ids(one) == [on_time]
    tills.switch("deliver")
    assert ids(till.fetch(one.mark)) == [late]


def test_an_open_basket_is_not_taken(tills: Tills) -> None:
    tills.switch("trade", date=DAY, transactions=200, seed=1, planted=False)
    parked = {one["source_id"] for one in tills.books()["transactions"] if one["kind"] == "parked"}
    found = {uid for shop in ("leeds", "london") for uid in ids(reader(tills, shop).fetch(None))}
    assert parked and not parked & found


def test_more_than_one_fetch_can_hold_comes_in_several(tills: Tills, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(square, "MOST_ORDERS", 4)
    made = {sell(tills) for _ in range(10)}
    till, mark, found = reader(tills), None, []
    for _ in range(4):
        fetch = till.fetch(mark)
        found += ids(fetch)
        mark = fetch.mark
        if not fetch.more:
            break
    assert len(found) == 10 and set(found) == made


@pytest.mark.parametrize("fault", ["throttle", "error"])
def test_a_passing_fault_is_outlived(tills: Tills, fault: str) -> None:
    uid = sell(tills)
    tills.switch("faults", fault=fault, count=ATTEMPTS - 1)
    assert ids(reader(tills).fetch(None)) == [uid]


def test_a_till_that_stays_away_is_an_error_in_words_and_loses_nothing(tills: Tills) -> None:
    uid, till = sell(tills), reader(tills)
    tills.switch("faults", fault="offline")
    with pytest.raises(TillError) as caught:
        till.fetch(None)
    assert caught.value.kind == "unreachable"
    assert "503 SERVICE_UNAVAILABLE" in str(caught.value) and f"{ATTEMPTS} attempts" in str(caught.value)
    tills.switch("faults", clear=True)
    assert ids(till.fetch(None)) == [uid]


def test_a_token_that_expires_in_mid_fetch_is_told_and_the_fetch_can_be_repeated(tills: Tills) -> None:
    uid, till = sell(tills), reader(tills)
    tills.switch("faults", fault="expired_token", path="/orders/batch-retrieve")
    with pytest.raises(TillError) as caught:
        till.fetch(None)
    assert caught.value.kind == "no_access"
    assert "ACCESS_TOKEN_EXPIRED" in str(caught.value) and "SQUARE_ACCESS_TOKEN" in str(caught.value)
    assert ids(till.fetch(None)) == [uid]


def test_a_wrong_or_missing_token_is_named_and_never_shown(tills: Tills, monkeypatch: pytest.MonkeyPatch) -> None:
    till = reader(tills)
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", "hunter2-secret")
    (problem,) = till.problems()
    assert "401 UNAUTHORIZED" in problem and "hunter2" not in problem + repr(till.client) + repr(till.__dict__)
    monkeypatch.delenv("SQUARE_ACCESS_TOKEN")
    (problem,) = till.problems()
    assert "set SQUARE_ACCESS_TOKEN" in problem


def test_preflight_names_an_unknown_location(tills: Tills) -> None:
    good = shop_of(tills, "leeds")
    assert SquareTill(good, "GBP").problems() == []
    bad = good.model_copy(update={"feed": good.feed.model_copy(update={"location_id": "LOSLO"})})
    assert SquareTill(bad, "GBP").problems() == ["shop leeds: Square has no location 'LOSLO'; it has LLEEDS, LLONDON"]
    assert "trades in GBP, the shops file says EUR" in SquareTill(good, "EUR").problems()[0]


def test_a_slow_answer_runs_into_the_time_out(tills: Tills) -> None:
    sell(tills)
    shop = shop_of(tills, "leeds")
    shop = shop.model_copy(update={"feed": shop.feed.model_copy(update={"timeout_seconds": 0.2})})
    till = SquareTill(shop, "GBP", client=SquareClient(shop.feed, wait_seconds=0.01))
    tills.switch("faults", fault="slow", seconds=0.6, count=ATTEMPTS)
    with pytest.raises(TillError) as caught:
        till.fetch(None)
    assert httpx.ReadTimeout.__name__ in str(caught.value)


def test_a_process_reads_the_whole_overlap_first_and_hourly_and_ten_minutes_in_between(tills: Tills) -> None:
    ticks, starts = [0.0], []
    till = reader(tills, clock=lambda: ticks[0])

    def note(request: httpx.Request) -> None:
        if request.url.path.endswith("/orders/search"):
            query = json.loads(request.content)["query"]["filter"]["date_time_filter"]["updated_at"]
            starts.append(datetime.fromisoformat(query["start_at"]))

    till.client.http.event_hooks["request"].append(note)
    sell(tills)
    mark = reader(tills).fetch(None).mark
    reached = datetime.fromisoformat(mark["updated_at"])
    for seconds in (0.0, 5.0, square.DEEP_EVERY):
        ticks[0] = seconds
        mark = till.fetch(mark).mark
        assert datetime.fromisoformat(mark["updated_at"]) == reached
    assert [reached - start for start in starts] == [timedelta(hours=72), timedelta(minutes=10), timedelta(hours=72)]


def test_a_receipt_that_does_not_move_the_mark_is_still_handed_over_until_it_is_stored(tills: Tills) -> None:
    till = reader(tills)
    sell(tills)
    mark = till.fetch(None).mark
    ahead = mark | {"updated_at": (datetime.now(UTC) + timedelta(minutes=5)).isoformat()}
    till.fetch(ahead)
    behind = sell(tills)  # its change is older than the mark, within the overlap
    lost = till.fetch(ahead)
    assert (behind in ids(lost), lost.mark["updated_at"]) == (True, ahead["updated_at"])
    again = till.fetch(ahead)  # the caller could not store it
    assert behind in ids(again)
    assert ids(till.fetch(again.mark)) == []


def test_a_call_that_fails_in_mid_fetch_forgets_nothing_it_did_not_hand_over(tills: Tills) -> None:
    till = reader(tills)
    first = sell(tills)
    mark = till.fetch(None).mark
    second = sell(tills)
    tills.switch("faults", fault="expired_token", path="/payments")
    with pytest.raises(TillError):
        till.fetch(mark)
    assert ids(till.fetch(mark)) == [second] and first != second


def test_an_order_of_broken_shape_is_handed_over_for_quarantine_and_holds_nobody_up(tills: Tills) -> None:
    good, bad = sell(tills), sell(tills)
    till = reader(tills)

    def spoil(response: httpx.Response) -> None:
        if response.url.path.endswith("/orders/batch-retrieve"):
            body = json.loads(response.read())
            for order in body["orders"]:
                if order["id"] == bad:
                    order["tenders"], order["line_items"] = ["cash"], 7
            response._content = json.dumps(body).encode()

    till.client.http.event_hooks["response"].append(spoil)
    fetch = till.fetch(None)
    outcomes = {raw.source_id: decode(raw, shop_of(tills, "leeds"), "GBP") for raw in fetch.receipts}
    assert isinstance(outcomes[good], Sale)
    assert isinstance(outcomes[bad], Quarantine) and outcomes[bad].reason_code == "malformed"


def test_a_reader_that_only_looks_reads_nothing_in_full_twice_and_keeps_telling(tills: Tills) -> None:
    made = [sell(tills) for _ in range(3)]
    till = reader(tills)
    mark = {"updated_at": (datetime.now(UTC) - timedelta(hours=1)).isoformat(), "fetches": 7}
    assert sorted(ids(till.fetch(mark))) == sorted(made)
    before = tills.books()["requests"]
    for _ in range(3):
        assert sorted(ids(till.fetch(mark))) == sorted(made)
    after = tills.books()["requests"]
    assert {path for path in after if after[path] != before.get(path)} == {"/orders/search"}


def test_a_ledger_set_back_to_an_older_mark_gets_everything_since_again(tills: Tills) -> None:
    till = reader(tills)
    first = sell(tills)
    one = till.fetch(None)
    second = sell(tills)
    two = till.fetch(one.mark)
    assert ids(till.fetch(two.mark)) == []
    assert ids(till.fetch(one.mark)) == [first, second]


def test_an_answer_of_another_shape_is_an_error_of_that_shop_alone(tills: Tills) -> None:
    sell(tills)
    till = reader(tills)

    def spoil(response: httpx.Response) -> None:
        response.read()
        if response.url.path.endswith("/orders/search"):
            response._content = b'{"order_entries": [{"uid": 3}]}'

    till.client.http.event_hooks["response"].append(spoil)
    with pytest.raises(TillError, match="not the documented shape") as caught:
        till.fetch(None)
    assert caught.value.kind == "bad_answer"
