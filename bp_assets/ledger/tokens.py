"""The ERP's newest OAuth tokens: refresh tokens may rotate, so the newest must survive a restart.

Read and written: ``tokens``. The account token of a private app is never stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.schema import tokens


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair of tokens; never shown by ``repr``."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime


@retrying
def tokens_of(ledger: Ledger, account: str) -> Tokens | None:
    """The newest tokens of an ERP account, or ``None``."""
    query = sa.select(tokens.c.access_token, tokens.c.refresh_token, tokens.c.expires_at)
    with ledger.begin() as connection:
        row = connection.execute(query.where(tokens.c.account == account)).one_or_none()
    return Tokens(*row) if row else None


def renew_tokens(ledger: Ledger, account: str, renew: Callable[[Tokens | None], Tokens]) -> Tokens:
    """Replace the tokens of an account by what ``renew(newest stored)`` returns, one process at a time.

    Not repeated after a lost connection: a refresh token may be good for one use only.
    """
    with ledger.begin() as connection:
        connection.execute(sa.text("select pg_advisory_xact_lock(hashtextextended(:a, 7411))"), {"a": account})
        query = sa.select(tokens.c.access_token, tokens.c.refresh_token, tokens.c.expires_at)
        row = connection.execute(query.where(tokens.c.account == account)).one_or_none()
        new = renew(Tokens(*row) if row else None)
        values = {"access_token": new.access_token, "refresh_token": new.refresh_token, "expires_at": new.expires_at}
        insert = pg.insert(tokens).values(account=account, **values)
        connection.execute(insert.on_conflict_do_update(index_elements=["account"], set_=values))
    return new
