"""From ledger and ERP records to rows, and which of them are read: the pure parts, without any server."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bp_assets.domain.sale import Kind, Line, Original, Restock, Sale, Tax, Tender, TenderType
from bp_assets.hints import ORDERS, PRODUCTS, STOCK, about, table_of
from bp_assets.ledger.webhooks import Webhook
from bp_assets.model import rows
from bp_assets.posting.facts import Facts
from bp_assets.staging.posted import framed

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def posting(sale: Sale | None, **values: object) -> rows.Row:
    """A row of the ledger as an increment brings it."""
    row: rows.Row = dict.fromkeys(rows.POSTING_COLUMNS)
    row |= {"sale_id": "s-1", "shop": "leeds", "currency": "GBP", "sale": sale and sale.model_dump(mode="json")}
    if sale is not None:
        row |= {name: getattr(sale, name) for name in ("net_minor", "tax_minor", "gross_minor", "business_date")}
    return row | values


def exchange() -> Sale:
    """A mug comes back damaged, another leaves with two taxes on it; the difference is paid by card."""
    vat = Tax(code="", rate=Decimal(20), amount_minor=-200, inclusive=True)
    two = (
        Tax(code="", rate=Decimal("8.875"), amount_minor=89, inclusive=False),
        Tax(code="city", rate=Decimal("1.50"), amount_minor=15, inclusive=False),
    )
    back = Line(
        line_id="1", returned=True, sku="MUG", quantity=Decimal(-1), unit_price=Decimal("12.00"), taxes=(vat,),
        net_minor=-1000, tax_minor=-200, gross_minor=-1200, original=Original(source_id="990", line_id="4"),
        restock=Restock(place="quarantine"),
    )  # fmt: skip
    out = Line(line_id="2", quantity=Decimal("0.345"), taxes=two, net_minor=1500, tax_minor=104, gross_minor=1604)
    tender = Tender(tender_id="t", type=TenderType.CARD, method="card", amount_minor=404, tip_minor=0)
    return Sale(
        source="file_drop", account="leeds", source_id="1001", kind=Kind.EXCHANGE, shop="leeds", receipt_number="1001",
        sold_at=NOW, time_zone="Europe/London", business_date=NOW.date(), currency="GBP", prices_include_tax=True,
        lines=(back, out), tenders=(tender,),
    )  # fmt: skip


def test_a_receipt_becomes_a_row_with_money_in_main_units() -> None:
    row = rows.transaction(posting(exchange(), state="pending"))
    money = [row[name] for name in ("net", "tax", "gross", "tendered", "outstanding")]
    assert money == [Decimal("5.00"), Decimal("-0.96"), Decimal("4.04"), Decimal("4.04"), Decimal("0.00")]
    assert (row["line_count"], row["channel"], row["register_id"]) == (2, "pos", None)


def test_a_receipt_not_understood_keeps_what_could_be_read_and_has_no_lines() -> None:
    row = posting(None, state="quarantined", gross_minor=1200)
    assert rows.transaction(row)["gross"] == Decimal("12.00")
    assert [rows.transaction(row)[name] for name in ("net", "tendered", "outstanding", "line_count")] == [None] * 4
    assert (rows.lines(row), rows.tenders(row)) == ([], [])


def test_lines_keep_their_original_their_place_and_their_taxes() -> None:
    back, out = rows.lines(posting(exchange()))
    assert (back["original_sale_id"], back["original_line_id"]) == ("file_drop-leeds-990", "4")
    assert (back["restock"], back["returned"], back["quantity"]) == ("quarantine", True, Decimal(-1))
    assert (back["till_tax"], back["tax_rate"], back["tax_inclusive"]) == ("", Decimal(20), True)
    # Two taxes have no one rate; the first has no name, so both rates stand for it.
    assert (out["till_tax"], out["tax_rate"], out["tax_inclusive"]) == ("8.875%+1.5%", None, False)
    assert out["quantity"] == Decimal("0.345")


def test_a_yen_has_no_decimals() -> None:
    row = posting(exchange().model_copy(update={"currency": "JPY"}), currency="JPY")
    assert rows.transaction(row)["gross"] == Decimal(404)
    assert rows.tenders(row)[0]["amount"] == Decimal(404)


@pytest.mark.parametrize(
    ("event", "table"),
    [
        ("product.modified.on-hand-modified", STOCK),
        ("product.modified", PRODUCTS),
        ("product.destroyed", PRODUCTS),
        ("goods-out-note.created", ORDERS),
        ("order.modified.order-status", ORDERS),
        ("something.new", ORDERS),
    ],
)
def test_an_event_is_about_one_table(event: str, table: str) -> None:
    assert table_of(event) == table


def test_hints_name_their_records_and_unreadable_ones_still_count() -> None:
    def hint(number: int, event: str, ids: str) -> Webhook:
        return Webhook(number, "brightpearl", event, ids, {}, NOW)

    told = [hint(1, "product.created", "7,9-11"), hint(2, "product.created", "?"), hint(3, "order.created", "5"),
            hint(4, "product.created", "1-999999999")]  # fmt: skip
    assert about(told, PRODUCTS) == ([1, 2, 4], [7, 9, 10, 11])
    assert about(told, ORDERS) == ([3], [5])


def test_an_order_not_understood_keeps_its_rows_and_one_that_is_gone_loses_them() -> None:
    made = framed({1: Facts(misread=["net is missing"]), 2: Facts()}, {}, {}, NOW)
    assert (made.read, made.gone, made.unclear) == (set(), {2}, ["order 1: net is missing"])
