"""What preflight says: faults with their place in the shops file, and what was compared. Read and written: nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """A ``fault`` stands in the way of going live, a ``warning`` is worth a look."""

    FAULT = "fault"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. ``place`` is the key in the shops file (a shop is named by its own key:
    ``shops[york].warehouse_id``), or the ERP's record where the file is not to blame.
    """

    severity: Severity
    place: str
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class Report:
    """``checked`` counts what was compared, ``requests`` to the ERP included."""

    faults: tuple[Fault, ...] = ()
    checked: dict[str, int] = field(default_factory=dict)

    @property
    def safe(self) -> bool:
        return not any(fault.severity is Severity.FAULT for fault in self.faults)

    def of(self, severity: Severity) -> list[Fault]:
        return [fault for fault in self.faults if fault.severity is severity]

    def as_json(self) -> dict[str, Any]:
        """``{"safe": bool, "faults": [{severity, place, message, advice}], "checked": {what: count}}``."""
        return {"safe": self.safe, "faults": [asdict(fault) for fault in self.faults], "checked": self.checked}


def fault(place: str, message: str, advice: str) -> Fault:
    return Fault(Severity.FAULT, place, message, advice)


def warning(place: str, message: str, advice: str) -> Fault:
    return Fault(Severity.WARNING, place, message, advice)


def in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Faults before warnings, else in the order they were found; the very same fault once."""
    return tuple(sorted(dict.fromkeys(faults), key=lambda one: one.severity is Severity.WARNING))
