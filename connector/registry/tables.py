"""The database's tables: the registry, and the reply memory."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    },
)

REVISION = Table(
    "registry_revision",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
)

VENDORS = Table(
    "vendors",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("product", Text, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("preset", String(32), nullable=False),
    Column("extra_scopes", JSON, nullable=False),
)

TENANTS = Table(
    "tenants",
    METADATA,
    Column("siret", String(14), primary_key=True),
    Column("name", Text, nullable=False),
    Column("sealed_token", Text, nullable=True),
    Column("token_set_at", DateTime(timezone=True), nullable=True),
    Column("sealed_dgfip", Text, nullable=True),
    Column("dgfip_set_at", DateTime(timezone=True), nullable=True),
)

GRANTS = Table(
    "grants",
    METADATA,
    Column("siret", String(14), ForeignKey("tenants.siret", ondelete="CASCADE"), primary_key=True),
    Column("vendor", String(32), ForeignKey("vendors.name", ondelete="CASCADE"), primary_key=True),
)

REPLIES = Table(
    "replies",
    METADATA,
    Column("vendor", String(32), primary_key=True),
    Column("job_id", String(128), primary_key=True),
    Column("claim", String(32), nullable=False),
    Column("digest", String(80), nullable=False),
    Column("busy_until", DateTime(timezone=True), nullable=False),
    Column("is_deferred", Boolean, nullable=False),
    Column("sealed_reply", LargeBinary, nullable=True),
    Column("size", Integer, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, index=True),
)
