"""Contacts and postal addresses: GET, POST, PATCH, search; and the party block that orders print."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, done, ok
from sandbox.erp.idset import IdSet, get_uris
from sandbox.erp.patches import operations
from sandbox.erp.reference import COUNTRIES
from sandbox.erp.search import Column, Search, add_search, whole_parameter
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


def view(world: World, contact: Contact, include: set[str]) -> dict[str, Any]:
    zone = world.switches.time_zone
    shape: dict[str, Any] = {
        "contactId": contact.id,
        "isPrimaryContact": True,
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
        "contactStatus": {"current": {"contactStatusId": 0}},
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
        "organisation": {"organisationId": contact.id} | ({"name": contact.company} if contact.company else {}),
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
    contact = _one(call)
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


def _one(call: Call) -> Contact:
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
    found = [number for number in call.world.addresses if number in IdSet(call.params[0]).limited(LIMIT)]
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
    contact = _one(call)
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


def _email(kind: str) -> Any:
    return lambda world, contact: contact.emails.get(kind, "")


def _phone(kind: str) -> Any:
    return lambda world, contact: contact.phones.get(kind, "")


SEARCH = Search(
    columns=(
        Column("contactId", "IDSET", lambda world, contact: contact.id),
        Column("primaryEmail", "SEARCH_STRING", _email("PRI")),
        Column("secondaryEmail", "SEARCH_STRING", _email("SEC")),
        Column("tertiaryEmail", "SEARCH_STRING", _email("TER")),
        Column("firstName", "SEARCH_STRING", lambda world, contact: contact.first),
        Column("lastName", "SEARCH_STRING", lambda world, contact: contact.last),
        Column("isSupplier", "BOOLEAN", lambda world, contact: contact.supplier, sortable=False),
        Column("companyName", "SEARCH_STRING", lambda world, contact: contact.company),
        Column("isStaff", "BOOLEAN", lambda world, contact: contact.staff, sortable=False),
        Column(
            "isCustomer", "BOOLEAN", lambda world, contact: not contact.supplier and not contact.staff, sortable=False
        ),
        Column("createdOn", "PERIOD", lambda world, contact: contact.created),
        Column("updatedOn", "PERIOD", lambda world, contact: contact.updated),
        Column("lastContactedOn", "PERIOD", lambda world, contact: None),
        Column("lastOrderedOn", "PERIOD", lambda world, contact: contact.ordered),
        Column("nominalCode", "INTEGER", lambda world, contact: 0),
        Column("isPrimary", "BOOLEAN", lambda world, contact: True),
        Column("pri", "STRING", _phone("PRI"), sortable=False),
        Column("sec", "STRING", _phone("SEC"), sortable=False),
        Column("mob", "STRING", _phone("MOB"), sortable=False),
        Column("exactCompanyName", "STRING", lambda world, contact: contact.company),
        Column("title", "STRING", lambda world, contact: contact.salutation or None),
        Column(
            "allEmail",
            "SEARCH_STRING",
            lambda world, contact: "\n".join(contact.emails.values()),
            sortable=False,
            shown=False,
        ),
    ),
    records=lambda world, filters: world.contacts.values(),
    created=lambda contact: contact.updated,
)


def register(router: Router) -> None:
    base = "/contact-service/contact"
    add_search(router, f"{base}-search", SEARCH)
    router.add("GET", f"{base}/[ids]", get)
    router.add("OPTIONS", f"{base}/[ids]", options)
    router.add("POST", base, post)
    router.add("PATCH", f"{base}/{{id}}", patch)
    router.add("PUT", f"{base}/{{id}}/postal-address", put_contact_addresses)
    router.add("POST", "/contact-service/postal-address", post_address)
    router.add("GET", "/contact-service/postal-address/{ids}", get_addresses)
    router.add("PUT", "/contact-service/postal-address/{id}", put_address)
