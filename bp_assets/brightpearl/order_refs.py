"""Orders by our external reference. Found whatever integration instance they stand under: the reference alone is ours.

Read: ``order-search``. Written: nothing. The search may lag behind its orders by seconds: absence so soon after a lost
reply is no proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import ErpRefused
from bp_assets.brightpearl.id_sets import pack
from bp_assets.brightpearl.orders import ORDER_SEARCH
from bp_assets.brightpearl.search import PAGE, Filters, period, search

_REFS_AT_ONCE, _REF_CHARS = 200, 1400  # with address and query a URL stays below 2000
_BULK_WORKS = "external_refs_in_bulk"
_COLUMNS = ["orderId", "externalRef"]
_NOBODYS = "no-order-has-this-reference"
_NEWEST = 20
_WINDOW = 2 * PAGE  # orders that are walked through before their references are asked for instead


def external_refs_of(client: ErpClient, order_ids: Iterable[int]) -> dict[int, str]:
    """The external reference of each order that the search shows, empty where it has none. Order GET tells none."""
    found: dict[int, str] = {}
    for ids in pack(order_ids):
        for row in search(client, ORDER_SEARCH, {"orderId": ids}, columns=_COLUMNS):
            if type(order_id := row.get("orderId")) is int:
                found[order_id] = str(row.get("externalRef") or "")
    return found


def find_orders_by_external_ref(
    client: ErpClient, refs: Iterable[str], *, since: datetime | None = None
) -> dict[str, list[int]]:
    """Order ids by external reference; every ref is a key, ``[]`` where the search shows none.

    ``since``: none of them was made before. Then the orders made since are walked through, 500 to a request, if they
    are few: no reference is asked for. Otherwise many references go into one search where this account's filter is
    proven to take several, else one search each. Raises as :meth:`ErpClient.get`.
    """
    found: dict[str, list[int]] = {ref: [] for ref in refs}
    left = list(found)
    if since is not None and len(left) > 2:
        made = orders_made(client, since)
        for ref, ids in (made or {}).items():
            if ref in found:
                found[ref] += ids
        left = [] if made is not None else left
    several = _several_at_once(client) if len(left) > 2 else False
    if several is None:
        return found  # no order at all
    for group in _groups(left) if several else [[ref] for ref in left]:
        _collect(client, "externalRefs" if several else "externalRef", group, found)
    return {ref: sorted(set(ids)) for ref, ids in found.items()}


def orders_made(client: ErpClient, start: datetime, end: datetime | None = None) -> dict[str, list[int]] | None:
    """Order ids by external reference, of all orders made in this time; ``None`` if they are more than 1,000."""
    filters: Filters = {"orderTypeId": "1,3", "createdOn": period(start, end)}
    rows = list(islice(search(client, ORDER_SEARCH, filters, columns=_COLUMNS, sort="orderId.DESC"), _WINDOW))
    if len(rows) == _WINDOW:
        return None
    made: dict[str, list[int]] = {}
    for order_id, ref in _rows(rows):
        made.setdefault(ref, []).append(order_id)
    return made


def _rows(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[int, str]]:
    for row in rows:
        order_id, ref = row.get("orderId"), row.get("externalRef")
        if isinstance(ref, str) and ref and type(order_id) is int:
            yield order_id, ref


def _collect(client: ErpClient, name: str, refs: list[str], found: dict[str, list[int]]) -> None:
    """Add what one search shows, after checking for ourselves that it is what we asked for."""
    for order_id, ref in _rows(search(client, ORDER_SEARCH, {name: ",".join(refs)}, columns=_COLUMNS)):
        if ref in found:
            found[ref].append(order_id)


def _several_at_once(client: ErpClient) -> bool | None:
    """Whether ``externalRefs`` takes several refs parted by commas, which no public source says; ``None`` where the
    account has no order at all.

    Proven on the reference of one of this account's own newest orders, asked for beside one that nobody has: taken for
    one text, the two match nothing. Remembered once proven or refused; where no newest order has a reference, it is
    asked again next time.
    """
    known = client.traits.get(_BULK_WORKS)
    if known is not None:
        return bool(known)
    newest = _newest(client, {})
    if not newest:
        return None
    ref = next((ref for _, ref in _rows(newest) if "," not in ref), None)
    if ref is None:
        return False
    try:
        works = {other for _, other in _rows(_newest(client, {"externalRefs": f"{_NOBODYS},{ref}"}))} == {ref}
    except ErpRefused:
        works = False
    client.traits[_BULK_WORKS] = works
    return works


def _newest(client: ErpClient, filters: Filters) -> list[dict[str, Any]]:
    rows = search(client, ORDER_SEARCH, filters, columns=_COLUMNS, sort="orderId.DESC", page_size=_NEWEST)
    return list(islice(rows, _NEWEST))


def _groups(refs: list[str]) -> Iterator[list[str]]:
    """Groups short enough for a URL; a ref with a comma in it goes alone."""
    group: list[str] = []
    for ref in refs:
        alone = "," in ref
        if group and (alone or len(group) == _REFS_AT_ONCE or sum(map(len, group)) + len(ref) > _REF_CHARS):
            yield group
            group = []
        group.append(ref)
        if alone:
            yield group
            group = []
    if group:
        yield group
