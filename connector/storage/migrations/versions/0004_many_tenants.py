"""What hosting many tenants needs: a token's expiry and successor, quotas, reply queues, backlogs, scheduled work."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them, empty: an expiry that is not known yet is read from the token at the next check of it."""
    op.add_column("tenants", sa.Column("token_expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tenants", sa.Column("sealed_next_token", sa.Text, nullable=True))
    op.add_column("tenants", sa.Column("quotas", sa.JSON, nullable=True))
    op.create_table(
        "reply_queues",
        sa.Column("vendor", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("vendor", "name", name="pk_reply_queues"),
        sa.ForeignKeyConstraint(
            ["vendor"], ["vendors.name"], name="fk_reply_queues_vendor_vendors", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "backlogs",
        sa.Column("lane", sa.String(16), nullable=False),
        sa.Column("vendor", sa.String(32), nullable=False),
        sa.Column("siret", sa.String(14), nullable=False),
        sa.PrimaryKeyConstraint("lane", "vendor", "siret", name="pk_backlogs"),
    )
    op.create_table(
        "scheduled_tasks",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_scheduled_tasks"),
    )
    op.create_table(
        "notices",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_notices"),
    )


def downgrade() -> None:
    """Drop them, with what they hold."""
    for table in ("notices", "scheduled_tasks", "backlogs", "reply_queues"):
        op.drop_table(table)
    with op.batch_alter_table("tenants") as tenants:
        for column in ("quotas", "sealed_next_token", "token_expires_at"):
            tenants.drop_column(column)
