"""Fakes that several tests hand to the pipeline: time that passes when something sleeps, and services on a transport."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final, cast

import httpx
from pydantic import SecretStr

from connector.amqp.deferral import deferred, read_deferred
from connector.catalogue.definition import Source
from connector.checks.retry import POLICIES
from connector.jobs.delivery import Delivery
from connector.jobs.settlement import Answer, Defer, Settlement
from connector.limits.bounds import Quotas
from connector.limits.breaker import CLOSED, Breaker
from connector.limits.deferrals import Deferrals
from connector.limits.fair_queue import FairQueue
from connector.limits.intake import Door, Intake
from connector.limits.memory_limiter import MemoryLimiter
from connector.limits.refusals import NONE
from connector.limits.served import Served
from connector.limits.shared.exclusion import Exclusion, OwnArrivals
from connector.limits.shared.state import Change, MemoryState, ResultT
from connector.pipeline.run_job import verify
from connector.pipeline.services import Services
from connector.pipeline.settle import Kept
from connector.sources.api_particulier import ApiParticulier
from connector.sources.schema_drift import DriftCounter
from connector.storage.journal.journal import NoJournal
from connector.storage.registry.cache import RegistryCache
from connector.storage.replies import ReplyMemory
from connector.telemetry.affected_tenants import AffectedTenants
from connector.telemetry.metrics import Metrics
from connector.telemetry.rejections import RejectionLog
from connector.telemetry.token_alerts import TokenAlert
from connector.telemetry.tracing import Untraced
from connector.vault import Vault, new_key
from schemas.reply import Reply

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class ManualTime:
    """A clock that moves only when something sleeps, or when a test says so."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now
        self.slept: list[float] = []
        """Seconds, one entry per sleep."""

    def clock(self) -> datetime:
        """Return the instant."""
        return self.now

    def seconds(self) -> float:
        """Return the instant in Unix time."""
        return self.now.timestamp()

    async def sleep(self, seconds: float) -> None:
        """Let the time pass, and others run."""
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Move the clock."""
        self.now += timedelta(seconds=seconds)


class NeverOpen:
    """Breakers that remember nothing."""

    def peek(self, _key: str) -> Breaker:
        """Return a closed breaker."""
        return CLOSED

    def held(self) -> tuple[tuple[str, Breaker], ...]:
        """Return none."""
        return ()

    async def change(self, _key: str, change: Change[Breaker, ResultT]) -> ResultT:
        """Return what a closed breaker answers."""
        return change(CLOSED)[1]


DOOR: Final = Door("verifications.interactive", messages=200)
"""What a worker of the default concurrency is given of a lane at once."""


class Told:
    """Announcements, kept by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, TokenAlert] = {}

    async def tell_once(self, name: str, alert: TokenAlert) -> None:
        """Keep it."""
        self.by_name.setdefault(name, alert)


def services(transport: httpx.AsyncBaseTransport, registry: Any, time: ManualTime | None = None) -> Services:
    """Return services whose sources answer through ``transport``, with a memory of this process alone."""
    passing = time or ManualTime()
    vault = Vault(SecretStr(new_key()))
    return Services(
        registry=cast("RegistryCache", registry),
        upstreams={Source.API_PARTICULIER: ApiParticulier(transport, "https://api.test")},
        transport=transport,
        breakers=MemoryState(CLOSED),
        intake=Intake(100),
        deferrals=Deferrals(passing.clock),
        quotas=Quotas(),
        turns=FairQueue(MemoryLimiter(passing.seconds), passing.seconds),
        announcements=Told(),
        refusals=MemoryState(NONE),
        served=Served(),
        exclusion=Exclusion(OwnArrivals()),
        link=None,
        presence=None,
        memory=ReplyMemory(None, vault, passing.clock),
        journal=NoJournal(),
        vault=vault,
        policies=POLICIES,
        clock=passing.clock,
        sleep=passing.sleep,
        jitter=lambda: 0.5,
        drift_counter=DriftCounter(),
        metrics=Metrics(),
        rejections=RejectionLog(),
        affected_tenants=AffectedTenants(),
        tracer=Untraced(),
        require_user_id=False,
    )


async def verified(delivery: Delivery, acting: Services, *, went_to_overflow: bool = False) -> Settlement:
    """Return how a delivery ends, once the broker has the records of its calls."""
    records = Kept(acting.journal.open())
    door = None if went_to_overflow else DOOR
    settlement = await verify(delivery, records, acting, door=door)
    await records.confirmed()
    return settlement


async def answered(delivery: Delivery, acting: Services, time: ManualTime) -> Reply:
    """Return the reply in which a delivery ends, each deferral taken where the broker's delays would take it."""
    while not isinstance(settlement := await verified(delivery, acting), Answer):
        assert isinstance(settlement, Defer), f"ended as {type(settlement).__name__}"
        message = deferred(settlement.delivery, settlement.at, time.now, acting.vault)
        time.advance(message.delay_seconds)
        came_back = read_deferred(
            SimpleNamespace(body=message.body, properties={}, delivery_info={"redelivered": False}),
            acting.vault,
        )
        assert came_back is not None
        delivery = came_back
    return settlement.reply
