"""Filter, sort and page as Square's ``/v2/orders/search`` does. Pure.

Read: orders and a request body. Written: nothing. A cursor is bound to the query it came from: any other query with
it is refused.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

_FIELDS = ("created_at", "updated_at", "closed_at")
_STATES = ("OPEN", "COMPLETED", "CANCELED", "DRAFT")


class BadQuery(Exception):
    """What Square answers with 400: (code, detail, field)."""

    def __init__(self, code: str, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.code, self.detail, self.field = code, detail, field


def instant(text: object, field: str) -> datetime:
    """An RFC 3339 time stamp with its offset."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BadQuery("INVALID_TIME", f"`{field}` is not an RFC 3339 time stamp: {text!r}", field)
    return found


def bound(query: dict[str, Any], cursor: str | None) -> tuple[str, list[str] | None]:
    """(fingerprint of the query, position after which the next page starts)."""
    fingerprint = hashlib.sha256(json.dumps(query, sort_keys=True).encode()).hexdigest()[:16]
    if not cursor:
        return fingerprint, None
    try:
        seen, *position = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except ValueError:
        raise BadQuery("INVALID_CURSOR", "The cursor could not be read.", "cursor") from None
    if seen != fingerprint:
        raise BadQuery("INVALID_CURSOR", "The cursor belongs to another query; repeat the identical query.", "cursor")
    return fingerprint, position


def cursor_after(fingerprint: str, position: list[str]) -> str:
    """An opaque cursor for the page after ``position``."""
    return base64.urlsafe_b64encode(json.dumps([fingerprint, *position]).encode()).decode()


def page(
    rows: Iterable[dict[str, Any]], query: dict[str, Any], cursor: str | None, limit: int, field: str, ascending: bool
) -> tuple[list[dict[str, Any]], str | None]:
    """``limit`` rows in the order of ``field`` and id, and the cursor of the next page if there is one."""
    fingerprint, position = bound(query, cursor)
    keyed = sorted((((row.get(field, ""), row["id"]), row) for row in rows), key=lambda pair: pair[0])
    if not ascending:
        keyed.reverse()
    if position is not None:
        start = tuple(position)
        keyed = [(key, row) for key, row in keyed if (key > start if ascending else key < start)]
    taken = keyed[:limit]
    more = cursor_after(fingerprint, list(taken[-1][0])) if len(keyed) > limit else None
    return [row for _, row in taken], more


def orders_page(orders: Iterable[dict[str, Any]], body: dict[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
    """One page of ``POST /v2/orders/search``; raises :class:`BadQuery` as Square would answer 400."""
    places = body.get("location_ids")
    if not isinstance(places, list) or not 1 <= len(places) <= 10:
        raise BadQuery("INVALID_VALUE", "`location_ids` must hold 1 to 10 locations.", "location_ids")
    limit = body.get("limit", 500)
    if not isinstance(limit, int) or not 1 <= limit <= 1000:
        raise BadQuery("INVALID_VALUE", "`limit` must be between 1 and 1000.", "limit")
    query = body.get("query") or {}
    filters, sort = query.get("filter") or {}, query.get("sort") or {}
    field = str(sort.get("sort_field", "CREATED_AT")).lower()
    if field not in _FIELDS:
        raise BadQuery(
            "INVALID_ENUM_VALUE", f"`{sort.get('sort_field')}` is not a sort field.", "query.sort.sort_field"
        )
    found = [order for order in orders if order["location_id"] in places]
    states = (filters.get("state_filter") or {}).get("states")
    if states is not None:
        if not states or not set(states) <= set(_STATES):
            raise BadQuery("INVALID_ENUM_VALUE", "`states` must name order states.", "query.filter.state_filter.states")
        found = [order for order in found if order["state"] in states]
    dates = filters.get("date_time_filter")
    if dates is not None:
        found = _between(found, dates, field)
    ascending = sort.get("sort_order", "DESC") == "ASC"
    identity = {key: body.get(key) for key in ("location_ids", "query", "return_entries")}
    return page(found, identity, body.get("cursor"), limit, field, ascending)


def _between(orders: list[dict[str, Any]], dates: dict[str, Any], field: str) -> list[dict[str, Any]]:
    if len(dates) != 1 or next(iter(dates)) not in _FIELDS:
        raise BadQuery("BAD_REQUEST", "Filter on exactly one of created_at, updated_at, closed_at.", "date_time_filter")
    (name, span) = next(iter(dates.items()))
    if name != field:
        detail = f"`sort_field` must be {name.upper()} when `date_time_filter` filters on {name}."
        raise BadQuery("BAD_REQUEST", detail, "query.sort.sort_field")
    start = instant(span["start_at"], "start_at") if span.get("start_at") else None
    end = instant(span["end_at"], "end_at") if span.get("end_at") else None
    kept = []
    for order in orders:
        if name not in order:
            continue
        moment = datetime.fromisoformat(order[name])
        if (start is None or moment >= start) and (end is None or moment < end):
            kept.append(order)
    return kept
