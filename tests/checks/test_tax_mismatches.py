"""tax_mismatches gives each planted cause its own label and is quiet about tax that is right."""

from __future__ import annotations

from datetime import date

import pytest

from bp_assets.domain.findings import Finding
from checks.context import CheckContext
from checks.tax_mismatches import tax_mismatches
from tests.builders import Books

DAY = date(2026, 11, 20)


def test_five_planted_causes_get_five_right_labels(books: Books, context: CheckContext) -> None:
    books.receipt("""
        leeds 1001 2026-11-20
        1 MUG 12.00 20%
        1 TEA 11.50 15% called VAT15
        1 COAT 120.00 20% tax 24.00
        3 GIFTWRAP 6.00 20% tax 1.03
        1 MUG 24.00 20%
        1 COAT 10.50 5%
        card 184.00
    """)
    books.shops = context.shops.model_copy(update={"tax_map": {**context.shops.tax_map, "VAT15": "T20"}})
    books.receipt("""
        leeds 1002 2026-11-20
        1 MUG 11.75 17.5%
        card 11.75
    """)
    books.post("1001")
    books.sql("update posted_order_rows set tax_code = 'T0' where net = 20 and tax = 4")
    findings = tax_mismatches(books.connection, CheckContext(books.shops, context.now))
    assert {(f.receipt_number, f.place.split(",")[0]): f.kind for f in findings} == {
        ("1001", "line 2"): "rate",
        ("1001", "line 3"): "inclusive_exclusive",
        ("1001", "line 4"): "rounding",
        ("1001", "line 5"): "code",
        ("1002", "line 1"): "missing_map",
    }


@pytest.mark.parametrize(
    "line",
    [
        "1 MUG 12.00 20%",
        "3 MUG 9.99 20%",
        "1 MUG 0.01 20%",
        "1 TEA 4.20 0%",
        "1 TEA 10.50 5%",
        "1 TEA 4.20 untaxed",
        "-1 MUG -9.99 20%",
        "1 MUG 9.99 20% tax 1.66",  # a penny off: within the tolerance of one smallest unit
        "1 MUG 1.00 20% exclusive tax 0.17",
    ],
)
def test_tax_that_is_right_to_a_penny_is_not_found(books: Books, context: CheckContext, line: str) -> None:
    books.receipt(f"leeds 1001 2026-11-20\n{line}\ncard {line.split()[2]}")
    books.post("1001")
    assert tax_mismatches(books.connection, context) == []


def test_a_missing_map_names_the_tills_tax_and_the_money(books: Books, context: CheckContext) -> None:
    books.receipt("leeds 1001 2026-11-20\n1 MUG 11.75 17.5% called VAT\ncard 11.75", state="rejected")
    assert tax_mismatches(books.connection, context) == [
        Finding(
            check="tax_mismatches", kind="missing_map", shop="leeds", receipt_number="1001", sale_id="sale-1001",
            business_date=DAY, expected="a tax code for VAT 17.5 %", actual="nothing mapped", difference_minor=175,
            currency="GBP", place="line 1", owner="finance",
            message="Receipt 1001 of leeds, line 1 (MUG): no tax code is mapped for VAT 17.5 %. "
            "Add the tax to the tax map of the shops file, then retry the receipt.",
        )
    ]  # fmt: skip


def test_a_wrong_code_names_order_and_row(books: Books, context: CheckContext) -> None:
    books.receipt("leeds 1001 2026-11-20\n1 MUG 12.00 20%\n1 COAT 12.00 20%\ncard 24.00")
    books.post("1001")
    books.sql("update posted_order_rows set tax_code = 'T0' where sku = 'COAT'")
    ((order, row),) = books.sql("select order_id, order_row_id from posted_order_rows where sku = 'COAT'")
    assert tax_mismatches(books.connection, context) == [
        Finding(
            check="tax_mismatches", kind="code", shop="leeds", receipt_number="1001", sale_id="sale-1001",
            business_date=DAY, expected="T20", actual="T0", place=f"line 2, order {order} row {row}", owner="finance",
            message=f"Receipt 1001 of leeds, line 2 (COAT): 20 % maps to T20; order {order} carries T0. "
            "Correct the row's tax code in the ERP, or the tax map if the ERP is right.",
        )
    ]  # fmt: skip


def test_a_rate_that_is_not_the_erps_names_both_rates_and_the_tax_between(books: Books, context: CheckContext) -> None:
    books.sql("update tax_codes set rate = 17.5 where tax_code = 'T20'")
    books.receipt("leeds 1001 2026-11-20\n1 MUG 12.00 20%\ncard 12.00")
    books.post("1001")
    (finding,) = tax_mismatches(books.connection, context)
    assert (finding.kind, finding.expected, finding.actual, finding.difference_minor) == (
        "rate", "17.5 % (T20)", "20 %", 25,
    )  # fmt: skip


def test_tax_that_is_far_from_its_own_rate_is_called_a_rate_not_rounding(books: Books, context: CheckContext) -> None:
    books.receipt("leeds 1001 2026-11-20\n1 MUG 12.00 20% tax 0.60\ncard 12.00")
    books.post("1001")
    (finding,) = tax_mismatches(books.connection, context)
    assert (finding.kind, finding.expected, finding.actual, finding.difference_minor) == (
        "rate", "tax 2.28 GBP", "tax 0.60 GBP", -168,
    )  # fmt: skip


@pytest.mark.parametrize(("basis", "tax"), [("", "24.00"), ("exclusive", "16.67")])
def test_tax_of_the_other_price_basis_is_named_as_such(
    books: Books, context: CheckContext, basis: str, tax: str
) -> None:
    gross = "120.00" if not basis else "116.67"  # 100 without tax, on which 20 % were taken as if inside
    books.receipt(f"leeds 1001 2026-11-20\n1 COAT {gross} 20% tax {tax} {basis}\ncard {gross}")
    books.post("1001")
    (finding,) = tax_mismatches(books.connection, context)
    assert finding.kind == "inclusive_exclusive"
    assert ("with tax" if not basis else "without tax") in finding.message


def test_an_order_whose_tax_differs_from_its_receipt_is_found_with_the_difference(
    books: Books, context: CheckContext
) -> None:
    books.receipt("leeds 1001 2026-11-20\n1 MUG 12.00 20%\n-1 TEA -10.50 5%\ncard 1.50")
    books.post("1001")
    books.sql("update posted_orders set tax = 0.45, net = 10.05 where document = 'SC'")
    ((order,),) = books.sql("select order_id from posted_orders where document = 'SC'")
    assert tax_mismatches(books.connection, context) == [
        Finding(
            check="tax_mismatches", kind="order_tax", shop="leeds", receipt_number="1001", sale_id="sale-1001",
            business_date=DAY, expected="tax -0.50 GBP", actual="tax -0.45 GBP", difference_minor=-5, currency="GBP",
            place=f"credit {order}", owner="finance",
            message=f"Receipt 1001 of leeds: tax -0.50 GBP at the till, -0.45 GBP on credit {order}. "
            "Correct the order in the ERP: tax is passed through and must agree to the penny.",
        )
    ]  # fmt: skip


def test_excluded_receipts_are_not_looked_at(books: Books, context: CheckContext) -> None:
    books.receipt("leeds 1001 2026-11-20\n1 MUG 11.75 17.5%\ncard 11.75", state="excluded", reason_code="void")
    assert tax_mismatches(books.connection, context) == []


def test_the_order_of_rows_in_the_erp_does_not_matter(books: Books, context: CheckContext) -> None:
    books.receipt("leeds 1001 2026-11-20\n1 MUG 12.00 20%\n1 TEA 10.00 0%\n1 COAT 10.00 0%\ncard 32.00")
    books.post("1001")
    books.sql("update posted_order_rows set sequence = 10 - sequence, order_row_id = 1000 - order_row_id")
    assert tax_mismatches(books.connection, context) == []
