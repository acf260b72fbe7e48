"""Which worker processes are alive: each says so in the database every few seconds, and what it sees of the rest.

RabbitMQ cannot be asked: a quorum queue counts the consumers of a node that is down until it is back.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Engine, delete, select

from connector.storage.dialects import insert_into
from connector.storage.tables import WORKERS

BEAT_SECONDS: Final = 5.0
ALIVE_SECONDS: Final = 20.0
"""A worker that has said nothing for so long is dead, or has no database."""
MOST_TOLD: Final = 200
"""Of what may be many, so that what a worker says stays small."""
_FORGOTTEN_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspended:
    """A tenant for whom no call is made for a while."""

    tenant: str
    check: str | None
    """None: of whatever check."""
    code: str
    """The last refusal's."""
    until: str
    """ISO 8601."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A provider that is not asked for a while."""

    breaker: str
    code: str
    """What opened it."""
    until: str
    """ISO 8601; afterwards one call shows whether it is back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Jobs of one vendor that were rejected lately."""

    vendor: str
    count: int
    codes: tuple[str, ...]
    last_at: str
    """ISO 8601."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one worker sees at one instant."""

    lanes: tuple[str, ...] = ()
    """That it takes jobs from, while it is ready."""
    state: str = ""
    """``ready``, ``draining`` or ``no_broker_connection``."""
    away: tuple[str, ...] = ()
    """What it goes on without: ``reply_memory``, ``journal``, ``shared_state``."""
    open_breakers: tuple[str, ...] = ()
    is_address_paused: bool = False
    is_journal_held_up: bool = False
    """The broker keeps no records, hence no call is made."""
    suspended: tuple[Suspended, ...] = ()
    """The first ``MOST_TOLD`` of them."""
    held_back: tuple[HeldBack, ...] = ()
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """One worker process."""

    id: str
    host: str
    process: int
    version: str
    started_at: datetime
    seen_at: datetime
    sees: Sight


# What another version knows beside is left out.
_SIGHT: Final = TypeAdapter(Sight)


class PresenceStore:
    """The presences in a database whose schema is current. Every method raises ``SQLAlchemyError``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def tell(self, presence: Presence) -> None:
        """Say that a worker is alive, and forget those that were not for a day."""
        row = {**asdict(presence), "sees": asdict(presence.sees)}
        inserting = insert_into(self._engine, WORKERS).values(**row)
        changed = {name: inserting.excluded[name] for name in ("seen_at", "sees", "version")}
        with self._engine.begin() as connection:
            connection.execute(inserting.on_conflict_do_update(index_elements=[WORKERS.c.id], set_=changed))
            connection.execute(delete(WORKERS).where(WORKERS.c.seen_at < presence.seen_at - _FORGOTTEN_AFTER))

    def leave(self, worker_id: str) -> None:
        """Say that a worker has ended."""
        with self._engine.begin() as connection:
            connection.execute(delete(WORKERS).where(WORKERS.c.id == worker_id))

    def alive(self, now: datetime) -> tuple[Presence, ...]:
        """Return the workers that are alive, the longest first."""
        query = (
            select(WORKERS)
            .where(WORKERS.c.seen_at > now - timedelta(seconds=ALIVE_SECONDS))
            .order_by(WORKERS.c.started_at, WORKERS.c.id)
        )
        with self._engine.connect() as connection:
            return tuple(_presence(row._mapping) for row in connection.execute(query))  # noqa: SLF001 - public


def _presence(row: Any) -> Presence:
    return Presence(**{**row, "sees": _SIGHT.validate_python(row["sees"])})
