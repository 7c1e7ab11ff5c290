"""The ERP account as preflight sees it: every list that the shops file points into.

Read: the ERP, GET only (the client refuses anything else). Written: nothing. A list that can't be read is a fault by
itself; what points into it is then not judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from bp_assets.brightpearl import accounts, places, products
from bp_assets.brightpearl.answer import Answer
from bp_assets.brightpearl.catalogue import by_sku
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import READS, BadAnswer, ErpError, ErpRefused, ErpUnavailable, Throttled
from bp_assets.brightpearl.id_sets import pack
from bp_assets.brightpearl.reading import Misread, Record, decode_list, record_of
from bp_assets.config import ShopsFile
from bp_assets.preflight.report import Fault, fault, warning

T = TypeVar("T")
_LOCATIONS = "/warehouse-service/warehouse/{}/location/{}"


class ReadingClient(ErpClient):
    """A client that cannot write: anything but a read fails before it is sent."""

    def request(self, method: str, path: str, **more: Any) -> Answer:
        if method not in READS:
            raise AssertionError(f"preflight only reads; {method} {path} was about to be sent")
        return super().request(method, path, **more)


@dataclass(slots=True)
class Account:
    """``None`` stands for a list that could not be read. ``locations`` maps a warehouse id to what its two locations
    are (``None``: it has none); ``duplicates`` a SKU to the products that share it.
    """

    configuration: dict[str, str] | None = None
    instance_id: int | None = None
    warehouses: dict[int, places.Warehouse] | None = None
    channels: dict[int, places.Channel] | None = None
    shipping_methods: dict[int, places.ShippingMethod] | None = None
    price_lists: dict[int, products.PriceList] | None = None
    tax_codes: dict[str, accounts.TaxCode] | None = None
    nominal_codes: dict[str, accounts.NominalCode] | None = None
    payment_methods: dict[str, accounts.PaymentMethod] | None = None
    currencies: dict[str, accounts.Currency] | None = None
    statuses: dict[int, accounts.OrderStatus] | None = None
    contacts: set[int] | None = None
    locations: dict[int, tuple[int | None, int | None]] | None = None
    products: int | None = None
    duplicates: dict[str, list[int]] = field(default_factory=dict)
    locked_until: date | None = None


class _Reader:
    """Reads one list after the other and notes what can't be read."""

    def __init__(self, client: ErpClient) -> None:
        self.client = client
        self.faults: list[Fault] = []

    def one(self, what: str, read: Callable[[ErpClient], T]) -> T | None:
        try:
            return read(self.client)
        except (Throttled, ErpUnavailable):
            raise
        except ErpError as error:
            self.faults.append(
                fault("erp", f"the ERP does not let us read its {what}: {error}", "Give the app the right to read it.")
            )
            return None

    def many(self, what: str, read: Callable[[ErpClient], Iterable[T | Misread]]) -> list[T] | None:
        found = self.one(what, lambda client: list(read(client)))
        if found is None:
            return None
        for bad in found:
            if isinstance(bad, Misread):
                words = f"{bad.resource} {bad.id} can't be understood: {bad.reason}"
                self.faults.append(warning("erp", words, "Mend the record in the ERP if the file points to it."))
        return [one for one in found if not isinstance(one, Misread)]


def read_account(client: ErpClient, shops: ShopsFile) -> tuple[Account, list[Fault]]:
    """The account, and the faults of reading it: some 20 requests, and one per 500 products.

    Raises:
        Unauthorised, ErpUnavailable, Throttled, BadAnswer: there is no account to be read at all.
    """
    account = Account(configuration=accounts.account_configuration(client))  # bad credentials end here
    read = _Reader(client)
    account.instance_id = read.one("integration instance", _instance)
    account.tax_codes = _keyed(read.many("tax codes", accounts.tax_codes), lambda one: one.code)
    account.nominal_codes = _keyed(read.many("nominal codes", accounts.nominal_codes), lambda one: one.code)
    account.payment_methods = _keyed(read.many("payment methods", accounts.payment_methods), lambda one: one.code)
    account.currencies = _keyed(read.many("currencies", accounts.currencies), lambda one: one.code)
    account.statuses = _keyed(read.many("order statuses", accounts.order_statuses), lambda one: one.status_id)
    account.warehouses = _keyed(read.many("warehouses", places.warehouses), lambda one: one.warehouse_id)
    account.channels = _keyed(read.many("channels", places.channels), lambda one: one.channel_id)
    methods = read.many("shipping methods", places.shipping_methods)
    account.shipping_methods = _keyed(methods, lambda one: one.shipping_method_id)
    account.price_lists = _keyed(read.many("price lists", products.price_lists), lambda one: one.price_list_id)
    account.contacts = read.one("contacts", lambda client: _contacts(client, _contact_ids(shops)))
    wanted = {shop.warehouse_id for shop in shops.shops} & set(account.warehouses or ())
    account.locations = read.one("warehouse locations", lambda client: _locations(client, wanted))
    account.locked_until = read.one("accounting period lock", accounts.locked_until)
    _read_products(account, read)
    return account, read.faults


def _keyed(found: list[T] | None, key: Callable[[T], Any]) -> dict[Any, T] | None:
    return None if found is None else {key(one): one for one in found}


def _instance(client: ErpClient) -> int | None:
    """The id of our installation, or ``None`` where the ERP tells none (a private app may have none)."""
    answer = client.get("/integration-service/integration/instance")
    return record_of("integration-instance", answer).whole("installedIntegrationInstanceId", default=0) or None


def _contact_ids(shops: ShopsFile) -> set[int]:
    return {shop.walk_in_contact_id for shop in shops.shops} | {shops.erp.event_owner_contact_id}


def _contacts(client: ErpClient, ids: set[int]) -> set[int]:
    """Those of ``ids`` that exist."""
    found: set[int] = set()
    for some in pack(ids):
        answer = client.get(f"/contact-service/contact/{some}")
        for one in decode_list("contact", answer, "contactId", lambda record: record.whole("contactId")):
            if isinstance(one, Misread):
                raise BadAnswer(f"contact {one.id}: {one.reason}", answer.status)
            found.add(one)
    return found


def _locations(client: ErpClient, warehouse_ids: set[int]) -> dict[int, tuple[int | None, int | None]]:
    """Default and quarantine location of each warehouse."""

    def one(warehouse_id: int, which: str) -> int | None:
        try:
            return client.get(_LOCATIONS.format(warehouse_id, which)).new_id
        except ErpRefused:
            return None

    return {place: (one(place, "default"), one(place, "quarantine")) for place in sorted(warehouse_ids)}


def _read_products(account: Account, read: _Reader) -> None:
    rows = read.one("products", lambda client: list(products.product_index(client)))
    if rows is None:
        return
    account.products = len(rows)
    _, shared = by_sku(rows)
    ids: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row.get("SKU") in shared and row.get("productStatus") != "ARCHIVED":
            ids[row["SKU"]].append(Record(row).whole("productId"))
    account.duplicates = {sku: sorted(set(ids[sku])) for sku in sorted(shared)}
