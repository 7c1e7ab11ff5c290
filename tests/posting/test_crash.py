"""A poster killed at any moment: the next run finishes, and the books hold every sale exactly once."""

from __future__ import annotations

import multiprocessing
import signal
from typing import Any

import httpx
import pytest

import tests.posting.crash_driver as driver
from bp_assets.ledger.steps import open_steps
from tests.posting.house import House, empty, stock_the_range

_AT_MOST = 60  # deeds of one run; a limit on the loop
RECEIPTS = (
    "leeds 1\n2 MUG 12.00 20%\n1 TEA 2.10 5%\ncash 10.00\ncard 4.10",
    "leeds 2 of 1\n-1 MUG -6.00 20%\n-1 TEA -2.10 5% quarantine\ncard -8.10",
    "leeds 3 of 1\n1 COAT 60.00 20%\n-1 MUG -6.00 20%\ncard 54.00",
)
EXCHANGE = RECEIPTS[2:]
_processes = multiprocessing.get_context("forkserver")  # each child is a process of its own, imports once for all
_processes.set_forkserver_preload(["tests.posting.crash_driver"])


def die_after(house: House, deeds: int, mode: str = "realtime") -> int | None:
    """The exit code of a poster that dies of its n-th deed: ``-SIGKILL``, or 0 where it took fewer."""
    database = house.ledger.engine.url.render_as_string(hide_password=False)
    child = _processes.Process(target=driver.run, args=(house.url, database, deeds, mode))
    child.start()
    child.join(60)
    assert child.exitcode is not None, "the poster hangs"
    return child.exitcode


def afresh(house: House) -> None:
    """Ledger and ERP as new."""
    empty(house.ledger)
    house.control("POST", "reset")
    with httpx.Client(base_url=house.url) as http:
        stock_the_range(http)


def books(house: House) -> dict[str, Any]:
    """What the ERP's own books say, without ids and order."""
    told = house.books()
    names = ("externalRef", "net", "tax", "total", "paid", "rows", "shipped", "invoiced", "taxByCode")
    orders = sorted(([one[name] for name in names] for one in told["orders"]), key=str)
    return {"orders": orders, "moves": sorted(house.moves()), "payments": len(house.server.world.payments)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("receipts", "packed"),
    [(EXCHANGE, False), (RECEIPTS, True)],
    ids=["an exchange, one call after the other", "a sale, its return and an exchange, packed"],
)
def test_a_poster_killed_after_any_deed_is_finished_by_the_next(
    house: House, receipts: tuple[str, ...], packed: bool
) -> None:
    def begin() -> list[str]:
        afresh(house)
        if not packed:
            house.fault("error", "POST /multi-message", status=404)
        return [house.take(one) for one in receipts]

    begin()
    assert house.post().posted == len(receipts)
    undisturbed = books(house)
    died = 0
    for deeds in range(1, _AT_MOST):
        ids = begin()
        exit_code = die_after(house, deeds)
        if exit_code == 0:
            break
        assert exit_code == -signal.SIGKILL
        died += 1
        left_open = len(open_steps(house.ledger))
        house.post_all()
        assert [house.state(one) for one in ids] == ["posted"] * len(ids), f"killed after deed {deeds}"
        assert books(house) == undisturbed, f"killed after deed {deeds}, {left_open} steps open"
        assert house.verify().verified == len(ids), f"killed after deed {deeds}"
        assert open_steps(house.ledger) == []
    assert died >= (12 if packed else 16), "the poster was not killed as often as there are deeds"
    assert {house.state(one) for one in ids} == {"posted"}, "the run that nobody killed"


def test_a_poster_that_dies_leaves_behind_what_it_was_about_to_do(house: House) -> None:
    sale_id = house.take(RECEIPTS[0])
    # The instance's first use and the intent are committed, the ERP has answered, nobody noted it.
    assert die_after(house, 3) == -signal.SIGKILL
    (waiting,) = open_steps(house.ledger)
    assert (waiting.step, waiting.handle, waiting.outcome) == ("order", f"SO-{sale_id}", None)
    assert house.state(sale_id) == "sending"
    assert len(house.books()["orders"]) == 1
    assert house.post().posted == 1
    assert house.attempts(sale_id)[0] == ("SO order", "success")
    assert house.books()["requests"]["POST /order-service/sales-order"] == 1
