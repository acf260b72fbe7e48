"""The access journal: a record for every call made with a tenant's credentials."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it, empty."""
    op.create_table(
        "journal",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("vendor", sa.String(32), nullable=False),
        sa.Column("tenant", sa.String(14), nullable=False),
        sa.Column("job_id", sa.String(128), nullable=False),
        sa.Column("lane", sa.String(16), nullable=False),
        sa.Column("label", sa.String(128), nullable=False),
        sa.Column("check", sa.String(64), nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("agent", sa.String(128), nullable=True),
        sa.Column("dossier", sa.String(128), nullable=True),
        sa.Column("purpose", sa.String(64), nullable=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("person", sa.String(80), nullable=True),
        sa.Column("identifier", sa.String(80), nullable=True),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("http_status", sa.Integer, nullable=True),
        sa.Column("duration_ms", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
    )
    for columns in (("at",), ("job_id",), ("tenant", "at"), ("tenant", "person"), ("tenant", "identifier")):
        op.create_index(f"ix_journal_{'_'.join(columns)}", "journal", list(columns))


def downgrade() -> None:
    """Drop it, with what it holds."""
    op.drop_table("journal")
