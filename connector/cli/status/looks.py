"""Looking at what concerns one tenant: the database, then the broker, whichever is away."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, func, select

from connector.amqp.dead.letters import UNKNOWN_LANE, Content, DeadLetter
from connector.amqp.dead.queue import TRANSPORT_OPTIONS, DeadQueues
from connector.amqp.queue_state import queue_state
from connector.amqp.topology import DEAD, UNDELIVERABLE, lane_queue, overflow_queue, reply_queues
from connector.bootstrap.registry import open_current_database
from connector.cli.broker import reaching
from connector.cli.status.facts import Calls, Facts, LetterKind, Letters, OnTheBroker
from connector.clock import utc_now
from connector.errors import OperatorError
from connector.jobs.records import Lane, Registry, Tenant
from connector.settings.settings import Settings
from connector.storage.journal.store import JournalStore, Wanted
from connector.storage.presence import PresenceStore
from connector.storage.registry.store import RegistryStore
from connector.storage.tables import SCHEDULED_TASKS

LOOKED_AT: Final = 50
"""Letters of each dead queue that are read, the oldest: a look is to take less than a second."""
CALLS_SHOWN: Final = 50
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_LATE: Final = timedelta(minutes=5)
"""Beat looks at what is due every few seconds."""
_PARTICULIER: Final = "particulier"


def look_at_tenant(settings: Settings, siret: str) -> Facts | None:
    """Return what is known of a tenant; None where there is none of this SIRET.

    Raises ``OperatorError`` or ``SQLAlchemyError`` where the database cannot be read: of nothing else is it known.
    """
    now = utc_now()
    engine = open_current_database(settings, is_pooled=False)
    registry = RegistryStore(engine).load()
    tenant = registry.tenants.get(siret)
    if tenant is None:
        return None
    broker, cause = _look_at_broker(settings, registry, tenant)
    late_by, never = _look_at_schedule(engine, now)
    return Facts(
        now=now,
        tenant=tenant,
        quota=_quota(settings, tenant),
        workers=PresenceStore(engine).alive(now),
        calls=_look_at_calls(engine, siret, now) if settings.journal_key is not None else None,
        broker=broker,
        broker_cause=cause,
        beat_late_by=late_by,
        never_scheduled=never,
    )


def _quota(settings: Settings, tenant: Tenant) -> str:
    own = tenant.quotas.get(_PARTICULIER)
    if own:
        return f"{own}, its own"
    rates = [f"{rate.calls} calls in {rate.period_seconds:g} s" for rate in settings.token_quota]
    return f"{' and '.join(rates) or 'none'}, as for all"


def _look_at_calls(engine: Engine, siret: str, now: datetime) -> Calls:
    journal = JournalStore(engine)
    return Calls(
        last=journal.newest(Wanted(tenant=siret, since=now - _DAY), CALLS_SHOWN),
        in_a_minute=journal.count(Wanted(tenant=siret, since=now - _MINUTE)),
        in_an_hour=journal.count(Wanted(tenant=siret, since=now - _HOUR)),
    )


def _look_at_schedule(engine: Engine, now: datetime) -> tuple[timedelta | None, bool]:
    with engine.connect() as connection:
        oldest = connection.execute(select(func.min(SCHEDULED_TASKS.c.due_at))).scalar()
    if oldest is None:
        return None, True
    late_by = now - oldest
    return (late_by if late_by > _LATE else None), False


def _look_at_broker(settings: Settings, registry: Registry, tenant: Tenant) -> tuple[OnTheBroker | None, str]:
    try:
        with reaching(settings, TRANSPORT_OPTIONS) as connection:
            return _on_the_broker(connection, registry, tenant), ""
    except OperatorError as error:
        return None, str(error)


def _on_the_broker(connection: Any, registry: Registry, tenant: Tenant) -> OnTheBroker:
    def waiting(queue: str) -> int | None:
        state = queue_state(connection, queue)
        return None if state is None else state.waiting

    vendors = [registry.vendors[name] for name in sorted(tenant.vendors) if name in registry.vendors]
    replies = [queue for vendor in vendors for queue in reply_queues(vendor)]
    flows = sorted(flow for flow in registry.every_overflow if flow.siret == tenant.siret)
    return OnTheBroker(
        lanes={lane: waiting(lane_queue(lane)) for lane in Lane},
        overflows={
            queue: count for queue in map(overflow_queue, flows) if (count := waiting(queue)) is not None
        },
        replies={queue: waiting(queue) for queue in replies},
        letters=_letters(
            connection, {queue: waiting(queue) or 0 for queue in (DEAD, UNDELIVERABLE)}, tenant.vendors
        ),
    )


def _letters(connection: Any, waiting: Mapping[str, int], vendors: frozenset[str]) -> list[Letters]:
    found: dict[tuple[str, LetterKind], list[DeadLetter]] = {}
    counts = {queue: min(LOOKED_AT, count) for queue, count in waiting.items()}
    for held in DeadQueues(connection).held(counts):
        kind = _kind(held.letter)
        if kind is not None and held.letter.vendor in vendors:
            found.setdefault((held.letter.vendor, kind), []).append(held.letter)
    return _summed(found)


def _kind(letter: DeadLetter) -> LetterKind | None:
    if letter.reason == UNKNOWN_LANE:
        return LetterKind.UNKNOWN_LANE
    return LetterKind.REPLIES if letter.content is Content.REPLY else None


def _summed(found: "Mapping[tuple[str, LetterKind], list[DeadLetter]]") -> list[Letters]:
    return [
        Letters(
            vendor=vendor,
            kind=kind,
            count=len(letters),
            reason=letters[-1].reason,
            where=letters[-1].shown_routing_key if kind is LetterKind.UNKNOWN_LANE else letters[-1].origin,
            since=_oldest(letter.since for letter in letters),
        )
        for (vendor, kind), letters in sorted(found.items())
    ]


def _oldest(instants: "Iterable[datetime | None]") -> datetime | None:
    return min((instant for instant in instants if instant is not None), default=None)
