"""``docs/shops-file.md`` says every key with its default, and its examples do what the page says."""

from __future__ import annotations

import re
from datetime import time
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bp_assets.config import (
    Columns,
    Erp,
    ExcludeRule,
    FileDropFeed,
    Forecasting,
    Lanes,
    LaneShare,
    ModeFrom,
    NominalCodes,
    Posting,
    ReturnMarker,
    Shop,
    ShopsFile,
    SquareFeed,
    loads,
)
from bp_assets.domain.money import from_minor
from bp_assets.tills.protocol import Decoded, Excluded, Quarantine
from bp_assets.tills.systems import decode, open_till

PAGE = (Path(__file__).parents[2] / "docs" / "shops-file.md").read_text(encoding="utf-8")
SECTIONS: dict[str, type[BaseModel]] = {
    "Top of the file": ShopsFile,
    "`[erp]`": Erp,
    "`[erp.lanes]`": Lanes,
    "One lane": LaneShare,
    "`[posting]`": Posting,
    "`[forecasting]`": Forecasting,
    "`[nominal_codes]`": NominalCodes,
    "`[[shops]]`": Shop,
    "`mode` as a list": ModeFrom,
    '`[shops.feed]` with `kind = "square"`': SquareFeed,
    '`[shops.feed]` with `kind = "file_drop"`': FileDropFeed,
    "`[shops.feed.columns]`": Columns,
    "`[shops.feed.returns]`": ReturnMarker,
    "`[[shops.feed.exclude]]`": ExcludeRule,
}


def told(section: str) -> dict[str, str]:
    """Key -> default, as the page says them in one section."""
    body = PAGE.split(f"\n### {section}\n")[1].split("\n## ")[0].split("\n### ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+) \|$", body, re.MULTILINE)
    assert all(meaning.rstrip().endswith(".") for _, _, meaning in rows)
    return {key: default for key, default, _ in rows}


def spelled(field: FieldInfo) -> str:
    """The default of a field as the page writes it."""
    value: Any = field.default
    if field.is_required():
        return "required"
    if isinstance(value, LaneShare):
        return f"`{{ guaranteed = {value.guaranteed}, greatest = {value.greatest} }}`"
    if value in (None, "", (), {}) or isinstance(value, BaseModel):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{value}"`' if isinstance(value, str | Enum | time) else f"`{value}`"


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_has_every_key_of_its_model_with_its_default_and_no_other(section: str) -> None:
    fields = SECTIONS[section].model_fields
    assert told(section) == {field.alias or name: spelled(field) for name, field in fields.items()}


def test_every_model_that_the_file_is_made_of_has_a_section() -> None:
    found: set[type[BaseModel]] = set()

    def walk(model: type[BaseModel]) -> None:
        found.add(model)
        for field in model.model_fields.values():
            for part in parts_of(field.annotation):
                if part not in found:
                    walk(part)

    walk(ShopsFile)
    assert found == set(SECTIONS.values())
    assert PAGE.count("\n### ") == len(SECTIONS)


def parts_of(annotation: Any) -> list[type[BaseModel]]:
    """The models inside an annotation, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [part for inner in getattr(annotation, "__args__", ()) for part in parts_of(inner)]


# -- the examples --------------------------------------------------------------------------------


def block(name: str) -> str:
    """The fenced block below ``<!-- example: name -->``."""
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found, name
    return found[1]


def smallest_file() -> str:
    return PAGE.split("## The smallest file")[1].split("```toml\n")[1].split("```")[0]


def outcome_table() -> list[list[str]]:
    lines = PAGE.split("<!-- example: outcome -->\n")[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_smallest_file_is_a_shops_file() -> None:
    shops = loads(smallest_file())
    assert [shop.key for shop in shops.shops] == ["leeds"]


def test_the_smallest_file_is_the_smallest() -> None:
    lines = smallest_file().splitlines()
    for number, line in enumerate(lines):
        if line and not line.startswith(("[", '"', "card", "cash")):
            with pytest.raises(Exception, match="is missing"):
                loads("\n".join(lines[:number] + lines[number + 1 :]))


def test_the_worked_example_does_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLBRIDGE_HOME", str(tmp_path))
    common = smallest_file().split("[[shops]]")[0]
    shops = loads(common + block("shop.toml").replace("[shops.feed]\n", "[shops.feed]\nsettle_seconds = 0\n", 1))
    (shop,) = shops.shops
    folder = tmp_path / "drop" / "whitby"
    folder.mkdir(parents=True)
    (folder / "sample.csv").write_text(block("sample.csv"), encoding="utf-8")
    till = open_till(shop, "GBP")
    receipts = sorted(till.fetch(None).receipts, key=lambda one: one.source_id)
    assert [row_of(one.source_id, decode(one, shop, "GBP")) for one in receipts] == outcome_table()


def row_of(receipt: str, outcome: Decoded) -> list[str]:
    if isinstance(outcome, Quarantine):
        word, of, paid = f"quarantined: {outcome.reason_code}", outcome, ""
        assert "sample.csv row 8: pieces: 'one' is not a number" in outcome.message
    elif isinstance(outcome, Excluded):
        word, of, paid = f"excluded: {outcome.reason_code}", outcome.sale, ""
    else:
        word, of = str(outcome.kind), outcome
        paid = ", ".join(f"{one.method} {pounds(one.amount_minor)}" for one in outcome.tenders)
    return [receipt, word, pounds(of.net_minor), pounds(of.tax_minor), pounds(of.gross_minor), paid]


def pounds(minor: int | None) -> str:
    return "unknown" if minor is None else str(from_minor(minor, "GBP"))
