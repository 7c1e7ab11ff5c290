"""Every reason code used anywhere has a row that says who acts and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bp_assets.brightpearl import errors
from bp_assets.domain.reasons import REASONS, reason

SOURCE = Path(__file__).parents[2] / "bp_assets"
USED = re.compile(
    r"""(?:Refusal|_Refused|Quarantine|Excluded|_park|park|reason_code\s*=|Quarantined)\(?\s*(?:self\.ledger,\s*sale_id,\s*)?"""
    r"""(?:work,\s*)?["']([a-z_]+)["']"""
)


def test_every_row_is_complete_and_its_code_stands_once() -> None:
    for code, row in REASONS.items():
        assert code == row.code
        assert re.fullmatch(r"[a-z_]+", code)
        assert row.owner in {"shop", "finance", "warehouse", "data", "nobody"}
        assert row.title
        assert row.what_to_do.endswith(".")


def test_every_code_that_the_source_names_has_a_row() -> None:
    used = {code for path in SOURCE.rglob("*.py") for code in USED.findall(path.read_text(encoding="utf-8"))}
    assert {"tax_not_mapped", "tender_not_mapped", "wrong_currency", "fractional_stock", "malformed"} <= used
    assert used <= set(REASONS)


def test_every_error_of_the_erp_has_a_row() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ErpError)]
    assert len(kinds) >= 6
    assert {kind.reason_code for kind in kinds} <= set(REASONS)


def test_a_code_without_a_row_is_a_mistake_in_our_code() -> None:
    with pytest.raises(KeyError, match="bad_luck"):
        reason("bad_luck")
