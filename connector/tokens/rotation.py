"""Rotating a token: the former one serves until the API has answered the new one."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from connector.errors import OperatorError
from connector.jobs.records import SecretField, Tenant
from connector.sources.introspection import Accepted, Refused
from connector.storage.registry.token_store import StoredToken, TokenStore
from connector.tokens.check import Ask
from connector.vault import Vault


class RotationError(OperatorError):
    """A token cannot be rotated; the message says why. Nothing was changed."""


class Rotated(StrEnum):
    """How a rotation ended."""

    IN_FORCE = "in force"
    WAITING = "waiting"
    """The API could not be asked: the new token is kept until it has been."""
    UNCHANGED = "unchanged"
    """The new token is the one in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token that an operator gives."""

    text: str = field(repr=False)
    expires_at: datetime | None


async def rotate(  # noqa: PLR0913 - a change, and what it is made with
    tenant: Tenant,
    token: NewToken,
    now: datetime,
    *,
    vault: Vault,
    store: TokenStore,
    ask: Ask,
    dry_run: bool = False,
) -> Rotated:
    """Ask the API about the new token, then put it in force, or let it wait where the API does not say.

    Raises ``RotationError``: there is no token to rotate, the API refuses the new one, or the registry was changed
    meanwhile. Raises ``VaultError`` when the former token does not open, ``DatabaseError`` as ``TokenStore`` does.
    """
    former = tenant.sealed_token
    if former is None:
        raise RotationError(
            f"tenant {tenant.siret} has no token; set one: ccas-connector tenants token set {tenant.siret}"
        )
    if vault.open(tenant.siret, SecretField.TOKEN, former) == token.text:
        return Rotated.UNCHANGED
    said = await ask(token.text)
    if isinstance(said, Refused):
        raise RotationError(f"the API refuses the new token ({said.code}); nothing was changed")
    end = Rotated.IN_FORCE if isinstance(said, Accepted) else Rotated.WAITING
    if dry_run:
        return end
    held_as = SecretField.TOKEN if end is Rotated.IN_FORCE else SecretField.NEXT_TOKEN
    sealed = vault.seal(tenant.siret, held_as, token.text)
    if end is Rotated.IN_FORCE:
        in_force = StoredToken(sealed=sealed, expires_at=token.expires_at, set_at=now)
        is_done = store.replace(tenant.siret, former, in_force)
    else:
        is_done = store.put_next(tenant.siret, former, sealed)
    if not is_done:
        raise RotationError(f"the token of tenant {tenant.siret} was changed meanwhile; look, and try again")
    return end
