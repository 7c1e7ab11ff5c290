"""changed_receipts flags versions that differ from the receipt that was taken, and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime

from bp_assets.domain.findings import Finding
from checks.changed_receipts import changed_receipts
from checks.context import CheckContext
from tests.builders import Books


def version(books: Books, number: int, state: str, hour: int, message: str = "") -> None:
    books.put(
        "receipt_versions", sale_id="sale-1001", version=number, shop="leeds", receipt_number="1001", state=state,
        reason_code="changed_after_posting" if state == "changed" else "", message=message,
        received_at=datetime(2026, 11, 20, hour, tzinfo=UTC),
    )  # fmt: skip


def test_a_changed_version_is_found_with_both_instants(books: Books, context: CheckContext) -> None:
    books.receipt("leeds 1001 2026-11-20\n2 MUG 12.00 20%\ncard 12.00")
    books.post("1001")
    version(books, 1, "decoded", 10)
    version(books, 2, "changed", 11, "gross 12.00 became 13.00")
    assert changed_receipts(books.connection, context) == [
        Finding(
            check="changed_receipts", kind="changed", shop="leeds", receipt_number="1001", sale_id="sale-1001",
            business_date=date(2026, 11, 20), expected="as received 2026-11-20 10:00 UTC",
            actual="changed 2026-11-20 11:00 UTC", place="version 2", owner="finance",
            message="Receipt 1001 of leeds came again with other content as version 2; the first is verified. "
            "gross 12.00 became 13.00. "
            "Compare the two versions; correct the ERP order by hand or accept the first.",
        )
    ]  # fmt: skip


def test_another_version_of_the_same_sale_is_not_found(books: Books, context: CheckContext) -> None:
    books.receipt("leeds 1001 2026-11-20\n2 MUG 12.00 20%\ncard 12.00")
    version(books, 1, "decoded", 10)
    version(books, 2, "unchanged", 11)
    assert changed_receipts(books.connection, context) == []
