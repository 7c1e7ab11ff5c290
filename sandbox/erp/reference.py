"""The account's small lists as a fresh UK account would have them: taxes, chart, methods, shops, statuses.

Everything here is data of one :class:`Reference`; a reset makes a new one, so a test may edit it freely.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ORDER_TYPES = {
    "SO": (1, "SALES_ORDER"),
    "PO": (2, "PURCHASE_ORDER"),
    "SC": (3, "SALES_CREDIT"),
    "PC": (4, "PURCHASE_CREDIT"),
}
STOCK_STATUSES = ("SON", "SOP", "SOA", "PON", "POP", "POA", "SCN", "SCP", "SCA", "PCN", "PCP", "PCA", "NON")
STOCK_STATUS_TEXT = {"N": "not {verb}", "P": "part {verb}", "A": "all {verb}"}
SHIPPING_STATUSES = {
    "NST": (1, "No stock tracked products on order"),
    "SNS": (2, "Stock not shipped"),
    "SPS": (3, "Stock part shipped"),
    "ASS": (4, "All stock shipped"),
}
ALLOCATION_STATUSES = {"ANR": 1, "ANA": 2, "APA": 3, "AAA": 4}  # numbers unconfirmed: only a filter uses them
PAYMENT_STATUSES = {
    "UNPAID": 1,
    "PARTIALLY_PAID": 2,
    "PAID": 3,
    "AUTHORIZED": 4,
    "NOT_APPLICABLE": 5,
}  # 1-4 unconfirmed
COUNTRIES = {
    "GB": (222, "GBR", "United Kingdom"),
    "IE": (103, "IRL", "Ireland"),
    "FR": (73, "FRA", "France"),
    "DE": (81, "DEU", "Germany"),
    "ES": (195, "ESP", "Spain"),
    "US": (223, "USA", "United States"),
    "CR": (51, "CRI", "Costa Rica"),
}
SHOPS = (
    (2, "Main", 1, "Web"),
    (3, "Leeds", 2, "Leeds"),
    (4, "London", 3, "London"),
    (5, "York", 4, "York"),
    (6, "Bath", 5, "Bath"),
)


@dataclass(slots=True)
class TaxCode:
    """``rate`` in ten-thousandths of a percent; 0 and exempt codes are printed without a rate, as recorded."""

    id: int
    code: str
    description: str
    rate: int = 0


@dataclass(slots=True)
class Warehouse:
    id: int
    name: str
    type_code: str = "warehouse"
    address_id: int = 2
    default_location: int = 0
    quarantine_location: int = 0
    locations: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Channel:
    id: int
    name: str
    warehouse_id: int
    price_list_id: int = 2


@dataclass(slots=True)
class PriceList:
    id: int
    name: str
    code: str
    kind: str
    gross: bool
    currency: str = "GBP"


@dataclass(slots=True)
class OrderStatus:
    id: int
    name: str
    type: str
    state: str
    color: str = "#E7E6E4"
    visible: bool = True
    sort: int = 0
    remind_after_days: int = 10
    alert_emails: list[str] = field(default_factory=list)


@dataclass(slots=True)
class PaymentMethod:
    id: int
    code: str
    name: str
    bank: str
    active: bool = True


@dataclass(slots=True)
class Nominal:
    """``type`` is the chart's section: 1 asset, 2 liability, 3 sales, 4 direct cost, 5 overhead."""

    id: int
    code: str
    name: str
    type: int
    bank: bool = False
    discount: bool = False
    active: bool = True


_CHART = (
    ("1001", "Stock", 1),
    ("1100", "Accounts receivable", 1),
    ("1200", "Current account", 1),
    ("1210", "Card clearing", 1),
    ("1230", "Till cash", 1),
    ("1240", "PayPal", 1),
    ("1250", "Gift card clearing", 1),
    ("1260", "Voucher clearing", 1),
    ("1270", "Exchange clearing", 1),
    ("2100", "Accounts payable", 2),
    ("2200", "VAT on sales", 2),
    ("2201", "VAT on purchases", 2),
    ("2230", "Gift card liability", 2),
    ("2240", "Tips payable", 2),
    ("2250", "Customer deposits", 2),
    ("4000", "Sales", 3),
    ("4001", "Sales in shops", 3),
    ("4002", "Sales online", 3),
    ("4010", "Service charge", 3),
    ("4040", "Shipping charged", 3),
    ("4900", "Other sales", 3),
    ("4905", "Discounts given", 3),
    ("4909", "Till rounding", 3),
    ("5000", "Cost of sales", 4),
    ("5100", "Carriage", 4),
    ("5200", "Stock adjustments", 4),
    ("7906", "Exchange differences", 5),
)
_BANKS = ("1200", "1210", "1230", "1240", "1250", "1260", "1270")


def _locations(warehouse: int) -> dict[int, dict[str, Any]]:
    default = 2 * warehouse - 2
    return {
        default: {
            "id": default,
            "warehouseId": warehouse,
            "groupingA": "0",
            "groupingB": "0",
            "groupingC": "0",
            "groupingD": "0",
        },
        default + 1: {"id": default + 1, "warehouseId": warehouse, "groupingA": "Quarantine"},
    }


class Reference:
    """The lists by ID or code. Taxes: T20, T5, T0, T9 (outside the scope), T1 (standard, old), T2 (exempt)."""

    def __init__(self, base_currency: str) -> None:
        taxes = (
            TaxCode(1, "T0", "Zero rated"),
            TaxCode(2, "T20", "Standard rate", 200000),
            TaxCode(3, "T5", "Reduced rate", 50000),
            TaxCode(4, "T9", "Outside the scope"),
            TaxCode(5, "T1", "Standard rate (old)", 200000),
            TaxCode(6, "T2", "Exempt"),
        )
        self.tax_codes = {tax.id: tax for tax in taxes}
        self.tax_by_code = {tax.code: tax for tax in taxes}
        self.nominals = {
            code: Nominal(at + 1, code, name, kind, code in _BANKS, code == "4905")
            for at, (code, name, kind) in enumerate(_CHART)
        }
        self.payment_methods = {
            method.code: method
            for method in (
                PaymentMethod(1, "CASH", "Till cash", "1230"),
                PaymentMethod(2, "CARD", "Card terminal", "1210"),
                PaymentMethod(3, "GIFTCARD", "Gift card", "1250"),
                PaymentMethod(4, "VOUCHER", "Voucher", "1260"),
                PaymentMethod(5, "ACCOUNT", "On account", "1200"),
                PaymentMethod(6, "PAYPAL", "PayPal", "1240"),
                PaymentMethod(7, "OTHER", "Other tender", "1200"),
                PaymentMethod(8, "CHEQUE", "Cheque", "1200", active=False),
                PaymentMethod(9, "EXCHANGE", "Exchange clearing", "1270"),
            )
        }
        self.currencies: dict[str, dict[str, Any]] = {
            code: {"id": number, "title": title, "code": code, "symbol": symbol, "rate": rate}
            for number, title, code, symbol, rate in (
                (1, "Pound sterling", "GBP", "£", 1000000),
                (2, "Euro", "EUR", "€", 1170000),
                (3, "US dollar", "USD", "$", 1270000),
            )
        }
        self.base_currency = base_currency
        self.exchange_rates: dict[int, list[dict[str, Any]]] = {}
        self.warehouses = {
            number: Warehouse(
                number,
                name,
                default_location=2 * number - 2,
                quarantine_location=2 * number - 1,
                locations=_locations(number),
            )
            for number, name, _, _ in SHOPS
        }
        self.zones: dict[int, list[dict[str, Any]]] = {}
        self.channels = {channel: Channel(channel, name, warehouse) for warehouse, _, channel, name in SHOPS}
        self.price_lists = {
            1: PriceList(1, "Cost", "COST", "BUY", False),
            2: PriceList(2, "Retail", "RETAIL", "SELL", True),
            3: PriceList(3, "Trade", "TRADE", "SELL", False),
        }
        self.statuses = {
            status.id: status
            for status in (
                OrderStatus(1, "Draft / Quote", "SO", "draft"),
                OrderStatus(2, "New web order", "SO", "new"),
                OrderStatus(3, "New phone order", "SO", "new"),
                OrderStatus(4, "Invoiced", "SO", "invoiced"),
                OrderStatus(5, "Canceled SO", "SO", "cancelled"),
                OrderStatus(6, "Pending PO", "PO", "draft"),
                OrderStatus(7, "Placed with supplier", "PO", "new"),
                OrderStatus(8, "Canceled PO", "PO", "cancelled"),
                OrderStatus(9, "Invoice received", "PO", "invoiced"),
                OrderStatus(10, "Sales credit", "SC", "new"),
                OrderStatus(11, "Credit complete", "SC", "invoiced"),
                OrderStatus(12, "Purchase credit", "PC", "new"),
                OrderStatus(13, "Cancelled credit", "SC", "cancelled"),
                OrderStatus(14, "Purchase credit complete", "PC", "invoiced"),
            )
        }
        self.brands = {
            74: {"id": 74, "name": "House", "description": ""},
            75: {"id": 75, "name": "Kiln", "description": ""},
        }
        self.seasons: dict[int, dict[str, Any]] = {}
        self.product_types: dict[int, dict[str, Any]] = {
            1: {"id": 1, "name": "Default", "associations": {"options": []}}
        }
        self.options: dict[int, str] = {}
        self.option_values: dict[int, tuple[int, str]] = {}  # value -> its option, its text
        self.contact_statuses = {1: "Active", 2: "On hold"}  # 0, the status of most contacts, has no name
        self.shipping_methods = {
            1: {"id": 1, "code": "COLLECT", "name": "Taken in the shop"},
            2: {"id": 2, "code": "POST", "name": "Post, second class"},
            4: {"id": 4, "code": "COURIER", "name": "Courier, next day"},
            49: {"id": 49, "code": "VAN", "name": "Own van"},
        }

    def status_in(self, type_code: str, state: str) -> int:
        """The ID of the first status of an order type in a state such as ``invoiced``."""
        return next(
            status.id for status in self.statuses.values() if status.type == type_code and status.state == state
        )


DEFAULT_STATUS = {"SO": 3, "PO": 6, "SC": 10, "PC": 12}
