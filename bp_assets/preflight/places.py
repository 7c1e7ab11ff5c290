"""Each shop's places in the ERP: warehouse, channel, price list, contact, currency. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from bp_assets.config import FileDropFeed, Shop, ShopsFile
from bp_assets.preflight import suggest
from bp_assets.preflight.account import Account
from bp_assets.preflight.report import Fault, fault, warning


def check(shops: ShopsFile, account: Account) -> Iterator[Fault]:
    for shop in shops.shops:
        yield from _warehouse(shop, account)
        yield from _channel(shop, account)
        yield from _price_list(shop, shops.currency_of(shop), account)
        if account.contacts is not None and shop.walk_in_contact_id not in account.contacts:
            yield fault(
                f"shops[{shop.key}].walk_in_contact_id",
                f"the ERP has no contact {shop.walk_in_contact_id}",
                f"Create a contact such as 'Walk-in {shop.name}' in the ERP and put its number here.",
            )
        if shop.currency:
            yield from currency(f"shops[{shop.key}].currency", shop.currency, account)


def currency(place: str, code: str, account: Account) -> Iterator[Fault]:
    """A currency that the account does not have, or that is not its own."""
    if account.currencies is None:
        return
    words = {one.code: one.name for one in account.currencies.values()}
    base = (account.configuration or {}).get("baseCurrencyCode", "")
    if code not in words:
        yield fault(place, f"{code!r} is no currency of the ERP", suggest.code(code, words))
    elif base and code != base:
        yield warning(
            place,
            f"{code} is not the account's base currency ({base}); orders are booked at the ERP's rate of the day",
            "Check that the ERP's exchange rate is kept up to date.",
        )


def _warehouse(shop: Shop, account: Account) -> Iterator[Fault]:
    if account.warehouses is None:
        return
    words = {one.warehouse_id: one.name for one in account.warehouses.values()}
    for name, number in (("warehouse_id", shop.warehouse_id), ("ship_from_warehouse_id", shop.ship_from_warehouse_id)):
        if number is not None and number not in words:
            place = f"shops[{shop.key}].{name}"
            yield fault(place, f"the ERP has no warehouse {number}", suggest.number(shop.name, words))
    if account.locations is None or shop.warehouse_id not in account.locations:
        return
    default, quarantine = account.locations[shop.warehouse_id]
    told = f"warehouse {shop.warehouse_id} ({words[shop.warehouse_id]})"
    if default is None:
        advice = "Give it one in the ERP: returned goods have nowhere to go."
        yield fault(f"shops[{shop.key}].warehouse_id", f"{told} has no default location", advice)
    if quarantine is None:
        advice = "Give it one in the ERP: damaged returns would go back on sale."
        yield fault(f"shops[{shop.key}].warehouse_id", f"{told} has no quarantine location", advice)


def _channel(shop: Shop, account: Account) -> Iterator[Fault]:
    if account.channels is None or shop.channel_id in account.channels:
        return
    words = {one.channel_id: one.name for one in account.channels.values()}
    place = f"shops[{shop.key}].channel_id"
    yield fault(place, f"the ERP has no channel {shop.channel_id}", suggest.number(shop.name, words))


def _price_list(shop: Shop, trades_in: str, account: Account) -> Iterator[Fault]:
    if account.price_lists is None:
        return
    place = f"shops[{shop.key}].price_list_id"
    found = account.price_lists.get(shop.price_list_id)
    if found is None:
        words = {
            one.price_list_id: f"{one.name}, {one.currency}, {'with' if one.gross else 'without'} tax"
            for one in account.price_lists.values()
            if one.kind != "BUY"
        }
        yield fault(place, f"the ERP has no price list {shop.price_list_id}", suggest.number(shop.name, words))
        return
    told = f"price list {found.price_list_id} ({found.name})"
    if found.kind == "BUY":
        yield fault(place, f"{told} is for buying", "Name a list for selling.")
    if found.currency and found.currency != trades_in:
        yield warning(place, f"{told} is in {found.currency}, the shop trades in {trades_in}", "Name another list.")
    feed = shop.feed
    if isinstance(feed, FileDropFeed) and found.gross != feed.prices_include_tax:
        held, tills = ("with", "without") if found.gross else ("without", "with")
        yield warning(
            place,
            f"{told} holds prices {held} tax, the till's prices are {tills} tax (feed.prices_include_tax)",
            "Check that both are meant; amounts are posted as the till says in any case.",
        )
