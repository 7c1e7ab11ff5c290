"""Sales that read like the receipts they are, the shops that sold them, and the range they sold from.

    sale('''
        leeds 1001
        2 MUG 12.00 20%
        discount -1.20 20%
        card 10.80
    ''')

First line: shop, receipt number, then any of ``exclusive`` (amounts are net), ``of 1000`` (the original receipt of the
whole), ``from ann@example.com``. A line is quantity, SKU, amount and tax rate, or a kind (``discount``, ``tip``,
``shipping``, ``service_charge``, ``gift_card_sale``, ``rounding``, ...) and amount, then any of ``later``, ``back`` (on
the side of what comes back), ``of 1000``, ``shop``, ``quarantine``, ``none``, ``called Scarf``, ``tax 0.55``. Rates
join with ``+``; no rate is no tax. A negative quantity comes back. A tender is a method and an amount.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bp_assets.config import ShopsFile, loads
from bp_assets.domain.catalogue import Catalogue, Place, Product
from bp_assets.domain.money import tax_inside, tax_on_top
from bp_assets.domain.sale import Customer, Kind, Line, LineType, Original, Restock, Sale, Tax, Tender, TenderType
from tests.erp_account import erp_account

OPENED = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
METHODS = {"cash", "card", "gift_card", "voucher", "account", "cheque", "unmapped"}
PLACES = {"shop", "quarantine", "none"}
# In this order the sandbox gives them ids from 1007 on. TWIN stands for two products, BAG is not stock-tracked.
RANGE = {"MUG": "T20", "TEA": "T5", "BOOK": "T0", "COAT": "T20", "BAG": "T20", "TWIN": "T20"}
IDS = {sku: 1007 + place for place, sku in enumerate(RANGE)}

_ACCOUNT = erp_account(requests_per_minute=100_000, search_lag_seconds=0, shipping_method_id=1, timeout_seconds=10)
SHOPS_TOML = f"""{_ACCOUNT}
[tax_map]
"20" = "T20"
"5" = "T5"
"0" = "T0"

[tender_map]
cash = "CASH"
card = "CARD"
gift_card = "GIFTCARD"
voucher = "VOUCHER"
account = "unpaid"
"""
SHOP_TOML = """
[[shops]]
key = "{key}"
name = "{key}"
warehouse_id = {warehouse}
channel_id = {channel}
price_list_id = 2
walk_in_contact_id = {contact}
time_zone = "Europe/London"
[shops.feed]
kind = "file_drop"
folder = "drop/{key}"
prices_include_tax = true
default_tender = "card"
columns = {{ receipt = "r", sold_at = "t", quantity = "q", unit_price = "p" }}
"""
SHOPS = (("leeds", 3, 2, 201), ("london", 4, 3, 202))


def shops_file(**erp: Any) -> ShopsFile:
    """Two shops of the simulated ERP; ``erp`` overrules settings of the account."""
    shops = (SHOP_TOML.format(key=k, warehouse=w, channel=c, contact=p) for k, w, c, p in SHOPS)
    return changed(loads(SHOPS_TOML + "".join(shops)), erp=erp)


def changed(shops: ShopsFile, **parts: Any) -> ShopsFile:
    """The file with parts changed: ``posting={"unknown_sku": "reject"}``, ``tender_map={...}``; maps are merged."""
    raw = shops.model_dump(exclude_unset=True)
    for name, value in parts.items():
        raw[name] = {**raw.get(name, {}), **value} if isinstance(value, dict) else value
    return ShopsFile.model_validate(raw)


def changed_shop(shops: ShopsFile, shop: str, **parts: Any) -> ShopsFile:
    """The file with parts of one shop changed."""
    raw = shops.model_dump(exclude_unset=True)
    chosen = [{**one, **parts} if one["key"] == shop else one for one in raw["shops"]]
    return ShopsFile.model_validate({**raw, "shops": chosen})


def without_shop(shops: ShopsFile, shop: str) -> ShopsFile:
    """The file without one of its shops."""
    raw = shops.model_dump(exclude_unset=True)
    return ShopsFile.model_validate({**raw, "shops": [one for one in raw["shops"] if one["key"] != shop]})


def in_mode(shops: ShopsFile, mode: Any, shop: str = "leeds") -> ShopsFile:
    """The file with one shop in a mode: a word, or entries from a day on."""
    return changed_shop(shops, shop, mode=mode)


def catalogue() -> Catalogue:
    """The range and the places of the two shops, as the simulated ERP holds them."""
    products = {
        sku: Product(IDS[sku], sku, stock_tracked=sku != "BAG", name=sku.title(), tax_code=code)
        for sku, code in RANGE.items()
    }
    rates = {"T20": Decimal(20), "T5": Decimal(5), "T0": Decimal(0)}
    places = {place: Place(place, 2 * place - 2, 2 * place - 1) for place in (3, 4)}
    return Catalogue(products, places, rates, frozenset({"TWIN"}), 1)


def sale(text: str, **other: Any) -> Sale:
    """The receipt as the canonical sale; ``other`` overrules its fields."""
    head, *rest = [row.split() for row in text.strip().splitlines()]
    words = iter(head[2:])
    shop, number, exclusive = head[0], head[1], "exclusive" in head
    marks = {word: next(words) for word in words if word in ("of", "from")}
    lines: list[Line] = []
    tenders: list[Tender] = []
    for row in rest:
        if row[0] in METHODS:
            tenders.append(_tender(len(tenders) + 1, row))
        else:
            lines.append(_line(str(len(lines) + 1), row, exclusive))
    sides = {line.returned for line in lines}
    sold_at = OPENED + timedelta(minutes=int(number) % 600 if number.isdigit() else 0)
    fields: dict[str, Any] = {
        "source": "file_drop", "account": "tills", "source_id": number, "shop": shop, "receipt_number": number,
        "kind": Kind.EXCHANGE if len(sides) == 2 else Kind.GOODS_RETURN if True in sides else Kind.SALE,
        "sold_at": sold_at, "time_zone": "Europe/London", "business_date": date(2026, 11, 20), "currency": "GBP",
        "prices_include_tax": not exclusive, "lines": tuple(lines), "tenders": tuple(tenders),
        "original_source_id": marks.get("of"), "customer": Customer(email=marks.get("from", "")),
    }  # fmt: skip
    return Sale(**{**fields, **other})


def minor(text: str) -> int:
    return int(Decimal(text) * 100)


def _line(line_id: str, row: list[str], exclusive: bool) -> Line:
    if row[0] in set(LineType):
        kind, quantity, sku, words = LineType(row[0]), Decimal(1), None, row[1:]
    else:
        kind, quantity, sku, words = LineType.ITEM, Decimal(row[0]), row[1], row[2:]
    amount, rates, extra = minor(words[0]), "", dict(_extra(words[1:]))
    if len(words) > 1 and words[1].endswith("%"):
        rates = words[1].rstrip("%")
    returned = quantity < 0 or "back" in extra
    together = sum((Decimal(rate) for rate in rates.split("+") if rate), Decimal(0))
    if "tax" in extra:
        tax = minor(extra["tax"])
    else:
        tax = tax_on_top(amount, together) if exclusive else tax_inside(amount, together)
    net = amount if exclusive else amount - tax
    shares = [Tax(rate=Decimal(rate), amount_minor=0, inclusive=not exclusive) for rate in rates.split("+") if rate]
    if shares:
        shares[0] = shares[0].model_copy(update={"amount_minor": tax})
    place = next((word for word in extra if word in PLACES), None)
    return Line(
        line_id=line_id, type=kind, returned=returned, sku=sku, description=extra.get("called", ""), quantity=quantity,
        taxes=tuple(shares), net_minor=net, tax_minor=tax, gross_minor=net + tax, ship_later="later" in extra,
        original=Original(source_id=extra["of"]) if "of" in extra else None,
        restock=Restock(place=place) if place else None,
    )  # fmt: skip


def _extra(words: list[str]) -> Iterator[tuple[str, str]]:
    rest = iter(words)
    for word in rest:
        if word in ("of", "called", "tax"):
            yield word, next(rest)
        elif not word.endswith("%"):
            assert word in {*PLACES, "later", "back"}, f"what is {word!r} on a receipt?"
            yield word, ""


def _tender(number: int, row: list[str]) -> Tender:
    kind = TenderType(row[0]) if row[0] in set(TenderType) else TenderType.OTHER
    change = minor(row[3]) if "change" in row else 0
    return Tender(
        tender_id=str(number), type=kind, method=row[0], amount_minor=minor(row[1]) - change, change_minor=change
    )
