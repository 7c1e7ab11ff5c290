"""contact-search: columns in recorded order; ``updatedOn`` may be empty here while contact GET has it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sandbox.erp.dispatch import Router
from sandbox.erp.search import Column, Search, add_search, narrowed

if TYPE_CHECKING:
    from sandbox.erp.contacts import Contact
    from sandbox.world import World


def _email(kind: str) -> Any:
    return lambda world, contact: contact.emails.get(kind, "")


def _phone(kind: str) -> Any:
    return lambda world, contact: contact.phones.get(kind, "")


def _candidates(world: World, filters: dict[str, str]) -> Iterable[Contact]:
    found = narrowed(filters, "contactId", world.contacts)
    return world.contacts.values() if found is None else found


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
        Column("updatedOn", "PERIOD", lambda world, contact: None if contact.unseen else contact.updated),
        Column("lastContactedOn", "PERIOD", lambda world, contact: None),
        Column("lastOrderedOn", "PERIOD", lambda world, contact: contact.ordered),
        Column("nominalCode", "INTEGER", lambda world, contact: 0),
        Column("isPrimary", "BOOLEAN", lambda world, contact: contact.primary),
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
    records=_candidates,
    created=lambda contact: contact.updated,
    ordered=lambda world: world.contacts,
)


def register(router: Router) -> None:
    add_search(router, "/contact-service/contact-search", SEARCH)
