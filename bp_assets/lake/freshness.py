"""The freshness contract of every table: how often it is brought up to date, how old it may grow, and how.

Read: nothing. Written: nothing. The table ``table_freshness``, the check of that name and the docs are made from this.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Freshness:
    """``every``: how often the source is asked. ``within``: an age above this is a finding. ``how``: in words.

    ``once_begun`` tables are filled by pulling the whole account, which an installation that only posts never does:
    they are due once the first of them has been filled. ``reread``: where the source does not show every change, all
    rows are read again in turn, and none is older than this; ``None``: every change shows, or all is read each time.
    """

    every: timedelta
    within: timedelta
    how: str
    once_begun: bool = False
    reread: timedelta | None = None

    @property
    def words(self) -> str:
        """The contract as the docs and the Dagster UI tell it."""
        turn = f" No reading of a row is older than {_span(self.reread)}." if self.reread else ""
        return f"Kept fresh every {_span(self.every)}. {self.how}{turn}"


def _span(time: timedelta) -> str:
    """A span of time as people say it: ``15 minutes``, ``hour``, ``day``."""
    for unit, one in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if time >= one and time % one == timedelta(0):
            return f"{time // one} {unit}s" if time > one else unit
    return f"{time.total_seconds():g} seconds"


def _minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_LATE_DAY = timedelta(hours=26)  # a day, and two hours for the run itself

_PRODUCTS = Freshness(
    _HOUR, timedelta(hours=3), "Changed ones by updatedOn; new and deleted ones by all ids, every six hours.",
    reread=timedelta(days=2),
)  # fmt: skip
_PRICES = Freshness(_HOUR, timedelta(hours=3), "Of changed products; all others in turn.", reread=_DAY)
_STOCK = Freshness(_minutes(10), _HOUR, "Products that moved, and a part of all others in turn.", reread=_DAY)
_TILLS = Freshness(_minutes(15), _minutes(30), "What the ledger took in, after each posting run and by the clock.")
_READ_BACK = Freshness(_minutes(15), _HOUR, "Orders read back after posting; changed ones by their updatedOn.")
_COMPUTED = Freshness(_minutes(15), _HOUR, "Computed anew for the days that changed.")
_SMALL_LIST = Freshness(_HOUR, _LATE_DAY, "The whole list in one request.")

_PULLED_LIST = Freshness(_DAY, _LATE_DAY, "The whole list.", once_begun=True)
_WITH_PRODUCTS = Freshness(
    _HOUR, timedelta(hours=3), "With the products: changed ones by updatedOn, new and deleted ones by all ids.",
    once_begun=True, reread=timedelta(days=2),
)  # fmt: skip
_PAYMENTS = Freshness(
    _HOUR, timedelta(hours=3), "New payments by createdOn; deleted ones every week.", once_begun=True
)  # fmt: skip
_TRANSFERS = Freshness(_HOUR, timedelta(hours=3), "The whole list.", once_begun=True)
_MOVEMENTS = Freshness(_HOUR, timedelta(hours=3), "New and changed movements by updatedOn.", once_begun=True)
_ORDERS = Freshness(
    _HOUR, timedelta(hours=3),
    "Changed orders by updatedOn and createdOn, all others in turn; deleted ones by a daily sweep of all ids.",
    once_begun=True, reread=timedelta(days=7),
)  # fmt: skip
_OPEN_ORDERS = Freshness(
    _HOUR, timedelta(hours=3), "Asked order by order: open orders that changed, and all open ones in turn.",
    once_begun=True, reread=_DAY,
)  # fmt: skip
_NOTES_OUT = Freshness(
    _HOUR, timedelta(hours=3), "New, shipped and unfinished notes by search; all others in turn; deleted ones daily.",
    once_begun=True, reread=timedelta(days=30),
)  # fmt: skip
_NOTES_IN = Freshness(
    _HOUR, timedelta(hours=3), "New notes by the day they were made or received; all others in turn.",
    once_begun=True, reread=timedelta(days=3),
)  # fmt: skip
_DROP_SHIP = Freshness(
    _HOUR, timedelta(hours=3), "Asked by drop-ship purchase order: those that changed, and all in turn.",
    once_begun=True, reread=_DAY,
)  # fmt: skip
_CONTACTS = Freshness(
    _HOUR, timedelta(hours=3), "Changed and forgotten contacts by updatedOn; new and deleted ones by all ids, hourly.",
    once_begun=True, reread=timedelta(days=2),
)  # fmt: skip
_DERIVED = Freshness(_HOUR, timedelta(hours=3), "Computed from other tables, without a request.", once_begun=True)

FRESHNESS: dict[str, Freshness] = {
    "products": _PRODUCTS, "prices": _PRICES, "stock_levels": _STOCK,
    "price_lists": _SMALL_LIST, "warehouses": _SMALL_LIST, "channels": _SMALL_LIST, "tax_codes": _SMALL_LIST,
    "product_custom_fields": _WITH_PRODUCTS, "product_sales_channels": _WITH_PRODUCTS,
    "product_warehouses": _WITH_PRODUCTS, "product_variations": _WITH_PRODUCTS, "bundle_components": _WITH_PRODUCTS,
    "brands": _PULLED_LIST, "seasons": _PULLED_LIST, "nominal_codes": _PULLED_LIST, "shipping_methods": _PULLED_LIST,
    "suppliers": _CONTACTS,
    "order_statuses": _PULLED_LIST, "orders": _ORDERS, "order_rows": _ORDERS,
    "order_fulfillments": _OPEN_ORDERS, "order_fulfillment_locations": _OPEN_ORDERS, "reservations": _OPEN_ORDERS,
    "partial_fulfillments": _DERIVED, "customer_payments": _PAYMENTS,
    "goods_outs": _NOTES_OUT, "goods_out_order_rows": _NOTES_OUT, "goods_out_events": _NOTES_OUT,
    "dropship_notes": _DROP_SHIP, "dropship_note_order_rows": _DROP_SHIP, "dropship_note_events": _DROP_SHIP,
    "stock_transfers": _TRANSFERS, "goods_ins": _NOTES_IN, "goods_in_movements": _NOTES_IN,
    "goods_movements": _MOVEMENTS,
    "contacts": _CONTACTS, "contact_postal_addresses": _CONTACTS, "order_parties": _ORDERS,
    "goods_out_labels": _NOTES_OUT,
    "pos_transactions": _TILLS, "pos_lines": _TILLS, "pos_tenders": _TILLS, "till_totals": _TILLS,
    "receipt_versions": _TILLS, "posting_log": _TILLS,
    "posted_orders": _READ_BACK, "posted_order_rows": _READ_BACK, "posted_payments": _READ_BACK,
    "posted_goods": _READ_BACK, "summary_lines": _READ_BACK, "summary_tenders": _READ_BACK,
    "stock_corrections": _READ_BACK,
    "sales_reconciliation": _COMPUTED, "daily_takings": _COMPUTED, "posting_latency": _COMPUTED,
    "erp_requests": Freshness(_minutes(15), _HOUR, "Counted in the ledger, with every read-back."),
    "shop_health": Freshness(_minutes(15), _minutes(30), "When a state changes and every quarter of an hour."),
    "cancelled_statuses": _DERIVED, "stock_on_order": _DERIVED, "stock_position": _DERIVED, "lead_times": _DERIVED,
    "sell_through": _DERIVED, "weeks_of_cover": _DERIVED,
    "demand_daily": Freshness(
        _HOUR, timedelta(hours=3), "Computed anew for the days that changed, without a request.", once_begun=True
    ),
    "availability_history": Freshness(
        _minutes(10), _HOUR, "What changed in stock_levels, with every reading of it.", once_begun=True
    ),
}  # fmt: skip
