"""The ``tillbridge`` command as a user runs it: in a process and a home of its own. Read, written: the home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_OURS = ("TILLBRIDGE_", "SQUARE_", "DAGSTER_")


Done = subprocess.CompletedProcess[str]


def tillbridge(home: Path, *arguments: str, seconds: float = 280, **environment: str) -> Done:
    """Run the command to its end, in an empty working folder beside its home."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    home.parent.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "bp_assets.cli.app", *arguments],
        cwd=home.parent,
        env=clean | {"PYTHONPATH": str(ROOT), "TILLBRIDGE_HOME": str(home), "COLUMNS": "200"} | environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
