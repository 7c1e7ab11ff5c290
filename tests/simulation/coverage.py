"""What the days of a run were made of: which faults struck, which deaths were died, how often."""

from __future__ import annotations

from collections.abc import Mapping

from tests.simulation.disturbances import DISTURBANCES

_WIDTH = 54


def table(counts: Mapping[str, int]) -> str:
    """One line per kind, the most frequent first within its group; what never happened is said too."""
    groups: dict[str, list[str]] = {}
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        group, _, what = name.rpartition(": ")
        groups.setdefault(group or "in all", []).append(f"  {what or name:<{_WIDTH}}{counts[name]:>8}")
    lines = [line for group in sorted(groups) for line in (group, *groups[group])]
    never = [name for name in DISTURBANCES if not counts.get(f"event: {name}")]
    return "\n".join([*lines, f"never drawn: {', '.join(never) or 'nothing'}"])
