"""What a person sees: tables and progress on a terminal, plain lines elsewhere.

Read: nothing. Written: standard output.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bp_assets.domain.money import from_minor

_PLAIN_SECONDS = 5.0


def console() -> Console:
    """Rich on a terminal; without one plain text, no colours, and wide enough that no table is cut."""
    if sys.stdout.isatty():
        return Console()
    return Console(width=160, no_color=True, highlight=False, soft_wrap=True)


class Step(Protocol):
    """A running step of a command."""

    def to(self, done: int, total: int | None = None, note: str = "") -> None: ...


class _Bar:
    def __init__(self, progress: Progress, task: int) -> None:
        self._progress, self._task = progress, task

    def to(self, done: int, total: int | None = None, note: str = "") -> None:
        self._progress.update(self._task, completed=done, total=total, note=note)  # type: ignore[arg-type]  # rich's id


class _Lines:
    def __init__(self, out: Console, title: str) -> None:
        self._out, self._title, self._next = out, title, time.monotonic() + _PLAIN_SECONDS
        self.last = ""

    def to(self, done: int, total: int | None = None, note: str = "") -> None:
        self.last = f"{done}{f' of {total}' if total is not None else ''}{f', {note}' if note else ''}"
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _PLAIN_SECONDS
            self._out.print(f"  {self._title}: {self.last}")


@contextmanager
def step(out: Console, title: str) -> Iterator[Step]:
    """One step with its time; a bar on a terminal, a line when it is done elsewhere."""
    started = time.monotonic()
    if out.is_terminal:
        columns = (
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}"),
        )
        with Progress(*columns, console=out) as progress:
            task = progress.add_task(title, total=None, note="")
            yield _Bar(progress, task)
            now = progress.tasks[0]
            progress.update(task, total=now.total or now.completed or 1, completed=now.total or now.completed or 1)
        return
    lines = _Lines(out, title)
    yield lines
    out.print(f"{title}: {lines.last or 'done'} ({time.monotonic() - started:.1f} s)")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int] = ()) -> Table:
    """A table; ``right`` lists the columns to align right (numbers)."""
    made = Table(title=title, title_justify="left", header_style="bold")
    for index, name in enumerate(columns):
        made.add_column(name, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*("" if value is None else str(value) for value in row))
    return made


def money(minor: int, currency: str) -> str:
    """An amount for people: ``1,234.50``; the currency stands in the table's title."""
    value: Decimal = from_minor(minor, currency)
    return f"{value:,}"
