"""Bounded space: an index by which replies are added up by vendor, and when an overflow queue was closed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them. The index takes the place of one on the instant alone."""
    op.drop_index("ix_replies_changed_at", table_name="replies")
    op.create_index("ix_replies_vendor_changed_at_size", "replies", ["vendor", "changed_at", "size"])
    op.add_column("backlogs", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "registry_revision", sa.Column("backlogs", sa.Integer, nullable=False, server_default=sa.text("0"))
    )


def downgrade() -> None:
    """Take them away. What was closed is open again: workers of the former version take from every queue."""
    with op.batch_alter_table("registry_revision") as revision_table:
        revision_table.drop_column("backlogs")
    with op.batch_alter_table("backlogs") as backlogs:
        backlogs.drop_column("closed_at")
    op.drop_index("ix_replies_vendor_changed_at_size", table_name="replies")
    op.create_index("ix_replies_changed_at", "replies", ["changed_at"])
