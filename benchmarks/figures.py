"""Figures with their bounds: printed as they come, and whether all hold."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field


@dataclass(slots=True)
class Figures:
    """What one part of a benchmark measured. ``fell_short`` names the figures outside their bounds."""

    part: str
    fell_short: list[str] = field(default_factory=list)

    def add(
        self, name: str, value: float, unit: str, *, most: float | None = None, least: float | None = None
    ) -> float:
        """A figure that has to hold. Returns the value."""
        good = (most is None or value <= most) and (least is None or value >= least)
        bound = f"at most {_shown(most)}" if most is not None else f"at least {_shown(least or 0)}"
        self._print(f"{name}: {_shown(value)} {unit} (bound {bound}) {'pass' if good else 'FAIL'}")
        if not good:
            self.fell_short.append(f"{self.part}: {name}")
        return value

    def note(self, name: str, value: float, unit: str) -> float:
        """A figure that is only told, a baseline say. Returns the value."""
        self._print(f"{name}: {_shown(value)} {unit}")
        return value

    def say(self, words: str) -> None:
        self._print(words)

    def _print(self, line: str) -> None:
        sys.stdout.write(f"  {line}\n")
        sys.stdout.flush()


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
