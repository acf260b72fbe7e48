"""Reading and writing the registry in SQL."""

from collections.abc import Iterable
from types import MappingProxyType

from sqlalchemy import Connection, Engine, delete, insert, select, update

from connector.jobs.records import Flow, Registry, Tenant, Vendor
from connector.storage.registry.overflow_store import OverflowStore
from connector.storage.tables import GRANTS, OVERFLOWS, REPLY_QUEUES, REVISION, TENANTS, VENDORS
from connector.storage.writing import changing, grow_revision


class RegistryStore:
    """The registry in a database whose schema is current."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.overflows = OverflowStore(engine)

    def revision(self) -> int:
        """Return the number that grows with every change: one cheap query."""
        with self._engine.connect() as connection:
            return int(connection.execute(select(REVISION.c.revision)).scalar_one())

    def is_current(self, registry: Registry) -> bool:
        """Tell whether nothing has changed since ``registry`` was loaded: one cheap query."""
        with self._engine.connect() as connection:
            revisions = connection.execute(select(REVISION.c.revision, REVISION.c.backlogs)).one()
        return revisions == (registry.revision, registry.overflows_revision)

    def load(self) -> Registry:
        """Return the whole registry as of one instant."""
        with self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            return _load(connection)

    def save(
        self, vendors: Iterable[Vendor], tenants: Iterable[Tenant], *, decided_on: int | None = None
    ) -> None:
        """Insert or replace these vendors and tenants in one transaction; others stay as they are.

        ``decided_on`` is the revision of the registry that they were made from, where they were. Raises
        ``DatabaseError`` when it is no longer the one in force, or when the database does not take them; nothing has
        changed then.
        """
        with changing(self._engine) as connection:
            # First, so that of several that save at once each waits for the one before it.
            grow_revision(connection, decided_on)
            for vendor in vendors:
                _save_vendor(connection, vendor)
            for tenant in tenants:
                _save_tenant(connection, tenant)


def _load(connection: Connection) -> Registry:
    granted: dict[str, set[str]] = {}
    for row in connection.execute(select(GRANTS.c.siret, GRANTS.c.vendor)):
        granted.setdefault(row.siret, set()).add(row.vendor)
    queues: dict[str, list[str]] = {}
    for row in connection.execute(select(REPLY_QUEUES).order_by(REPLY_QUEUES.c.name)):
        queues.setdefault(row.vendor, []).append(row.name)
    vendors = {
        row.name: Vendor(
            name=row.name,
            product=row.product,
            publisher=row.publisher,
            preset=row.preset,
            extra_scopes=tuple(row.extra_scopes),
            reply_queues=tuple(queues.get(row.name, ())),
        )
        for row in connection.execute(select(VENDORS).order_by(VENDORS.c.name))
    }
    tenants = {
        row.siret: Tenant(
            siret=row.siret,
            name=row.name,
            vendors=frozenset(granted.get(row.siret, ())),
            sealed_token=row.sealed_token,
            token_set_at=row.token_set_at,
            sealed_dgfip=row.sealed_dgfip,
            dgfip_set_at=row.dgfip_set_at,
            token_expires_at=row.token_expires_at,
            sealed_next_token=row.sealed_next_token,
            quotas=MappingProxyType(dict(row.quotas or {})),
        )
        for row in connection.execute(select(TENANTS).order_by(TENANTS.c.siret))
    }
    revision, overflows_revision = connection.execute(select(REVISION.c.revision, REVISION.c.backlogs)).one()
    overflows = {
        Flow(row.lane, row.vendor, row.siret): row.closed_at for row in connection.execute(select(OVERFLOWS))
    }
    return Registry(
        revision=revision,
        vendors=MappingProxyType(vendors),
        tenants=MappingProxyType(tenants),
        overflows=frozenset(flow for flow, closed_at in overflows.items() if closed_at is None),
        closed_overflows=MappingProxyType(
            {flow: closed_at for flow, closed_at in overflows.items() if closed_at is not None}
        ),
        overflows_revision=overflows_revision,
    )


def _save_vendor(connection: Connection, vendor: Vendor) -> None:
    values = {
        "product": vendor.product,
        "publisher": vendor.publisher,
        "preset": vendor.preset,
        "extra_scopes": list(vendor.extra_scopes),
    }
    changed = connection.execute(update(VENDORS).where(VENDORS.c.name == vendor.name).values(values))
    if changed.rowcount == 0:
        connection.execute(insert(VENDORS).values(name=vendor.name, **values))
    connection.execute(delete(REPLY_QUEUES).where(REPLY_QUEUES.c.vendor == vendor.name))
    for name in vendor.reply_queues:
        connection.execute(insert(REPLY_QUEUES).values(vendor=vendor.name, name=name))


def _save_tenant(connection: Connection, tenant: Tenant) -> None:
    values = {
        "name": tenant.name,
        "sealed_token": tenant.sealed_token,
        "token_set_at": tenant.token_set_at,
        "sealed_dgfip": tenant.sealed_dgfip,
        "dgfip_set_at": tenant.dgfip_set_at,
        "token_expires_at": tenant.token_expires_at,
        "sealed_next_token": tenant.sealed_next_token,
        "quotas": dict(tenant.quotas) or None,
    }
    changed = connection.execute(update(TENANTS).where(TENANTS.c.siret == tenant.siret).values(values))
    if changed.rowcount == 0:
        connection.execute(insert(TENANTS).values(siret=tenant.siret, **values))
    connection.execute(delete(GRANTS).where(GRANTS.c.siret == tenant.siret))
    for vendor in sorted(tenant.vendors):
        connection.execute(insert(GRANTS).values(siret=tenant.siret, vendor=vendor))
