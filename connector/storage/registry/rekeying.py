"""Which key each stored secret is sealed under, and those that are to be sealed again."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Final

from connector.jobs.records import SecretField, Tenant
from connector.storage.registry.token_store import Reseal, TokenStore
from connector.vault import Vault, VaultError

_AT_ONCE: Final = 50
"""Secrets per transaction: workers reload the registry after each."""


@dataclass(frozen=True, slots=True)
class Stale:
    """A secret under a key that is not the first, or of the form that does not name its field."""

    siret: str
    held_as: SecretField
    sealed: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rekeying:
    """What a change of key has to do."""

    by_key: Mapping[str, int]
    """How many secrets are under each key, by its short name."""
    stale: tuple[Stale, ...]


def plan_rekeying(tenants: Iterable[Tenant], vault: Vault) -> Rekeying:
    """Look at every stored secret. Raises ``VaultError`` when one opens under none of the keys, or is another field's."""
    by_key: Counter[str] = Counter()
    stale: list[Stale] = []
    unreadable: list[str] = []
    for tenant in tenants:
        for held_as, sealed in tenant.secrets.items():
            under = vault.sealed_under(sealed)
            if under is None:
                unreadable.append(tenant.siret)
                continue
            # Of another tenant or field, it would be sealed again as what it is not.
            vault.open(tenant.siret, held_as, sealed)
            by_key[under.key] += 1
            if not under.is_current:
                stale.append(Stale(tenant.siret, held_as, sealed))
    if unreadable:
        raise VaultError(
            f"CONNECTOR_SECRET_KEY: opens {by_key.total()} of {by_key.total() + len(unreadable)} stored secrets, not "
            f"those of tenant {unreadable[0]}; give the key they were sealed with too, or set them again"
        )
    return Rekeying(by_key=MappingProxyType(dict(by_key)), stale=tuple(stale))


def rekey(stale: Iterable[Stale], vault: Vault, store: TokenStore, seen: Callable[[object], object]) -> int:
    """Seal secrets as they are sealed now, under the first key, a few per transaction; return how many were still as they were read.

    What somebody changes meanwhile is sealed under a key of its own time. Interrupted, it goes on where it was when
    it is run again. ``seen`` is told of each secret.
    """
    done, remaining = 0, iter(stale)
    while group := list(islice(remaining, _AT_ONCE)):
        done += store.reseal(
            [
                Reseal(siret=one.siret, held_as=one.held_as, former=one.sealed, sealed=_resealed(one, vault))
                for one in group
            ]
        )
        for one in group:
            seen(one)
    return done


def _resealed(one: Stale, vault: Vault) -> str:
    return vault.seal(one.siret, one.held_as, vault.open(one.siret, one.held_as, one.sealed))
