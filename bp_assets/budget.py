"""The request budget of the ERP kept in the ledger: edges don't know each other, so this stands between them.

Read and written: ``request_budget``, ``erp_requests``. Every process that talks to an account takes its requests here.
Where the ledger can't be reached nothing is sent: sales could not be recorded either.
"""

from __future__ import annotations

from bp_assets.brightpearl.pacing import Act, RequestBudget
from bp_assets.config import Erp
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.requests import Spending, change_usage, usage_of


class LedgerUsage:
    """A :class:`bp_assets.brightpearl.pacing.Store` over the ledger."""

    def __init__(self, ledger: Ledger, account: str) -> None:
        self._ledger, self._account = ledger, account

    def change(self, act: Act) -> None:
        def turn(text: str, now: float) -> tuple[str, list[Spending]]:
            new, spent = act(text, now)
            return new, [
                Spending(lane, one.requests, one.refused, round(one.waited * 1000)) for lane, one in spent.items()
            ]

        change_usage(self._ledger, self._account, turn)

    def look(self) -> tuple[str, float]:
        return usage_of(self._ledger, self._account)


def shared_by_all(ledger: Ledger, erp: Erp) -> RequestBudget:
    """The budget of an account that every process with this ledger shares."""
    return RequestBudget.of(erp, LedgerUsage(ledger, erp.account))
