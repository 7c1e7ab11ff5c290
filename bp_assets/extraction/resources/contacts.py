"""Contacts with their addresses, and suppliers by their companies' names. Read: contact OPTIONS, GET, search. Pure.

Written: ``personal.contacts``, ``personal.contact_postal_addresses``, ``suppliers``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bp_assets.extraction import splits
from bp_assets.extraction.fields import Fields, flag, instant, may, need, nothing, ref, text, whole
from bp_assets.extraction.forgotten import FORGET, is_forgotten
from bp_assets.extraction.resource import Changes, Context, Decoded, Get, Resource, Rows, Sweep, Unclear, Uris

CONTACT = Fields(
    may("billing_postal_address_id", ref, "postAddressIds", "BIL"),
    may("created_on", instant, "createdOn"),
    may("current_contact_status", text, "contactStatus", "current", "contactStatusName"),
    may("default_postal_address_id", ref, "postAddressIds", "DEF"),
    may("delivery_postal_address_id", ref, "postAddressIds", "DEL"),
    may("email", text, "communication", "emails", "PRI", "email"),
    may("first_name", text, "firstName"),
    may("is_primary_contact", flag, "isPrimaryContact"),
    may("is_staff", flag, "relationshipToAccount", "isStaff"),
    may("is_supplier", flag, "relationshipToAccount", "isSupplier"),
    may("last_name", text, "lastName"),
    may("organisation_id", ref, "organisation", "organisationId"),
    may("organisation_name", text, "organisation", "name"),
    may("receive_email_newsletter", flag, "marketingDetails", "isReceiveEmailNewsletter"),
    may("updated_on", instant, "updatedOn"),
    given=("contact_id",),
)
ADDRESS = Fields(
    need("address_id", whole, "addressId"),
    may("address_line1", text, "addressLine1"),
    may("address_line2", text, "addressLine2"),
    may("address_line3", text, "addressLine3"),
    may("address_line4", text, "addressLine4"),
    may("postal_code", text, "postalCode"),
    may("country_iso_code", text, "countryIsoCode"),
    given=("contact_id",),
)
SUPPLIER = CONTACT.names.index("is_supplier")
COMPANY = CONTACT.names.index("organisation_name")
NOBODY: Decoded = {"contacts": [], "contact_postal_addresses": [], "suppliers": []}


def decode(contact_id: int, raw: Any, context: Context) -> Decoded:
    """A contact that the ERP was told to forget has no rows, whatever else its record says."""
    if is_forgotten(raw):
        return NOBODY
    contact = CONTACT.of(raw, contact_id)
    company = contact[COMPANY] or f"Supplier {contact_id}"
    return {
        "contacts": [contact],
        "contact_postal_addresses": _addresses(contact_id, raw),
        "suppliers": [(contact_id, company)] if contact[SUPPLIER] else [],
    }


def _addresses(contact_id: int, raw: Any) -> list[tuple[Any, ...]]:
    """A map by address id, or a list: no recording shows which."""
    held = raw.get("postalAddresses")
    if not held and nothing(held):
        return []
    if not isinstance(held, dict | list):
        raise Unclear(f"postalAddresses is a {type(held).__name__}, not a map")
    addresses = held.values() if isinstance(held, dict) else held
    found = [ADDRESS.of(one, contact_id) for one in addresses]
    return list({address[1]: address for address in found}.values())


RESOURCES = (
    Resource(
        name="contacts",
        title="Contacts, their addresses, and suppliers",
        tables={
            "contacts": Rows("contact_id", CONTACT.names),
            "contact_postal_addresses": Rows("contact_id", ADDRESS.names),
            "suppliers": Rows("supplier_id", ("supplier_id", "name")),
        },
        listing=Uris("/contact-service/contact"),
        get=Get(
            "/contact-service/contact/{ids}", splits.by_member("contactId"),
            params={"includeOptional": "postalAddresses"},
        ),
        decode=decode,
        changes=Changes(
            "/contact-service/contact-search", "contactId", ("updatedOn",), same={"updatedOn": "updated_on"}
        ),
        sweep=Sweep(every=timedelta(minutes=50)),  # with every hourly refresh, though it begins some seconds early
        rotate=timedelta(hours=48),
        every=timedelta(hours=1),
        afterwards=FORGET,
        traps="Personal data, in a schema of its own. Contacts raise no webhooks. `updatedOn` is null in the search of "
        "some whose GET has one, so every contact is read again within two days, and OPTIONS is asked with every "
        "hourly refresh: a new contact is found by its id, and a deleted or merged one shows nowhere else. A contact "
        "that was forgotten is still there, named FORGOTTEN CONTACT and a date, while its orders keep their copy of "
        "name and e-mail: here the contact's rows go, and what its orders say of it goes with them. More than 200 ids "
        "are answered by a page, not refused: never asked.",
    ),
)  # fmt: skip
