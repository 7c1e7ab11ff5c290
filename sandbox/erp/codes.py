"""Every refusal the simulated ERP can give, in one table: code, HTTP status, text, and how far the source goes.

``seen`` codes were recorded or stand in the vendor's pages. ``invented`` ones fill a gap where no source names a code:
they are numbered from 901, so that nobody takes them for Brightpearl's.
"""

from __future__ import annotations

from dataclasses import dataclass


class ApiError(Exception):
    """A refused call: HTTP status and the ``errors`` list of the envelope."""

    def __init__(self, status: int, errors: list[dict[str, str]]) -> None:
        super().__init__(errors[0]["message"] if errors else "")
        self.status = status
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Refusal:
    code: str
    status: int
    text: str
    invented: bool = False

    def error(self, **values: object) -> ApiError:
        return ApiError(self.status, [{"code": self.code, "message": self.text.format(**values)}])


# Seen in recordings or the vendor's pages
NOT_FOUND = Refusal("CMNC-404", 404, "{what}")
LIST_NOT_ASCENDING = Refusal("CMNC-006", 400, "The IDs in the ID set '{value}' must be in ascending order")
BODY_MISSING = Refusal("CMNC-010", 400, "A JSON message body is required")
BAD_FILTER = Refusal("CMNC-018", 500, "The filter {name}={value} cannot be parsed as: {kind}")
PATCH_NO_VALUE = Refusal("CMNC-038", 400, "The path {path} has no value to {op}")
PATCH_PATH = Refusal("CMNC-043", 400, "The path {path} is not supported")
PATCH_OPERATION = Refusal("CMNC-044", 500, "The operation {op} is not allowed for the path {path}")
ORDER_TYPE_MISSING = Refusal("ORDC-005", 400, "You have not supplied an order type code")
ORDER_TYPE_INVALID = Refusal("ORDC-006", 400, "You have supplied an invalid order type code")
SUPPLIER_MISSING = Refusal("ORDC-022", 400, "Suppllier ID Required.")  # the recorded spelling
BUNDLE_ON_PURCHASE = Refusal("ORDC-023", 400, "Bundles are not allowed on purchase orders")
ROW_QUANTITY = Refusal("ORDC-024", 400, "The quantity of row {row} is invalid: '{value}'")
RESERVATION_PRODUCT = Refusal("WHSC-014", 400, "The product ID must be set and greater than 0")
AVAILABILITY_NO_IDS = Refusal("WHSC-020", 400, "You must supply at least one product ID")
NOT_STOCK_TRACKED = Refusal("WHSC-097", 400, "The product(s) {value} are not stock tracked")
NOT_IN_QUARANTINE = Refusal("WHSB-023", 400, "None of the requested products are available in location {value}")
WAREHOUSE_NAME_USED = Refusal("WHSB-038", 400, "The warehouse name '{value}' is already in use")
EVENT_UNKNOWN = Refusal("INTC-064", 400, "The event '{value}' does not exist or cannot be subscribed to")
BRAND_MISSING = Refusal("PRDC-014", 400, "You must supply a brand ID.")
BRAND_NAME_MISSING = Refusal("PRDC-024", 400, "You must supply a brand name.")

# Invented: common
BAD_ID_SET = Refusal("CMNC-901", 400, "'{value}' is not an ID set", True)
TOO_MANY_IDS = Refusal("CMNC-902", 400, "{count} IDs were asked for; this resource answers at most {limit}", True)
BODY_NOT_JSON = Refusal("CMNC-903", 400, "The message body is not valid JSON: {why}", True)
NO_SUCH_FILTER = Refusal("CMNC-904", 400, "'{value}' is neither a filter of this search nor a parameter", True)
NOT_SORTABLE = Refusal("CMNC-905", 400, "The search cannot be sorted by '{value}'", True)
NO_SUCH_COLUMN = Refusal("CMNC-906", 400, "The search has no column '{value}'", True)
BAD_PAGE = Refusal("CMNC-907", 400, "{name} must be a whole number from {low} to {high}, not '{value}'", True)
BAD_DATE = Refusal("CMNC-908", 400, "{name} '{value}' is not an ISO 8601 date or date-time", True)
PATCH_NOT_LIST = Refusal("CMNC-909", 500, "A patch must be a list of operations", True)
VERSION_DIFFERS = Refusal("CMNC-910", 412, "The If-Match version {given} is not the current version {current}", True)
BAD_MEMBER = Refusal("CMNC-911", 400, "{name} is invalid: {value}", True)
MULTI_COUNT = Refusal("CMNC-912", 400, "A multi-message carries 1 to 10 messages, not {value}", True)
MULTI_MODE = Refusal("CMNC-913", 400, "processingMode {mode} with onFail {fail} is not possible", True)
MULTI_METHOD = Refusal("CMNC-914", 400, "The method {value} is not possible inside a multi-message", True)
INTERNAL = Refusal("CMNU-003", 500, "An internal error has occurred")
FIELD_TYPE = Refusal("CMNC-915", 500, "The value of {code} is not a {kind}", True)
# Invented: orders
CUSTOMER_MISSING = Refusal("ORDC-901", 400, "customer.id is required", True)
CONTACT_UNKNOWN = Refusal("ORDC-902", 400, "The contact {value} does not exist", True)
PRODUCT_UNKNOWN = Refusal("ORDC-903", 400, "The product {value} of row {row} does not exist", True)
TAX_CODE_UNKNOWN = Refusal("ORDC-904", 400, "The tax code '{value}' of row {row} does not exist", True)
NOMINAL_UNKNOWN = Refusal("ORDC-905", 400, "The nominal code '{value}' of row {row} does not exist", True)
WAREHOUSE_UNKNOWN = Refusal("ORDC-906", 400, "The warehouse {value} does not exist", True)
CHANNEL_UNKNOWN = Refusal("ORDC-907", 400, "The channel {value} does not exist", True)
CURRENCY_UNKNOWN = Refusal("ORDC-908", 400, "The currency '{value}' does not exist on this account", True)
PRICE_LIST_UNKNOWN = Refusal("ORDC-909", 400, "The price list {value} does not exist", True)
STATUS_UNKNOWN = Refusal("ORDC-910", 400, "The order status {value} does not exist for a {type} or is hidden", True)
ROW_AMOUNT = Refusal("ORDC-911", 400, "The {name} of row {row} is invalid: '{value}' (at most 4 decimals)", True)
ROW_NEEDS_PRODUCT = Refusal("ORDC-912", 400, "Row {row} needs a productId or a name", True)
ORDER_UNKNOWN = Refusal("ORDC-913", 404, "The order {value} does not exist", True)
ALREADY_INVOICED = Refusal("ORDC-914", 400, "The order {value} has already been invoiced", True)
ORDER_CANCELLED = Refusal("ORDC-915", 400, "The order {value} is cancelled", True)
WRONG_TYPE = Refusal("ORDC-916", 400, "The order {value} is not a {type}", True)
CANNOT_CANCEL = Refusal("ORDC-917", 400, "The order {value} cannot be cancelled: {why}", True)
ROW_UNKNOWN = Refusal("ORDC-918", 404, "The row {value} does not exist on order {order}", True)
ROW_BELOW_FULFILLED = Refusal("ORDC-919", 400, "The quantity of row {value} cannot go below what is allocated", True)
PARENT_UNKNOWN = Refusal("ORDC-920", 400, "The parent order {value} does not exist", True)
TEXT_TOO_LONG = Refusal("ORDC-921", 400, "{name} has {length} characters; at most {limit} are possible", True)
STATUS_NAME = Refusal(
    "ORDC-922", 400, "An order status needs a name (1-64, unique), an orderTypeCode and a color", True
)
PRICE_MODE = Refusal("ORDC-923", 400, "priceModeCode must be INC or EXC, not '{value}'", True)
SHIPPING_METHOD_UNKNOWN = Refusal("ORDC-924", 400, "The shipping method {value} does not exist", True)
ROW_TAX = Refusal("ORDC-925", 400, "The tax {value} of row {row} is not that of its net at {rate} %", True)
PERIOD_LOCKED = Refusal("ORDC-926", 400, "The accounting period of order {value} is closed", True)
# Invented: accounting
METHOD_UNKNOWN = Refusal("ACCC-901", 400, "The payment method '{value}' does not exist or is not active", True)
PAYMENT_TYPE = Refusal(
    "ACCC-902", 400, "paymentType must be AUTH, CAPTURE, PAYMENT, RECEIPT or VOID, not '{value}'", True
)
PAYMENT_ORDER = Refusal("ACCC-903", 400, "The order {value} does not exist or takes no customer payments", True)
PAYMENT_CURRENCY = Refusal("ACCC-904", 400, "The currency '{value}' is not the order's currency {order}", True)
PAYMENT_AMOUNT = Refusal("ACCC-905", 400, "{name} is invalid: '{value}' (at most 2 decimals)", True)
PAYMENT_DUPLICATE = Refusal(
    "ACCC-906", 400, "A {method} payment with the transaction reference '{value}' already exists (payment {id})", True
)
# Invented: warehouse
NOTE_EMPTY = Refusal("WHSC-901", 400, "A goods-out note needs at least one warehouse with products", True)
NOTE_ROW = Refusal("WHSC-902", 400, "Row {row} is not a row of order {order} for product {product}", True)
NOTE_UNTRACKED = Refusal(
    "WHSC-903", 400, "Row {row}: product {product} is not stock tracked, it cannot be fulfilled", True
)
NOTE_QUANTITY = Refusal("WHSC-904", 400, "Row {row}: {value} asked, {left} left to fulfil", True)
NOT_ENOUGH = Refusal("WHSC-905", 400, "Product {product}: {value} asked, {left} on hand in warehouse {warehouse}", True)
NOTHING_TO_RESERVE = Refusal(
    "WHSC-906", 400, "Nothing of the requested products is available in warehouse {value}", True
)
WAREHOUSE_MISSING = Refusal("WHSC-907", 400, "The warehouse {value} does not exist", True)
NOTE_SHIPPED = Refusal("WHSC-908", 400, "The goods-out note {value} has been shipped", True)
EVENT_MEMBERS = Refusal("WHSC-909", 400, "eventCode, occured and eventOwnerId are all required", True)
EVENT_CODE = Refusal("WHSC-910", 400, "'{value}' is not possible as an event of this note", True)
LOCATION_UNKNOWN = Refusal("WHSC-911", 400, "The location {value} does not exist in warehouse {warehouse}", True)
BATCH_REFERENCE = Refusal("WHSC-912", 400, "The userBatchReference '{value}' is already used by note {id}", True)
ONE_WAREHOUSE = Refusal("WHSC-913", 400, "The order {value} is already reserved in warehouse {warehouse}", True)
REASON_MISSING = Refusal("WHSC-914", 400, "A stock correction needs a reason", True)
VALUE_CURRENCY = Refusal("WHSC-915", 400, "productValue must be in the base currency {value}", True)
STOCK_BOUND = Refusal("WHSC-916", 400, "Some of note {value} is already allocated or gone", True)
# Invented: product, contact, integration
PRODUCT_NAME_MISSING = Refusal("PRDC-901", 400, "A product needs a Brightpearl sales channel with a name", True)
SKU_TOO_LONG = Refusal("PRDC-902", 400, "The SKU '{value}' has more than 32 characters", True)
UNKNOWN_BRAND = Refusal("PRDC-903", 400, "The brand {value} does not exist", True)
UNKNOWN_TAX_ID = Refusal("PRDC-904", 400, "The tax code {value} does not exist", True)
BAD_PRICE = Refusal("PRDC-905", 400, "The price '{value}' for quantity {quantity} is invalid", True)
UNKNOWN_PRICE_LIST = Refusal("PRDC-906", 400, "The price list {value} does not exist", True)
CONTACT_NAMES = Refusal("CONC-901", 400, "firstName and lastName are required, at most 32 characters each", True)
ADDRESS_LINE = Refusal("CONC-902", 400, "addressLine1 is required", True)
ADDRESS_UNKNOWN = Refusal("CONC-903", 400, "The postal address {value} does not exist", True)
CANNOT_FORGET = Refusal("CONC-904", 400, "The contact {value} is not a customer and cannot be forgotten", True)
HOOK_MEMBERS = Refusal("INTC-901", 400, "{value}", True)
