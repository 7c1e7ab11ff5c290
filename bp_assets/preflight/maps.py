"""The maps of the shops file against the account's lists: taxes, tenders, nominal codes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation

from bp_assets.brightpearl.accounts import PaymentMethod, TaxCode
from bp_assets.config import FileDropFeed, NominalCodes, ShopsFile
from bp_assets.config.shops import UNPAID
from bp_assets.domain.sale import Line, LineType, Tax
from bp_assets.preflight import suggest
from bp_assets.preflight.account import Account
from bp_assets.preflight.report import Fault, fault, warning

_SQUARE_TENDERS = ("CARD", "CASH")


def check(shops: ShopsFile, account: Account) -> Iterator[Fault]:
    if account.tax_codes is not None:
        yield from _tax_codes(shops, account.tax_codes)
    yield from _tax_gaps(shops)
    if account.payment_methods is not None:
        yield from _payment_methods(shops, account.payment_methods)
    yield from _tender_gaps(shops)
    if account.nominal_codes is not None:
        yield from _nominal_codes(shops.nominal_codes, account)


def _tables(shops: ShopsFile, name: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The common map and each shop's own, with their places."""
    yield name, getattr(shops, name)
    for shop in shops.shops:
        yield f"shops[{shop.key}].{name}", getattr(shop, name)


# -- taxes -----------------------------------------------------------------------------------------


def _tax_codes(shops: ShopsFile, known: Mapping[str, TaxCode]) -> Iterator[Fault]:
    words = {one.code: f"{one.description}, {_percent(one.rate)}" for one in known.values()}
    for table, entries in _tables(shops, "tax_map"):
        for key, code in entries.items():
            place, rate = f'{table}."{key}"', _rate(key)
            if code not in known:
                advice = suggest.code(code, words)
                same = sorted(one.code for one in known.values() if one.rate == rate) if rate is not None else []
                if same:
                    advice += f" At {_percent(rate)}: {', '.join(same)}."
                yield fault(place, f"{code!r} is no tax code of the ERP", advice)
            elif rate is not None and known[code].rate != rate:
                same = [one.code for one in known.values() if one.rate == rate]
                better = f" The ERP has {', '.join(same)} at {_percent(rate)}." if same else ""
                charged = _percent(known[code].rate)
                yield fault(
                    place,
                    f"the till's {_percent(rate)} is mapped to {code}, which is {charged} in the ERP",
                    f"Map it to a code of the same rate, or every such line is a tax mismatch.{better}",
                )
    zero = shops.posting.zero_rated_code
    if zero and zero not in known:
        yield fault("posting.zero_rated_code", f"{zero!r} is no tax code of the ERP", suggest.code(zero, words))
    elif zero and known[zero].rate:
        yield fault(
            "posting.zero_rated_code",
            f"{zero} is {_percent(known[zero].rate)} in the ERP; rows without any tax would carry it",
            f"Name a code without tax: {suggest.listed([one.code for one in known.values() if not one.rate])}.",
        )


def _tax_gaps(shops: ShopsFile) -> Iterator[Fault]:
    """Taxes that every receipt or a declared default will ask for and that no map answers."""
    without = [shop.key for shop in shops.shops if shops.tax_code(shop, _line()) is None]
    if without:
        everywhere = len(without) == len(shops.shops)
        where = 'tax_map."0"' if everywhere else ", ".join(f'shops[{key}].tax_map."0"' for key in without)
        yield fault(
            where,
            "no tax code is mapped for rows without tax (tips, rounding, gift cards)",
            'Map "0" to the ERP\'s zero-rated or outside-the-scope code, or set posting.zero_rated_code.',
        )
    for shop in shops.shops:
        feed = shop.feed
        if isinstance(feed, FileDropFeed) and feed.default_tax_rate:
            rate = feed.default_tax_rate
            tax = Tax(code=feed.default_tax_code, rate=rate, amount_minor=0, inclusive=feed.prices_include_tax)
            if shops.tax_code(shop, _line(tax)) is None:
                yield fault(
                    f"shops[{shop.key}].feed.default_tax_rate",
                    f"lines without a rate are taken at {_percent(rate)}, which is not in the tax map",
                    f'Add "{rate.normalize():f}" to tax_map.',
                )


def _line(*taxes: Tax) -> Line:
    return Line(
        line_id="1",
        type=LineType.TIP,
        quantity=Decimal(1),
        taxes=taxes,
        net_minor=0,
        tax_minor=0,
        gross_minor=0,
    )


def _rate(key: str) -> Decimal | None:
    try:
        return Decimal(key)
    except InvalidOperation:
        return None  # a till's own name of a tax: only the till knows its rate


def _percent(rate: Decimal | None) -> str:
    return f"{(rate or Decimal(0)).normalize():f} %"


# -- tenders ---------------------------------------------------------------------------------------


def _payment_methods(shops: ShopsFile, known: Mapping[str, PaymentMethod]) -> Iterator[Fault]:
    words = {one.code: one.name for one in known.values() if one.active}
    common = sorted({shops.currency_of(shop) for shop in shops.shops})
    own = {f"shops[{shop.key}].tender_map": [shops.currency_of(shop)] for shop in shops.shops}
    for table, entries in _tables(shops, "tender_map"):
        for key, code in entries.items():
            if code != UNPAID:
                yield from _method(f'{table}."{key}"', code, known, words, own.get(table, common))
    for found in _method("exchange_method", shops.exchange_method, known, words, common):
        advice = f"{found.advice} Exchanges need a payment method on a clearing account of its own."
        yield Fault(found.severity, found.place, found.message, advice)


def _method(
    place: str, code: str, known: Mapping[str, PaymentMethod], words: Mapping[str, str], currencies: Iterable[str]
) -> Iterator[Fault]:
    method = known.get(code)
    if method is None:
        advice = suggest.code(code, words) + f' A tender that is owed, not paid, is mapped to "{UNPAID}".'
        yield fault(place, f"{code!r} is no payment method of the ERP", advice)
        return
    if not method.active:
        advice = f"Activate it in the ERP or name another: {suggest.listed(words)}."
        yield fault(place, f"the payment method {code} is switched off in the ERP", advice)
    for currency in currencies:
        if not method.bank_codes.get(currency):
            yield fault(
                place,
                f"the payment method {code} has no bank account for {currency} in the ERP",
                "Give it one in the ERP: without it the payment has nowhere to go.",
            )


def _tender_gaps(shops: ShopsFile) -> Iterator[Fault]:
    for shop in shops.shops:
        if not isinstance(shop.feed, FileDropFeed):
            missing = [name for name in _SQUARE_TENDERS if shops.payment_method(shop, name) is None]
            if missing:
                yield warning(
                    f"shops[{shop.key}].tender_map",
                    f"Square's tender {' and '.join(missing)} is not mapped",
                    "Add it to tender_map, or every sale paid so is rejected.",
                )
        elif shop.feed.default_tender and shops.payment_method(shop, shop.feed.default_tender) is None:
            yield fault(
                f"shops[{shop.key}].feed.default_tender",
                f"{shop.feed.default_tender!r} is not in the tender map",
                f'Add it to tender_map, mapped to a payment method of the ERP or to "{UNPAID}".',
            )


# -- nominal codes ---------------------------------------------------------------------------------


def _nominal_codes(codes: NominalCodes, account: Account) -> Iterator[Fault]:
    known = account.nominal_codes or {}
    words = {one.code: one.name for one in known.values() if one.active}
    for name, code in codes.model_dump().items():
        place = f"nominal_codes.{name}"
        if code and code not in known:
            yield fault(place, f"{code!r} is no nominal code of the ERP", suggest.code(code, _near(code, name, words)))
        elif code and not known[code].active:
            yield fault(place, f"the nominal code {code} is switched off in the ERP", "Activate it or name another.")


def _near(code: str, name: str, words: Mapping[str, str]) -> dict[str, str]:
    """A chart is long: the codes of the same beginning, and those whose name speaks of the same thing."""
    asked = name.replace("_", " ").casefold()
    near = {one: text for one, text in words.items() if asked in text.casefold()}
    near |= {one: text for one, text in words.items() if code and one[:1] == code[:1]}
    return near or dict(words)
