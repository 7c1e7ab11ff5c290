"""Postal addresses: GET, POST, PUT, and giving them to contacts."""

from __future__ import annotations

from typing import Any

from sandbox.erp import codes
from sandbox.erp.contacts import ADDRESS_LINES, LIMIT, address_view, country, one_contact
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, done, ok
from sandbox.erp.idset import IdSet


def _address(body: dict[str, Any]) -> dict[str, Any]:
    if not body.get("addressLine1"):
        raise codes.ADDRESS_LINE.error()
    country(body)
    return {name: body[name] for name in (*ADDRESS_LINES, "countryIsoCode", "countryId") if body.get(name) is not None}


def post_address(call: Call) -> Reply:
    world = call.world
    number = max(world.addresses) + 1
    world.addresses[number] = _address(call.fields())
    return ok(number)


def get_addresses(call: Call) -> Reply:
    known = call.world.addresses
    found = IdSet(call.params[0]).limited(LIMIT).pick({number: number for number in known})
    if not found:
        raise codes.NOT_FOUND.error(what=f"No postal addresses available in ID Set {call.params[0]}")
    return ok([address_view(call.world, number) for number in found])


def put_address(call: Call) -> Reply:
    world, number = call.world, call.id()
    if number not in world.addresses:
        raise codes.NOT_FOUND.error(what=f"No postal address {number}")
    world.addresses[number] = {"contactId": world.addresses[number].get("contactId", 0), **_address(call.fields())}
    world.forget_party(world.addresses[number]["contactId"])
    return done()


def put_contact_addresses(call: Call) -> Reply:
    """All or nothing: ``[{postalAddressId, type?}]``; an address of another contact is refused."""
    contact = one_contact(call)
    entries = call.body if isinstance(call.body, list) else []
    for entry in entries:
        owner = call.world.addresses.get(entry.get("postalAddressId"), {"contactId": -1}).get("contactId", 0)
        if owner not in (0, contact.id):
            raise codes.ADDRESS_UNKNOWN.error(value=entry.get("postalAddressId"))
    for entry in entries:
        call.world.addresses[entry["postalAddressId"]]["contactId"] = contact.id
        contact.addresses[entry.get("type") or "DEF"] = entry["postalAddressId"]
    call.world.forget_party(contact.id)
    return done()


def register(router: Router) -> None:
    router.add("PUT", "/contact-service/contact/{id}/postal-address", put_contact_addresses)
    router.add("POST", "/contact-service/postal-address", post_address)
    router.add("GET", "/contact-service/postal-address/{ids}", get_addresses)
    router.add("PUT", "/contact-service/postal-address/{id}", put_address)
