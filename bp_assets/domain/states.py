"""The states of a posting and which of them count as settled. One meaning each, as in the dictionary of words. Pure."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where one receipt stands. ``quarantined`` and ``excluded`` are final without posting."""

    PENDING = "pending"
    SENDING = "sending"
    UNKNOWN = "unknown"
    POSTED = "posted"
    VERIFIED = "verified"
    REJECTED = "rejected"
    EXCLUDED = "excluded"
    QUARANTINED = "quarantined"


UNSETTLED = (State.PENDING, State.SENDING, State.UNKNOWN, State.POSTED)
SETTLED = (State.VERIFIED, State.REJECTED, State.EXCLUDED, State.QUARANTINED)
