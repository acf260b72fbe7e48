"""Vendors, tenants, their tokens and grants."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the registry's tables, at revision 0."""
    revisions = op.create_table(
        "registry_revision",
        sa.Column("id", sa.Integer, autoincrement=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registry_revision"),
    )
    op.bulk_insert(revisions, [{"id": 1, "revision": 0}])
    op.create_table(
        "vendors",
        sa.Column("name", sa.String(32)),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("publisher", sa.Text, nullable=False),
        sa.Column("preset", sa.String(32), nullable=False),
        sa.Column("extra_scopes", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_vendors"),
    )
    op.create_table(
        "tenants",
        sa.Column("siret", sa.String(14)),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sealed_token", sa.Text, nullable=True),
        sa.Column("token_set_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("siret", name="pk_tenants"),
    )
    op.create_table(
        "grants",
        sa.Column("siret", sa.String(14)),
        sa.Column("vendor", sa.String(32)),
        sa.PrimaryKeyConstraint("siret", "vendor", name="pk_grants"),
        sa.ForeignKeyConstraint(
            ["siret"],
            ["tenants.siret"],
            name="fk_grants_siret_tenants",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["vendor"],
            ["vendors.name"],
            name="fk_grants_vendor_vendors",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    """Drop the registry's tables."""
    for table in ("grants", "tenants", "vendors", "registry_revision"):
        op.drop_table(table)
