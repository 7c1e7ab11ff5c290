"""Every command's help says what the command reads, what it writes, and shows examples that work as typed."""

from __future__ import annotations

import shlex

import pytest
import typer
from typer.core import TyperGroup

from bp_assets.cli.app import app
from bp_assets.cli.examples import EFFECTS, EXAMPLES
from tests.cli.terminal import tillbridge

GROUP = typer.main.get_command(app)
assert isinstance(GROUP, TyperGroup)
OWN = sorted(set(GROUP.commands) - {"sandbox"})  # the sandbox has a command line of its own


def test_every_command_has_examples_and_says_what_it_touches() -> None:
    assert OWN == sorted(EXAMPLES) == sorted(EFFECTS)


@pytest.mark.parametrize("name", OWN)
def test_the_help_of_a_command_tells_effects_and_examples(name: str) -> None:
    shown = GROUP.commands[name].epilog or ""
    assert shown.startswith(f"**Reads** {EFFECTS[name][0]}.\n\n**Writes** {EFFECTS[name][1]}.")
    assert all(f"`{line}  # {words}`" in shown for line, words in EXAMPLES[name])


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line, _ in lines])
def test_an_example_is_understood_by_the_command_it_is_of(line: str) -> None:
    program, name, *arguments = shlex.split(line)
    assert program == "tillbridge"
    context = GROUP.commands[name].make_context(name, arguments)
    assert context.args == []


def test_the_help_a_person_sees_holds_all_of_it() -> None:
    done = tillbridge("retry", "--help")
    assert done.returncode == 0
    told = " ".join(done.stdout.split())
    assert "Reads the ledger, the shops file." in told
    assert "Writes the ledger: receipts wait again. Nothing is sent." in told
    assert "tillbridge retry --reason tax_not_mapped # after a tax was added to the map" in told


def test_the_sandbox_lists_its_own_options() -> None:
    done = tillbridge("sandbox", "serve", "--help")
    assert done.returncode == 0
    assert "--requests-per-minute" in done.stdout
