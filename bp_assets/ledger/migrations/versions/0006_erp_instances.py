"""Under which integration instance orders were sent. Read: ``0006_erp_instances.sql``. Written: its changes."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("the ledger only moves forward: restore a backup instead")
