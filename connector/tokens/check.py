"""One token, checked: what the API says of it, what the vendors' grants need of it, and when it expires."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from connector.catalogue.grants import scopes_of
from connector.jobs.jwt_claims import NotAJwtError, expiry_of
from connector.jobs.records import SecretField, Tenant, Vendor
from connector.jobs.token_life import due_warning, has_expired
from connector.sources.introspection import Accepted, Introspection, Refused
from connector.vault import VaultError
from schemas.codes import CheckCode


class TokenState(StrEnum):
    """Where a tenant's token stands."""

    ACCEPTED = "accepted"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    """No key of ``CONNECTOR_SECRET_KEY`` opens it."""
    EXPIRED = "expired"
    """As it says itself: the API is not asked."""
    REFUSED = "refused"
    UNDECIDED = "undecided"
    """The API could not be asked, or did not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenReport:
    """What is known of a tenant's token."""

    tenant: Tenant
    """With the expiry that its token says, stored or not."""
    state: TokenState
    code: CheckCode | None = None
    """Why, where it is refused or undecided."""
    missing: tuple[str, ...] = ()
    """Scopes that a grant of its vendors has, and the token has not: their checks are ``insufficient_scope``."""
    superfluous: tuple[str, ...] = ()
    """Scopes of the token that no grant of its vendors has."""

    def needs_a_hand(self, now: datetime) -> bool:
        """Tell whether somebody has something to do: the token does not serve as it should, or soon will not."""
        expires_at = self.tenant.token_expires_at
        expires_soon = expires_at is not None and due_warning(expires_at, now) is not None
        return self.state is not TokenState.ACCEPTED or bool(self.missing) or expires_soon


Opened = Callable[[str, SecretField, str], str]
"""From a SIRET, a field and what it holds sealed to the secret; raises ``VaultError``."""
Ask = Callable[[str], Awaitable[Introspection]]
"""From a token to what the API says of it."""


async def check_token(
    tenant: Tenant, vendors: Mapping[str, Vendor], opened: Opened, ask: Ask, now: datetime
) -> TokenReport:
    """Check a tenant's token with one call at most."""
    if tenant.sealed_token is None:
        return TokenReport(tenant=tenant, state=TokenState.MISSING)
    try:
        token = opened(tenant.siret, SecretField.TOKEN, tenant.sealed_token)
    except VaultError:
        return TokenReport(tenant=tenant, state=TokenState.UNREADABLE)
    dated = replace(tenant, token_expires_at=tenant.token_expires_at or _expiry(token))
    if has_expired(dated, now):
        return TokenReport(tenant=dated, state=TokenState.EXPIRED, code=CheckCode.TOKEN_EXPIRED)
    said = await ask(token)
    if isinstance(said, Accepted):
        needed = needed_scopes(tenant, vendors)
        return TokenReport(
            tenant=dated,
            state=TokenState.ACCEPTED,
            missing=tuple(sorted(needed - said.scopes)),
            superfluous=tuple(sorted(said.scopes - needed)),
        )
    state = TokenState.REFUSED if isinstance(said, Refused) else TokenState.UNDECIDED
    return TokenReport(tenant=dated, state=state, code=said.code)


def needed_scopes(tenant: Tenant, vendors: Mapping[str, Vendor]) -> frozenset[str]:
    """Return the scopes that the grants of the tenant's vendors need of its token."""
    return frozenset(
        scope for name in tenant.vendors if name in vendors for scope in scopes_of(vendors[name])
    )


def _expiry(token: str) -> datetime | None:
    try:
        return expiry_of(token)
    except NotAJwtError:
        # Stored before tokens were read.
        return None
