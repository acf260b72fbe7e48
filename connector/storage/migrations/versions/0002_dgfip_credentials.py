"""Tenants' credentials at API Impôt particulier."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them: no tenant has any yet."""
    op.add_column("tenants", sa.Column("sealed_dgfip", sa.Text, nullable=True))
    op.add_column("tenants", sa.Column("dgfip_set_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Drop them, with what they hold."""
    with op.batch_alter_table("tenants") as tenants:
        tenants.drop_column("dgfip_set_at")
        tenants.drop_column("sealed_dgfip")
