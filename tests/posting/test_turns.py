"""Whose turn it is: fresh sales at once, backlogs in small waves, both no faster than the budget lasts."""

from __future__ import annotations

from dataclasses import dataclass

from bp_assets.posting.turns import BACKLOG_WAVE, FEW, Turns


@dataclass(frozen=True)
class Due:
    """All that a turn looks at of a posting."""

    shop: str


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def turns(apart: float) -> tuple[Turns, Clock]:
    """A budget that wants ``apart`` seconds for each request."""
    clock = Clock()
    return Turns(lambda requests: requests * apart, clock), clock


def due(**shops: int) -> list[Due]:
    return [Due(shop) for shop, number in shops.items() for _ in range(number)]


def shops_of(chosen: object) -> dict[str, int]:
    counted: dict[str, int] = {}
    for one in chosen:  # type: ignore[attr-defined]  # what choose gives
        counted[one.shop] = counted.get(one.shop, 0) + 1
    return counted


def test_a_lone_sale_goes_at_once_and_the_next_as_soon_as_the_budget_has_room() -> None:
    taking, clock = turns(apart=0.25)
    assert shops_of(taking.choose(due(leeds=1))) == {"leeds": 1}
    assert taking.pause is None
    clock.now += 0.2
    taking.sent(4)
    clock.now += 0.3
    assert taking.choose(due(leeds=1)) == []
    assert round(taking.pause or 0, 6) == 0.5  # of the second that four requests want
    clock.now += 0.5
    assert shops_of(taking.choose(due(leeds=2, york=1))) == {"leeds": 2, "york": 1}


def test_waves_that_ask_for_more_than_usual_are_left_further_apart() -> None:
    taking, clock = turns(apart=0.25)
    for _ in range(40):  # each sale's customer is looked up
        assert taking.choose(due(leeds=1))
        taking.sent(6)
        clock.now += 2
    assert taking.choose(due(leeds=1))
    taking.sent(6)
    assert taking.choose(due(leeds=1)) == []
    assert round(taking.pause or 0, 6) == 1.5


def test_fresh_sales_pass_between_the_waves_of_a_backlog() -> None:
    taking, clock = turns(apart=0.1)
    assert shops_of(taking.choose(due(london=200))) == {"london": BACKLOG_WAVE}
    taking.sent(26)
    clock.now += 0.4
    assert shops_of(taking.choose(due(leeds=1, london=150))) == {"leeds": 1}
    taking.sent(4)
    clock.now += 0.3
    assert taking.choose(due(london=150)) == []
    assert round(taking.pause or 0, 6) == 2.3  # 26 requests and 4 want 3 s, of which 0.7 are over


def test_a_shop_has_a_backlog_from_its_eleventh_sale_on() -> None:
    taking, _ = turns(apart=0)
    assert shops_of(taking.choose(due(leeds=FEW, york=FEW))) == {"leeds": FEW, "york": FEW}
    assert shops_of(taking.choose(due(leeds=FEW, york=FEW + 1))) == {"leeds": FEW}
    assert shops_of(taking.choose(due(york=FEW + 1))) == {"york": FEW + 1}


def test_nothing_due_holds_nothing_back() -> None:
    taking, _ = turns(apart=1)
    taking.sent(4)
    assert taking.choose([]) == []
    assert taking.pause is None
