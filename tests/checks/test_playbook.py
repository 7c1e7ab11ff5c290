"""The playbook is code, and the operators' page says the same: every check, kind and reason, who acts, what to do."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from bp_assets.domain.reasons import REASONS
from bp_assets.lake.tables import BY_NAME as TABLES
from checks.playbook import CHECKS, Check, Severity

ROOT = Path(__file__).parents[2]
OWNERS = {"shop", "finance", "warehouse", "data"}
WORDS = {Severity.INFO: "info", Severity.WARN: "warning", Severity.ERROR: "error"}


def sections() -> dict[str, str]:
    """The page's sections by heading."""
    text = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_has_a_section_that_names_each_kind_as_the_playbook_does(check: Check) -> None:
    section = sections()[check.name]
    expected = [f"| `{k.name}` | {WORDS[k.severity]} | {k.owner} | {k.meaning} | {k.what_to_do} |" for k in check.kinds]
    assert [line for line in section.splitlines() if line.startswith("| `")] == expected
    assert not check.table or f"On `{check.table}`." in section


def test_every_reason_code_has_its_row_on_the_page() -> None:
    expected = [f"| `{r.code}` | {r.title} | {r.owner} | {r.what_to_do} |" for r in REASONS.values()]
    assert [line for line in sections()["Reasons"].splitlines() if line.startswith("| `")] == expected


def test_the_page_describes_no_check_that_does_not_exist() -> None:
    assert set(sections()) == {check.name for check in CHECKS} | {"Reasons"}


def test_owners_are_the_four_that_act_and_tables_exist() -> None:
    assert {kind.owner for check in CHECKS for kind in check.kinds} == OWNERS
    assert {reason.owner for reason in REASONS.values()} <= OWNERS | {"nobody"}
    assert {table for check in CHECKS for table in (check.table, *check.reads) if table} <= set(TABLES)


def test_every_kind_of_the_playbook_is_made_somewhere_in_the_checks() -> None:
    """A kind that no code can report would be a promise to the operators that nobody keeps."""
    strings: set[str] = set()
    for path in (ROOT / "checks").glob("*.py"):
        if path.name != "playbook.py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    strings.add(node.value)
    text = "\n".join(strings)
    kinds = {kind.name for check in CHECKS for kind in check.kinds}
    assert {kind for kind in kinds if not re.search(rf"\b{kind}\b", text)} == set()
