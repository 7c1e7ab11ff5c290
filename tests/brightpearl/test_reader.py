"""The reader of extracts: nothing but reads, the shared cap, patience. (A token that expires: test_auth.py.)"""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from bp_assets.brightpearl.errors import ErpRefused, ErpUnavailable, Unauthorised
from bp_assets.brightpearl.id_sets import unpack
from bp_assets.brightpearl.pacing import RequestBudget
from bp_assets.brightpearl.reader import ErpReader
from tests.brightpearl.conftest import TOKEN, a_box, erp, scripted

TAX = "/accounting-service/tax-code"


def reader(url, *, budget=None, lane="changes"):
    settings = erp(url)
    return ErpReader(settings, TOKEN, lane=lane, budget=budget or RequestBudget.of(settings))


def in_loop(made, work):
    async def inside():
        async with made:
            return await work(made)

    return asyncio.run(inside())


def test_it_reads_several_at_once_and_counts_them_by_route(box):
    async def work(erp_reader):
        listed = await erp_reader.options("/product-service/product")
        ids = unpack(listed.response["getUris"][0].removeprefix("/product/"))[:5]
        answers = await asyncio.gather(*(erp_reader.get(f"/product-service/product/{number}") for number in ids))
        return ids, [one.response[0]["id"] for one in answers], dict(erp_reader.counts)

    asked, told, counts = in_loop(reader(box.url), work)
    assert told == asked
    assert counts == {
        ("changes", "OPTIONS /product-service/product"): 1,
        ("changes", "GET /product-service/product/{}"): 5,
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_it_cannot_send_anything_else_even_by_force(method):
    with scripted((200, {}, {"response": []})) as (url, seen):

        async def work(erp_reader):
            await erp_reader._http.request(method, f"{url}/public-api/sandbox{TAX}")

        with pytest.raises(httpx.UnsupportedProtocol, match="a reader sends reads alone"):
            in_loop(reader(url), work)
        assert seen == []
    verbs = {name for name in dir(ErpReader) if not name.startswith("_")}
    assert verbs == {"get", "options", "requests", "erp_clock", "waits"}


def test_it_keeps_to_the_cap_and_is_never_refused():
    with a_box(requests_per_minute=40, minute_seconds=0.5, products=1) as box:
        settings = erp(box.url, requests_per_minute=40, minute_seconds=0.5)

        async def work(erp_reader):
            await asyncio.gather(*(erp_reader.get(TAX) for _ in range(40)))

        in_loop(reader(box.url, budget=RequestBudget.of(settings), lane="posting"), work)
        assert box.books()["refused"] == 0
        assert box.server.world.throttle.log.view()["mostInAnyMinute"] <= 36


def test_it_says_when_the_cap_holds_it_up(monkeypatch):
    monkeypatch.setattr("bp_assets.brightpearl.reader.LONG", 0.05)
    with a_box(requests_per_minute=10, minute_seconds=0.5, products=1) as box:
        settings = erp(box.url, requests_per_minute=10, minute_seconds=0.5)
        seen = []

        async def work(erp_reader):
            asked = asyncio.gather(*(erp_reader.get(TAX) for _ in range(12)))
            while not asked.done():
                seen.append(erp_reader.waits)
                await asyncio.sleep(0.01)
            await asked
            return erp_reader.waits

        assert in_loop(reader(box.url, budget=RequestBudget.of(settings), lane="posting"), work) is False
        assert seen[0] is False
        assert True in seen


def test_throttling_failures_and_nonsense_are_waited_out():
    crowded = {"response": "You have sent too many requests. Please wait before sending another request"}
    replies = [
        (503, {"brightpearl-next-throttle-period": "10"}, crowded),
        (500, {}, {"errors": [{"code": "CMNU-001", "message": "the ERP failed"}]}),
        (200, {}, b"<html>not now"),
        (200, {}, {"response": [7]}),
    ]
    with scripted(*replies) as (url, seen):

        async def work(erp_reader):
            return (await erp_reader.get(TAX)).response

        assert in_loop(reader(url), work) == [7]
        assert [method for method, *_ in seen] == ["GET"] * 4


def test_a_refusal_is_not_repeated_and_an_outage_ends(monkeypatch):
    monkeypatch.setattr("bp_assets.brightpearl.patience._LONGEST_PAUSE", 0.02)
    refusal = (400, {}, {"errors": [{"code": "WHSC-097", "message": "none is tracked"}]})
    with scripted(refusal) as (url, seen):

        async def work(erp_reader):
            await erp_reader.get(TAX)

        with pytest.raises(ErpRefused, match="WHSC-097"):
            in_loop(reader(url), work)
        assert len(seen) == 1
    with pytest.raises(ErpUnavailable, match="could not be reached"):
        in_loop(reader(url), work)


def test_a_wrong_token_is_told_with_what_to_do(box):
    async def work(erp_reader):
        await erp_reader.get(TAX)

    settings = erp(box.url)
    wrong = ErpReader(settings, "wrong", budget=RequestBudget.of(settings))
    with pytest.raises(Unauthorised, match="TILLBRIDGE_ERP_TOKEN"):
        in_loop(wrong, work)


def test_its_clock_is_the_slower_of_the_two():
    one = reader("http://127.0.0.1:1")
    now = datetime.now(UTC)
    one._tell_time(format_datetime(now - timedelta(hours=2)))
    assert timedelta(hours=1, minutes=59) < now - one.erp_clock <= timedelta(hours=2, seconds=1)
    one._tell_time(format_datetime(now + timedelta(hours=2)))
    assert one.erp_clock - now < timedelta(seconds=30)
    one._tell_time("no time at all")
    assert one.erp_clock - now < timedelta(seconds=30)
