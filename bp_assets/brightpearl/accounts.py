"""The account's small lists: tax codes, nominal codes, payment methods, currencies, statuses, configuration.

Read: ``accounting-service``, ``order-service``, ``integration-service``. Written: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import BadAnswer
from bp_assets.brightpearl.reading import Misread, Record, decode_list, decode_rows, record_of
from bp_assets.brightpearl.search import search

ACCOUNTING = "/accounting-service"


@dataclass(frozen=True, slots=True)
class TaxCode:
    """``rate`` in percent; the ERP leaves a rate of zero out."""

    tax_code_id: int
    code: str
    description: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class NominalCode:
    code: str
    name: str
    type_id: int
    bank: bool
    active: bool


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """``bank_codes`` maps a currency to the nominal code of the bank account that its money goes to."""

    method_id: int
    code: str
    name: str
    active: bool
    bank_codes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Currency:
    currency_id: int
    code: str
    name: str
    symbol: str
    exchange_rate: Decimal
    default: bool


@dataclass(frozen=True, slots=True)
class OrderStatus:
    status_id: int
    name: str
    order_type: str
    disabled: bool
    visible: bool
    state: str = ""  # draft, new, invoiced, cancelled, ...


def tax_codes(client: ErpClient) -> list[TaxCode | Misread]:
    return decode_list("tax-code", client.get(f"{ACCOUNTING}/tax-code"), "id", _tax_code)


def nominal_codes(client: ErpClient) -> list[NominalCode | Misread]:
    return decode_list("nominal-code", client.get(f"{ACCOUNTING}/nominal-code"), "code", _nominal_code)


def payment_methods(client: ErpClient) -> list[PaymentMethod | Misread]:
    return decode_list("payment-method", client.get(f"{ACCOUNTING}/payment-method"), "id", _payment_method)


def currencies(client: ErpClient) -> list[Currency | Misread]:
    return decode_rows("currency", search(client, f"{ACCOUNTING}/currency-search", {}), "id", _currency)


def order_statuses(client: ErpClient) -> list[OrderStatus | Misread]:
    return decode_list("order-status", client.get("/order-service/order-status"), "statusId", _order_status)


def account_configuration(client: ErpClient) -> dict[str, str]:
    """The account's settings, all as text: ``baseCurrencyCode``, ``newSalesOrderStatusId``, ``timeZone``, ..."""
    answer = client.get("/integration-service/account-configuration")
    values = record_of("account-configuration", answer).raw.get("configuration")
    if not isinstance(values, dict):
        raise BadAnswer("account-configuration: no configuration in the answer", answer.status)
    return {str(name): "" if value is None else str(value) for name, value in values.items()}


def locked_until(client: ErpClient) -> date | None:
    """The last day of the locked accounting periods, or ``None``: closing on or before it does not work."""
    answer = client.get(f"{ACCOUNTING}/accounting-period-lock")
    if answer.empty:
        return None
    try:
        return date.fromisoformat(record_of("accounting-period-lock", answer).text("lockedUntil")[:10])
    except ValueError as why:
        raise BadAnswer(f"accounting-period-lock: {why}", answer.status) from None


def _tax_code(raw: Record) -> TaxCode:
    rate = raw.number("rate", default=Decimal(0))
    return TaxCode(raw.whole("id"), raw.text("code"), raw.text("description", default=""), rate)


def _nominal_code(raw: Record) -> NominalCode:
    return NominalCode(
        code=raw.text("code"),
        name=raw.text("name", default=""),
        type_id=raw.whole("type", "id", default=0),
        bank=raw.flag("bank", default=False),
        active=raw.flag("active", default=True),
    )


def _payment_method(raw: Record) -> PaymentMethod:
    banks = [Record(one) for one in raw.items("bankAccounts")]
    return PaymentMethod(
        method_id=raw.whole("id", default=0),
        code=raw.text("code"),
        name=raw.text("name", default=""),
        active=raw.flag("isActive", default=True),
        bank_codes={one.text("currencyIsoCode"): one.text("bankAccountNominalCode", default="") for one in banks},
    )


def _currency(raw: Record) -> Currency:
    return Currency(
        currency_id=raw.whole("id"),
        code=raw.text("code"),
        name=raw.text("title", default=""),
        symbol=raw.text("symbol", default=""),
        exchange_rate=raw.number("exchangeRate", default=Decimal(1)),
        default=raw.flag("isDefault", default=False),
    )


def _order_status(raw: Record) -> OrderStatus:
    return OrderStatus(
        status_id=raw.whole("statusId"),
        name=raw.text("name", default=""),
        order_type=raw.text("orderTypeCode", default=""),
        disabled=raw.flag("disabled", default=False),
        visible=raw.flag("visible", default=True),
        state=raw.text("state", default=""),
    )
