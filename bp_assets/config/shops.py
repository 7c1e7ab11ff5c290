"""The shops file as typed, validated data; ``reading.py`` makes it from TOML.

Read: the environment variable that overrides the ERP's address. Written: nothing. Secrets never stand in the file: it
names the environment variables that hold them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, PrivateAttr, field_validator, model_validator

from bp_assets.config.feeds import Feed, FileDropFeed
from bp_assets.config.forecasting import Forecasting
from bp_assets.config.lanes import Lanes
from bp_assets.config.modes import Mode, Modes, closes_at, in_order, mode_on
from bp_assets.domain.sale import Line, LineType

UNPAID = "unpaid"  # a tender mapped to this is owed, not paid: no payment is posted


class ConfigError(Exception):
    """The shops file can't be used. The message lists every fault with its place, one per line."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Erp(_Part):
    """The Brightpearl account. One request cap, one poster, one integration instance id for all shops.

    ``base_url`` is the datacentre, for example ``https://euw1.brightpearlconnect.com``; the variable
    ``TILLBRIDGE_ERP_URL`` overrides it. ``minute_seconds`` is how long the cap's minute lasts, which only a sandbox
    shortens; the variable ``TILLBRIDGE_ERP_MINUTE_SECONDS`` overrides it.
    """

    base_url: str
    account: str
    app_ref: str
    dev_ref: str = ""
    account_token_env: str = "TILLBRIDGE_ERP_TOKEN"  # noqa: S105  # the name of a variable, not a secret
    auth: Literal["account_token", "oauth"] = "account_token"
    refresh_token_env: str = "TILLBRIDGE_ERP_REFRESH_TOKEN"  # noqa: S105  # the name of a variable
    client_secret_env: str = "TILLBRIDGE_ERP_CLIENT_SECRET"  # noqa: S105  # the name of a variable
    oauth_token_url: str = ""
    integration_instance_id: PositiveInt | None = None  # without one, each order is looked up before it is sent
    currency: str = Field(pattern="^[A-Z]{3}$")
    requests_per_minute: int = Field(default=200, ge=1)
    reserve_percent: int = Field(default=10, ge=0, le=50)
    minute_seconds: float = Field(default=60, gt=0, le=3600)
    lanes: Lanes = Lanes()
    timeout_seconds: float = Field(default=30, gt=0, le=300)
    new_order_status_id: PositiveInt | None = None  # default: the account's own
    new_credit_status_id: PositiveInt | None = None
    shipping_method_id: int = 0
    event_owner_contact_id: PositiveInt = 4  # who ships: required on every goods-out event
    search_lag_seconds: float = Field(default=10, ge=0, le=600)
    cost_price_list_id: PositiveInt = 1  # what returned goods are worth where no order row says it (end_of_day)
    product_channels: tuple[PositiveInt, ...] = ()  # whose own entry of every product is read too

    @field_validator("product_channels")
    @classmethod
    def _once_each(cls, channels: tuple[int, ...]) -> tuple[int, ...]:
        twice = [str(one) for one, count in Counter(channels).items() if count > 1]
        if twice:
            raise ValueError(f"names channel {', '.join(twice)} more than once; each is read once")
        return channels

    @property
    def url(self) -> str:
        return (os.environ.get("TILLBRIDGE_ERP_URL") or self.base_url).rstrip("/")

    @property
    def minute(self) -> float:
        """Seconds within which the cap counts requests.

        Raises:
            ConfigError: the variable holds no number of seconds.
        """
        said = os.environ.get("TILLBRIDGE_ERP_MINUTE_SECONDS")
        if not said:
            return self.minute_seconds
        try:
            seconds = float(said)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds <= 3600:
            raise ConfigError(f"TILLBRIDGE_ERP_MINUTE_SECONDS is {said!r}; it takes seconds above 0 and up to 3600")
        return seconds


class NominalCodes(_Part):
    """Where money that is no product goes. ``sales`` empty: the product's own code decides."""

    sales: str = ""
    discount: str
    shipping: str
    service_charge: str
    tip: str
    gift_card: str
    rounding: str
    fee: str
    deposit: str
    adjustment: str

    def for_line(self, kind: LineType) -> str:
        return self.sales if kind is LineType.ITEM else getattr(self, _NOMINAL[kind])


_NOMINAL = {
    LineType.DISCOUNT: "discount",
    LineType.SHIPPING: "shipping",
    LineType.TIP: "tip",
    LineType.GIFT_CARD_SALE: "gift_card",
    LineType.SERVICE_CHARGE: "service_charge",
    LineType.FEE: "fee",
    LineType.DEPOSIT: "deposit",
    LineType.ROUNDING: "rounding",
    LineType.ADJUSTMENT: "adjustment",
}


class Posting(_Part):
    """What posting does where a choice exists.

    ``unknown_sku``: ``non_stock_row`` posts the till's text without stock (and reports it), ``reject`` parks the sale.
    ``promise_seconds``: a sale older than this that is not posted is a finding.
    """

    unknown_sku: Literal["non_stock_row", "reject"] = "non_stock_row"
    promise_seconds: int = Field(default=900, ge=1)
    max_attempts: int = Field(default=8, ge=1, le=100)
    batch_size: int = Field(default=200, ge=1, le=200)
    linger_seconds: float = Field(default=120, ge=0, le=3600)
    poll_seconds: float = Field(default=2, gt=0, le=600)
    stock_interval_seconds: float = Field(default=60, ge=0, le=3600)
    close_orders: bool = True
    zero_rated_code: str = ""  # tax code of rows that carry no tax at all (tips, rounding); default: tax_map["0"]


class Shop(_Part):
    """A place with tills. A new shop is a new entry here, no code."""

    key: str = Field(pattern="^[a-z0-9_]{1,32}$")
    name: str
    warehouse_id: PositiveInt
    channel_id: PositiveInt
    price_list_id: PositiveInt
    walk_in_contact_id: PositiveInt
    time_zone: str
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")
    mode: Modes = Mode.REALTIME
    close_at: time = time(3)  # end_of_day: when a trading day may be closed; before noon: of the next morning
    start_on: date | None = None  # first trading day to post; what the till knows from before is excluded
    ship_from_warehouse_id: PositiveInt | None = None  # for ship-later lines; default: the shop's warehouse
    tax_map: dict[str, str] = {}
    tender_map: dict[str, str] = {}
    feed: Feed

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"unknown time zone {name!r}; use an IANA name such as Europe/London") from None
        return name

    @field_validator("mode")
    @classmethod
    def _one_mode_a_day(cls, modes: Modes) -> Modes:
        return in_order(modes)

    @field_validator("close_at")
    @classmethod
    def _local(cls, at: time) -> time:
        if at.tzinfo is not None:
            raise ValueError("is a time in the shop's own time zone, without an offset")
        return at

    def mode_on(self, day: date) -> Mode:
        """How the receipts of a trading day are posted."""
        return mode_on(self.mode, day)

    def closes_at(self, day: date) -> datetime:
        """The instant from which an end_of_day trading day may be closed."""
        return closes_at(day, self.close_at, self.zone)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def feed_account(self) -> str:
        """The till account within its system; part of every sale's id."""
        return self.feed.account or self.key


class ShopsFile(_Part):
    """The whole file. Maps given for a shop win over the common ones, key by key."""

    erp: Erp
    posting: Posting = Posting()
    forecasting: Forecasting = Forecasting()
    nominal_codes: NominalCodes
    tax_map: dict[str, str]
    tender_map: dict[str, str]
    exchange_method: str = "EXCHANGE"  # clearing payment method: what one half of an exchange pays the other
    shops: tuple[Shop, ...] = Field(min_length=1)
    _broken: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def broken(self) -> Mapping[str, str]:
        """Shops that were left out because their entry is wrong: key -> every fault."""
        return self._broken

    def leaving_out(self, broken: Mapping[str, str]) -> ShopsFile:
        """The file without these shops, which ``broken`` then names: what is open of theirs waits for a sound entry."""
        left = tuple(shop for shop in self.shops if shop.key not in broken)
        file = self.model_copy(update={"shops": left})
        file._broken = {**self._broken, **broken}
        return file

    @model_validator(mode="after")
    def _no_twins(self) -> ShopsFile:
        twins = sorted(key for key, count in Counter(shop.key for shop in self.shops).items() if count > 1)
        faults = [f"shop key {key!r} stands twice; a key is a shop's identity" for key in twins]
        feeds: dict[tuple[object, ...], str] = {}
        for shop in self.shops:
            first = feeds.setdefault(_feed(shop), shop.key)
            if first != shop.key:
                faults.append(f"shop {shop.key!r} reads the same till feed as shop {first!r}; every sale would double")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def has(self, key: str) -> bool:
        """Whether there is a shop of this key."""
        return any(shop.key == key for shop in self.shops)

    def shop(self, key: str) -> Shop:
        """The shop of a key.

        Raises:
            KeyError: no such shop; the message lists the known ones.
        """
        for shop in self.shops:
            if shop.key == key:
                return shop
        raise KeyError(f"no shop {key!r} in the shops file; known: {', '.join(s.key for s in self.shops)}")

    def currency_of(self, shop: Shop) -> str:
        return shop.currency or self.erp.currency

    def tax_code(self, shop: Shop, line: Line) -> str | None:
        """The ERP tax code of a line: by the till's tax name first, then by its rate; ``None`` if nothing is mapped.

        A line without any tax takes ``posting.zero_rated_code``, or what rate 0 is mapped to.
        """
        if not line.taxes:
            return self.posting.zero_rated_code or self._lookup(shop, "0")
        # The ERP takes one code per row: several taxes on a line are mapped by names joined, or by summed rate.
        name = "+".join(tax.code for tax in line.taxes)
        named = {**self.tax_map, **shop.tax_map}.get(name) if name else None
        return named or self._lookup(shop, _rate_key(sum((tax.rate for tax in line.taxes), Decimal(0))))

    def _lookup(self, shop: Shop, rate: str) -> str | None:
        for table in (shop.tax_map, self.tax_map):
            for key, code in table.items():
                if _rate_key_of_text(key) == rate:
                    return code
        return None

    def payment_method(self, shop: Shop, method: str) -> str | None:
        """The ERP payment method code of a till's tender name (case is ignored), or ``None`` if it is not mapped."""
        table = {k.lower(): v for k, v in {**self.tender_map, **shop.tender_map}.items()}
        return table.get(method.lower())


def _feed(shop: Shop) -> tuple[object, ...]:
    """What no two shops may read: a location, a folder with its pattern.

    An account they may share: their receipts then know each other (a return at another shop).
    """
    if isinstance(shop.feed, FileDropFeed):
        return (shop.feed.path, shop.feed.pattern)
    return (shop.feed_account, shop.feed.location_id)


def _rate_key(rate: Decimal) -> str:
    """One spelling per rate: 20, 20.0 and 20.00 are the same key."""
    return format(rate.normalize(), "f") if rate else "0"


def _rate_key_of_text(key: str) -> str | None:
    try:
        return _rate_key(Decimal(key))
    except InvalidOperation:
        return None
