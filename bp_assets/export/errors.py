"""What can go wrong with an export, said for the person who has to act. Read: nothing. Written: nothing."""

from __future__ import annotations


class ExportError(Exception):
    """Any fault of an export. The set that stood before still stands. The text says what, where, what to do."""


class NotFilled(ExportError):
    """Tables were never filled: files made from them would say that there is nothing."""


class NoFolder(ExportError):
    """The folder can't be used: no rights, something else in the way, or it holds sets of another kind."""


class NoSpace(ExportError):
    """The disk is full; nothing of the new set is left."""


class Busy(ExportError):
    """Another export is writing to the same folder."""
