"""How a sandbox is set up: its size, its seed, its cap, and a switch for each point where the sources are silent.

Read: command line values. Written: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Switches:
    """Behaviour that no public source settles. The defaults follow the fact sheets; tests turn each one both ways."""

    close_delay_ms: int = 50  # a close shows invoice `pending` this long before `SI-...`
    close_fails: bool = False  # accounting never answers: the invoice stays `pending`
    invoiced_close_refused: bool = True  # False: closing an invoiced order again is answered as done
    locked_close_refused: bool = False  # True: a close within the locked period is a 400, not `pending`
    created_status: int = 201  # HTTP status of a fresh sales order or sales credit
    generic_created_status: int = 200  # HTTP status of a fresh generic order, order row, payment or webhook
    shared_reference_space: bool = True  # orders and credits share one space of external references
    goods_out_above_on_hand: bool = False  # False: 400; True: on hand may become negative
    quarantine_in_stock: bool = False  # whether quarantine counts inside `inStock`
    deleted_note_restores_reservation: bool = False
    multi_item_quota: bool = False  # each item of a multi-message takes its own unit of the cap
    multi_created_is_partial: bool = False  # an item answered 201 makes the whole reply 207
    patch_in_multi_message: bool = False  # True: PATCH is possible inside a multi-message
    rolling_window: bool = False  # the cap counts the last minute instead of the clock's
    refusals_cost_quota: bool = True  # False: 4xx answers do not take a unit of the cap
    row_tax_checked: bool = False  # True: a row's tax may differ from net x rate by a penny a unit
    patched_net_recomputes_tax: bool = True  # False: PATCH of a row's net leaves its tax
    unknown_orders_not_found: bool = False  # True: 404, not an empty list, when none of the orders exist
    unknown_others_not_found: bool = True  # False: an empty list for contacts, webhooks and prices
    duplicate_payment_refused: bool = True  # False: answer 200 with the existing payment's id
    unknown_filter_refused: bool = True  # False: an unknown search parameter is ignored
    shuffle_results: bool = True  # answers to ID sets come in no particular order
    rotate_refresh_tokens: bool = True  # an OAuth refresh token works once
    token_seconds: int = 604800  # life of an OAuth access token
    partial_credit_receipt: bool = True  # a sales credit may be received in parts
    webhook_retry_ms: int = 200  # first pause before a webhook is tried again; doubles each time
    webhook_duplicate_percent: int = 2  # so many of a hundred webhooks come twice, drawn from the seed
    details_touch_product: bool = True  # False: a new price or custom field leaves the product's updatedOn
    url_limit: int = 8192  # a longer path with its query is refused with 414; 0: none is
    locked_until: str = ""  # accounting period lock, an ISO date; a close on or before it stays `pending`
    time_zone: str = "Europe/London"  # the account's offset in every printed timestamp

    def set(self, name: str, text: str) -> None:
        """Set one switch from its text form. Raises ``ValueError`` naming the switches that exist."""
        current = getattr(self, name, None)
        if current is None:
            known = ", ".join(sorted(item.name for item in fields(self)))
            raise ValueError(f"no switch named '{name}'; the switches are {known}")
        value: Any = text
        if isinstance(current, bool):
            if text.lower() not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
                raise ValueError(f"switch '{name}' is true or false, not '{text}'")
            value = text.lower() in ("true", "1", "yes", "on")
        elif isinstance(current, int):
            try:
                value = int(text)
            except ValueError:
                raise ValueError(f"switch '{name}' is a whole number, not '{text}'") from None
        setattr(self, name, value)


@dataclass(slots=True)
class SandboxConfig:
    """Everything that decides what a fresh sandbox looks like; the same values give the same world."""

    seed: int = 7
    products: int = 200
    orders: int = 0  # historical orders, shipped and invoiced before the opening stock was counted
    requests_per_minute: int = 200  # 0: no cap
    minute_seconds: float = 60.0  # length of the throttle window; windows are aligned to multiples of it
    stock_per_product: int = 100  # opening stock of every tracked product in every warehouse
    catalogue: Path | None = None  # CSV sku,name,tax_code,net_price in place of the seeded range
    drop_dir: Path | None = None  # folder where simulated file tills put their files
    host: str = "127.0.0.1"
    port: int = 8400
    account: str = "sandbox"
    app_ref: str = "tillbridge"
    account_token: str = "sandbox-token"
    staff_token: str = "sandbox-staff-token"
    client_secret: str = "sandbox-secret"
    authorization_code: str = "sandbox-code"
    redirect_uri: str = "https://tillbridge.example/oauth"
    instance_id: int = 13
    base_currency: str = "GBP"
    switches: Switches = field(default_factory=Switches)
