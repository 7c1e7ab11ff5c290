"""The command as a person meets it: a process with arguments, an exit code and two streams."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tillbridge(*arguments: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run ``tillbridge`` to its end with this test's environment and ``env``."""
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", **env}
    return subprocess.run(
        [sys.executable, "-m", "bp_assets.cli.app", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        env=settings,
    )
