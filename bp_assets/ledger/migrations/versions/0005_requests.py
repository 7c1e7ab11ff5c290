"""The request budget. Read: ``0005_requests.sql`` beside this file. Written: what it makes."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("the ledger only moves forward: restore a backup instead")
