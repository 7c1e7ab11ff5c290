"""What posting at the end of the day needs, and whether the file would change days that have begun. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from bp_assets.config import Mode, Shop, ShopsFile
from bp_assets.config.modes import ever
from bp_assets.ledger.trading_days import TradingDay
from bp_assets.preflight.account import Account
from bp_assets.preflight.report import Fault, fault


def check(shops: ShopsFile, account: Account) -> Iterator[Fault]:
    """The unit cost of goods that come back, which a stock correction must name."""
    if not any(ever(shop.mode, Mode.END_OF_DAY) for shop in shops.shops) or account.price_lists is None:
        return
    number = shops.erp.cost_price_list_id
    lists = account.price_lists
    costs = {one.price_list_id: one.name for one in lists.values() if one.kind == "BUY"}
    known = ", ".join(f"{key} {name}" for key, name in sorted(costs.items())) or "none"
    advice = f"Put the number of the cost price list here; the account's BUY lists: {known}."
    if number not in lists:
        yield fault("erp.cost_price_list_id", f"the ERP has no price list {number}", advice)
    elif number not in costs:
        words = f"price list {number} ({lists[number].name}) is one that goods are sold by, not what they cost"
        yield fault("erp.cost_price_list_id", words, advice)
    elif lists[number].currency != shops.erp.currency:
        words = f"price list {number} is in {lists[number].currency}, stock is valued in {shops.erp.currency}"
        yield fault("erp.cost_price_list_id", words, advice)


def begun(shops: ShopsFile, days: Sequence[TradingDay]) -> Iterator[Fault]:
    """Trading days that have begun in another mode than the file now gives them: the file can't change them."""
    for shop in shops.shops:
        own = [day for day in days if day.shop == shop.key]
        turned = [day for day in own if shop.mode_on(day.business_date) != day.mode]
        if turned:
            yield fault(f"shops[{shop.key}].mode", _words(turned), _advice(shop, own))


def _words(turned: Sequence[TradingDay]) -> str:
    first, last = turned[0], turned[-1]
    other = Mode.END_OF_DAY if first.mode == Mode.REALTIME else Mode.REALTIME
    if len(turned) == 1:
        return f"{first.business_date} was begun as {first.mode}; the file makes it {other}"
    return f"{len(turned)} days from {first.business_date} to {last.business_date} were begun in another mode"


def _advice(shop: Shop, own: Sequence[TradingDay]) -> str:
    free = own[-1].business_date + timedelta(days=1)
    wanted = shop.mode_on(free)
    return (
        "A day keeps the mode of its first receipt, or its sales could be posted twice. Change the mode from a day on "
        f'that has not begun: mode = [..., {{ from = "{free}", mode = "{wanted}" }}].'
    )
