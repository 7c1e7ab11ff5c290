"""Summaries of a trading day. Read: ``0003_end_of_day.sql`` beside this file. Written: what it makes and changes."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("the ledger only moves forward: restore a backup instead")
