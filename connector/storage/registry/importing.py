"""What an import of the tenants' file would change, decided as values before anything is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from connector.jobs.records import Registry, SecretField, Tenant, Vendor
from connector.storage.registry.tenants_file import (
    TenantsFile,
    TenantsFileError,
    VendorEntry,
    resolve_dgfip,
    resolve_jwt,
)
from connector.vault import Vault, VaultError

_FOLLOWING: Final = frozenset({"token_set_at", "token_expires_at", "sealed_next_token", "dgfip_set_at"})
"""Fields that change with others, which are named in their place."""


class ChangeKind(StrEnum):
    """What happens to one entry."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What the import does to one vendor or tenant."""

    kind: ChangeKind
    record: Vendor | Tenant
    fields: tuple[str, ...] = ()
    """The names of what differs, never its values."""


def plan_import(
    file: TenantsFile,
    registry: Registry,
    vault: Vault,
    environ: Mapping[str, str],
    now: datetime,
    seen: Callable[[str], object] = lambda _siret: None,
) -> tuple[Change, ...]:
    """Return one change per entry of the file; entries that the file does not name are left alone.

    ``seen`` is told of each tenant as it has been decided on: sealing a thousand tokens takes its time.

    Raises ``TenantsFileError`` when a tenant names an unknown vendor, or when a secret cannot be had.
    """
    vendors = tuple(
        vendor_change(name, entry, registry.vendors.get(name)) for name, entry in file.vendors.items()
    )
    known = {*registry.vendors, *file.vendors}
    tenants = []
    for siret, entry in file.tenants.items():
        if unknown := sorted(set(entry.vendors) - known):
            raise TenantsFileError(
                f"tenants.{siret}.vendors: {unknown[0]} is no vendor; add a table [vendors.{unknown[0]}] to a TOML file",
            )
        current = registry.tenants.get(siret)
        wanted = replace(
            current or Tenant(siret=siret, name="", vendors=frozenset()),
            name=entry.name,
            vendors=frozenset(entry.vendors),
        )
        # A secret that the file leaves out, or that is the one held already, stays as it is.
        if entry.token is not None:
            token, expires_at = resolve_jwt(siret, entry.token, environ)
            if not _holds(vault, wanted, SecretField.TOKEN, token):
                wanted = with_token(wanted, vault.seal(siret, SecretField.TOKEN, token), expires_at, now)
        if entry.dgfip is not None:
            dgfip = resolve_dgfip(siret, entry.dgfip, environ).as_secret()
            if not _holds(vault, wanted, SecretField.DGFIP, dgfip):
                sealed = vault.seal(siret, SecretField.DGFIP, dgfip)
                wanted = replace(wanted, sealed_dgfip=sealed, dgfip_set_at=now)
        if entry.quotas is not None:
            wanted = replace(
                wanted, quotas=MappingProxyType({str(group): rates for group, rates in entry.quotas.items()})
            )
        tenants.append(_change(wanted, current))
        seen(siret)
    return (*vendors, *tenants)


def with_token(tenant: Tenant, sealed: str, expires_at: datetime | None, now: datetime) -> Tenant:
    """Return the tenant with another token, which no earlier rotation may replace."""
    return replace(
        tenant, sealed_token=sealed, token_set_at=now, token_expires_at=expires_at, sealed_next_token=None
    )


def vendor_change(name: str, entry: VendorEntry, current: Vendor | None) -> Change:
    """Return what giving a vendor these values changes; its further reply queues stay."""
    queues = current.reply_queues if current else ()
    return _change(Vendor(name=name, reply_queues=queues, **dict(entry)), current)


def _holds(vault: Vault, tenant: Tenant, held_as: SecretField, secret: str) -> bool:
    sealed = tenant.sealed(held_as)
    if sealed is None:
        return False
    try:
        return vault.open(tenant.siret, held_as, sealed) == secret
    except VaultError:
        # Sealed under a key that is gone: the import is how it is replaced.
        return False


def _change(wanted: Vendor | Tenant, current: Vendor | Tenant | None) -> Change:
    if current is None:
        return Change(kind=ChangeKind.ADDED, record=wanted)
    differing = tuple(
        name.removeprefix("sealed_")
        for name in wanted.__slots__
        if name not in _FOLLOWING and getattr(wanted, name) != getattr(current, name)
    )
    kind = ChangeKind.CHANGED if differing else ChangeKind.UNCHANGED
    return Change(kind=kind, record=wanted, fields=differing)
