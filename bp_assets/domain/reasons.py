"""Why a receipt is not (yet) a verified order: every reason code, who acts on it, and what to do.

The same table feeds the findings, the metadata in the Dagster UI and the operators' page; a code used anywhere
without a row here fails at import of the message. Read: nothing. Written: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. ``owner`` is who acts: ``shop``, ``finance``, ``warehouse``, ``data`` or ``nobody``."""

    code: str
    title: str
    owner: str
    what_to_do: str


_TABLE = (
    # Quarantine: received, not understood.
    Reason(
        "malformed",
        "the receipt can't be read",
        "data",
        "Look at the raw text with its place, mend the export, send the receipt again.",
    ),
    Reason(
        "missing_column",
        "the file lacks a declared column",
        "data",
        "Compare the header with the feed's columns in the shops file.",
    ),
    Reason(
        "bad_number",
        "a number is not a finite number",
        "data",
        "Mend the value at the named row and send the receipt again.",
    ),
    Reason(
        "wrong_currency",
        "the receipt is in another currency than the shop",
        "finance",
        "Check the till's currency; map the shop to it or correct the receipt.",
    ),
    Reason(
        "unknown_time_zone",
        "the time zone is not known",
        "data",
        "Use an IANA name such as Europe/London in the shops file or the receipt.",
    ),
    Reason(
        "unbalanced",
        "tenders do not add up to the lines",
        "shop",
        "Correct the receipt at the till; the two sums are in the message.",
    ),
    Reason(
        "totals_differ",
        "lines do not add up to the receipt's own totals",
        "data",
        "The export lost or changed a line; send the receipt again.",
    ),
    Reason(
        "conflicting_rows",
        "rows of one receipt contradict each other",
        "data",
        "One receipt number stands for two transactions; renumber one of them.",
    ),
    Reason(
        "unknown_location",
        "no shop is mapped to the till's location",
        "data",
        "Add the location to a shop in the shops file.",
    ),
    Reason(
        "refund_not_settled",
        "the till's refund has not gone through",
        "shop",
        "Repeat or cancel the refund at the till; the receipt comes again when it is settled.",
    ),
    Reason(
        "changed_after_posting",
        "the till changed a receipt that was already taken",
        "finance",
        "Compare the two versions; correct the ERP order by hand or accept the first.",
    ),
    # Excluded: understood, deliberately not posted.
    Reason("void", "cancelled at the till before it closed", "nobody", "Nothing: a void is no sale."),
    Reason(
        "not_closed", "the basket is still open or parked", "nobody", "Nothing: it is taken when the till closes it."
    ),
    Reason(
        "zero_value",
        "every line is worth nothing",
        "warehouse",
        "A stock adjustment typed in as a receipt; book it in the ERP if it is real.",
    ),
    Reason(
        "cash_movement",
        "money moved without goods",
        "finance",
        "Float, paid-in or paid-out: part of the cash-up, not of sales.",
    ),
    Reason(
        "before_start",
        "from before the shop's first day with us",
        "nobody",
        "Nothing: the till's past is in the ERP by other ways. Change start_on in the shops file if it is not.",
    ),
    Reason(
        "excluded_by_rule",
        "an exclusion rule of the shops file names it",
        "finance",
        "Nothing, unless the rule is wrong.",
    ),
    Reason("empty", "the receipt has no lines", "nobody", "Nothing was sold or returned."),
    # Rejected: understood, refused by our maps or by the ERP.
    Reason(
        "tax_not_mapped",
        "no tax code is mapped for the till's tax",
        "finance",
        "Add the tax to the tax map, then retry.",
    ),
    Reason(
        "tender_not_mapped",
        "no payment method is mapped for the tender",
        "finance",
        "Add the tender to the tender map, then retry.",
    ),
    Reason(
        "unknown_sku",
        "the ERP has no product with this SKU",
        "data",
        "Create or alias the product, or allow non-stock rows, then retry.",
    ),
    Reason(
        "fractional_stock",
        "a stock-tracked product was sold in a fraction",
        "data",
        "Make the product untracked in the ERP or sell it in whole units, then retry.",
    ),
    Reason(
        "original_not_posted",
        "the sale this return belongs to is not in the ERP yet",
        "data",
        "Settle the original receipt first; the return follows on retry.",
    ),
    Reason(
        "not_enough_stock",
        "the ERP has less on hand than the till sold",
        "warehouse",
        "Count and correct the stock in the ERP, then retry.",
    ),
    Reason(
        "erp_refused",
        "the ERP refused the request",
        "data",
        "The ERP's own code and words are in the message; mend and retry.",
    ),
    Reason(
        "closed_period",
        "its day lies in an accounting period that is locked in the ERP",
        "finance",
        "Open the period in the ERP and retry; or book the receipt by hand in an open one.",
    ),
    Reason(
        "changed_in_erp",
        "its order was changed, cancelled or finished otherwise in the ERP before we had finished it",
        "finance",
        "Compare the order with the receipt. Undo the change in the ERP, or finish the order there, then retry.",
    ),
    Reason("no_access", "the ERP refused the credentials", "data", "Renew the token, then retry; nothing was sent."),
    Reason("too_many_attempts", "the ERP failed too often", "data", "Look at the ERP's status; retry when it answers."),
    Reason(
        "bad_answer",
        "the ERP's answer could not be understood",
        "data",
        "Report the recorded answer; retry looks up the state first.",
    ),
)

REASONS: dict[str, Reason] = {reason.code: reason for reason in _TABLE}


def reason(code: str) -> Reason:
    """The row of ``code``.

    Raises:
        KeyError: the code has no row, which is a mistake in our code.
    """
    return REASONS[code]
