"""The database's tables: the registry, the reply memory, the access journal, and what scheduled work has done."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from connector.storage.instants import Instant

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
    # Apart: what an operator decides does not depend on which overflow queues are open.
    Column("backlogs", Integer, nullable=False, server_default="0"),
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
    Column("token_set_at", Instant, nullable=True),
    Column("sealed_dgfip", Text, nullable=True),
    Column("dgfip_set_at", Instant, nullable=True),
    Column("token_expires_at", Instant, nullable=True),
    Column("sealed_next_token", Text, nullable=True),
    Column("quotas", JSON(none_as_null=True), nullable=True),
)

GRANTS = Table(
    "grants",
    METADATA,
    Column("siret", String(14), ForeignKey("tenants.siret", ondelete="CASCADE"), primary_key=True),
    Column("vendor", String(32), ForeignKey("vendors.name", ondelete="CASCADE"), primary_key=True),
)

REPLY_QUEUES = Table(
    "reply_queues",
    METADATA,
    Column("vendor", String(32), ForeignKey("vendors.name", ondelete="CASCADE"), primary_key=True),
    Column("name", String(64), primary_key=True),
)

OVERFLOWS = Table(
    "backlogs",
    METADATA,
    # Of no foreign key: what waits there is answered whatever becomes of its vendor or tenant.
    Column("lane", String(16), primary_key=True),
    Column("vendor", String(32), primary_key=True),
    Column("siret", String(14), primary_key=True),
    Column("closed_at", Instant, nullable=True),
)

SCHEDULED_TASKS = Table(
    "scheduled_tasks",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("due_at", Instant, nullable=False),
)

NOTICES = Table(
    "notices",
    METADATA,
    Column("name", String(200), primary_key=True),
    Column("given_at", Instant, nullable=False),
)

WORKERS = Table(
    "workers",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("process", Integer, nullable=False),
    Column("version", String(64), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("sees", JSON, nullable=False),
)

REPLIES = Table(
    "replies",
    METADATA,
    Column("vendor", String(32), primary_key=True),
    Column("job_id", String(128), primary_key=True),
    Column("claim", String(32), nullable=False),
    Column("digest", String(80), nullable=False),
    Column("busy_until", Instant, nullable=False),
    Column("is_deferred", Boolean, nullable=False),
    Column("sealed_reply", LargeBinary, nullable=True),
    Column("size", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
    # What each vendor holds is added up once a minute, without reading a reply.
    Index("ix_replies_vendor_changed_at_size", "vendor", "changed_at", "size"),
)

JOURNAL = Table(
    "journal",
    METADATA,
    # Of no foreign key: a record stays whatever becomes of its vendor or tenant.
    Column("id", String(32), primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("vendor", String(32), nullable=False),
    Column("tenant", String(14), nullable=False),
    Column("job_id", String(128), nullable=False, index=True),
    Column("lane", String(16), nullable=False),
    Column("label", String(128), nullable=False),
    Column("check", String(64), nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("agent", String(128), nullable=True),
    Column("dossier", String(128), nullable=True),
    Column("purpose", String(64), nullable=True),
    Column("attempt", Integer, nullable=False),
    Column("person", String(80), nullable=True),
    Column("identifier", String(80), nullable=True),
    Column("outcome", String(32), nullable=False),
    Column("http_status", Integer, nullable=True),
    Column("duration_ms", Integer, nullable=True),
    Index("ix_journal_tenant_at", "tenant", "at"),
    Index("ix_journal_tenant_person", "tenant", "person"),
    Index("ix_journal_tenant_identifier", "tenant", "identifier"),
)
