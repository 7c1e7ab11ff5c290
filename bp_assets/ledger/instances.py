"""Integration instances: under which number orders of an account were sent from this ledger, and since when.

The ERP tells a repeated order by external reference and this number. Of what was sent under another number, or before
this ledger began, it can't tell. Read and written: ``erp_instances``.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.schema import erp_instances

NONE = 0  # an account without such a number


@retrying
def used_since(ledger: Ledger, account: str, instance_id: int | None) -> datetime:
    """When this ledger first used the number; noted as now if it never did."""
    key = {"account": account, "instance_id": instance_id or NONE}
    query = sa.select(erp_instances.c.first_used_at).filter_by(**key)
    with ledger.begin() as connection:
        since: datetime | None = connection.scalar(query)
        if since is None:
            connection.execute(pg.insert(erp_instances).values(**key).on_conflict_do_nothing())
            since = connection.scalars(query).one()
        return since


@retrying
def instances(ledger: Ledger, account: str) -> list[int]:
    """The numbers that this ledger ever used for the account, the first one first; 0 stands for none."""
    query = sa.select(erp_instances.c.instance_id).where(erp_instances.c.account == account)
    with ledger.begin() as connection:
        return list(connection.scalars(query.order_by(erp_instances.c.first_used_at)))
