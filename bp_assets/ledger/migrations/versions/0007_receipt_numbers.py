"""Receipts are found by their number. Read: ``0007_receipt_numbers.sql``. Written: its changes."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("the ledger only moves forward: restore a backup instead")
