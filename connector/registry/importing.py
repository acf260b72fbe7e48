"""What an import of the tenants' file would change, decided as values before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from connector.registry.records import Registry, Tenant, Vendor
from connector.registry.tenants_file import TenantsFile, TenantsFileError, resolve_token
from connector.registry.vault import Vault, VaultError


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
) -> tuple[Change, ...]:
    """Return one change per entry of the file; entries that the file does not name are left alone.

    Raises ``TenantsFileError`` when a tenant names an unknown vendor, or when a token cannot be had.
    """
    vendors = tuple(
        _change(Vendor(name=name, **dict(entry)), registry.vendors.get(name))
        for name, entry in file.vendors.items()
    )
    known = {*registry.vendors, *file.vendors}
    tenants = []
    for siret, entry in file.tenants.items():
        if unknown := sorted(set(entry.vendors) - known):
            raise TenantsFileError(
                f"tenants.{siret}.vendors: {unknown[0]} is no vendor; add a table [vendors.{unknown[0]}]",
            )
        current = registry.tenants.get(siret)
        wanted = Tenant(siret=siret, name=entry.name, vendors=frozenset(entry.vendors))
        if entry.token is None:
            wanted = _with_token_of(wanted, current)
        else:
            token = resolve_token(siret, entry.token, environ)
            wanted = (
                _with_token_of(wanted, current)
                if _holds(vault, current, token)
                else replace(wanted, sealed_token=vault.seal(siret, token), token_set_at=now)
            )
        tenants.append(_change(wanted, current))
    return (*vendors, *tenants)


def _with_token_of(wanted: Tenant, current: Tenant | None) -> Tenant:
    if current is None:
        return wanted
    return replace(wanted, sealed_token=current.sealed_token, token_set_at=current.token_set_at)


def _holds(vault: Vault, tenant: Tenant | None, token: str) -> bool:
    if tenant is None or tenant.sealed_token is None:
        return False
    try:
        return vault.open(tenant.siret, tenant.sealed_token) == token
    except VaultError:
        # Sealed under a key that is gone: the import is how it is replaced.
        return False


def _change(wanted: Vendor | Tenant, current: Vendor | Tenant | None) -> Change:
    if current is None:
        return Change(kind=ChangeKind.ADDED, record=wanted)
    differing = tuple(
        {"sealed_token": "token"}.get(name, name)
        for name in wanted.__slots__
        if name != "token_set_at" and getattr(wanted, name) != getattr(current, name)
    )
    kind = ChangeKind.CHANGED if differing else ChangeKind.UNCHANGED
    return Change(kind=kind, record=wanted, fields=differing)
