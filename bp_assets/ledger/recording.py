"""What became of a receipt at decoding: a posting that waits, is excluded, or is quarantined with its reason.

Read: ``inbox`` rows in state ``received``, the ``postings`` of the same sales. Written: both, and the mode of each
trading day (``trading_days``), in one transaction for a whole batch; a notice ``tillbridge_inbox`` where something now
waits to be posted.

A later version of a sale we already hold never overwrites it: it is ``unchanged`` where it decodes to the same sale, is
adopted where the sale was never understood (quarantined) or not yet closed, and is else flagged ``changed``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from bp_assets.domain.reasons import reason
from bp_assets.domain.sale import Sale, make_sale_id
from bp_assets.domain.states import State
from bp_assets.ledger.connection import Ledger, retrying
from bp_assets.ledger.inbox import clean
from bp_assets.ledger.schema import inbox, postings
from bp_assets.ledger.trading_days import CHANNEL, REALTIME, fix_modes

_LOCK = 0x7411_0002
_RECEIPT = ("inbox_id", "sale_id", "version", "shop", "source", "account", "source_id", "received_at")


@dataclass(frozen=True, slots=True)
class Partial:
    """What could still be read of a receipt that is no ``Sale``. Amounts are signed, in the smallest unit."""

    receipt_number: str = ""
    business_date: date | None = None
    sold_at: datetime | None = None
    currency: str = ""
    kind: str | None = None
    net_minor: int | None = None
    tax_minor: int | None = None
    gross_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Decoded:
    """Understood. ``mode`` is the shop's for that day, ``own_order`` that the receipt can't be part of a summary."""

    inbox_id: int
    sale: Sale
    mode: str = REALTIME
    own_order: bool = False


@dataclass(frozen=True, slots=True)
class Excluded:
    """Understood (``sale``) or at least recognised (``partial``), and deliberately not posted."""

    inbox_id: int
    reason_code: str
    message: str
    sale: Sale | None = None
    partial: Partial = Partial()
    mode: str = REALTIME
    own_order: bool = False


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Received, not understood; ``partial`` keeps what could be read of it."""

    inbox_id: int
    reason_code: str
    message: str
    partial: Partial = Partial()


Result = Decoded | Excluded | Quarantined


@retrying
def record(ledger: Ledger, results: Sequence[Result]) -> dict[str, int]:
    """Store the results of decoding, all or none. Returns how many inbox rows went to which state.

    Rows that another process recorded meanwhile are left alone and counted as ``already``.

    Raises:
        ValueError: a ``Sale`` that is not the one its receipt was taken under (a mistake in a decoder).
        KeyError: a reason code without a row in ``domain/reasons.py``.
    """
    counts: Counter[str] = Counter()
    with ledger.begin() as connection:
        connection.execute(sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        rows = _waiting(connection, [result.inbox_id for result in results])
        held = _held(connection, {row.sale_id for row in rows.values()})
        modes = fix_modes(connection, _wanted_modes(results), _days_of_excluded(results))
        fresh: dict[str, dict[str, Any]] = {}
        outcomes: list[dict[str, Any]] = []
        for result in sorted(results, key=lambda result: result.inbox_id):
            row = rows.get(result.inbox_id)
            if row is None:
                counts["already"] += 1
                continue
            posting = _posting(result, row, modes)
            outcome = _place(connection, posting, row, held, fresh)
            outcomes.append({"id": row.inbox_id, **outcome})
            counts[outcome["new_state"]] += 1
        _insert(connection, list(fresh.values()))
        _mark_inbox(connection, outcomes)
        if counts["decoded"]:
            connection.execute(sa.text(f"notify {CHANNEL}"))
    return dict(counts)


def record_decoded(ledger: Ledger, inbox_id: int, sale: Sale) -> dict[str, int]:
    """One receipt understood. See ``record``."""
    return record(ledger, [Decoded(inbox_id, sale)])


def record_excluded(
    ledger: Ledger,
    inbox_id: int,
    reason_code: str,
    message: str,
    *,
    sale: Sale | None = None,
    partial: Partial = Partial(),
) -> dict[str, int]:
    """One receipt that is deliberately not posted. See ``record``."""
    return record(ledger, [Excluded(inbox_id, reason_code, message, sale, partial)])


def record_quarantined(
    ledger: Ledger, inbox_id: int, reason_code: str, message: str, partial: Partial = Partial()
) -> dict[str, int]:
    """One receipt not understood. See ``record``."""
    return record(ledger, [Quarantined(inbox_id, reason_code, message, partial)])


def _waiting(connection: sa.Connection, ids: list[int]) -> dict[int, sa.Row[Any]]:
    columns = [inbox.c[name] for name in _RECEIPT]
    chosen = inbox.c.inbox_id == sa.any_(sa.cast(ids, pg.ARRAY(sa.BigInteger)))
    query = sa.select(*columns).where(chosen, inbox.c.state == "received")
    return {row.inbox_id: row for row in connection.execute(query.order_by(inbox.c.inbox_id).with_for_update())}


def _held(connection: sa.Connection, sale_ids: set[str]) -> dict[str, dict[str, Any]]:
    columns = [postings.c[name] for name in ("sale_id", "state", "reason_code", "inbox_id", "captured_at")]
    query = sa.select(*columns, sa.cast(postings.c.sale, sa.Text).label("sale"))
    query = query.where(postings.c.sale_id == sa.any_(sa.cast(sorted(sale_ids), pg.ARRAY(sa.Text))))
    return {row["sale_id"]: dict(row) for row in connection.execute(query.with_for_update()).mappings()}


def _wanted_modes(results: Sequence[Result]) -> dict[tuple[str, date], str]:
    """The mode that the shops file has for each trading day of what was understood."""
    sales = [(result.sale, result.mode) for result in results if isinstance(result, Decoded)]
    return {(sale.shop, sale.business_date): mode for sale, mode in sales}


def _days_of_excluded(results: Sequence[Result]) -> set[tuple[str, date]]:
    """Days that an excluded receipt does not begin; should it be posted after all, it has the mode they have."""
    return {(one.sale.shop, one.sale.business_date) for one in results if isinstance(one, Excluded) and one.sale}


def _role(result: Result, sale: Sale | None, modes: dict[tuple[str, date], str]) -> str:
    if sale is None or isinstance(result, Quarantined) or result.own_order:
        return "order"
    mode = modes.get((sale.shop, sale.business_date), result.mode)
    return "order" if mode == REALTIME else "member"


def _posting(result: Result, row: sa.Row[Any], modes: dict[tuple[str, date], str]) -> dict[str, Any]:
    """The ``postings`` row that a result would become."""
    partial = getattr(result, "partial", Partial())
    sale: Sale | None = getattr(result, "sale", None)
    state, code, message = State.PENDING, "", ""
    if not isinstance(result, Decoded):
        state = State.EXCLUDED if isinstance(result, Excluded) else State.QUARANTINED
        code, message = reason(result.reason_code).code, clean(result.message)
    if sale is not None and sale.sale_id != row.sale_id:
        raise ValueError(f"receipt {row.sale_id} (inbox {row.inbox_id}) was decoded into sale {sale.sale_id}")
    read = sale if sale is not None else partial
    return {
        "sale_id": row.sale_id, "inbox_id": row.inbox_id, "shop": sale.shop if sale else row.shop,
        "source": row.source, "account": row.account, "source_id": row.source_id,
        "kind": read.kind, "receipt_number": clean(read.receipt_number) or row.source_id,
        "business_date": read.business_date, "sold_at": read.sold_at, "currency": read.currency,
        "net_minor": read.net_minor, "tax_minor": read.tax_minor, "gross_minor": read.gross_minor,
        "original_sale_id": _original(sale) if sale else None, "sale_json": _json(sale) if sale else None,
        "state": state.value, "reason_code": code, "message": message, "role": _role(result, sale, modes),
        # Not the moment of decoding: between the two a process may have died.
        "captured_at": row.received_at,
    }  # fmt: skip


def _original(sale: Sale) -> str | None:
    named = [sale.original_source_id, *(line.original.source_id for line in sale.lines if line.original)]
    first = next(filter(None, named), None)
    return make_sale_id(sale.source, sale.account, first) if first else None


def _json(sale: Sale) -> str:
    text = sale.model_dump_json()
    if "\\u0000" not in text:
        return text
    return json.dumps(_without_nul(sale.model_dump(mode="json")))  # PostgreSQL's jsonb can't hold NUL


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_nul(item) for key, item in value.items()}
    return value


def _place(
    connection: sa.Connection, posting: dict[str, Any], row: sa.Row[Any], held: dict[str, dict[str, Any]],
    fresh: dict[str, dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    """Where the posting goes, and what its inbox row becomes."""
    sale_id = posting["sale_id"]
    known = held.get(sale_id) or fresh.get(sale_id)
    if known is None:
        fresh[sale_id] = posting
    elif _never_taken(known):
        if known["state"] == State.QUARANTINED:  # it waits since its first version came; an open basket was no sale yet
            posting["captured_at"] = known["captured_at"]
        if sale_id in fresh:
            fresh[sale_id] = posting
        else:
            _adopt(connection, posting)
            held[sale_id] = {**posting, "sale": posting["sale_json"]}
    elif _same(known.get("sale", known.get("sale_json")), posting["sale_json"]):
        return {"new_state": "unchanged", "code": "", "words": "another version with the same content"}
    else:
        words = f"version {row.version} differs from the one taken" + (
            f": {posting['reason_code']}: {posting['message']}" if posting["reason_code"] else ""
        )
        return {"new_state": "changed", "code": reason("changed_after_posting").code, "words": words}
    states = {State.PENDING.value: "decoded"}
    state = states.get(posting["state"], posting["state"])
    return {"new_state": state, "code": posting["reason_code"], "words": posting["message"]}


def _never_taken(known: dict[str, Any]) -> bool:
    return known["state"] == State.QUARANTINED or (known["state"], known["reason_code"]) == (
        State.EXCLUDED,
        "not_closed",
    )


def _same(old: str | None, new: str | None) -> bool:
    """Whether two stored sales are equal apart from the till's own version counter."""
    if old is None or new is None:
        return False
    try:
        first, second = (
            Sale.model_validate_json(text).model_copy(update={"source_version": ""}) for text in (old, new)
        )
    except ValueError:  # stored by an older version in a form no longer valid: a person has to look
        return False
    return first == second


_SALE = sa.cast(sa.bindparam("sale_json", type_=sa.Text), pg.JSONB)


def _insert(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(postings).values(sale=_SALE), rows)


def _adopt(connection: sa.Connection, posting: dict[str, Any]) -> None:
    named = {key: value for key, value in posting.items() if key not in ("sale_id", "sale_json")}
    change = sa.update(postings).where(postings.c.sale_id == posting["sale_id"])
    values = {**named, "sale": sa.cast(sa.literal(posting["sale_json"], sa.Text), pg.JSONB)}
    connection.execute(change.values(**values, attempts=0, next_attempt_at=None))


def _mark_inbox(connection: sa.Connection, outcomes: list[dict[str, Any]]) -> None:
    if not outcomes:
        return
    change = sa.text(
        "update tillbridge.inbox i set state = o.state, reason_code = o.code, message = o.words, decoded_at = now() "
        "from unnest(cast(:ids as bigint[]), cast(:states as text[]), cast(:codes as text[]), cast(:words as text[])) "
        "as o(id, state, code, words) where i.inbox_id = o.id"
    )
    named = {"ids": "id", "states": "new_state", "codes": "code", "words": "words"}
    connection.execute(change, {key: [outcome[name] for outcome in outcomes] for key, name in named.items()})
