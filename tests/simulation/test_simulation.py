"""A few days of the simulation, always the same, and proof that its auditor notices what it is there for.

``make simulate`` plays as many days as you like.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.simulation import mutants
from tests.simulation.acts import KILLS
from tests.simulation.day import Event, Plan, draw_day
from tests.simulation.drill import drill
from tests.simulation.evening import Row
from tests.simulation.finance import differences
from tests.simulation.run import Stage, stage
from tests.simulation.shrink import shrink

SEEDS = (2, 3, 11, 14)
QUIET = 26  # a day with sales, a return and an exchange; played without its troubles


@pytest.fixture(scope="module")
def made() -> Iterator[Stage]:
    with stage() as one:
        yield one


@pytest.mark.parametrize("seed", SEEDS[1:])
def test_a_day_full_of_faults_ends_with_every_sale_in_the_erp_once(made: Stage, seed: int) -> None:
    outcome = made.play(draw_day(seed, made.erp.server.world.items))
    assert not outcome.failure, "\n".join([*outcome.trace, outcome.failure])


@pytest.mark.slow
@pytest.mark.parametrize(("moment", "deaths", "step"), [("committed", 4, 4), ("handled", 6, 1)])
def test_an_exchange_survives_a_kill_after_any_commit_and_within_any_request(
    made: Stage, moment: str, deaths: int, step: int
) -> None:
    days = list(drill(made, "exchange", [moment], step=step))
    assert [(one.name, one.failure) for one in days if one.failure] == []
    assert len(days) >= deaths
    assert sum(one.counts[f"killed: {KILLS[moment]}"] for one in days) == len(days)


@pytest.mark.slow
def test_finance_is_equal_to_the_auditor_and_the_auditor_notices_where_it_is_not(made: Stage) -> None:
    outcome = made.play(draw_day(SEEDS[0], made.erp.server.world.items), evening="finance")
    assert not outcome.failure, "\n".join([*outcome.trace, outcome.failure])
    assert outcome.evening is not None
    auditor, books = outcome.evening

    def said(rows: list[Row], **false: object) -> list[str]:
        """What the auditor says if one row of finance were another."""
        changed = [row | false if row is rows[0] else row for row in rows]
        if rows is books.reconciliation:
            return differences(auditor, changed, books.takings, books.findings)
        return differences(auditor, books.reconciliation, changed, books.findings)

    assert said(books.reconciliation) == []
    for name in ("erp_net", "erp_gross"):
        (line,) = said(books.reconciliation, **{name: books.reconciliation[0][name] + Decimal("0.01")})
        assert name in line
    for name in ("till_count", "erp_count", "verified_count"):
        (line,) = said(books.reconciliation, **{name: books.reconciliation[0][name] + 1})
        assert name in line
    assert len(said(books.takings, erp_amount=books.takings[0]["erp_amount"] + 1)) == 1
    assert len(differences(auditor, books.reconciliation[1:], books.takings, [])) == 1
    sound = next(key for key, posting in auditor.postings.items() if posting.state == "verified")
    finding = {"check_name": "stock_drift", "kind": "unexplained", "shop": "york", "sale_id": sound, "message": "-"}
    assert len(differences(auditor, books.reconciliation, books.takings, [finding])) == 1


def quiet_day(made: Stage, *faults: dict[str, object]) -> Plan:
    """All that is sold on a day comes in in two halves; nothing goes wrong but ``faults``."""
    plan = draw_day(QUIET, made.erp.server.world.items)
    events = [Event(str(fault["kind"]), 0, dict(fault)) for fault in faults]
    shops = {basket.shop.code for basket in plan.baskets}
    half = len(plan.baskets) // 2
    for places in (range(half), range(half, len(plan.baskets))):
        sold = {shop: [place for place in places if plan.baskets[place].shop.code == shop] for shop in sorted(shops)}
        events += [Event("deliver", 0, {"shop": shop, "baskets": chosen}) for shop, chosen in sold.items() if chosen]
        events += [Event("turn", 6), Event("turn", 6), Event("verify", 1)]
    return Plan(plan.seed, plan.baskets, tuple(events))


def test_a_quiet_day_of_a_sound_poster_is_sound(made: Stage) -> None:
    outcome = made.play(quiet_day(made))
    assert not outcome.failure, "\n".join([*outcome.trace, outcome.failure])
    assert outcome.counts["turns of the poster"] >= 4


_ONE_BY_ONE = {"kind": "error", "route": "POST /multi-message", "status": 404}
_LOST_PAYMENT = {"kind": "error", "route": "POST /accounting-service/customer-payment", "count": 1, "status": 500}


@pytest.mark.parametrize(
    ("mutant", "words", "faults"),
    [
        (mutants.TwiceUnderAnotherName, "no till handed over such a sale", []),
        (mutants.OtherMoney, "net must be", []),
        (mutants.OtherShop, "channel must be", []),
        (mutants.FalsePaymentMethod, "beyond", []),
        (mutants.NeverPays, "unpaid", [_ONE_BY_ONE]),
        (mutants.NeverShips, "stock {}, must be", [_ONE_BY_ONE]),
        (mutants.IgnoresTheUnknown, "unpaid", [_ONE_BY_ONE, _LOST_PAYMENT]),
        (mutants.ForgetsParents, "has the parent None", []),
        (mutants.LosesASale, "is not in the ledger", []),
        (mutants.ParksForNothing, "without a planted cause", []),
        (mutants.BelievesItself, "is verified without its SO", []),
    ],
)
def test_the_auditor_notices_a_broken_poster(made: Stage, mutant: type, words: str, faults: list[dict]) -> None:
    outcome = made.play(quiet_day(made, *faults), mutants.acting(mutant))
    assert words in outcome.failure, "\n".join(outcome.trace)


def test_a_quiet_day_summed_up_at_its_end_is_sound(made: Stage) -> None:
    outcome = made.play(replace(quiet_day(made), summed="leeds"))
    assert not outcome.failure, "\n".join([*outcome.trace, outcome.failure])


@pytest.mark.parametrize(
    ("mutant", "words"),
    [(mutants.OtherSums, "the summaries of leeds: net"), (mutants.StockTwice, "moved twice")],
)
def test_the_auditor_notices_a_broken_end_of_day(made: Stage, mutant: type, words: str) -> None:
    outcome = made.play(replace(quiet_day(made), summed="leeds"), mutants.acting(mutant))
    assert words in outcome.failure, "\n".join(outcome.trace)


def test_a_failing_day_is_told_in_as_few_events_as_it_takes(made: Stage) -> None:
    acts = mutants.acting(mutants.OtherShop)
    plan = quiet_day(made)
    short, outcome = shrink(plan, made.play(plan, acts), lambda one: made.play(one, acts), most=12)
    assert len(short.events) < len(plan.events)
    assert "channel must be" in outcome.failure


def test_a_seed_is_the_same_day_each_time(made: Stage) -> None:
    items = made.erp.server.world.items
    assert draw_day(5, items) == draw_day(5, items)
    assert draw_day(5, items).events != draw_day(6, items).events


@pytest.mark.parametrize("name", ["auditor", "expected", "finance", "summed"])
def test_the_auditor_shares_no_code_with_the_product(name: str) -> None:
    tree = ast.parse((Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8"))
    found = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    found |= {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert found & {"sandbox", "tests"}
    assert not found & {"bp_assets", "checks", "sensors"}
