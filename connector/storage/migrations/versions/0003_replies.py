"""The reply memory."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create its table, empty."""
    op.create_table(
        "replies",
        sa.Column("vendor", sa.String(32)),
        sa.Column("job_id", sa.String(128)),
        sa.Column("claim", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(80), nullable=False),
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_deferred", sa.Boolean, nullable=False),
        sa.Column("sealed_reply", sa.LargeBinary, nullable=True),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("vendor", "job_id", name="pk_replies"),
    )
    op.create_index("ix_replies_changed_at", "replies", ["changed_at"])


def downgrade() -> None:
    """Drop it, with what it holds."""
    op.drop_table("replies")
