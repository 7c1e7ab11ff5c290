"""What may go wrong on a day, how likely, and how its particulars are drawn. Pure.

``acts.py`` carries them out. A new kind of trouble is one entry here and one method there.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# The moments at which a process can be struck: see deeds.py for the first four, gate.py for the others.
MOMENTS = ("commit", "committed", "sending", "answered", "arrived", "handled")
WRITES = (
    "POST /multi-message",
    "POST /order-service/sales-order",
    "POST /order-service/sales-credit",
    "POST /accounting-service/customer-payment",
    "POST /warehouse-service/order/*/goods-note/goods-out",
    "POST /warehouse-service/order/*/goods-note/goods-in",
    "POST /warehouse-service/goods-note/goods-out/*/event",
    "POST /order-service/sales-order/*/close",
    "POST /order-service/sales-credit/*/close",
)
ITEMS = WRITES[1:]
READS = ("GET /order-service/*", "GET /accounting-service/*", "GET /warehouse-service/*", "GET /product-service/*")
ODD_ITEMS = ("fewer_items", "reordered_items", "doubled_labels", "invalid_content", "not_json")
ODD_HEADERS = ("no_headers", "absurd_headers")
MOST_LAG = 8  # seconds; below what the shops file says the ERP's search may lag


@dataclass(frozen=True, slots=True)
class Disturbance:
    weight: int
    draw: Callable[[random.Random], dict[str, Any]]


def _nothing(draw: random.Random) -> dict[str, Any]:
    return {}


def _throttle(draw: random.Random) -> dict[str, Any]:
    return {"kind": "throttle", "route": draw.choice(("*", "POST *", "GET *")), "count": draw.randint(1, 3)}


def _error(draw: random.Random) -> dict[str, Any]:
    committed = draw.random() < 0.5
    return {
        "kind": "error", "route": draw.choice((*WRITES, *WRITES, *READS)), "count": draw.randint(1, 3),
        "status": draw.choice((500, 502, 503, 504)), "committed": committed,
    }  # fmt: skip


def _outage(draw: random.Random) -> dict[str, Any]:
    """Until somebody mends it. 401: the credentials are no longer taken; 404: the multi-message is gone."""
    status, route = draw.choice(((500, "*"), (503, "*"), (500, "POST *"), (401, "*"), (404, "POST /multi-message")))
    return {"kind": "error", "route": route, "status": status}


def _lost(draw: random.Random) -> dict[str, Any]:
    return {"kind": "lost_reply", "route": draw.choice(WRITES), "count": draw.randint(1, 2)}


def _slow(draw: random.Random) -> dict[str, Any]:
    """Slower than anybody waits, or just slow."""
    return {"kind": "slow", "route": draw.choice(WRITES), "count": 1, "seconds": draw.choice((0.05, 1.0))}


def _item(draw: random.Random) -> dict[str, Any]:
    return {
        "kind": "item_failure", "route": draw.choice(ITEMS), "count": draw.randint(1, 3),
        "status": draw.choice((500, 503)), "committed": draw.random() < 0.5,
    }  # fmt: skip


def _lag(draw: random.Random) -> dict[str, Any]:
    return {"kind": "search_lag", "seconds": draw.randint(2, MOST_LAG)}


def _odd(draw: random.Random) -> dict[str, Any]:
    how = draw.choice((*ODD_ITEMS, *ODD_HEADERS))
    route = "POST /multi-message" if how in ODD_ITEMS else "POST *"
    return {"kind": "odd_reply", "how": how, "route": route, "count": draw.randint(1, 2)}


def _one_sale(draw: random.Random) -> dict[str, Any]:
    """One sale is poison to the ERP, or is refused: by its place among those that the tills have handed over."""
    return {"sale": draw.randrange(100), "status": draw.choice((400, 500)), "alone": draw.random() < 0.5}


def _order(draw: random.Random) -> dict[str, Any]:
    return {"order": draw.randrange(100), "what": draw.choice(("tax", "channel", "throw_away"))}


def _product(draw: random.Random) -> dict[str, Any]:
    what = draw.choice(("sku", "sku", "price", "tax"))
    return {"product": draw.randrange(100), "what": what}


def _stock(draw: random.Random) -> dict[str, Any]:
    return {"product": draw.randrange(100), "shop": draw.choice(("leeds", "london", "york", "bath"))}


def _map(draw: random.Random) -> dict[str, Any]:
    return {"map": draw.choice(("tender_map", "tax_map")), "key": draw.choice(("cash", "card"))}


def _square(draw: random.Random) -> dict[str, Any]:
    return {"fault": draw.choice(("error", "throttle", "expired_token")), "count": draw.randint(1, 6)}


DISTURBANCES: dict[str, Disturbance] = {
    "throttle": Disturbance(8, _throttle),
    "error": Disturbance(14, _error),
    "outage": Disturbance(5, _outage),
    "lost_reply": Disturbance(14, _lost),
    "slow": Disturbance(5, _slow),
    "item_failure": Disturbance(12, _item),
    "search_lag": Disturbance(10, _lag),
    "odd_reply": Disturbance(6, _odd),
    "one_sale": Disturbance(5, _one_sale),
    "edit_order": Disturbance(6, _order),
    "edit_product": Disturbance(5, _product),
    "stock_out": Disturbance(4, _stock),
    "foreign_order": Disturbance(3, _nothing),
    "edit_map": Disturbance(4, _map),
    "square_trouble": Disturbance(4, _square),
    "restart_postgres": Disturbance(2, _nothing),
    "cut_connections": Disturbance(4, _nothing),
    "redeploy": Disturbance(4, _nothing),
    "retry": Disturbance(5, _nothing),
}
