"""Whose calls have failed at a provider that may be going down, so that whoever hears of it knows whom to tell."""

from typing import Final

MOST_NAMED: Final = 20
"""Tenants of one provider, in the order of their first failure."""


class Concerned:
    """The tenants whose calls failed since a provider last answered, in this process."""

    def __init__(self) -> None:
        self._tenants: dict[str, dict[str, None]] = {}

    def note(self, provider: str, tenant: str) -> None:
        """Note a call that failed."""
        tenants = self._tenants.setdefault(provider, {})
        if len(tenants) < MOST_NAMED:
            tenants[tenant] = None

    def named(self, provider: str) -> list[str]:
        """Return their SIRETs."""
        return list(self._tenants.get(provider, ()))

    def forget(self, provider: str) -> None:
        """Forget them: the provider has answered."""
        self._tenants.pop(provider, None)
