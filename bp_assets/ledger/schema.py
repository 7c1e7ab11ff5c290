"""The ledger's tables: small facts that must never be lost, written by many processes.

Read and written through the functions of this package only. ``change_xid`` is stamped by a trigger on every insert and
update with the writing transaction's id: readers that pull increments take all rows whose writer lies between their
mark and the oldest transaction still running, so that no commit order can hide a row (see ADR on increments).
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

metadata = sa.MetaData(schema="tillbridge")


class Xid8(sa.types.UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


def _stamp(name: str, **kw: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **kw)  # type: ignore[arg-type]  # plain keyword pass-through


_now = sa.text("now()")

# Every raw receipt exactly as it came, one row per version. Never edited except for the decode outcome.
inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("inbox_id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("sale_id", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("source_id", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False, server_default=""),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    # received -> decoded | quarantined | excluded | unchanged (another version, same sale) | changed (flagged)
    sa.Column("state", sa.Text, nullable=False, server_default="received"),
    sa.Column("reason_code", sa.Text, nullable=False, server_default=""),
    sa.Column("message", sa.Text, nullable=False, server_default=""),
    _stamp("received_at", nullable=False, server_default=_now),
    _stamp("decoded_at"),
    sa.Column("change_xid", Xid8, nullable=False, server_default=sa.text("pg_current_xact_id()")),
    sa.UniqueConstraint("sale_id", "content_hash", name="inbox_same_content_once"),
    sa.UniqueConstraint("sale_id", "version", name="inbox_versions"),
    sa.Index("inbox_received", "inbox_id", postgresql_where=sa.text("state = 'received'")),
    sa.Index("inbox_change", "change_xid"),
)

# One row per receipt, whatever became of it: the conservation law counts these rows.
postings = sa.Table(
    "postings",
    metadata,
    sa.Column("sale_id", sa.Text, primary_key=True),
    sa.Column("inbox_id", sa.BigInteger, sa.ForeignKey("tillbridge.inbox.inbox_id"), nullable=False),
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("source_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text),
    sa.Column("receipt_number", sa.Text, nullable=False),
    sa.Column("business_date", sa.Date),
    _stamp("sold_at"),
    sa.Column("currency", sa.Text, nullable=False),
    # Signed, smallest unit; for a quarantined receipt what could still be read of it, else null.
    sa.Column("net_minor", sa.BigInteger),
    sa.Column("tax_minor", sa.BigInteger),
    sa.Column("gross_minor", sa.BigInteger),
    sa.Column("original_sale_id", sa.Text),
    sa.Column("sale", pg.JSONB),  # the decoded Sale; null for a quarantined receipt
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason_code", sa.Text, nullable=False, server_default=""),
    sa.Column("message", sa.Text, nullable=False, server_default=""),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    _stamp("next_attempt_at"),
    _stamp("captured_at", nullable=False, server_default=_now),
    _stamp("sent_at"),
    _stamp("posted_at"),
    _stamp("verified_at"),
    sa.Column("change_xid", Xid8, nullable=False, server_default=sa.text("pg_current_xact_id()")),
    sa.Index("postings_due", "shop", "sold_at", "sale_id",
             postgresql_where=sa.text("state in ('pending','sending','unknown')")),
    sa.Index("postings_unverified", "sale_id", postgresql_where=sa.text("state = 'posted'")),
    sa.Index("postings_change", "change_xid"),
    sa.Index("postings_day", "shop", "business_date"),
)  # fmt: skip

# Every call to the ERP on behalf of a sale: the intent is committed before it, the outcome after it.
steps = sa.Table(
    "steps",
    metadata,
    sa.Column("step_id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("sale_id", sa.Text, sa.ForeignKey("tillbridge.postings.sale_id"), nullable=False),
    sa.Column("document", sa.Text, nullable=False),  # SO or SC
    sa.Column("step", sa.Text, nullable=False),  # order, payment:1, goods_out:2, ship:2, goods_in:3, reserve, close
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("handle", sa.Text, nullable=False),  # what makes a repetition recognisable in the ERP
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("body", pg.JSONB),
    _stamp("intended_at", nullable=False, server_default=_now),
    # null until known; then success, failure or unknown. An unknown that was looked up becomes one of the other two.
    sa.Column("outcome", sa.Text),
    sa.Column("status", sa.Integer),
    sa.Column("erp_id", sa.Text),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
    _stamp("done_at"),
    sa.Column("change_xid", Xid8, nullable=False, server_default=sa.text("pg_current_xact_id()")),
    sa.UniqueConstraint("sale_id", "document", "step", "attempt", name="steps_attempts"),
    sa.Index("steps_change", "change_xid"),
    # At most one success per effect: the database itself refuses a second one.
    sa.Index("steps_one_success", "sale_id", "document", "step", unique=True,
             postgresql_where=sa.text("outcome = 'success'")),
)  # fmt: skip

# How far each shop's till was read, moved in the transaction that stores what was read; and how the till does.
marks = sa.Table(
    "marks",
    metadata,
    sa.Column("shop", sa.Text, primary_key=True),
    sa.Column("mark", pg.JSONB, nullable=False),
    _stamp("moved_at", nullable=False, server_default=_now),
    _stamp("asked_at"),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    _stamp("next_ask_at"),
    sa.Column("state", sa.Text, nullable=False, server_default="ok"),  # ok, failing, resting: see marks.py
    _stamp("state_since", nullable=False, server_default=_now),
    _stamp("last_success_at"),
    sa.Column("error_kind", sa.Text, nullable=False, server_default=""),
)

# Runs of Dagster that have begun their work here (see runs.py). ``server_began_at``: the PostgreSQL they began under.
runs = sa.Table(
    "runs",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    _stamp("began_at", nullable=False, server_default=_now),
    _stamp("server_began_at", nullable=False, server_default=sa.text("pg_postmaster_start_time()")),
    _stamp("ends_at"),  # when it means to make way for the next one; null for a run that just ends
    _stamp("ended_at"),
    sa.Index("runs_began", "began_at"),
)

# What the till itself says it took on a day: the other side of the conservation law.
till_totals = sa.Table(
    "till_totals",
    metadata,
    sa.Column("shop", sa.Text, primary_key=True),
    sa.Column("business_date", sa.Date, primary_key=True),
    sa.Column("transactions", sa.Integer, nullable=False),
    sa.Column("gross_minor", sa.BigInteger),
    sa.Column("currency", sa.Text, nullable=False),
    _stamp("observed_at", nullable=False, server_default=_now),
    sa.Column("change_xid", Xid8, nullable=False, server_default=sa.text("pg_current_xact_id()")),
)

# Hints from outside that something changed. They are only hints: a sweep finds what they miss.
webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("webhook_id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("resource_id", sa.Text, nullable=False),
    sa.Column("payload", pg.JSONB, nullable=False),
    _stamp("received_at", nullable=False, server_default=_now),
    _stamp("handled_at"),
    sa.Index("webhooks_open", "webhook_id", postgresql_where=sa.text("handled_at is null")),
)

# The ERP's newest OAuth tokens (refresh tokens may rotate); the account token of a private app is never stored.
tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("access_token", sa.Text, nullable=False),
    sa.Column("refresh_token", sa.Text, nullable=False),
    _stamp("expires_at", nullable=False),
)

STAMPED = ("inbox", "postings", "steps", "till_totals")
