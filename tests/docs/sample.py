"""The sample books behind the queries of the docs: two shops in the week of 16 November 2026, one of everything.

Read: ``tests/builders.py``. Written: an in-memory DuckDB with every table of the lake. "Today" is Friday, 20 November.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from bp_assets.finance.reconciliation import reconciliation
from bp_assets.finance.takings import takings
from bp_assets.lake.tables import PUBLISHED
from checks.changed_receipts import changed_receipts
from checks.conservation import conservation
from checks.context import CheckContext
from checks.return_drift import return_drift
from checks.stock_drift import stock_drift
from checks.store import store_findings
from checks.tax_mismatches import tax_mismatches
from checks.unposted_sales import unposted_sales
from tests.builders import NOW, Books, sale_id
from tests.docs.orders_sample import with_orders

TODAY = "DATE '2026-11-20'"

VERIFIED = (
    "leeds 1001 2026-11-16\n2 MUG 24.00 20%\ncard 24.00",
    "leeds 1002 2026-11-17\n1 COAT 60.00 20%\n1 TEA 5.25 5%\ncash 65.25",
    "leeds 1003 2026-11-18\n-1 MUG -12.00 20% of 1001 shop\ncard -12.00",
    "leeds 1004 2026-11-18\n1 MUG 12.00 20%\n-1 TEA -5.25 5% of 1002 shop\ncard 6.75",
    "leeds 1005 2026-11-19\n1 PIN 3.00 20%\ncash 3.00",
    "leeds 1006 2026-11-19\n1 TEA 5.27 5%\n1 CASH -0.02 0% type rounding\ncash 5.25",
    "leeds 1007 2026-11-19\n1 COAT 60.00 20%\n1 OFFER -6.00 20% type discount\naccount 54.00",
    "leeds 1008 2026-11-19\n1 CARD 25.00 0% type gift_card_sale\ncard 25.00",
    "auckland 2001 2026-11-19\n-1 COAT -60.00 20% of 1002 shop\ncard -60.00",
    "auckland 2002 2026-11-20\n3 MUG 36.00 20%\ncard 36.00",
)
WAITING = (
    ("leeds 1009 2026-11-20\n1 MUG 12.00 20%\ncheque 12.00", "rejected", "tender_not_mapped"),
    ("leeds 1010 2026-11-20\n1 COAT 60.00 20%\ncard 60.00", "pending", ""),
)


def sample() -> Books:
    """The books, with reconciliation, takings and findings computed by the product's own code."""
    books = Books()
    for text in VERIFIED:
        number = text.split()[1]
        books.receipt(text)
        books.post(number)
        _steps(books, number)
    for text, state, reason in WAITING:
        books.receipt(text, state=state, reason_code=reason, message="no payment method for 'cheque'" if reason else "")
    books.put(
        "pos_transactions", sale_id=sale_id("1011"), shop="leeds", receipt_number="1011", state="quarantined",
        reason_code="bad_number", message="row 3: quantity 'two' is not a number", currency="GBP", source="file_drop",
        source_id="1011", captured_at=datetime(2026, 11, 20, 11, 0, tzinfo=UTC), attempts=0,
    )  # fmt: skip
    for shop, day, count, gross in (("leeds", 20, 3, "84.00"), ("auckland", 20, 1, "36.00")):
        books.put(
            "till_totals", shop=shop, business_date=date(2026, 11, day), transactions=count, gross=Decimal(gross),
            currency="GBP", observed_at=NOW,
        )  # fmt: skip
    # Everything is invoiced but the sale on account.
    books.sql(
        "update posted_orders set invoice_reference = 'SI-' || (1000 + order_id), tax_date = placed_on"
        f" where sale_id <> '{sale_id('1007')}'"
    )
    books.sql(f"update posted_orders set payment_status = 'UNPAID' where sale_id = '{sale_id('1007')}'")
    # The builder writes rows positive; discounts and rounding stand negative in the ERP. Tea was line 2 of 1002.
    books.sql("update posted_order_rows set net = -net, tax = -tax where name in ('Offer', 'Cash')")
    books.sql(f"update pos_lines set original_line_id = '2' where sale_id = '{sale_id('1004')}' and returned")
    with_orders(books)
    _computed(books)
    return books


def _steps(books: Books, number: str) -> None:
    at = books.sql("select sold_at from pos_transactions where receipt_number = ?", number)[0][0]
    for order_id, document in books.sql(
        "select order_id, document from posted_orders where sale_id = ? order by 1", sale_id(number)
    ):
        for step in ("order", "payment:1", "close"):
            books.step(
                number, step, "success", document=document, status=201 if step == "order" else 200,
                erp_id=str(order_id), intended_at=at, done_at=at,
            )  # fmt: skip


def _computed(books: Books) -> None:
    for table, compute in (("sales_reconciliation", reconciliation), ("daily_takings", takings)):
        books.connection.register("computed", compute(books.connection, books.shops, NOW))
        books.sql(f"insert into {table} select * from computed")
        books.connection.unregister("computed")
    context = CheckContext(books.shops, NOW)
    checks = (unposted_sales, tax_mismatches, return_drift, stock_drift, conservation, changed_receipts)
    for check in checks:
        store_findings(books.connection, check.__name__, check(books.connection, context), NOW)
    counted = " union all ".join(f"select '{table.name}', count(*) from {table.sql}" for table in PUBLISHED)
    books.sql(
        "create table published (table_name varchar, rows bigint, snapshot_id bigint, as_of timestamptz, "
        "published_at timestamptz)"
    )
    books.sql(f"insert into published select *, 14, ?, ? from ({counted})", NOW, NOW)
