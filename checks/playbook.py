"""The playbook as code: every check, every kind of finding, how grave it is, who acts and what they do.

The same entries feed the findings, the metadata in the Dagster UI and ``docs/checks.md`` (a test holds them together).
Read: nothing. Written: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """``INFO`` is listed and does not fail a check, ``WARN`` waits with a reason, ``ERROR`` needs somebody today."""

    INFO = 0
    WARN = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """One cause within a check. ``owner`` is shop, finance, warehouse or data."""

    name: str
    severity: Severity
    owner: str
    meaning: str
    what_to_do: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check. It stands on the asset of ``table``, after those of ``reads`` were refreshed."""

    name: str
    table: str
    reads: tuple[str, ...]
    description: str
    kinds: tuple[Kind, ...]

    def kind(self, name: str) -> Kind:
        """The kind of a name.

        Raises:
            KeyError: the check has no such kind.
        """
        for kind in self.kinds:
            if kind.name == name:
                return kind
        raise KeyError(f"check {self.name} has no kind {name!r}; it has {', '.join(k.name for k in self.kinds)}")


INFO, WARN, ERROR = Severity.INFO, Severity.WARN, Severity.ERROR

UNPOSTED_SALES = Check(
    "unposted_sales", "posting_log", ("pos_transactions",),
    "Receipts that are not verified in the ERP although the promise is over, or that wait with a reason.",
    (
        Kind("pending", ERROR, "data", "Nothing of it was sent within the promise.",
             "Look whether the posting run is alive and the ERP answers; it is sent by the next run."),
        Kind("sending", ERROR, "data", "Posting began and did not end within the promise.",
             "Look at the last run of post_sales; the next run looks up what arrived and goes on."),
        Kind("unknown", ERROR, "data", "The ERP's answer to a call was lost and is not looked up yet.",
             "Look whether the ERP answers; the next run looks it up before it sends anything again."),
        Kind("unverified", ERROR, "data", "It was posted but not read back equal within the promise.",
             "Run read_back; if it stays, compare the order in the ERP with the receipt."),
        Kind("differing", ERROR, "finance", "Its order was read back and differs; each field is named.",
             "Put the order right in the ERP; it is read back again by the next read_back."),
        Kind("rejected", WARN, "data", "Our maps or the ERP refused it; the reason is named.",
             "Mend what the reason names, then retry."),
        Kind("quarantined", WARN, "data", "The receipt came but could not be understood; the reason is named.",
             "Mend what the reason names and send the receipt again."),
    ),
)  # fmt: skip

TAX_MISMATCHES = Check(
    "tax_mismatches", "posted_order_rows", ("posted_orders", "pos_lines", "pos_transactions", "tax_codes"),
    "Tax per line and per order: the till's beside the shops file's map and the ERP's code, rate and amount.",
    (
        Kind("missing_map", WARN, "finance", "No tax code is mapped for the till's tax.",
             "Add the tax to the tax map of the shops file, then retry the receipt."),
        Kind("code", ERROR, "finance", "The ERP row carries another tax code than the map gives.",
             "Correct the row's tax code in the ERP, or the tax map if the ERP is right."),
        Kind("rate", ERROR, "finance", "The till's rate is not the rate of the ERP's code, or not what it charged.",
             "Find out which rate is lawful; correct it at the till or map the till's rate to its own code."),
        Kind("inclusive_exclusive", ERROR, "finance", "The tax is what the other price basis would give.",
             "Correct prices_include_tax of the till or of its feed in the shops file."),
        Kind("rounding", WARN, "finance", "The tax is off by more than a smallest unit, as rounding in steps does.",
             "Nothing if the till rounds by unit; otherwise report it to the till's supplier."),
        Kind("order_tax", ERROR, "finance", "The tax of an order or credit differs from that of its lines at the till.",
             "Correct the order in the ERP: tax is passed through and must agree to the penny."),
    ),
)  # fmt: skip

RETURN_DRIFT = Check(
    "return_drift", "posted_orders", 
    ("pos_lines", "pos_tenders", "pos_transactions", "posted_goods", "posted_payments"),
    "Returns: what came back at the till beside what was credited, restocked and refunded in the ERP.",
    (
        Kind("not_credited", ERROR, "finance", "Goods came back and the ERP has no credit.",
             "Make the credit in the ERP, or look why posting ended without it."),
        Kind("credited_other_amount", ERROR, "finance", "The credit is of another amount than the return.",
             "Correct the credit in the ERP to the receipt's amount."),
        Kind("credited_other_quantity", ERROR, "finance", "The credit is of another quantity than came back.",
             "Correct the quantity on the credit in the ERP."),
        Kind("not_restocked", ERROR, "warehouse", "Goods came back and the ERP's stock did not grow by them.",
             "Receive the goods in the ERP against the credit."),
        Kind("restocked_other_place", ERROR, "warehouse", "The goods were received at another place than they are in.",
             "Move the goods in the ERP to the place where they are."),
        Kind("not_refunded", ERROR, "finance", "The till paid money back that the ERP does not know of.",
             "Enter the refund on the credit in the ERP."),
        Kind("refunded_other_amount", ERROR, "finance", "The ERP's refund differs from what the till paid back.",
             "Correct the refund in the ERP to what the till paid."),
        Kind("over_returned", WARN, "shop", "More came back than was sold on the original line.",
             "Look at the receipts of that line: one return was typed in twice or against the wrong sale."),
        Kind("unlinked", INFO, "shop", "The original sale of a return is not named or not known to us.",
             "Nothing if the till allows returns without a receipt; it can't be checked against a sale."),
    ),
)  # fmt: skip

STOCK_DRIFT = Check(
    "stock_drift", "stock_levels", (
        "posted_goods", "stock_corrections", "posted_orders", "pos_lines", "pos_transactions", "products",
    ),
    "Per product and warehouse: goods that left at the tills less goods that left in the ERP, and why.",
    (
        Kind("unexplained", ERROR, "warehouse", "Till and ERP moved unlike quantities, without a reason.",
             "Compare the named receipts with their goods notes; correct the stock in the ERP."),
        Kind("parked", WARN, "warehouse", "Goods left with receipts that are rejected: the ERP still counts them.",
             "Settle the receipts (see unposted_sales); the stock follows by itself."),
        Kind("unknown_sku", WARN, "data", "Goods were sold under a SKU that the ERP does not have.",
             "Create or alias the product in the ERP and correct its stock by the quantity."),
        Kind("negative_stock", WARN, "warehouse", "The ERP holds less than nothing.",
             "Count the product and correct its stock in the ERP."),
        Kind("inconsistent_stock", WARN, "data", "On hand is not in stock less allocated.",
             "Refresh stock_levels; if it stays, report it to the ERP's support."),
    ),
)  # fmt: skip

CONSERVATION = Check(
    "conservation", "sales_reconciliation", ("pos_transactions", "till_totals", "posted_orders"),
    "Per shop and day nothing is lost: transactions = verified + rejected + quarantined + excluded + unsettled, "
    "in count and money, proven from the till's own totals.",
    (
        Kind("missing_receipts", ERROR, "data", "The till counts more transactions than we hold.",
             "Fetch that day from the till again; name the numbers to the shop if they stay away."),
        Kind("surplus_receipts", ERROR, "data", "We hold more transactions than the till counts.",
             "Look for a receipt that came twice under two ids, or for a till left out of the totals."),
        Kind("till_money", ERROR, "finance", "The till's own gross differs from the receipts we hold.",
             "Compare the till's day report with pos_transactions; a receipt is missing or was changed."),
        Kind("unread_money", WARN, "data", "The money of receipts that could not be read is missing from the proof.",
             "Mend the quarantined receipts of that day; the proof closes by itself."),
        Kind("states_leak", ERROR, "data", "The states do not add up to the receipts: a receipt is in none or in two.",
             "Report it with the row: this is a fault of the pipeline, not of the shop."),
        Kind("unexplained_money", ERROR, "finance", "Till and ERP differ and the receipt's state does not explain it.",
             "Compare the order in the ERP with the receipt; somebody may have changed or deleted it."),
        Kind("erp_only", ERROR, "finance", "The ERP holds money under our reference that no receipt of ours explains.",
             "Find out who made the order; cancel it or restore the receipt."),
        Kind("number_gap", WARN, "shop", "Receipt numbers of a till are missing between two that we hold.",
             "Look the numbers up at the till: sold, voided or never printed. Send what was sold."),
    ),
)  # fmt: skip

CHANGED_RECEIPTS = Check(
    "changed_receipts", "pos_transactions", ("receipt_versions",),
    "Receipts that the till sent again with other content after they were taken.",
    (
        Kind("changed", WARN, "finance", "A later version differs from the one that was posted; the first stands.",
             "Compare the two versions; correct the ERP order by hand or accept the first."),
    ),
)  # fmt: skip

SHOP_HEALTH = Check(
    "shop_health", "shop_health", ("pos_transactions",),
    "Every shop by itself: its till answers, its sales get through within the promise, nothing waits for a person.",
    (
        Kind("misconfigured", ERROR, "data", "Its entry in the shops file is wrong: it is left out, the others go on.",
             "Mend the entry (`tillbridge preflight` names every fault); its sales wait and go out by themselves."),
        Kind("not_asked", ERROR, "data", "Nobody has asked its till for a quarter of an hour.",
             "Look whether tillbridge live runs and the sensor new_sales is on; the mark stands, nothing is lost."),
        Kind("till_resting", ERROR, "data", "Its till failed too often in a row and is left alone for a while.",
             "Mend what the error names: token, network or folder. It is asked again by itself."),
        Kind("posting_late", ERROR, "data", "Sales of it are not verified in the ERP within the promise.",
             "Look whether post_sales and read_back run and the ERP answers; what waits is sent by the next run."),
        Kind("till_failing", WARN, "data", "Its till did not answer when it was last asked.",
             "Nothing yet: it is asked again within seconds. If it stays, mend what the error names."),
        Kind("erp_refusing", WARN, "data", "The ERP or what it holds (product, stock, warehouse) refuses sales.",
             "Mend what the reason names in the ERP, then retry."),
        Kind("map_incomplete", WARN, "finance", "The shops file has no code for a tax or tender of it.",
             "Add it to the map of the shops file, then retry."),
        Kind("unreadable", WARN, "data", "Receipts of it came and could not be understood.",
             "Mend what the reason names and send the receipts again."),
        Kind("not_in_file", WARN, "data", "Receipts of it are open, but the shops file no longer has it.",
             "Put the shop back until all its receipts are settled."),
    ),
)  # fmt: skip

CANCELLED_STATUSES = Check(
    "cancelled_statuses", "cancelled_statuses", ("order_statuses",),
    "The order statuses that mean cancelled are there: cancelled orders are no demand and nothing on order.",
    (
        Kind("status_missing", ERROR, "data", "The shops file names a cancelled status that the account does not have.",
             "Correct the name in the shops file: somebody renamed or deleted the status in the ERP."),
        Kind("none_cancelled", WARN, "data", "No status of sales, or of purchases, is called cancelled.",
             "Name those that mean it in the shops file, under forecasting."),
    ),
)  # fmt: skip

STOCK_POSITION = Check(
    "stock_position", "stock_position", ("stock_levels", "stock_on_order"),
    "stock_position agrees with the ERP's four figures: each figure is the sum of its parts.",
    (
        Kind("on_hand", ERROR, "data", "On hand is not in stock less allocated.",
             "Refresh stock_levels, then stock_position; if it stays, report it to the ERP's support."),
        Kind("allocated", WARN, "data", "What is allocated is not what is reserved and on unshipped notes.",
             "The tables were read at different moments: refresh them; if it stays, look for the order in the ERP."),
        Kind("available", ERROR, "data", "Available is not on hand, on order and inbound together.",
             "Materialise stock_position; if it stays, this is a fault of the pipeline."),
    ),
)  # fmt: skip

FRESHNESS = Check(
    "freshness", "", (),
    "How long ago a table was last brought up to date, against how often that should happen.",
    (
        Kind("stale", WARN, "data", "The table was not refreshed for longer than its cadence.",
             "Look whether its schedule is on and its last run succeeded; materialise it."),
        Kind("old_rows", WARN, "data", "Rows that are read again in turn were not read for longer than promised.",
             "Look how many requests its runs spend and what the cap leaves them; a full pull reads all rows at once."),
        Kind("never_filled", WARN, "data", "The table was never refreshed.",
             "Materialise it once; if that fails, read the run's error."),
    ),
)  # fmt: skip

CONTRACTS = Check(
    "contracts", "", (),
    "Each table is as described: columns, empty values, keys, allowed values, sums, references.",
    (
        Kind("columns", ERROR, "data", "A column is missing, unknown or of another type than described.",
             "Apply the lake's migrations, or correct lake/tables.py."),
        Kind("empty", ERROR, "data", "A value is missing in a column that must have one.",
             "Find the rows by the query in the docs; the code that fills the table is at fault."),
        Kind("duplicate_key", ERROR, "data", "Two rows have the same key.",
             "Rebuild the table; if it comes back, the write is not an upsert on its key."),
        Kind("value", ERROR, "data", "A value outside the allowed ones.",
             "Find the source of the value; extend the list only if the ERP or till really has a new one."),
        Kind("sum", ERROR, "data", "Amounts of a row do not add up.",
             "Compare the row with its source; no amount may be changed on the way."),
        Kind("reference", WARN, "data", "A row refers to one that is not in the lake.",
             "Refresh the table it refers to; if it stays, the source deleted the row."),
    ),
)  # fmt: skip

CHECKS: tuple[Check, ...] = (
    UNPOSTED_SALES, TAX_MISMATCHES, RETURN_DRIFT, STOCK_DRIFT, CONSERVATION, CHANGED_RECEIPTS, SHOP_HEALTH,
    CANCELLED_STATUSES, STOCK_POSITION, FRESHNESS, CONTRACTS,
)  # fmt: skip

BY_NAME: dict[str, Check] = {check.name: check for check in CHECKS}
