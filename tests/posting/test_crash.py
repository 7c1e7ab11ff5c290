"""What a poster that is killed leaves behind. That any kill does no harm is shown in ``tests/simulation``."""

from __future__ import annotations

import multiprocessing
import signal


import tests.posting.crash_driver as driver
from bp_assets.ledger.steps import open_steps
from tests.posting.house import House

RECEIPT = "leeds 1\n2 MUG 12.00 20%\n1 TEA 2.10 5%\ncash 10.00\ncard 4.10"
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


def test_a_poster_that_dies_leaves_behind_what_it_was_about_to_do(house: House) -> None:
    sale_id = house.take(RECEIPT)
    assert die_after(house, 2) == -signal.SIGKILL  # the intent is committed, the ERP has answered, nobody noted it
    (waiting,) = open_steps(house.ledger)
    assert (waiting.step, waiting.handle, waiting.outcome) == ("order", f"SO-{sale_id}", None)
    assert house.state(sale_id) == "sending"
    assert len(house.books()["orders"]) == 1
    assert house.post().posted == 1
    assert house.attempts(sale_id)[0] == ("SO order", "success")
    assert house.books()["requests"]["POST /order-service/sales-order"] == 1
