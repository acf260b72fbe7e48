"""The registry as values: what admission decides on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A software product that publishes jobs."""

    name: str
    """Its AMQP user, and the first word of its routing keys."""
    product: str
    publisher: str
    preset: str
    """The habilitation form whose scopes it works with: millesime, sonate-opus, ccas or all."""
    extra_scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One CCAS."""

    siret: str
    name: str
    vendors: frozenset[str]
    """The vendors that may ask in its name."""
    sealed_token: str | None = field(default=None, repr=False)
    """Its API Particulier token, encrypted; ``None`` when it has none."""
    token_set_at: datetime | None = None
    sealed_dgfip: str | None = field(default=None, repr=False)
    """Its credentials at API Impôt particulier, encrypted; ``None`` when it has none."""
    dgfip_set_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The whole registry at one instant."""

    revision: int
    """Grows with every change."""
    vendors: Mapping[str, Vendor]
    tenants: Mapping[str, Tenant]


EMPTY_REGISTRY = Registry(revision=0, vendors=MappingProxyType({}), tenants=MappingProxyType({}))
