"""Whom a provider that is down concerns, so that whoever hears of it knows whom to tell."""

from typing import Final

MOST_NAMED: Final = 50
"""Tenants of one provider, in the order in which they met it; an event in Sentry lists no more."""


class AffectedTenants:
    """The tenants whose calls failed, or were held back, since a provider last answered, in this process."""

    def __init__(self) -> None:
        self._tenants: dict[str, dict[str, None]] = {}
        self._told: dict[str, int] = {}
        """How many of them somebody was told of, the first ones."""

    def note(self, provider: str, tenant: str) -> None:
        """Note a call that failed, or was held back."""
        tenants = self._tenants.setdefault(provider, {})
        if len(tenants) < MOST_NAMED:
            tenants[tenant] = None

    def tell_all(self, provider: str) -> list[str]:
        """Return their SIRETs, to be told."""
        self._told.pop(provider, None)
        return self.tell_new(provider)

    def tell_new(self, provider: str) -> list[str]:
        """Return the SIRETs of those that were not told yet, to be told."""
        tenants = self._tenants.get(provider, {})
        told = self._told.get(provider, 0)
        if told == len(tenants):
            return []
        self._told[provider] = len(tenants)
        return list(tenants)[told:]

    def forget(self, provider: str) -> None:
        """Forget them: the provider has answered."""
        self._tenants.pop(provider, None)
        self._told.pop(provider, None)
