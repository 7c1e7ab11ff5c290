"""The lanes in which requests to the ERP queue for the account's one request cap, the first one first. Pure."""

from __future__ import annotations

from typing import Literal, get_args

Lane = Literal["posting", "stock", "verify", "changes", "sweep", "backfill"]
LANES: tuple[Lane, ...] = get_args(Lane)
