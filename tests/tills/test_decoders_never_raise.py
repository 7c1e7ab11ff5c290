"""Whatever stands in a receipt, decoding answers: with a sale that adds up, an exclusion or a reason."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bp_assets.config import loads
from bp_assets.domain.reasons import REASONS
from bp_assets.domain.sale import Sale
from bp_assets.tills.protocol import Decoded, Excluded, Quarantine, RawReceipt
from bp_assets.tills.systems import decode
from tests.tills.dropping import row, shop
from tests.tills.shopping import TOML
from tests.tills.test_square_decode import EXCHANGE_C, RETURN_B, SALE_A, content

SHOPS = loads(TOML)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.just([]),
    st.just({}),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from(["NaN", "-0", "1e400", "2026-13-01", {"amount": "12", "currency": "GBP"}, {"amount": 10**30}]),
)


def places(value: Any, path: tuple = ()) -> list[tuple]:
    found = [path] if path else []
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        found += places(part, (*path, key))
    return found


def answered(outcome: Decoded) -> None:
    if isinstance(outcome, Sale):
        assert outcome.outstanding_minor == 0
        assert outcome.net_minor + outcome.tax_minor == outcome.gross_minor
    else:
        assert isinstance(outcome, Quarantine | Excluded)
        assert outcome.reason_code in REASONS and outcome.message


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_a_square_order_with_any_part_replaced_by_junk(data: st.DataObject) -> None:
    body = json.loads(json.dumps(data.draw(st.sampled_from([SALE_A, RETURN_B, EXCHANGE_C]))))
    for _ in range(data.draw(st.integers(1, 3))):
        paths = places(body)
        *parents, last = data.draw(st.sampled_from(paths))
        where = body
        for key in parents:
            where = where[key]
        if data.draw(st.booleans()):
            where[last] = data.draw(JUNK)
        elif isinstance(where, dict):
            del where[last]
        if not places(body):
            break
    key = "london" if body.get("location_id") == "LLONDON" else "leeds"
    answered(decode(RawReceipt("square", "square", "O1", content(body)), SHOPS.shop(key), "GBP"))


TEXTS = st.one_of(
    st.text(max_size=10),
    st.sampled_from(
        [
            "",
            "NaN",
            "-inf",
            "-0",
            "1e400",
            "12.345",
            "2026-10-25T01:30",
            "9999-12-31T23:59:59",
            "0001-01-01",
            "R",
            "GBP",
        ]
    ),
)


@settings(max_examples=400, deadline=None)
@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from([*row(), "kind", "how", "paid", "tz", "(broken)"]), TEXTS), max_size=4
    )
)
def test_file_rows_of_any_text(rows: list[dict[str, str]]) -> None:
    columns = {"row_kind": "kind", "tender_method": "how", "tender_amount": "paid", "time_zone": "tz"}
    place = shop(Path("/nowhere"), columns, tender_row_kinds=["PAY"], returns={"by": "receipt_prefix", "prefix": "C"})
    full = [row(**values) for values in rows]
    body = json.dumps({"receipt": "R1", "rows": full}).encode()
    answered(decode(RawReceipt("file_drop", "york", "R1", body, note="a.csv rows 2-5"), place, "GBP"))
