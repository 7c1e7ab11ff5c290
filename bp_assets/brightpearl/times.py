"""Instants as the ERP writes them: ISO 8601 with milliseconds and an offset. Read: nothing. Written: nothing."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    """``2026-11-20T10:15:00.000+00:00``, always in UTC: a date without time or offset would shift by the account's.

    Raises:
        ValueError: ``moment`` has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone; the ERP would read it in its own")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def instant(text: str) -> datetime:
    """An aware moment of the ERP's text, in UTC.

    Raises:
        ValueError: not ISO 8601, or without an offset.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    return moment.astimezone(UTC)
