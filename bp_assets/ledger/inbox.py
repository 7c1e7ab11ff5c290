"""The inbox: every raw receipt exactly as it came, and the mark that says how far the till was read.

Read: ``inbox``. Written: ``inbox`` and ``marks``, together in one transaction: either both are there or neither.
The same receipt again is a no-op; other content under a known id becomes the next version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bp_assets.domain.sale import content_hash, make_sale_id
from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.marks import move_mark
from bp_assets.ledger.schema import inbox, postings


class Receipt(Protocol):
    """What a till hands over: the raw bytes and the keys that name it."""

    @property
    def source(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def source_id(self) -> str: ...
    @property
    def event_id(self) -> str: ...
    @property
    def content(self) -> bytes: ...
    @property
    def note(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch: ``new`` receipts, ``repeated`` ones (same content), ``new_versions`` of known ids."""

    new: int = 0
    repeated: int = 0
    new_versions: int = 0


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A receipt waiting to be decoded. Has the properties of a ``Receipt``."""

    inbox_id: int
    sale_id: str
    version: int
    shop: str
    source: str
    account: str
    source_id: str
    event_id: str
    content: bytes
    note: str
    received_at: datetime


def clean(text: str) -> str:
    """``text`` without NUL, which PostgreSQL can't hold; the raw content keeps every byte."""
    return text.replace("\x00", "�")


@retrying
def take(ledger: Ledger, shop: str, receipts: Sequence[Receipt], mark: Any = None) -> Taken:
    """Store raw receipts and move the shop's mark, in one transaction. ``mark``: any JSON value; ``None`` leaves it."""
    with ledger.begin() as connection:
        _one_at_a_time(connection, receipts)
        rows, taken = _new_rows(connection, shop, receipts)
        if rows:
            connection.execute(sa.insert(inbox), rows)
        if mark is not None:
            move_mark(connection, shop, mark)
    return taken


def _one_at_a_time(connection: sa.Connection, receipts: Sequence[Receipt]) -> None:
    """Two processes with the same batch queue up per till account, else both would find the next version free."""
    accounts = sorted({(receipt.source, receipt.account) for receipt in receipts})
    for source, account in accounts:
        digest = hashlib.sha256(f"take\x1f{source}\x1f{account}".encode()).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": key})


def _new_rows(connection: sa.Connection, shop: str, receipts: Sequence[Receipt]) -> tuple[list[dict[str, Any]], Taken]:
    ids = [make_sale_id(r.source, r.account, r.source_id, r.event_id) for r in receipts]
    known: dict[str, dict[str, int]] = {}
    query = sa.text("select sale_id, content_hash, version from tillbridge.inbox where sale_id = any(:ids)")
    for sale_id, digest, version in connection.execute(query, {"ids": list(set(ids))}) if ids else ():
        known.setdefault(sale_id, {})[digest] = version
    rows: list[dict[str, Any]] = []
    new = repeated = 0
    for sale_id, receipt in zip(ids, receipts, strict=True):
        digest = content_hash(receipt.content)
        versions = known.setdefault(sale_id, {})
        if digest in versions:
            repeated += 1
            continue
        new += not versions
        versions[digest] = max(versions.values(), default=0) + 1
        rows.append(_row(shop, sale_id, versions[digest], digest, receipt))
    return rows, Taken(new, repeated, len(rows) - new)


def _row(shop: str, sale_id: str, version: int, digest: str, receipt: Receipt) -> dict[str, Any]:
    return {
        "sale_id": sale_id,
        "version": version,
        "shop": shop,
        "source": clean(receipt.source),
        "account": clean(receipt.account),
        "source_id": clean(receipt.source_id),
        "event_id": clean(receipt.event_id),
        "content": receipt.content,
        "content_hash": digest,
        "note": clean(receipt.note),
    }


_COLUMNS = [inbox.c[name] for name in InboxRow.__dataclass_fields__]


@retrying
def undecoded(ledger: Ledger, shop: str | None = None, limit: int = 1000, after: int = 0) -> list[InboxRow]:
    """Receipts not yet decoded, in the order they came; ``after`` is the last ``inbox_id`` already seen."""
    query = sa.select(*_COLUMNS).where(inbox.c.state == "received", inbox.c.inbox_id > after)
    if shop is not None:
        query = query.where(inbox.c.shop == shop)
    with ledger.begin() as connection:
        rows = connection.execute(query.order_by(inbox.c.inbox_id).limit(limit)).all()
    return [InboxRow(**{**row._mapping, "content": bytes(row.content)}) for row in rows]


@retrying
def raw(ledger: Ledger, sale_id: str) -> list[tuple[int, str, bytes]]:
    """All versions of one receipt: (version, inbox state, content), oldest first."""
    query = sa.select(inbox.c.version, inbox.c.state, inbox.c.content).where(inbox.c.sale_id == sale_id)
    with ledger.begin() as connection:
        return [(v, state, bytes(content)) for v, state, content in connection.execute(query.order_by(inbox.c.version))]


@retrying
def decode_again(
    ledger: Ledger, sale_ids: Sequence[str] | None = None, *, shop: str | None = None, reason: str | None = None
) -> int:
    """Send quarantined receipts (all, or these) back to decoding after the shops file was mended; how many.

    Postings stay as they are until the receipts are decoded.
    """
    waiting = sa.select(postings.c.inbox_id).where(postings.c.state == "quarantined")
    if sale_ids is not None:
        waiting = waiting.where(postings.c.sale_id == sa.any_(sa.cast(list(sale_ids), pg.ARRAY(sa.Text))))
    if shop is not None:
        waiting = waiting.where(postings.c.shop == shop)
    if reason is not None:
        waiting = waiting.where(postings.c.reason_code == reason)
    change = sa.update(inbox).where(inbox.c.inbox_id.in_(waiting), inbox.c.state == "quarantined")
    with ledger.begin() as connection:
        return connection.execute(change.values(state="received", decoded_at=None)).rowcount
