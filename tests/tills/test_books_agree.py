"""Whatever day the tills had, what is decoded equals their own books to the penny."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bp_assets.domain.sale import LineType, Sale
from bp_assets.tills.protocol import Excluded, Quarantine
from tests.sandbox.tills.serving import Tills
from tests.tills.shopping import decoded, fetch_once, four_shops, money

DAY = "2026-11-20"


def outcomes(tills: Tills) -> dict[tuple[str, str], object]:
    found = {}
    for shop in four_shops(tills).shops:
        for source_id, outcome in decoded(fetch_once(shop).receipts, shop).items():
            found[(shop.key, source_id)] = outcome
    return found


def booked(tills: Tills) -> dict[tuple[str, str], dict]:
    return {(one["shop"], one["source_id"]): one for one in tills.books()["transactions"] if one["kind"] != "parked"}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), month=st.integers(1, 12), size=st.integers(1, 220))
def test_every_transaction_of_any_honest_day_is_decoded_to_the_penny(
    tills: Tills, seed: int, month: int, size: int
) -> None:
    tills.switch("reset")
    tills.switch("trade", date=f"2026-{month:02d}-14", transactions=size, seed=seed, planted=False)
    entries, found = booked(tills), outcomes(tills)
    assert found.keys() == entries.keys()
    for key, entry in entries.items():
        outcome = found[key]
        if entry["kind"] == "void":
            assert isinstance(outcome, Excluded) and outcome.reason_code == "void", key
            assert money(outcome) == (0, 0, 0)
            continue
        assert isinstance(outcome, Sale), (key, outcome)
        assert_same(outcome, entry)


def assert_same(sale: Sale, entry: dict) -> None:
    assert (sale.net_minor, sale.tax_minor, sale.gross_minor) == (
        entry["net_minor"],
        entry["tax_minor"],
        entry["gross_minor"],
    ), sale.source_id
    assert sale.kind == entry["kind"]
    assert sale.business_date.isoformat() == entry["business_date"]
    assert sale.sold_at.isoformat() == entry["sold_at"]
    assert sale.outstanding_minor == 0
    assert sale.customer.email == (entry["customer_email"] or "")
    paid = Counter()
    for tender in sale.tenders:
        paid[str(tender.type)] += tender.amount_minor
    assert dict(paid) == entry["tenders"]
    tax = Counter()
    for line in sale.lines:
        for one in line.taxes:
            tax[format(one.rate.normalize(), "f")] += one.amount_minor
    told = Counter()
    for line in entry["lines"]:
        told[line["rate"]] += line["tax_minor"]
    assert +tax == +told and -tax == -told
    goods = [(line.sku or "", line.quantity) for line in sale.lines if line.type is LineType.ITEM]
    theirs = [(line["sku"], line["quantity"]) for line in entry["lines"] if line["kind"] == "item"]
    assert sorted((sku, str(quantity)) for sku, quantity in goods) == sorted(theirs)
    original = entry["original"]
    expected = original["source_id"] if original else None
    assert sale.original_source_id == expected


@pytest.mark.parametrize("seed", [7, 11])
def test_each_planted_fault_ends_as_it_should(tills: Tills, seed: int) -> None:
    tills.switch("trade", date=DAY, transactions=300, seed=seed)
    entries, found = booked(tills), outcomes(tills)
    ended = {}
    for one in tills.books()["planted"]:
        outcome = found.get((one["shop"], one["source_id"]))
        ended[one["fault"]] = outcome.reason_code if isinstance(outcome, Quarantine) else type(outcome).__name__
    assert ended == {
        "unknown_sku": "Sale",
        "item_without_catalogue": "Sale",
        "unmapped_tender": "Sale",
        "wrong_tax_rate": "Sale",
        "delivered_twice": "Sale",
        "malformed": "bad_number",
        "return_of_more_than_sold": "Sale",
        "damaged_return": "Sale",
        "changed_content": "Sale",
        "tender_mismatch": "unbalanced",
        "late_arrival": "Sale",
        "missing_totals": "Sale",
        "pending_refund": "NoneType",  # not taken yet: it waits
        "amount_only_refund": "Sale",
    }
    for key, outcome in found.items():  # quarantined receipts keep the money that could still be read: here all of it
        entry = entries[key]
        assert money(outcome) == (entry["net_minor"], entry["tax_minor"], entry["gross_minor"]), key
    damaged = next(one for one in tills.books()["planted"] if one["fault"] == "damaged_return")
    sale = found[(damaged["shop"], damaged["source_id"])]
    assert [line.restock.place for line in sale.lines if line.returned and line.restock] == ["quarantine"]


def test_the_tills_own_control_totals_equal_the_books_and_count_no_voids(tills: Tills) -> None:
    from datetime import date

    from bp_assets.tills.systems import open_till

    tills.switch("trade", date=DAY, transactions=250, seed=3, planted=False)
    tills.switch("trade", date="2026-11-21", transactions=50, seed=3, planted=False)
    assert "void" in {one["kind"] for one in tills.books()["transactions"]}
    totals = {(row["shop"], row["business_date"]): row for row in tills.books()["totals"]}
    for shop in four_shops(tills).shops:
        till = open_till(shop, "GBP")
        for day in (DAY, "2026-11-21"):
            told = till.control_totals(date.fromisoformat(day))
            row = totals[(shop.key, day)]
            assert (told.transactions, told.gross_minor) == (row["count"], row["gross_minor"])
        till.close()
