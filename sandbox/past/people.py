"""The people of an account with a past: suppliers, and customers in number with their addresses."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.erp.contacts import Contact
from sandbox.erp.times import DAY_MS
from sandbox.past.days import first_day

if TYPE_CHECKING:
    from sandbox.world import World

FIRST_SUPPLIER = 419
FIRST_CUSTOMER = 1_001
FIRST_ADDRESS = 100_001

_FIRST = (
    "Ann", "Joanne", "Mary", "Tom", "Ravi", "Lucy", "Omar", "Erin", "Karl", "Zoë", "Bjørn", "Inés", "Noor", "Ida",
    "Sean", "Ola", "Petra", "Hugo", "Mina", "Theo",
)  # fmt: skip
_LAST = (
    "Smith", "Khan", "Brown", "Doyle", "Evans", "Patel", "Green", "Hall", "Lund", "Moss", "O'Neil", "Müller", "Rossi",
    "Novak", "Silva", "Dubois", "Kaya", "Berg", "Costa", "Wright",
)  # fmt: skip
_STREETS = ("Mill Lane", "High Street", "Station Road", "Church Row", "Park View", "The Green")
_TOWNS = (
    ("Leeds", "LS1 4DY", "GBR"), ("London", "N1 9GU", "GBR"), ("York", "YO1 7HH", "GBR"), ("Bath", "BA1 1SU", "GBR"),
    ("Hull", "HU1 1AA", "GBR"), ("Dublin", "D02 X285", "IRL"), ("Paris", "75011", "FRA"), ("Köln", "50667", "DEU"),
)  # fmt: skip
_SUPPLIERS = (
    "Kiln & Co", "Northern Mills", "Lumen Lighting", "Paperworks", "Wax House", "Teaware Ltd", "Softgoods",
    "Basketry", "Clockmakers", "Game Makers", "Linen Mill", "Sky Toys",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class People:
    """Contact IDs. ``trade`` are companies that buy on the trade list; they are customers too."""

    suppliers: tuple[int, ...]
    customers: tuple[int, ...]
    trade: tuple[int, ...]


def settle(world: World, orders: int, at: int) -> People:
    """Twelve suppliers, and a customer for every dozen orders (at least 30). A few are odd in the ways contacts are.

    Some have no e-mail, some a delivery address of their own, some a company; one in fifty shows no updatedOn in
    contact-search; a few are secondary contacts of another's company.
    """
    draw = random.Random(f"people-{world.seed}")
    begin = first_day(at)
    number = FIRST_ADDRESS
    suppliers = []
    for place, name in enumerate(_SUPPLIERS):
        one = FIRST_SUPPLIER + place
        contact = Contact(one, name.split()[0], "Sales", begin, begin, supplier=True, company=name)
        contact.emails = {"PRI": f"orders@{name.split()[0].lower()}.example"}
        world.addresses[number] = _address(draw, one)
        contact.addresses = {"DEF": number, "BIL": number, "DEL": number}
        world.contacts[one] = contact
        suppliers.append(one)
        number += 1
    size = max(30, orders // 12)
    customers, trade = [], []
    for place in range(size):
        one = FIRST_CUSTOMER + place
        first, last = _FIRST[place % 20], _LAST[(place + place // 20) % 20]
        created = begin + place * (700 * DAY_MS) // size
        contact = Contact(one, first, last, created, created + draw.randrange(30 * DAY_MS))
        if place % 33:
            contact.emails = {"PRI": f"{first}.{last}.{one}@example.com".lower().replace("'", "")}
        if place % 3 == 0:
            contact.phones = {"PRI": f"0113 496 {place % 10000:04d}"}
        world.addresses[number] = _address(draw, one)
        contact.addresses = {"DEF": number, "BIL": number, "DEL": number}
        number += 1
        if place % 25 == 4:
            world.addresses[number] = _address(draw, one)
            contact.addresses["DEL"] = number
            number += 1
        if place % 15 == 7:
            contact.company, contact.price_list_id = f"{last} Trading {one}", 3
            trade.append(one)
        if place % 45 == 9 and trade:
            contact.primary, contact.organisation_id = False, trade[-1]
            contact.company = world.contacts[trade[-1]].company
        contact.status_id = 1 if place % 10 == 1 else 2 if place % 100 == 5 else 0
        contact.newsletter = place % 4 == 0
        contact.unseen = place % 50 == 12
        if place % 9 == 2:
            contact.custom = {"PCF_LOYALTY": 700_000 + place}
        world.contacts[one] = contact
        customers.append(one)
    return People(tuple(suppliers), tuple(customers), tuple(trade))


def _address(draw: random.Random, contact: int) -> dict[str, Any]:
    town, postcode, country = _TOWNS[draw.randrange(len(_TOWNS))]
    address: dict[str, Any] = {
        "addressLine1": f"{draw.randrange(1, 99)} {draw.choice(_STREETS)}",
        "addressLine3": town,
        "postalCode": postcode,
        "countryIsoCode": country,
        "contactId": contact,
    }
    if draw.random() < 0.2:
        address["addressLine2"] = f"Flat {draw.randrange(1, 30)}"
    return address
