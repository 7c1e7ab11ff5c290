"""What the forecasting tables need to know of the account: which statuses mean cancelled, and its time zone.

Pure: no I/O. Read: nothing. Written: nothing.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, field_validator

CALLED_CANCELLED = "^cancell?ed"  # what a status is called where no name is given; case is ignored


class Forecasting(BaseModel):
    """``[forecasting]``. Statuses by the names the account gave them; empty: every one that is called cancelled."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cancelled_sales_statuses: tuple[str, ...] = ()
    cancelled_purchase_statuses: tuple[str, ...] = ()
    time_zone: str = ""  # of orders that no shop's warehouse is on; empty: the first shop's

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            if name:
                ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"unknown time zone {name!r}; use an IANA name such as Europe/London") from None
        return name
