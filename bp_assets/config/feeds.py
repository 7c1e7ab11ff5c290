"""How a shop's receipts reach us: the part of the shops file that a till reader reads.

Read: nothing. Written: nothing. Every field is documented in ``docs/shops-file.md``.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bp_assets.config.home import home
from bp_assets.domain.sale import LineType, TenderType


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SquareFeed(_Part):
    """A Square account's location. ``overlap_hours`` re-reads that far behind the mark: offline sales arrive late."""

    kind: Literal["square"]
    account: str = "square"
    base_url: str = "https://connect.squareup.com"
    token_env: str = "SQUARE_ACCESS_TOKEN"  # noqa: S105  # the name of a variable, not a secret
    location_id: str
    version: str = "2026-08-19"
    overlap_hours: int = Field(default=72, ge=0, le=24 * 14)
    timeout_seconds: float = Field(default=20, gt=0, le=120)

    @property
    def url(self) -> str:
        """Where to call; ``TILLBRIDGE_SQUARE_URL`` overrides the file (a sandbox on a free port)."""
        return (os.environ.get("TILLBRIDGE_SQUARE_URL") or self.base_url).rstrip("/")


class Columns(_Part):
    """Which column of the file means what. Only ``receipt``, ``quantity`` and ``sold_at`` must exist.

    Amounts: declare ``unit_price`` (then line amount = quantity x price, rounded half away from zero) or the line
    amounts ``net``/``gross`` (and ``tax``) where the till exports them. ``discount`` is a line discount already inside
    the amounts. ``row_kind`` tells tender rows from line rows where both stand in one file.
    """

    receipt: str
    sold_at: str
    quantity: str
    line: str | None = None
    sku: str | None = None
    description: str | None = None
    unit_price: str | None = None
    net: str | None = None
    tax: str | None = None
    gross: str | None = None
    discount: str | None = None
    tax_rate: str | None = None
    tax_code: str | None = None
    currency: str | None = None
    register_id: str | None = Field(default=None, alias="register")
    operator: str | None = None
    session: str | None = None
    customer_id: str | None = None
    customer_email: str | None = None
    original_receipt: str | None = None
    original_line: str | None = None
    restock: str | None = None
    reason: str | None = None
    line_type: str | None = None
    row_kind: str | None = None
    tender_method: str | None = None
    tender_amount: str | None = None
    tender_tip: str | None = None
    tender_change: str | None = None
    tender_rounding: str | None = None
    tender_id: str | None = None
    time_zone: str | None = None
    stated_gross: str | None = None
    business_date: str | None = None
    ship_later: str | None = None
    order_ref: str | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ReturnMarker(_Part):
    """What marks a return: the sign of the quantity, a prefix of the receipt number, or values of a column.

    With ``positive_quantities`` the file writes returned quantities (and amounts) without a sign.
    """

    by: Literal["sign", "receipt_prefix", "column"] = "sign"
    prefix: str = ""
    column: str = ""
    values: tuple[str, ...] = ()
    positive_quantities: bool = False

    @model_validator(mode="after")
    def _complete(self) -> ReturnMarker:
        if self.by == "receipt_prefix" and not self.prefix:
            raise ValueError('returns.by = "receipt_prefix" needs returns.prefix')
        if self.by == "column" and not (self.column and self.values):
            raise ValueError('returns.by = "column" needs returns.column and returns.values')
        return self


class ExcludeRule(_Part):
    """Receipts whose every row has one of ``values`` (or the prefix) in ``column`` are excluded, with ``reason``."""

    column: str
    values: tuple[str, ...] = ()
    starts_with: str = ""
    reason: str


class FileDropFeed(_Part):
    """A folder that a till writes files into; one row per line of a receipt. Read it through :attr:`path`."""

    kind: Literal["file_drop"]
    account: str | None = None  # default: the shop's key
    folder: Path
    format: Literal["auto", "csv", "ndjson", "parquet"] = "auto"
    pattern: str = "*"
    delimiter: str = ","
    encoding: str = "utf-8"
    settle_seconds: float = Field(default=2.0, ge=0, le=3600)
    columns: Columns
    prices_include_tax: bool
    default_tax_rate: Decimal | None = None
    default_tax_code: str = ""
    returns: ReturnMarker = ReturnMarker()
    amounts_are_signed: bool = True
    time_format: str | None = None  # strptime format; default ISO 8601
    default_tender: str | None = None
    tender_types: dict[str, TenderType] = {}
    line_row_kinds: tuple[str, ...] = ()
    tender_row_kinds: tuple[str, ...] = ()
    line_types: dict[str, LineType] = {}  # by line_type column value, else by SKU
    restock_values: dict[str, Literal["shop", "quarantine", "none"]] = {}
    zero_value_receipts: Literal["exclude", "post"] = "post"
    void_values: tuple[str, ...] = ()
    void_column: str | None = None
    exclude: tuple[ExcludeRule, ...] = ()

    @property
    def path(self) -> Path:
        """The watched folder; a relative one lies under the home (``TILLBRIDGE_HOME``)."""
        return self.folder if self.folder.is_absolute() else home().root / self.folder

    @model_validator(mode="after")
    def _amounts_declared(self) -> FileDropFeed:
        columns, faults = self.columns, []
        if not (columns.unit_price or columns.net or columns.gross):
            faults.append("columns must name unit_price, net or gross: without one of them a line has no amount")
        if columns.row_kind and not self.tender_row_kinds:
            faults.append("columns.row_kind needs tender_row_kinds: which values mark a tender row")
        if not (columns.tender_amount or self.default_tender):
            faults.append("declare columns.tender_amount or default_tender: how was a receipt paid?")
        if not self.pattern.strip() or Path(self.pattern).is_absolute():
            faults.append(f'pattern {self.pattern!r} must name files within the folder, such as "*.csv"')
        if faults:
            raise ValueError("; ".join(faults))
        return self


Feed = Annotated[SquareFeed | FileDropFeed, Field(discriminator="kind")]
