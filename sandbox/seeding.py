"""The people and the past of a fresh sandbox: contacts, addresses, historical orders. All drawn from the seed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from sandbox.erp.amounts import rounded
from sandbox.erp.contacts import Contact
from sandbox.erp.order_model import UNIT, Order, Row
from sandbox.erp.times import DAY_MS

if TYPE_CHECKING:
    from sandbox.world import World

WALK_INS = ((200, "Main"), (201, "Leeds"), (202, "London"), (203, "York"), (204, "Bath"), (205, "Customer"))
_FIRST = ("Ann", "Joanne", "Jo", "Mary", "Tom", "Ravi", "Lucy", "Omar", "Erin", "Karl")
_LAST = ("Smith", "Khan", "Brown", "Doyle", "Evans", "Patel", "Green", "Hall", "Lund", "Moss")
_TOWNS = (("Leeds", "LS1 4DY"), ("London", "N1 9GU"), ("York", "YO1 7HH"), ("Bath", "BA1 1SU"))
NAMED_CUSTOMERS = 40
SUPPLIER = 418


def contacts(world: World, at: int) -> tuple[dict[int, Contact], dict[int, dict[str, Any]]]:
    """Walk-ins 200-205 without e-mail, customers 301-340, a supplier 418, a member of staff 4; and their addresses.

    E-mails are ``first.last@example.com``. Customers 305 and 306 share one; 307's contains 301's as a substring.
    """
    people: dict[int, Contact] = {}
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


def history(world: World, count: int, at: int) -> None:
    """``count`` finished orders of the past year, marked historical: from before stock and payments were kept here."""
    draw = random.Random(f"history-{world.seed}")
    shops = [(channel.id, channel.warehouse_id) for channel in world.reference.channels.values()]
    items = world.items
    if not items:
        return
    store = world.orders
    for _ in range(count):
        channel, warehouse = shops[draw.randrange(len(shops))]
        placed = at - DAY_MS - draw.randrange(365 * DAY_MS)
        order = Order(
            world.next_id("order"),
            "SO",
            200 + channel - 1,
            placed,
            placed,
            placed - placed % DAY_MS,
            4,
            warehouse,
            channel,
            reference=f"OLD-{store.invoices + 1:06d}",
            billing_id=200 + channel - 1,
            historical=True,
            updated=placed,
            closed=placed,
            version=3,
        )
        store.invoices += 1
        order.invoice = f"SI-{1000 + store.invoices}"
        for place in range(draw.randrange(1, 4)):
            item = items[draw.randrange(len(items))]
            units = draw.randrange(1, 4)
            gross = item.gross_minor * units
            product = world.products[item.product_id]
            net = product.net * units
            row = Row(
                world.next_id("row"),
                item.product_id,
                item.name,
                item.sku,
                units * UNIT,
                item.tax_code,
                net,
                gross - rounded(net, 100),
                "4000",
                10 * (place + 1),
                item.stock_tracked,
            )
            if row.tracked:
                row.fulfilled = row.shipped = units
            order.rows[row.id] = row
        order.recount()
        order.paid = order.total
        store.add(order, "SO")
        store.changed[order.id] = None
    store.changed = dict.fromkeys(sorted(store.changed, key=lambda number: store.by_id[number].updated or 0))
