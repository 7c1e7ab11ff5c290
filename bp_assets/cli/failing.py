"""How a command ends badly: a person's mistake in one message, our own in one line and a log.

Read: the error. Written: standard error, ``<home>/logs/errors.log``.
"""

from __future__ import annotations

import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

from bp_assets.config import ConfigError, home

DEBUG_ENV = "TILLBRIDGE_DEBUG"
USERS, OURS = 2, 3  # exit codes: a mistake or trouble that the message explains; a mistake of tillbridge itself


def told(error: Exception) -> int:
    """Tell the person at the keyboard; returns the exit code. With ``TILLBRIDGE_DEBUG`` the whole trace as well."""
    if os.environ.get(DEBUG_ENV, "") not in ("", "0"):
        traceback.print_exception(error)
        return USERS if isinstance(error, _explained()) else OURS
    if isinstance(error, _explained()):
        _say(f"{error}{_later(error)}")
        return USERS
    text = " ".join(str(error).split())[:300]
    _say(f"tillbridge failed: {type(error).__name__}{f': {text}' if text else ''}. {_logged(error)}")
    return OURS


def _explained() -> tuple[type[Exception], ...]:
    """Errors whose text is written for people. Imported late: most commands never need them."""
    from bp_assets.brightpearl.errors import ErpError
    from bp_assets.cli.lakeside import JobFailed
    from bp_assets.cli.processes import DidNotStart
    from bp_assets.cli.refresh import NoResource
    from bp_assets.cli.retry import NotKnown
    from bp_assets.cli.sql import BadQuery
    from bp_assets.cli.state import NoState
    from bp_assets.export.errors import ExportError
    from bp_assets.lake.errors import LakeError
    from bp_assets.ledger.errors import LedgerError
    from bp_assets.tills.protocol import TillError

    ours: tuple[type[Exception], ...] = (BadQuery, DidNotStart, JobFailed, NoResource, NoState, NotKnown)
    return (*ours, ConfigError, ErpError, ExportError, LakeError, LedgerError, TillError)


def _later(error: Exception) -> str:
    """What to do about an ERP that is away: the error says which request it was, not what a person may look at."""
    from bp_assets.brightpearl.errors import ErpError

    if not (isinstance(error, ErpError) and error.transient):
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
