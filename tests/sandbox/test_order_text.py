"""Order GET is written from templates and kept texts: it must follow every edit, and stay valid, compact JSON."""

from __future__ import annotations

import json

from sandbox.erp import amounts, times
from tests.sandbox.client import Caller


def _raw(box: Caller, order: int) -> bytes:
    return box.call("GET", f"/order-service/order/{order}?includeOptional=customFields,nullCustomFields").content


def _fresh(box: Caller, order: int) -> bytes:
    """The same answer with nothing kept from before."""
    world = box.server.world
    world._parties.clear()
    world._party_texts.clear()
    for kept in (amounts.plain, times.iso, times.local_midnight):
        kept.cache_clear()
    return _raw(box, order)


def test_an_order_reads_the_same_from_kept_texts_as_afresh_after_every_kind_of_edit(box: Caller) -> None:
    order = box.order("T-1", customer={"id": 301})
    box.control("POST", f"orders/{order}", {"reference": 'A "quoted"\treference'})
    row = box.row_ids(order)[0]
    edits = (
        ("PATCH", "/contact-service/contact/301", [{"op": "replace", "path": "/lastName", "value": "Zed"}]),
        ("PUT", "/contact-service/postal-address/1301", {"addressLine1": "Moved", "countryIsoCode": "FRA"}),
        ("PUT", "/product-service/product-price/1007/price-list", {
            "priceLists": [{"priceListId": 1, "quantityPrice": {"1": "3.3333"}}]}),
        ("PATCH", f"/order-service/order/{order}/row/{row}", [
            {"op": "replace", "path": "/rowValue/rowNet/value", "value": "9.9999"}]),
        ("PATCH", f"/order-service/order/{order}/custom-field", [{"op": "add", "path": "/PCF_TILL", "value": "2"}]),
        ("PUT", f"/order-service/order/{order}/status", {"orderStatusId": 2}),
        ("POST", f"/order-service/sales-order/{order}/close", {"taxDate": "2026-07-01"}),
    )  # fmt: skip
    seen = [_raw(box, order)]
    for method, path, body in edits:
        assert box.call(method, path, body).status_code == 200
        seen.append(_raw(box, order))
        assert seen[-1] == _fresh(box, order)
    box.control("POST", "switches", {"time_zone": "America/Chicago"})
    box.server.world.reference.tax_by_code["T20"].rate = 210_000
    seen.append(_raw(box, order))
    assert seen[-1] == _fresh(box, order)
    assert len(set(seen)) == len(seen)  # each edit is to be seen
    found = json.loads(seen[-1])
    assert json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode() == seen[-1]
    (one,) = found["response"]
    assert one["reference"] == 'A "quoted"\treference'
    assert one["parties"]["customer"]["addressFullName"].endswith("Zed")
    assert one["parties"]["delivery"]["addressLine1"] == "Moved"
    assert one["orderRows"][str(row)]["itemCost"]["value"] == "3.3333"
    assert one["orderRows"][str(row)]["rowValue"]["taxRate"] == "21.0000"
