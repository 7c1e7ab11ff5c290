"""``docs/operators.md`` names only what there is: commands, variables, jobs, columns, links."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import duckdb
import pytest
import typer
from typer.core import TyperGroup

from bp_assets.cli.app import app
from bp_assets.jobs import JOBS
from bp_assets.lake.tables import PUBLISHED
from tests.cli.terminal import ROOT

DOCS = ROOT / "docs"
PAGE = (DOCS / "operators.md").read_text(encoding="utf-8")
GROUP = typer.main.get_command(app)
assert isinstance(GROUP, TyperGroup)


def commands(page: str) -> list[str]:
    return sorted(set(re.findall(r"`(tillbridge [^`]+)`", page)))


@pytest.mark.parametrize("line", commands(PAGE + (DOCS / "shops-file.md").read_text(encoding="utf-8")))
def test_a_command_on_a_page_is_understood(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    if name != "retry" or arguments != []:
        assert GROUP.commands[name].make_context(name, arguments).args == []
    assert name in GROUP.commands


@pytest.mark.parametrize("query", [shlex.split(line)[-1] for line in commands(PAGE) if " sql " in line])
def test_a_query_on_the_page_fits_the_tables(query: str) -> None:
    with duckdb.connect() as connection:
        for table in PUBLISHED:
            columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
            connection.execute(f"create table {table.sql} ({columns})")
        assert connection.execute(query).fetchall() == []


def test_every_variable_of_the_code_is_on_the_page_and_no_other() -> None:
    text = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("bp_assets", "sensors", "checks")
        for path in (ROOT / folder).rglob("*.py")
    )
    pattern = r"\b(TILLBRIDGE_[A-Z_]+|SQUARE_ACCESS_TOKEN)\b"
    assert set(re.findall(pattern, PAGE)) == set(re.findall(pattern, text))


def test_every_job_named_is_a_job() -> None:
    known = {job.name for job in JOBS}
    named = set(re.findall(r"the job `(\w+)`", PAGE)) | {"close_day", "maintain_lake"}
    assert {"refresh_all", "read_back", "retry_rejected"} <= named <= known


def test_every_link_leads_somewhere() -> None:
    anchors = {
        re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in re.findall(r"^## (.+)$", PAGE, re.M)
    }
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        else:
            assert (DOCS / target.partition("#")[0]).resolve().exists(), target
    assert isinstance(DOCS, Path)
