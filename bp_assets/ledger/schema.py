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

# One row per receipt, whatever became of it: the conservation law counts these rows, and leaves out summaries.
postings = sa.Table(
    "postings",
    metadata,
    sa.Column("sale_id", sa.Text, primary_key=True),
    sa.Column("inbox_id", sa.BigInteger, sa.ForeignKey("tillbridge.inbox.inbox_id")),  # null: a summary
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
    # order (posted by itself) | member (goes into a summary of its day) | summary (no receipt, the sum of some).
    sa.Column("role", sa.Text, nullable=False, server_default="order"),
    sa.Column("summary_id", sa.Text, sa.ForeignKey("tillbridge.postings.sale_id")),
    # Of a member: '' (not looked at yet) | none (moves nothing) | moving (in stock_moves) | moved.
    sa.Column("stock", sa.Text, nullable=False, server_default=""),
    sa.Column("change_xid", Xid8, nullable=False, server_default=sa.text("pg_current_xact_id()")),
    sa.Index("postings_due", "shop", "sold_at", "sale_id",
             postgresql_where=sa.text("state in ('pending','sending','unknown') and role <> 'member'")),
    sa.Index("postings_unverified", "sale_id",
             postgresql_where=sa.text("state = 'posted' and role <> 'member'")),
    sa.Index("postings_parked", "shop", "reason_code",
             postgresql_where=sa.text("state in ('rejected', 'quarantined')")),
    sa.Index("postings_change", "change_xid"),
    sa.Index("postings_day", "shop", "business_date"),
    sa.Index("postings_receipt", "receipt_number"),
    sa.Index("postings_gathering", "shop", "business_date", "stock",
             postgresql_where=sa.text("role = 'member' and state = 'pending' and summary_id is null")),
    sa.Index("postings_members", "summary_id", postgresql_where=sa.text("summary_id is not null")),
    # The database itself holds that a member is never sent by itself, and that only members have summaries.
    sa.CheckConstraint("role in ('order', 'member', 'summary')", name="postings_role"),
    sa.CheckConstraint("(role = 'summary') = (inbox_id is null)", name="postings_receipt"),
    sa.CheckConstraint("role <> 'member' or state not in ('sending', 'unknown')", name="postings_member_not_sent"),
    sa.CheckConstraint("summary_id is null or role = 'member'", name="postings_only_members_have_summaries"),
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

# Under which integration instance this ledger sends orders, and since when: see instances.py.
erp_instances = sa.Table(
    "erp_instances",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("instance_id", sa.Integer, primary_key=True, autoincrement=False),
    _stamp("first_used_at", nullable=False, server_default=_now),
)

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

# The mode of a trading day: that of its first receipt, for good.
trading_days = sa.Table(
    "trading_days",
    metadata,
    sa.Column("shop", sa.Text, primary_key=True),
    sa.Column("business_date", sa.Date, primary_key=True),
    sa.Column("mode", sa.Text, nullable=False),
    _stamp("decided_at", nullable=False, server_default=_now),
    _stamp("close_asked_at"),  # somebody wants it closed before its time
    _stamp("closed_at"),  # when summaries were last made of it
    sa.CheckConstraint("mode in ('realtime', 'end_of_day')", name="trading_days_mode"),
)

# Which line of which receipt is in which row of which summary. The key holds that a line is in one only.
summary_lines = sa.Table(
    "summary_lines",
    metadata,
    sa.Column("summary_id", sa.Text, sa.ForeignKey("tillbridge.postings.sale_id"), nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("sale_id", sa.Text, sa.ForeignKey("tillbridge.postings.sale_id"), primary_key=True),
    sa.Column("line_id", sa.Text, primary_key=True),
    sa.Column("line_type", sa.Text, nullable=False),
    sa.Column("tax_code", sa.Text, nullable=False),
    sa.Column("nominal_code", sa.Text, nullable=False),
    sa.Column("net_minor", sa.BigInteger, nullable=False),  # with the sign of its document: positive on a credit too
    sa.Column("tax_minor", sa.BigInteger, nullable=False),
    sa.Column("change_xid", Xid8, nullable=False, server_default=sa.text("pg_current_xact_id()")),
    sa.Index("summary_lines_summary", "summary_id"),
    sa.Index("summary_lines_change", "change_xid"),
)

# Which payment of a receipt is in which payment of a summary.
summary_tenders = sa.Table(
    "summary_tenders",
    metadata,
    sa.Column("summary_id", sa.Text, sa.ForeignKey("tillbridge.postings.sale_id"), nullable=False),
    sa.Column("document", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("sale_id", sa.Text, sa.ForeignKey("tillbridge.postings.sale_id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("change_xid", Xid8, nullable=False, server_default=sa.text("pg_current_xact_id()")),
    sa.Index("summary_tenders_summary", "summary_id"),
    sa.Index("summary_tenders_change", "change_xid"),
)

# One request of stock corrections: the intent is committed before it, the outcome after it.
stock_batches = sa.Table(
    "stock_batches",
    metadata,
    sa.Column("batch_id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("warehouse_id", sa.BigInteger, nullable=False),
    sa.Column("body", pg.JSONB, nullable=False),
    _stamp("intended_at", nullable=False, server_default=_now),
    sa.Column("outcome", sa.Text),
    sa.Column("status", sa.Integer),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
    _stamp("done_at"),
    sa.Index("stock_batches_open", "shop", postgresql_where=sa.text("outcome is null or outcome = 'unknown'")),
    sa.Index("stock_batches_last", "shop", "intended_at"),
)

# What a member moves, line by line; out of the shop is negative. ``handle`` is the correction's reason in the ERP.
stock_moves = sa.Table(
    "stock_moves",
    metadata,
    sa.Column("sale_id", sa.Text, sa.ForeignKey("tillbridge.postings.sale_id"), primary_key=True),
    sa.Column("document", sa.Text, primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("warehouse_id", sa.BigInteger, nullable=False),
    sa.Column("product_id", sa.BigInteger, nullable=False),
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("location_id", sa.BigInteger, nullable=False),
    sa.Column("handle", sa.Text, nullable=False),
    # The request it is in; null while it waits for one. A refused one lets it go again.
    sa.Column("batch_id", sa.BigInteger, sa.ForeignKey("tillbridge.stock_batches.batch_id")),
    sa.Column("note_id", sa.BigInteger),  # the correction in the ERP: once there, it is done
    sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),
    _stamp("moved_at"),
    sa.Column("change_xid", Xid8, nullable=False, server_default=sa.text("pg_current_xact_id()")),
    sa.UniqueConstraint("handle", name="stock_moves_handle"),
    sa.Index("stock_moves_waiting", "shop", postgresql_where=sa.text("note_id is null")),
    sa.Index("stock_moves_note", "note_id", postgresql_where=sa.text("note_id is not null")),
    sa.Index("stock_moves_batch", "batch_id", postgresql_where=sa.text("note_id is null")),
    sa.Index("stock_moves_change", "change_xid"),
)

# How the request cap of an ERP account stands: one text, which all processes change in turn.
request_budget = sa.Table(
    "request_budget",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("usage", sa.Text, nullable=False, server_default=""),
)

# What was sent to the ERP, by minute and lane.
erp_requests = sa.Table(
    "erp_requests",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("minute", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("lane", sa.Text, primary_key=True),
    sa.Column("requests", sa.Integer, nullable=False),
    sa.Column("refused", sa.Integer, nullable=False),
    sa.Column("waited_ms", sa.BigInteger, nullable=False),
    sa.Column("change_xid", Xid8, nullable=False, server_default=sa.text("pg_current_xact_id()")),
    sa.Index("erp_requests_change", "change_xid"),
)

STAMPED = (
    "inbox",
    "postings",
    "steps",
    "till_totals",
    "erp_requests",
    "summary_lines",
    "summary_tenders",
    "stock_moves",
)
