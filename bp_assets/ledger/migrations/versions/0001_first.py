"""The ledger as first released. Read: ``0001_first.sql`` beside this file. Written: the tables it makes."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("the ledger only moves forward: restore a backup instead")
