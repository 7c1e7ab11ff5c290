"""What can go wrong with the ledger, said for the person who has to act. Read: nothing. Written: nothing."""

from __future__ import annotations


class LedgerError(Exception):
    """Any fault of the ledger. The text is one line: what, where, what to do."""


class LedgerUnavailable(LedgerError):
    """The database can't be reached, started or logged in to; nothing was changed."""


class LedgerNewer(LedgerError):
    """The database was migrated by a newer version of tillbridge than the one running."""


class IllegalTransition(LedgerError):
    """A posting was to move to a state it can't reach from where it stands; nothing was changed."""


class DoubleEffect(LedgerError):
    """A second success of the same step of the same sale was to be recorded: the ERP may hold it twice."""


class OpenStep(LedgerError):
    """An earlier attempt of the step has no known outcome: look it up and settle it before trying again."""


class LockLost(LedgerError):
    """The connection that held the poster's lock is gone: another poster may have started, so stop sending."""
