"""The state a command is asked about: what is there already, never made by asking. Read: folders. Written: nothing."""

from __future__ import annotations

from pathlib import Path

from bp_assets.cli.environment import use_home
from bp_assets.config import Home

_OF_COMMANDS = ("demo", "dev", "replay")  # each keeps its state in a home of its own below


class NoState(Exception):
    """There is nothing to be asked about. The message says where it was looked for and what to do."""


def existing(root: Path) -> Home:
    """The home at ``root``, made the home of this process.

    Raises:
        NoState: no run has left a ledger there.
    """
    if not has_ledger(root):
        others = [f"--home {_short(root / name)}" for name in _OF_COMMANDS if _has_own(root / name)]
        advice = (
            f"There is state below: add {' or '.join(others)}."
            if others
            else "Run `tillbridge refresh` or `tillbridge demo` first."
        )
        raise NoState(f"There is no ledger in {root} yet, so there is nothing to show. {advice}")
    return use_home(root)


def has_ledger(root: Path) -> bool:
    """Whether there is a ledger to be asked: one in the folder, or a database that is named."""
    return bool(Home(root).database_url) or _has_own(root)


def _has_own(root: Path) -> bool:
    return (Home(root).postgres / "PG_VERSION").exists()


def _short(path: Path) -> str:
    """As a person would type it from where they are."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
