"""The registry as values: what admission decides on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

VENDOR_NAME: Final = r"^[a-z][a-z0-9-]{0,31}$"
"""The form of a vendor's name."""


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
    reply_queues: tuple[str, ...] = ()
    """Names of its further reply queues, ``<name>`` of ``replies.<vendor>.<name>``."""


class Lane(StrEnum):
    """The queue that a job was taken from: an agent waits, or a campaign runs."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


class SecretField(StrEnum):
    """A field of a tenant that is encrypted, by its name here and in SQL."""

    TOKEN = "sealed_token"  # noqa: S105 - a column's name
    NEXT_TOKEN = "sealed_next_token"  # noqa: S105 - likewise
    DGFIP = "sealed_dgfip"


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
    token_expires_at: datetime | None = None
    """As its JWT says; ``None`` when that is not known."""
    sealed_next_token: str | None = field(default=None, repr=False)
    """The token that replaces the current one as soon as the API has answered it, encrypted."""
    quotas: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Its own quotas (``20/s,250/min``) by group of endpoints, where they are not the general ones."""

    def sealed(self, held_as: SecretField) -> str | None:
        """Return one of its secrets, encrypted; None where it has none."""
        match held_as:
            case SecretField.TOKEN:
                return self.sealed_token
            case SecretField.NEXT_TOKEN:
                return self.sealed_next_token
            case SecretField.DGFIP:
                return self.sealed_dgfip

    @property
    def secrets(self) -> Mapping[SecretField, str]:
        """What of it is encrypted, by its field."""
        every = {held_as: self.sealed(held_as) for held_as in SecretField}
        return {held_as: sealed for held_as, sealed in every.items() if sealed is not None}


EVERY_TENANT: Final = "0" * 14
"""In place of a SIRET: the jobs of a vendor for whichever tenant."""


@dataclass(frozen=True, slots=True, order=True)
class Flow:
    """The jobs of one vendor for one tenant on one lane: what capacity is shared between."""

    lane: str
    vendor: str
    siret: str

    @property
    def of_every_tenant(self) -> "Flow":
        """The jobs of the vendor on the lane, whoever they are for."""
        return replace(self, siret=EVERY_TENANT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The whole registry at one instant."""

    revision: int
    """Grows with every change."""
    vendors: Mapping[str, Vendor]
    tenants: Mapping[str, Tenant]
    overflows: frozenset[Flow] = frozenset()
    """The flows that have an overflow queue of their own, from which workers take."""
    closed_overflows: Mapping[Flow, datetime] = field(default_factory=lambda: MappingProxyType({}))
    """The flows whose queue was found empty and left alone, each since when."""
    overflows_revision: int = 0
    """Grows with every change of those."""

    @property
    def every_overflow(self) -> frozenset[Flow]:
        """The flows whose queue may exist."""
        return self.overflows | self.closed_overflows.keys()


EMPTY_REGISTRY = Registry(revision=0, vendors=MappingProxyType({}), tenants=MappingProxyType({}))
