"""What can go wrong with the lake, said for the person who has to act. Read: nothing. Written: nothing."""

from __future__ import annotations


class LakeError(Exception):
    """Any fault of the lake. The text is one line: what, where, what to do."""


class LakeUnavailable(LakeError):
    """The catalogue or the folder can't be reached or written; the transaction left nothing behind."""


class LakeNoSpace(LakeUnavailable):
    """The disk of the lake is full; the transaction left nothing behind."""


class LakeBusy(LakeError):
    """Another writer held the lake for too long."""


class LakeConflict(LakeError):
    """Another writer changed the same rows; running the transaction again settles it."""


class LakeNewer(LakeError):
    """The lake was migrated by a newer version of tillbridge than the one running."""


class LakeSchemaError(LakeError):
    """A frame does not fit its table; nothing was written."""
