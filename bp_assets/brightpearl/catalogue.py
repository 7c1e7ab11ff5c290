"""What posting must know of the ERP, in a few requests. Read: products, locations, tax codes. Written: nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from bp_assets.brightpearl.accounts import TaxCode, locked_until, tax_codes
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import ErpRefused
from bp_assets.brightpearl.places import places
from bp_assets.brightpearl.products import product_index
from bp_assets.domain.catalogue import Catalogue, Product

_FEW = 20  # SKUs that are cheaper asked one by one than by walking the whole range


def load_catalogue(client: ErpClient, warehouse_ids: Iterable[int], skus: Iterable[str] | None = None) -> Catalogue:
    """Products by SKU, places and tax rates. ``skus``: only these (a few are looked up singly).

    Costs P/500 + 2 per warehouse + 1 requests. Raises as :meth:`ErpClient.get`.
    """
    wanted = None if skus is None else {sku for sku in skus if sku}
    found, duplicates = by_sku(_rows(client, wanted), wanted)
    rates = {one.code: one.rate for one in tax_codes(client) if isinstance(one, TaxCode)}
    return Catalogue(
        products=found,
        places=places(client, warehouse_ids),
        tax_rates=rates,
        duplicate_skus=duplicates,
        shipping_method_id=client.erp.shipping_method_id,
    )


def with_lock(client: ErpClient, catalogue: Catalogue) -> Catalogue:
    """The catalogue with the accounting periods' lock of this moment. Raises as :meth:`ErpClient.get`.

    An app without the right to read it learns of a lock when the ERP refuses.
    """
    try:
        return replace(catalogue, locked_until=locked_until(client))
    except ErpRefused as error:
        if error.elsewhere:
            raise
        return catalogue


def by_sku(rows: Iterable[dict[str, Any]], wanted: set[str] | None = None) -> tuple[dict[str, Product], frozenset[str]]:
    """Products by SKU, and the SKUs that several products share.

    An archived product does not make the SKU of a live one ambiguous.
    """
    groups: dict[str, dict[int, Product]] = {}
    for row in rows:
        sku, product_id = row.get("SKU"), row.get("productId")
        if not isinstance(sku, str) or not sku or type(product_id) is not int or (wanted and sku not in wanted):
            continue
        groups.setdefault(sku, {})[product_id] = Product(
            product_id=product_id,
            sku=sku,
            stock_tracked=row.get("stockTracked") is True,
            name=str(row.get("productName") or ""),
            status=str(row.get("productStatus") or "LIVE"),
        )
    found: dict[str, Product] = {}
    duplicates: set[str] = set()
    for sku, group in groups.items():
        sellable = [one for one in group.values() if one.status != "ARCHIVED"] or list(group.values())
        if len(sellable) > 1:
            duplicates.add(sku)
        found[sku] = min(sellable, key=lambda one: one.product_id)
    return found, frozenset(duplicates)


def _rows(client: ErpClient, wanted: set[str] | None) -> Iterator[dict[str, Any]]:
    if wanted is None or len(wanted) > _FEW:
        yield from product_index(client)
        return
    for sku in sorted(wanted):
        yield from product_index(client, {"SKU": sku})
