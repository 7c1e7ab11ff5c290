"""Decoded objects on their way into frames: who does not fit goes to quarantine alone; hashes tell of rows alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from bp_assets.brightpearl import wire
from bp_assets.extraction.decoding import Batch
from bp_assets.extraction.layout import Layout
from bp_assets.extraction.members import Members
from bp_assets.extraction.resource import Context, Decoded, Get, Resource, Rows, Uris
from bp_assets.extraction.splits import by_key

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
PAYMENT = ("payment_id", "order_id", "payment_type", "amount_paid", "currency", "created_on")
GOOD = (0, 7, "RECEIPT", Decimal("12.5"), "GBP", NOON)
Row = tuple[Any, ...]


def resource(rows_of: Callable[[int], list[Row]], tables: tuple[str, ...] = ("customer_payments",)) -> Resource:
    """Payments whose decode function gives what a test wants."""

    def decode(object_id: int, raw: Any, context: Context) -> Decoded:
        return {tables[0]: rows_of(object_id)}

    return Resource(
        name="payments", title="", tables={"customer_payments": Rows("payment_id", PAYMENT)},
        listing=Uris("/x"), get=Get("/x/{ids}", by_key), decode=decode,
    )  # fmt: skip


def frames(one: Resource, ids: range = range(1, 41)) -> dict[str, pl.DataFrame]:
    batch = Batch(Layout(one))
    answer = wire.loads_sealed(json.dumps({"response": {str(id_): {"said": [id_, "ü"]} for id_ in ids}}).encode())
    batch.take(by_key(answer["response"], ids), ids, Context(NOON), Members())
    assert batch.objects == len(ids)
    return batch.frames()


def with_(place: int, value: Any) -> Callable[[int], list[Row]]:
    """Rows as they should be, but for object 17."""
    return lambda id_: [(id_, *GOOD[1:place], value, *GOOD[place + 1:]) if id_ == 17 else (id_, *GOOD[1:])]  # fmt: skip


UNFIT = [
    (with_(1, 2**63), "customer_payments.order_id is 9223372036854775808, which is too big"),
    (with_(1, True), "customer_payments.order_id is a bool, not a int"),
    (with_(2, 5), "customer_payments.payment_type is a int, not a str"),
    (with_(2, None), "customer_payments.payment_type is missing"),
    (with_(3, 12.5), "customer_payments.amount_paid is a float, not a Decimal"),
    (with_(3, Decimal(10) ** 14), "customer_payments.amount_paid is 100000000000000, which is too big"),
    (with_(3, "1.00001"), "customer_payments.amount_paid is '1.00001', which is no amount of its type"),
    (with_(3, "ten"), "customer_payments.amount_paid is 'ten', which is no amount of its type"),
    (with_(5, NOON.date()), "customer_payments.created_on is a date, not a datetime"),
    (lambda id_: [(id_, *GOOD[1:])] * (1 + (id_ == 17)), "two rows of customer_payments have the same key"),
    (lambda id_: [(99 if id_ == 17 else id_, *GOOD[1:])], "a row of customer_payments belongs to 99"),
    (lambda id_: [(id_, *GOOD[1:])[: 5 if id_ == 17 else 6]], "a row of customer_payments has 5 values, not 6"),
]


@pytest.mark.parametrize(("rows_of", "reason"), UNFIT)
def test_an_object_whose_rows_do_not_fit_goes_to_quarantine_alone(
    rows_of: Callable[[int], list[Row]], reason: str
) -> None:
    found = frames(resource(rows_of))
    assert found["_quarantined"].rows() == [("17", reason, '{"said": [17, "\\u00fc"]}')]
    states = dict(found["_objects"].select("object_id", "state").rows())
    assert states == {id_: "unclear" if id_ == 17 else "kept" for id_ in range(1, 41)}
    assert sorted(found["customer_payments"]["payment_id"]) == [id_ for id_ in range(1, 41) if id_ != 17]


def test_rows_for_a_table_that_is_not_described_go_to_quarantine() -> None:
    found = frames(resource(lambda id_: [GOOD], tables=("orders",)), range(1, 3))
    assert found["_quarantined"]["reason"].to_list() == ["it has rows for orders, which is not among its tables"] * 2
    assert set(found) == {"_quarantined", "_objects"}


def test_amounts_of_any_form_are_the_same_numbers() -> None:
    forms = {1: "12.5", 2: Decimal("12.5"), 3: 12, 4: "-0.00", 5: Decimal("1E+2"), 6: "99999999999999.9999"}
    found = frames(resource(lambda id_: [(id_, *GOOD[1:3], forms[id_], *GOOD[4:])]), range(1, 7))
    amounts = found["customer_payments"]["amount_paid"]
    assert amounts.dtype == pl.Decimal(18, 4)
    assert amounts.to_list() == [Decimal(one) for one in forms.values()]
    whole = frames(resource(lambda id_: [(id_, *GOOD[1:3], id_, *GOOD[4:])]), range(1, 7))
    assert whole["customer_payments"]["amount_paid"].to_list() == [Decimal(one) for one in range(1, 7)]


def hashes(rows_of: Callable[[int], list[Row]], ids: range = range(1, 4)) -> dict[int, str]:
    one = replace(resource(rows_of), tables={"customer_payments": Rows("order_id", PAYMENT)})
    return dict(frames(one, ids)["_objects"].select("object_id", "content_hash").rows())


def two(id_: int) -> list[Row]:
    return [(100 + id_, id_, *GOOD[2:]), (200 + id_, id_, *GOOD[2:])]


def test_a_hash_tells_of_an_objects_rows_and_not_of_their_order_or_company() -> None:
    plain = hashes(two)
    assert len(set(plain.values())) == 3
    assert hashes(lambda id_: two(id_)[::-1]) == plain
    assert hashes(two, range(2, 3)) == {2: plain[2]}
    assert hashes(lambda id_: two(id_)[: 1 + (id_ != 2)])[2] != plain[2]
    changed = hashes(lambda id_: [(*row[:3], "12.51" if row[0] == 102 else row[3], *row[4:]) for row in two(id_)])
    assert {id_ for id_ in plain if changed[id_] != plain[id_]} == {2}
    assert hashes(lambda id_: [])[1] == "0"


def test_a_hash_is_the_same_in_another_process() -> None:
    told = "from tests.extraction.test_batches import hashes, two; print(hashes(two))"
    there = subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True)
    assert there.stdout.strip() == str(hashes(two))
