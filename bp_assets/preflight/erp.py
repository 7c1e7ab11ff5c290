"""The account as such: installation, statuses, shipping, channels, locked books, products sharing a SKU. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from bp_assets.config import ShopsFile
from bp_assets.preflight import places, suggest
from bp_assets.preflight.account import Account
from bp_assets.preflight.report import Fault, fault, warning

MOST_DUPLICATES = 50  # named one by one; the rest is counted


def check(shops: ShopsFile, account: Account, today: date) -> Iterator[Fault]:
    yield from _instance(shops, account)
    yield from places.currency("erp.currency", shops.erp.currency, account)
    yield from _statuses(shops, account)
    yield from _shipping(shops, account)
    yield from _channels(shops, account)
    yield from _lock(shops, account, today)
    yield from _duplicates(account)


def _instance(shops: ShopsFile, account: Account) -> Iterator[Fault]:
    place, given, told = "erp.integration_instance_id", shops.erp.integration_instance_id, account.instance_id
    if given is None:
        yield warning(
            place,
            "the file gives no number of this installation: the ERP can't tell a repeated order from a new one",
            f"Write {told}: then it can."
            if told
            else "Each order is looked up before it is sent, at up to one request a sale. Give one if there is one.",
        )
    elif told is None:
        yield warning(
            place,
            f"the ERP does not tell its number of this installation; {given} can't be compared",
            "A private app may have none: keep the number and never change it, it makes an order unique.",
        )
    elif told != given:
        yield fault(
            place,
            f"this installation is number {told} in the ERP, the file says {given}",
            f"Write {told}. Once live it must never change: it tells a repeated order from a new one.",
        )


def _statuses(shops: ShopsFile, account: Account) -> Iterator[Fault]:
    if account.statuses is None:
        return
    wanted = (
        ("new_order_status_id", shops.erp.new_order_status_id, "SO", "sales order"),
        ("new_credit_status_id", shops.erp.new_credit_status_id, "SC", "sales credit"),
    )
    for name, number, kind, words in wanted:
        if number is None:
            continue
        found = account.statuses.get(number)
        fitting = {
            str(one.status_id): one.name
            for one in account.statuses.values()
            if one.order_type == kind and not one.disabled
        }
        if found is None:
            problem = f"the ERP has no order status {number}"
        elif found.order_type != kind:
            problem = f"status {number} ({found.name}) is not for a {words}"
        elif found.disabled:
            problem = f"status {number} ({found.name}) is switched off in the ERP"
        else:
            continue
        yield fault(f"erp.{name}", problem, f"Statuses for a {words}: {suggest.listed(fitting)}.")


def _shipping(shops: ShopsFile, account: Account) -> Iterator[Fault]:
    number = shops.erp.shipping_method_id
    if number and account.shipping_methods is not None and number not in account.shipping_methods:
        words = {one.shipping_method_id: one.name for one in account.shipping_methods.values()}
        problem = f"the ERP has no shipping method {number}"
        yield fault("erp.shipping_method_id", problem, suggest.number("Taken in the shop", words))
    owner = shops.erp.event_owner_contact_id
    if account.contacts is not None and owner not in account.contacts:
        yield fault(
            "erp.event_owner_contact_id",
            f"the ERP has no contact {owner}; every goods-out event names who ships",
            "Put the contact number of a member of staff here.",
        )


def _channels(shops: ShopsFile, account: Account) -> Iterator[Fault]:
    if account.channels is None:
        return
    words = {one.channel_id: one.name for one in account.channels.values()}
    for number in shops.erp.product_channels:
        if number not in words:
            yield fault("erp.product_channels", f"the ERP has no channel {number}", suggest.number("", words))


def _lock(shops: ShopsFile, account: Account, today: date) -> Iterator[Fault]:
    locked = account.locked_until
    if locked is None:
        return
    message = f"the ERP's books are locked until {locked.isoformat()}"
    if locked >= today and shops.posting.close_orders:
        advice = "Unlock the period in the ERP, or set posting.close_orders = false until then."
        yield fault("accounting period lock", f"{message}: today's sales can't be closed", advice)
    else:
        advice = "A receipt dated on or before that day is posted but can't be closed; tell finance before a backfill."
        yield warning("accounting period lock", message, advice)


def _duplicates(account: Account) -> Iterator[Fault]:
    for sku, ids in list(account.duplicates.items())[:MOST_DUPLICATES]:
        yield fault(
            f"products: SKU {sku}",
            f"products {suggest.listed([str(one) for one in ids])} share the SKU {sku}; a till may sell it",
            "Give each product an SKU of its own in the ERP: we never guess, it is sold without moving stock.",
        )
    more = len(account.duplicates) - MOST_DUPLICATES
    if more > 0:
        yield fault("products", f"{more} more SKUs are shared by several products", "Mend those named, then ask again.")
