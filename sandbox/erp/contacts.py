"""Contacts: GET, OPTIONS, POST, PATCH, forgetting one; and the party block that orders print."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, done, ok
from sandbox.erp.idset import get_uris
from sandbox.erp.patches import operations
from sandbox.erp.reference import COUNTRIES
from sandbox.erp.search import whole_parameter
from sandbox.erp.times import iso

if TYPE_CHECKING:
    from sandbox.world import World

LIMIT = 200
ADDRESS_LINES = ("addressLine1", "addressLine2", "addressLine3", "addressLine4", "postalCode")


@dataclass(slots=True)
class Contact:
    """``emails``: PRI, SEC, TER -> address; ``phones``: PRI, SEC, MOB, FAX -> number; ``addresses``: DEF, BIL, DEL."""

    id: int
    first: str
    last: str
    created: int
    updated: int
    emails: dict[str, str] = field(default_factory=dict)
    phones: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, int] = field(default_factory=dict)
    company: str = ""
    salutation: str = ""
    supplier: bool = False
    staff: bool = False
    newsletter: bool = False
    price_list_id: int = 2
    custom: dict[str, Any] = field(default_factory=dict)
    ordered: int | None = None
    status_id: int = 0
    primary: bool = True
    organisation_id: int = 0  # 0: one of its own
    unseen: bool = False  # its updatedOn is empty in contact-search, as is seen of old contacts


def view(world: World, contact: Contact, include: set[str]) -> dict[str, Any]:
    zone = world.switches.time_zone
    shape: dict[str, Any] = {
        "contactId": contact.id,
        "isPrimaryContact": contact.primary,
        "salutation": contact.salutation,
        "firstName": contact.first,
        "lastName": contact.last,
        "postAddressIds": contact.addresses,
        "communication": {
            "emails": {kind: {"email": text} for kind, text in contact.emails.items()},
            "telephones": contact.phones,
            "messagingVoips": {},
            "websites": {},
        },
        "contactStatus": {"current": _status(world, contact.status_id)},
        "relationshipToAccount": {"isSupplier": contact.supplier, "isStaff": contact.staff},
        "marketingDetails": {"isReceiveEmailNewsletter": contact.newsletter},
        "financialDetails": {
            "priceListId": contact.price_list_id,
            "nominalCode": "0",
            "creditLimit": 0,
            "creditTermDays": 0,
            "currencyId": 1,
            "discountPercentage": 0.0,
            "creditTermTypeId": 1,
        },
        "assignment": {"current": {}},
        "organisation": _organisation(contact),
        "tradeStatus": "UNKNOWN",
        "createdByid": 0,
        "createdOn": iso(contact.created, zone),
        "updatedOn": iso(contact.updated, zone),
        "contactTags": "",
        "aliases": {},
        "companyId": 0,
    }
    if "customFields" in include:
        shape["customFields"] = contact.custom
    if "postalAddresses" in include:
        shape["postalAddresses"] = {
            str(number): address_view(world, number)
            for number in set(contact.addresses.values())
            if number in world.addresses
        }
    return shape


def _status(world: World, number: int) -> dict[str, Any]:
    name = world.reference.contact_statuses.get(number)
    return {"contactStatusId": number, **({"contactStatusName": name} if name else {})}


def _organisation(contact: Contact) -> dict[str, Any]:
    shape: dict[str, Any] = {"organisationId": contact.organisation_id or contact.id}
    return {**shape, "name": contact.company} if contact.company else shape


def options(call: Call) -> Reply:
    wanted, contacts = call.optional_ids(), call.world.contacts
    ids = [contact.id for contact in wanted.pick(contacts)] if wanted else list(contacts)
    return ok(get_uris("contact", ids, LIMIT))


def get(call: Call) -> Reply:
    """Pages of at most 200: a bigger or missing set answers one page, not an error."""
    world = call.world
    found = call.ids(10**9).pick(world.contacts) if call.params else list(world.contacts.values())
    if not found and world.switches.unknown_others_not_found:
        what = f"ID Set {call.params[0]}" if call.params else "this account"
        raise codes.NOT_FOUND.error(what=f"No contacts available in {what}")
    descending = call.query.get("sort", "").upper().endswith("DESC")
    found.sort(key=lambda contact: contact.id, reverse=descending)
    size = min(whole_parameter(call.query, "pageSize", LIMIT, 1, 10**9), LIMIT)
    first = whole_parameter(call.query, "firstResult", 1, 1, 10**9)
    page = found[first - 1 : first - 1 + size]
    reply = ok([view(world, contact, call.include) for contact in page])
    reply.body["pagination"] = {
        "morePagesAvailable": first - 1 + len(page) < len(found),
        "resultsReturned": len(page),
        "firstResult": first,
        "lastResult": first + len(page) - 1,
    }
    reply.body["sorting"] = [{"field": "contactId", "direction": "DESC" if descending else "ASC"}]
    return reply


def post(call: Call) -> Reply:
    world, body = call.world, call.fields()
    first, last = str(body.get("firstName") or ""), str(body.get("lastName") or "")
    if not first or not last or max(len(first), len(last)) > 32:
        raise codes.CONTACT_NAMES.error()
    for number in (body.get("postAddressIds") or {}).values():
        if number not in world.addresses:
            raise codes.ADDRESS_UNKNOWN.error(value=number)
    talk = body.get("communication") or {}
    now = world.now_ms()
    relation = body.get("relationshipToAccount") or {}
    contact = Contact(
        id=max(world.contacts) + 1,
        first=first,
        last=last,
        created=now,
        updated=now,
        emails={kind: str(entry["email"]) for kind, entry in (talk.get("emails") or {}).items() if entry.get("email")},
        phones={kind: str(text) for kind, text in (talk.get("telephones") or {}).items()},
        addresses=dict(body.get("postAddressIds") or {}),
        company=str((body.get("organisation") or {}).get("name") or ""),
        salutation=str(body.get("salutation") or ""),
        supplier=bool(relation.get("isSupplier")),
        staff=bool(relation.get("isStaff")),
        newsletter=bool((body.get("marketingDetails") or {}).get("isReceiveEmailNewsletter")),
        price_list_id=int((body.get("financialDetails") or {}).get("priceListId") or 2),
    )
    world.contacts[contact.id] = contact
    for number in contact.addresses.values():
        world.addresses[number]["contactId"] = contact.id
    return ok(contact.id)


_PATCHABLE = {"/firstName": "first", "/lastName": "last", "/salutation": "salutation"}


def patch(call: Call) -> Reply:
    contact = one_contact(call)
    for op, path, value in operations(call.body):
        if path.startswith("/communication/emails/") and path.endswith("/email"):
            kind = path.split("/")[3]
            if op == "remove":
                contact.emails.pop(kind, None)
            else:
                contact.emails[kind] = str(value)
        elif path.startswith("/communication/telephones/"):
            contact.phones[path.split("/")[3]] = "" if op == "remove" else str(value)
        elif path in _PATCHABLE:
            setattr(contact, _PATCHABLE[path], "" if op == "remove" else str(value))
        else:
            raise codes.PATCH_PATH.error(path=path)
    contact.updated = call.world.now_ms()
    call.world.forget_party(contact.id)
    return ok(view(call.world, contact, set()))


def post_forget(call: Call) -> Reply:
    """Scrambles a customer's name and e-mail addresses. Orders keep what they were sent with."""
    contact = one_contact(call)
    if contact.supplier or contact.staff:
        raise codes.CANNOT_FORGET.error(value=contact.id)
    forget(call.world, contact)
    return done()


def forget(world: World, contact: Contact, touch: bool = True) -> None:
    """``touch`` false: the contact's updatedOn stays as it was."""
    world.keep_party(contact.id)
    stamp = f"FORGOTTEN CONTACT {world.now():%Y%m%d-%H%M%S}"
    contact.first = contact.last = stamp
    kept = uuid.uuid5(uuid.NAMESPACE_OID, f"{world.seed}-{contact.id}")
    for place, kind in enumerate(contact.emails, start=1):
        contact.emails[kind] = f"email{place}-{kept}@forgotten-email.com"
    if touch:
        contact.updated = world.now_ms()


def one_contact(call: Call) -> Contact:
    contact = call.world.contacts.get(call.id())
    if contact is None:
        raise codes.NOT_FOUND.error(what=f"No contacts available in ID Set {call.params[0]}")
    return contact


def country(given: dict[str, Any]) -> dict[str, Any]:
    """Country members of an address from a 2- or 3-letter code or an ID; the United Kingdom where none is given."""
    wanted = given.get("countryIsoCode") or given.get("countryId") or "GB"
    for two, (number, three, name) in COUNTRIES.items():
        if wanted in (two, three, number):
            return {"country": name, "countryId": number, "countryIsoCode": two, "countryIsoCode3": three}
    raise codes.BAD_MEMBER.error(name="country", value=wanted)


def party(world: World, contact: Contact, kind: str = "DEF") -> dict[str, Any]:
    """The address block of an order for a contact, in the recorded member order."""
    address = world.addresses.get(contact.addresses.get(kind) or contact.addresses.get("DEF", 0), {})
    return {
        "addressFullName": f"{contact.first} {contact.last}".strip(),
        "companyName": contact.company,
        **{name: address.get(name, "") for name in ADDRESS_LINES},
        "telephone": contact.phones.get("PRI", ""),
        "mobileTelephone": contact.phones.get("MOB", ""),
        "fax": contact.phones.get("FAX", ""),
        "email": contact.emails.get("PRI", ""),
        **country(address),
    }


def address_view(world: World, number: int) -> dict[str, Any]:
    address = world.addresses[number]
    where = country(address)
    return {
        "addressId": number,
        "contactId": address.get("contactId", 0),
        **{name: address.get(name, "") for name in ADDRESS_LINES},
        "countryIsoCode": where["countryIsoCode3"],
        "countryIsoCode2": where["countryIsoCode"],
        "countryId": where["countryId"],
    }


def register(router: Router) -> None:
    base = "/contact-service/contact"
    router.add("GET", f"{base}/[ids]", get)
    router.add("OPTIONS", f"{base}/[ids]", options)
    router.add("POST", base, post)
    router.add("PATCH", f"{base}/{{id}}", patch)
    router.add("POST", f"{base}/{{id}}/forget", post_forget)
