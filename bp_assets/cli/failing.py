"""How a command ends badly: a person's mistake in one message, our own in one line and a log.

Read: the error. Written: standard error, ``<home>/logs/errors.log``.
"""

from __future__ import annotations

import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

from bp_assets.config import home

DEBUG_ENV = "TILLBRIDGE_DEBUG"
USERS, OURS = 2, 3  # exit codes: a mistake or trouble that the message explains; a mistake of tillbridge itself

# Errors whose text is written for people. By name: to import them all, and Dagster with them, would take a second.
_ERP = "bp_assets.brightpearl.errors.ErpError"
EXPLAINED = frozenset(
    {
        _ERP,
        "bp_assets.cli.lakeside.JobFailed",
        "bp_assets.cli.processes.DidNotStart",
        "bp_assets.cli.refresh.NoResource",
        "bp_assets.cli.retry.NotKnown",
        "bp_assets.cli.sql.BadQuery",
        "bp_assets.cli.state.NoState",
        "bp_assets.config.shops.ConfigError",
        "bp_assets.export.errors.ExportError",
        "bp_assets.lake.errors.LakeError",
        "bp_assets.ledger.errors.LedgerError",
        "bp_assets.tills.protocol.TillError",
    }
)


def told(error: Exception) -> int:
    """Tell the person at the keyboard; returns the exit code. With ``TILLBRIDGE_DEBUG`` the whole trace as well."""
    if os.environ.get(DEBUG_ENV, "") not in ("", "0"):
        traceback.print_exception(error)
        return USERS if EXPLAINED & _kinds(error) else OURS
    if EXPLAINED & _kinds(error):
        _say(f"{error}{_later(error)}")
        return USERS
    text = " ".join(str(error).split())[:300]
    _say(f"tillbridge failed: {type(error).__name__}{f': {text}' if text else ''}. {_logged(error)}")
    return OURS


def _kinds(error: Exception) -> set[str]:
    """The error's classes, by where they are defined."""
    return {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}


def _later(error: Exception) -> str:
    """What to do about an ERP that is away: the error says which request it was, not what a person may look at."""
    if _ERP not in _kinds(error) or not error.transient:  # type: ignore[attr-defined]  # an ErpError has it
        return ""
    return (
        ". Look whether the ERP answers from here (erp.base_url in the shops file, or TILLBRIDGE_ERP_URL), then give "
        "the command again: what was done stays done."
    )


def _logged(error: Exception) -> str:
    """Keep the trace where it can be found; says where."""
    again = f"`--debug` or {DEBUG_ENV}=1 shows it at once."
    path = _log()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC).isoformat()} {' '.join(sys.argv[1:2])}\n")
            log.writelines(traceback.format_exception(error))
    except OSError as problem:
        return f"The trace could not be written to {path} ({problem}); {again}"
    return f"The trace is in {path}; {again}"


def _log() -> Path:
    return home().logs / "errors.log"


def _say(message: str) -> None:
    print(message, file=sys.stderr)  # noqa: T201  # the message for the user
