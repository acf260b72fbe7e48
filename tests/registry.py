"""A registry in memory, for the pipeline's unit tests: one vendor, two tenants, one token."""

from typing import Any

from connector.catalogue.grants import Grant, grant_of
from connector.jobs.records import Registry, SecretField, Tenant, Vendor
from connector.vault import VaultError

CLAMART = "26920023600017"
BOURG = "26750045200011"
"""Has no token."""
TOKEN = "eyJ.sesame.token"


class OneToken:
    """Stands for the registry's cache."""

    is_away = False
    is_trusted = True

    def __init__(self, *, opens: bool = True, preset: str = "all") -> None:
        self._opens = opens
        vendor = Vendor(name="millesime", product="M", publisher="Up", preset=preset)
        tenants = (
            Tenant(siret=CLAMART, name="C", vendors=frozenset({"millesime"}), sealed_token="sealed-sesame"),
            Tenant(siret=BOURG, name="B", vendors=frozenset({"millesime"})),
        )
        self.registry: Any = Registry(
            revision=1,
            vendors={vendor.name: vendor},
            tenants={tenant.siret: tenant for tenant in tenants},
        )

    def grant(self, vendor: Vendor) -> Grant:
        """Return what the vendor may ask and receive."""
        return grant_of(vendor)

    def secret(self, siret: str, held_as: SecretField, sealed: str) -> str:  # noqa: ARG002 - one token alone
        """Open the one token there is."""
        if not self._opens:
            raise VaultError(f"does not open the token of tenant {siret}")
        assert (siret, sealed) == (CLAMART, "sealed-sesame")
        return TOKEN
