"""Whether the statuses that mean cancelled are there: without them cancelled orders would count as demand.

Read: order_statuses, cancelled_statuses, the shops file. Written: nothing. Before the account's statuses were read for
the first time there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from duckdb import DuckDBPyConnection

from bp_assets.domain.findings import Finding
from checks.context import CheckContext, found

NAME = "cancelled_statuses"


def cancelled_statuses(connection: DuckDBPyConnection, context: CheckContext) -> list[Finding]:
    """Findings per side: each name of the shops file that no status has, and a side without any cancelled status."""
    known = connection.execute("select name, order_type from order_statuses").fetchall()
    if not known:
        return []
    cancelled = connection.execute("select name, order_type from cancelled_statuses").fetchall()
    told = context.shops.forecasting
    sides = (
        ("cancelled_sales_statuses", told.cancelled_sales_statuses, ("SO", "SC")),
        ("cancelled_purchase_statuses", told.cancelled_purchase_statuses, ("PO", "PC")),
    )
    return [
        finding
        for key, names, types in sides
        for finding in _side(
            key,
            names,
            {name for name, order_type in known if order_type in types},
            any(order_type in types for _, order_type in cancelled),
        )
    ]


def _side(key: str, names: tuple[str, ...], known: set[str], any_cancelled: bool) -> Iterator[Finding]:
    for name in names:
        if name not in known:
            fact = f"The shops file calls {name!r} cancelled (forecasting.{key}); the account has no such status."
            yield found(
                NAME, "status_missing", {}, fact, place=f"{key} {name}", expected=f"a status named {name!r}",
                actual=", ".join(sorted(known)) or "no status",
            )  # fmt: skip
    if known and not names and not any_cancelled:
        fact = "No status of the account is called cancelled, so every order counts."
        yield found(
            NAME, "none_cancelled", {}, fact, place=key, expected="a status called cancelled",
            actual=", ".join(sorted(known)),
        )  # fmt: skip
