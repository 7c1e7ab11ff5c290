"""The least number of requests with which an account can be read at all, resource by resource. Pure.

The limits are the ERP's own, written here once more and not taken from the product: a description that asked for too
few ids in a request would lower its own bar.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from bp_assets.extraction.resource import Chosen, Resource, Search, Uris, Whole

PAGE = 500  # rows of a search
IDS = 200  # ids of a GET
OTHER_IDS = {"goods_outs": 500, "order_fulfillments": 1, "reservations": 1}


@dataclass(frozen=True, slots=True)
class Least:
    """``listing`` requests to learn which objects there are, ``getting`` to read them."""

    resource: str
    objects: int
    listing: int
    getting: int

    @property
    def requests(self) -> int:
        return self.listing + self.getting


def least(resource: Resource, objects: int, listed: int) -> Least:
    """The least for a resource of so many objects, whose search (if it has one) lists so many rows."""
    listing, getting = resource.listing, ceil(objects / OTHER_IDS.get(resource.name, IDS))
    if isinstance(listing, Whole):
        return Least(resource.name, objects, 0, 1)
    if isinstance(listing, Search):
        pages = max(1, ceil(listed / PAGE))
        return Least(resource.name, objects, pages, 0 if resource.get is None else getting)
    assert isinstance(listing, Uris | Chosen)  # there are no others
    return Least(resource.name, objects, 1 if isinstance(listing, Uris) else 0, getting)
