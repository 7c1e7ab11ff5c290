"""``cancelled_statuses``: which order statuses mean cancelled. Pure: the SQL. Read: order_statuses, orders.

A status is known by its number; its name is what the account calls it now. Statuses that orders carry and the account's
list no longer has count by the name they had on the order. Written: nothing; the asset stores it.
"""

from __future__ import annotations

from typing import Any

from bp_assets.config import ShopsFile
from bp_assets.config.forecasting import CALLED_CANCELLED

# By types of order: sales (SO, SC) and purchases (PO, PC) each have their names.
SIDES = (("sales", ("SO", "SC")), ("purchases", ("PO", "PC")))

CANCELLED = """
with known as (
    select status_id, name, order_type from order_statuses
    union all
    select o.status_id, any_value(o.status), any_value(o.order_type) from orders o
    anti join order_statuses s on s.status_id = o.status_id group by o.status_id
)
select status_id, name, order_type, $as_of as as_of from known
where case when order_type in ('SO', 'SC') and len($sales) > 0 then list_contains($sales, name)
           when order_type in ('PO', 'PC') and len($purchases) > 0 then list_contains($purchases, name)
           else regexp_matches(name, $called, 'i') end
order by status_id
"""


def parameters(shops: ShopsFile) -> dict[str, Any]:
    """The parameters of ``CANCELLED`` but ``as_of``."""
    told = shops.forecasting
    return {
        "sales": list(told.cancelled_sales_statuses),
        "purchases": list(told.cancelled_purchase_statuses),
        "called": CALLED_CANCELLED,
    }
