"""Whether the key is the one that the stored secrets were sealed with."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

from connector.jobs.records import SecretField, Tenant
from connector.vault import VaultError

_LOOKED_AT: Final = 20


def check_key(tenants: Iterable[Tenant], opened: Callable[[str, SecretField, str], object]) -> None:
    """Raise ``VaultError`` when there are secrets, and the key opens none of those looked at.

    ``opened`` is given a SIRET, a field and what it holds sealed, and raises ``VaultError`` as ``Vault.open`` does.
    """
    secrets = (
        (tenant.siret, held_as, sealed) for tenant in tenants for held_as, sealed in tenant.secrets.items()
    )
    failures: list[VaultError] = []
    for siret, held_as, sealed in islice(secrets, _LOOKED_AT):
        try:
            opened(siret, held_as, sealed)
        except VaultError as error:
            failures.append(error)
        else:
            return
    if failures:
        raise failures[0]
