"""The people of every fresh sandbox: walk-ins, named customers, a supplier, a member of staff. Drawn from the seed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from sandbox.erp.contacts import Contact
from sandbox.erp.records import Records

if TYPE_CHECKING:
    from sandbox.world import World

WALK_INS = ((200, "Main"), (201, "Leeds"), (202, "London"), (203, "York"), (204, "Bath"), (205, "Customer"))
_FIRST = ("Ann", "Joanne", "Jo", "Mary", "Tom", "Ravi", "Lucy", "Omar", "Erin", "Karl")
_LAST = ("Smith", "Khan", "Brown", "Doyle", "Evans", "Patel", "Green", "Hall", "Lund", "Moss")
_TOWNS = (("Leeds", "LS1 4DY"), ("London", "N1 9GU"), ("York", "YO1 7HH"), ("Bath", "BA1 1SU"))
NAMED_CUSTOMERS = 40
SUPPLIER = 418


def contacts(world: World, at: int) -> tuple[Records[Contact], dict[int, dict[str, Any]]]:
    """Walk-ins 200-205 without e-mail, customers 301-340, a supplier 418, a member of staff 4; and their addresses.

    E-mails are ``first.last@example.com``. Customers 305 and 306 share one; 307's contains 301's as a substring.
    """
    people: Records[Contact] = Records()
    addresses: dict[int, dict[str, Any]] = {2: _address("1 Depot Road", "Leeds", "LS9 8AG")}

    def add(contact: Contact, street: str, town: str, postcode: str) -> None:
        number = 1000 + contact.id
        addresses[number] = {**_address(street, town, postcode), "contactId": contact.id}
        contact.addresses = {"DEF": number, "BIL": number, "DEL": number}
        people[contact.id] = contact

    add(Contact(4, "Sam", "Clerk", at, at, staff=True), "1 Depot Road", "Leeds", "LS9 8AG")
    for number, name in WALK_INS:
        add(Contact(number, "Walk-in", name, at, at, newsletter=False), "1 High Street", name, "")
    draw = random.Random(f"contacts-{world.seed}")
    for place in range(NAMED_CUSTOMERS):
        first, last = _FIRST[place % 10], _LAST[(place + place // 10) % 10]
        number = 301 + place
        email = f"{first}.{last}@example.com".lower()
        if number == 306:
            email = people[305].emails["PRI"]
        if number == 307:
            email = "mary" + people[301].emails["PRI"]
        town, postcode = draw.choice(_TOWNS)
        add(
            Contact(number, first, last, at, at, emails={"PRI": email}, phones={"PRI": f"0113 496 {place:04d}"}),
            f"{draw.randrange(1, 99)} Mill Lane",
            town,
            postcode,
        )
    add(
        Contact(SUPPLIER, "Harbour", "Supplies", at, at, supplier=True, company="Harbour Supplies"),
        "9 Quay",
        "Hull",
        "HU1 1AA",
    )
    return people, addresses


def _address(street: str, town: str, postcode: str) -> dict[str, Any]:
    return {
        "addressLine1": street,
        "addressLine2": "",
        "addressLine3": town,
        "addressLine4": "",
        "postalCode": postcode,
        "countryIsoCode": "GBR",
    }
