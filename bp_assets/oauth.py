"""The ERP's newest OAuth tokens, kept in the ledger: edges don't know each other, so this stands between them.

Read and written: ``tokens``. Refreshing is exclusive over all processes, since a refresh token may work only once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import sqlalchemy as sa

from bp_assets.brightpearl.auth import Tokens
from bp_assets.ledger import tokens as kept
from bp_assets.ledger.connection import Ledger


class LedgerTokens:
    """A :class:`bp_assets.brightpearl.auth.TokenStore` over the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def read(self, account: str) -> Tokens | None:
        found = kept.tokens_of(self._ledger, account)
        return Tokens(found.access_token, found.refresh_token, found.expires_at.timestamp()) if found else None

    def write(self, account: str, tokens: Tokens) -> None:
        new = kept.Tokens(tokens.access_token, tokens.refresh_token, datetime.fromtimestamp(tokens.expires_at, UTC))
        kept.renew_tokens(self._ledger, account, lambda _: new)

    @contextmanager
    def exclusive(self, account: str) -> Iterator[None]:
        """One holder at a time; the lock goes with the transaction, so a killed holder blocks nobody."""
        with self._ledger.begin() as connection:
            connection.execute(sa.text("select pg_advisory_xact_lock(hashtextextended(:a, 7412))"), {"a": account})
            yield
