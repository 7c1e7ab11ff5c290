"""Whatever a receipt holds, its documents add up to it: net, tax, gross, payments; and the plan is always the same."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bp_assets.domain.sale import Sale
from bp_assets.posting.plan import CREDIT, ORDER, RECEIPT, Document, Plan, plan_sale
from bp_assets.posting.progress import Known, next_calls
from tests.posting.receipts import catalogue, sale, shops_file

SHOPS, RANGE = shops_file(), catalogue()
PENNIES = st.integers(0, 2_000_00)
RATES = st.sampled_from(("0%", "5%", "20%", ""))


def pounds(minor: int) -> str:
    return str(Decimal(minor).scaleb(-2))


@st.composite
def item(draw: st.DrawFn) -> str:
    sign = draw(st.sampled_from((1, 1, 1, -1)))
    amount, tax = sign * draw(PENNIES), draw(st.integers(0, 20_00))
    words = [str(sign * draw(st.integers(1, 9))), draw(st.sampled_from(("MUG", "TEA", "BAG", "TWIN", "GNOME")))]
    words += [pounds(amount), draw(RATES)]
    words += draw(st.sampled_from(([], ["tax", pounds(sign * tax)], ["later"] if sign > 0 else ["quarantine"])))
    return " ".join(words)


@st.composite
def extra(draw: st.DrawFn) -> str:
    kind, back = draw(st.sampled_from(("discount", "tip", "shipping", "rounding", "fee"))), draw(st.booleans())
    amount = draw(st.integers(-500, 500))
    return f"{kind} {pounds(amount)} {draw(RATES)} {'back' if back else ''}"


TENDER = st.tuples(st.sampled_from(("cash", "card", "gift_card", "account")), st.integers(-50_00, 300_00))


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    lines = draw(st.lists(st.one_of(item(), extra()), min_size=1, max_size=8))
    tenders = [f"{method} {pounds(amount)}" for method, amount in draw(st.lists(TENDER, max_size=3))]
    head = "leeds 7" + draw(st.sampled_from(("", " exclusive")))
    return sale("\n".join([head, *lines, *tenders]))


def plan_of(sold: Sale) -> Plan:
    plan = plan_sale(sold, SHOPS, RANGE)
    assert isinstance(plan, Plan), plan
    return plan


def money_in(document: Document, method: str | None = None) -> int:
    chosen = [one for one in document.payments if method is None or one.method == method]
    return sum(one.amount_minor if one.type == RECEIPT else -one.amount_minor for one in chosen)


@given(sales())
def test_orders_less_credits_equal_the_receipt_to_the_penny(sold: Sale) -> None:
    plan = plan_of(sold)
    signed = [(1 if document.code == ORDER else -1, document) for document in plan.documents]
    assert sum(sign * document.net_minor for sign, document in signed) == sold.net_minor
    assert sum(sign * document.tax_minor for sign, document in signed) == sold.tax_minor
    assert sum(sign * document.total_minor for sign, document in signed) == sold.gross_minor


@given(sales())
def test_each_side_of_the_receipt_is_one_document(sold: Sale) -> None:
    for document in plan_of(sold).documents:
        side = [line for line in sold.lines if line.returned is (document.code == CREDIT)]
        sign = -1 if document.code == CREDIT else 1
        assert document.net_minor == sign * sum(line.net_minor for line in side)
        assert sorted(one for row in document.rows for one in row.line_ids) == sorted(line.line_id for line in side)


@given(sales())
def test_payments_are_the_tenders_that_are_paid_and_the_clearing_account_nets_to_nothing(sold: Sale) -> None:
    plan = plan_of(sold)
    paid = sum(tender.amount_minor for tender in sold.tenders if tender.method != "account")
    assert sum(money_in(document) for document in plan.documents) == paid
    assert sum(money_in(document, "EXCHANGE") for document in plan.documents) == 0
    assert all(one.amount_minor > 0 for document in plan.documents for one in document.payments)


@given(sales())
def test_an_exchange_that_was_settled_at_the_till_leaves_neither_document_open(sold: Sale) -> None:
    """With one tender for the difference, as tills do it, both documents end up paid in full."""
    difference = sold.gross_minor
    tender = sale(f"leeds 7\n1 MUG 0.00\ncash {pounds(difference)}").tenders
    plan = plan_of(sold.model_copy(update={"tenders": tender}))
    if len(plan.documents) == 2 and all(document.total_minor >= 0 for document in plan.documents):
        assert money_in(plan.document(ORDER)) == plan.document(ORDER).total_minor
        assert -money_in(plan.document(CREDIT)) == plan.document(CREDIT).total_minor


@given(sales())
def test_the_same_receipt_makes_the_same_plan_and_the_same_bodies(sold: Sale) -> None:
    again = Sale.model_validate_json(sold.model_dump_json())
    assert plan_of(again) == plan_of(sold)
    first, second = (next_calls(plan_of(one), Known(parent_id=0), SHOPS, RANGE) for one in (sold, again))
    assert first == second
    assert {call.step for call in first} == {"order"}


@given(sales())
def test_handles_are_unique_and_fit_the_erps_fields(sold: Sale) -> None:
    plan = plan_of(sold)
    refs = [payment.ref for document in plan.documents for payment in document.payments]
    assert len(set(refs)) == len(refs)
    assert all(len(ref) <= 64 for ref in [*refs, *(document.ref for document in plan.documents)])
