"""One day in either mode adds up to the same net, tax by code, tenders and stock, to the penny and the piece."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bp_assets.domain.sale import Sale
from bp_assets.ledger.summaries import NewSummary
from bp_assets.posting.plan import CREDIT, ORDER, RECEIPT, Document, Plan, Refusal, plan_sale
from bp_assets.posting.progress import Known, next_calls
from bp_assets.posting.stock import moves_of
from bp_assets.posting.summary import close_day, needs_own_order, plan_of
from tests.posting.receipts import catalogue, sale, shops_file
from tests.posting.test_plan_properties import sales

SHOPS, RANGE = shops_file(), catalogue()
DAY = date(2026, 11, 20)
FEWER = settings(max_examples=25)


@st.composite
def days(draw: st.DrawFn) -> list[Sale]:
    """A day of random baskets: returns, exchanges, split tenders, discounts over several rates, tips, gift cards."""
    sold = draw(st.lists(sales(), min_size=1, max_size=8))
    numbered = [one.model_copy(update={"source_id": str(n), "receipt_number": str(n)}) for n, one in enumerate(sold)]
    return [one for one in numbered if not needs_own_order(one, SHOPS)]


def plans_of(day: Sequence[Sale]) -> list[Plan]:
    plans = [plan_sale(one, SHOPS, RANGE) for one in day]
    assert all(isinstance(plan, Plan) for plan in plans)
    return [plan for plan in plans if isinstance(plan, Plan)]


def closed(plans: Sequence[Plan], taken: set[str] | None = None) -> list[NewSummary]:
    return close_day(SHOPS.shops[0], DAY, plans, SHOPS, {}, taken or set())


def summed_up(plans: Sequence[Plan]) -> list[Plan]:
    return [plan_of(one.sale, SHOPS.shops[0], one.lines, one.tenders) for one in closed(plans)]


def books(plans: Sequence[Plan]) -> dict[str, Counter[Any]]:
    """What plans put into the ERP's books: net and tax by document and tax code, money by document, method and way."""
    told: dict[str, Counter[Any]] = {"net": Counter(), "tax": Counter(), "money": Counter()}
    for document in (document for plan in plans for document in plan.documents):
        for row in document.rows:
            told["net"][document.code, row.tax_code, row.nominal_code] += row.net_minor
            told["tax"][document.code, row.tax_code] += row.tax_minor
        for payment in document.payments:
            told["money"][document.code, payment.method, payment.type] += payment.amount_minor
    return told


def goods(plans: Sequence[Plan]) -> Counter[tuple[int, int]]:
    """Pieces by product and location as orders and credits of their own move them: out is negative."""
    moved: Counter[tuple[int, int]] = Counter()
    for plan in plans:
        place = RANGE.places[plan.shop.warehouse_id]
        for document in plan.documents:
            for row in document.moving():
                assert row.product is not None
                quarantine = row.place == "quarantine"
                where = place.quarantine_location_id if quarantine else place.default_location_id
                sign = 1 if document.code == CREDIT else -1
                moved[row.product.product_id, where] += sign * int(row.quantity)
    return moved


@given(days())
def test_summaries_add_up_to_the_receipts_in_net_tax_by_code_and_tender(day: list[Sale]) -> None:
    plans = plans_of(day)
    assert books(summed_up(plans)) == books(plans)


@given(days())
def test_corrections_move_the_same_goods_as_the_receipts_own_documents(day: list[Sale]) -> None:
    plans = plans_of(day)
    moved: Counter[tuple[int, int]] = Counter()
    for moves in (moves_of(plan, RANGE) for plan in plans):
        assert not isinstance(moves, Refusal)
        for move in moves:
            moved[move.product_id, move.location_id] += move.quantity
    assert moved == goods(plans)
    assert not goods(summed_up(plans)), "a summary moves no goods"


@FEWER
@given(days())
def test_each_receipt_is_in_exactly_one_summary_with_all_its_lines(day: list[Sale]) -> None:
    members = [sale_id for summary in closed(plans_of(day)) for sale_id in summary.members]
    assert sorted(members) == sorted(one.sale_id for one in day)
    lines = [(line.sale_id, line.line_id) for summary in closed(plans_of(day)) for line in summary.lines]
    assert sorted(lines) == sorted((one.sale_id, line.line_id) for one in day for line in one.lines)


@FEWER
@given(days())
def test_a_summary_holds_receipts_of_one_set_of_tax_codes_and_one_set_of_tenders(day: list[Sale]) -> None:
    by_id = {plan.sale.sale_id: plan for plan in plans_of(day)}
    for summary in closed(list(by_id.values())):
        inside = [by_id[member] for member in summary.members]
        assert len({frozenset(row.tax_code for d in plan.documents for row in d.rows) for plan in inside}) == 1
        assert len({frozenset(t.method for t in plan.sale.tenders if t.amount_minor) for plan in inside}) == 1


@FEWER
@given(days(), st.randoms())
def test_the_same_day_makes_the_same_summaries_in_whatever_order_it_is_read(day: list[Sale], random: Any) -> None:
    mixed = list(day)
    random.shuffle(mixed)
    assert [plan_of(s.sale, SHOPS.shops[0], s.lines, s.tenders) for s in closed(plans_of(mixed))] == summed_up(
        plans_of(day)
    )


@FEWER
@given(days())
def test_totals_of_a_summary_are_signed_as_at_the_till(day: list[Sale]) -> None:
    made = closed(plans_of(day))
    assert sum(one.net_minor for one in made) == sum(one.net_minor for one in day)
    assert sum(one.tax_minor for one in made) == sum(one.tax_minor for one in day)


@FEWER
@given(days())
def test_late_receipts_make_further_summaries_and_never_change_one_that_was_made(day: list[Sale]) -> None:
    first = {one.sale.sale_id for one in closed(plans_of(day))}
    late = [one.model_copy(update={"source_id": f"late{one.source_id}"}) for one in day]
    second = {one.sale.sale_id for one in closed(plans_of(late), first)}
    assert len(second) == len(first)
    assert not first & second


@FEWER
@given(days())
def test_handles_of_summaries_fit_the_erps_fields_and_its_bodies(day: list[Sale]) -> None:
    for plan in summed_up(plans_of(day)):
        calls = next_calls(plan, Known(parent_id=0, contact_id=201), SHOPS, RANGE)
        assert [call.step for call in calls] == ["order"] * len(plan.documents)
        refs = [payment.ref for document in plan.documents for payment in document.payments]
        assert len(set(refs)) == len(refs)
        assert all(len(ref) <= 64 for ref in [*refs, *(document.ref for document in plan.documents)])


def money_in(document: Document) -> int:
    return sum(one.amount_minor if one.type == RECEIPT else -one.amount_minor for one in document.payments)


def test_a_day_with_a_sale_a_return_and_an_exchange_reads_like_a_closing_report() -> None:
    day = [
        sale("leeds 1\n2 MUG 12.00 20%\n1 TEA 2.10 5%\ndiscount -1.20 20%\ncash 10.00\ncard 2.90"),
        sale("leeds 2\n1 MUG 6.00 20%\n1 TEA 2.10 5%\ncash 1.10\ncard 7.00"),
        sale("leeds 3\n1 COAT 60.00 20%\ntip 5.00\ncard 65.00"),
        sale("leeds 4\n1 COAT 60.00 20%\n-1 MUG -6.00 20%\ncard 54.00"),
        sale("leeds 5 of 1\n-1 MUG -6.00 20%\ncard -6.00"),
    ]
    made = {one.sale.receipt_number: plan_of(one.sale, SHOPS.shops[0], one.lines, one.tenders) for one in
            closed(plans_of(day))}  # fmt: skip
    assert sorted(made) == ["2026-11-20 T0+T20 CARD #1", "2026-11-20 T20 CARD #1", "2026-11-20 T20+T5 CARD+CASH #1"]
    both = made["2026-11-20 T20+T5 CARD+CASH #1"].document(ORDER)
    assert [(row.name, row.net_minor, row.tax_minor, row.nominal_code) for row in both.rows] == [
        ("Discount T20, 1 receipt", -100, -20, "4905"),
        ("Goods T20, 2 receipts", 1500, 300, ""),
        ("Goods T5, 2 receipts", 400, 20, ""),
    ]
    assert [(one.method, one.type, one.amount_minor) for one in both.payments] == [
        ("CARD", RECEIPT, 990), ("CASH", RECEIPT, 1110)
    ]  # fmt: skip
    cards = made["2026-11-20 T20 CARD #1"]
    assert [document.code for document in cards.documents] == [ORDER, CREDIT]
    assert (cards.document(ORDER).total_minor, money_in(cards.document(ORDER))) == (6000, 6000)
    assert (cards.document(CREDIT).total_minor, money_in(cards.document(CREDIT))) == (1200, -1200)


def test_goods_sent_later_and_debts_of_known_customers_need_an_order_of_their_own() -> None:
    assert needs_own_order(sale("leeds 1\n1 COAT 60.00 20% later\ncard 60.00"), SHOPS)
    assert needs_own_order(sale("leeds 1 from ann@example.com\n1 MUG 6.00 20%\naccount 6.00"), SHOPS)
    assert not needs_own_order(sale("leeds 1\n1 MUG 6.00 20%\naccount 6.00"), SHOPS)
    assert not needs_own_order(sale("leeds 1 from ann@example.com\n1 MUG 6.00 20%\ncard 6.00"), SHOPS)
