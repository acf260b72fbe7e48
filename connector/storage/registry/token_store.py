"""Writing tokens in SQL, without the rest of their tenant: what somebody else changes meanwhile is not lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from connector.jobs.records import SecretField
from connector.storage.tables import TENANTS
from connector.storage.writing import changing, grow_revision


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """A token in force."""

    sealed: str = field(repr=False)
    expires_at: datetime | None
    set_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reseal:
    """A secret of a tenant under another key."""

    siret: str
    held_as: SecretField
    former: str = field(repr=False)
    sealed: str = field(repr=False)


class TokenStore:
    """The tokens of the registry, in a database whose schema is current.

    A change that names what it replaces is made only where that is still there. Each method tells whether it was,
    and raises ``DatabaseError``, with nothing changed, when the database does not take it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def is_in_force(self, siret: str, sealed: str) -> bool:
        """Tell whether a token is the tenant's still."""
        in_force = select(TENANTS.c.sealed_token).where(TENANTS.c.siret == siret)
        with self._engine.connect() as connection:
            return connection.execute(in_force).scalar() == sealed

    def set(self, siret: str, token: StoredToken) -> bool:
        """Put a token in force, whichever was; a rotation that waits is over."""
        return self._change(siret, {}, _in_force(token))

    def replace(self, siret: str, former: str, token: StoredToken) -> bool:
        """Put a token in force in place of ``former``; a rotation that waits is over."""
        return self._change(siret, {"sealed_token": former}, _in_force(token))

    def promote(self, siret: str, waiting: str, token: StoredToken) -> bool:
        """Put a token in force in place of itself, ``waiting`` as it was sealed to wait."""
        return self._change(siret, {"sealed_next_token": waiting}, _in_force(token))

    def put_next(self, siret: str, former: str, sealed: str) -> bool:
        """Let a token wait to replace ``former``, in the place of one that waits already."""
        return self._change(siret, {"sealed_token": former}, {"sealed_next_token": sealed})

    def drop_next(self, siret: str, sealed: str) -> bool:
        """Drop a token that waits."""
        return self._change(siret, {"sealed_next_token": sealed}, {"sealed_next_token": None})

    def note_expiry(self, siret: str, sealed: str, expires_at: datetime) -> bool:
        """Keep when the token in force expires."""
        return self._change(siret, {"sealed_token": sealed}, {"token_expires_at": expires_at})

    def revoke(self, siret: str) -> bool:
        """Remove the token in force, and the one that waits."""
        nothing = ("sealed_token", "token_set_at", "token_expires_at", "sealed_next_token")
        return self._change(siret, {}, dict.fromkeys(nothing))

    def reseal(self, reseals: Sequence[Reseal]) -> int:
        """Replace secrets by themselves under another key, in one transaction; return how many were still there."""
        with changing(self._engine) as connection:
            done = sum(
                _update(connection, one.siret, {one.held_as: one.former}, {one.held_as: one.sealed})
                for one in reseals
            )
            if done:
                grow_revision(connection)
        return done

    def _change(self, siret: str, expected: Mapping[str, str], values: Mapping[str, Any]) -> bool:
        with changing(self._engine) as connection:
            changed = _update(connection, siret, expected, values)
            if changed:
                grow_revision(connection)
        return changed


def _in_force(token: StoredToken) -> dict[str, Any]:
    return {
        "sealed_token": token.sealed,
        "token_set_at": token.set_at,
        "token_expires_at": token.expires_at,
        "sealed_next_token": None,
    }


def _update(
    connection: Connection, siret: str, expected: Mapping[str, str], values: Mapping[str, Any]
) -> bool:
    where = [TENANTS.c[column] == value for column, value in expected.items()]
    statement = update(TENANTS).where(TENANTS.c.siret == siret, *where).values(dict(values))
    return connection.execute(statement).rowcount > 0
