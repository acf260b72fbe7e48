"""Settling: publish what a delivery ends in, confirmed and routed, and only then acknowledge it.

Nor is it acknowledged before the records of its calls are kept, and its reply.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import structlog

from connector.amqp.confirmed_channel import Confirmation, PublishError
from connector.amqp.deferral import deferred, overflowed, quarantined
from connector.amqp.kept_headers import (
    QUEUE_HEADER,
    REASON_HEADER,
    ROUTING_KEY_HEADER,
    SINCE_HEADER,
    USER_HEADER,
)
from connector.amqp.publisher import Outgoing, Publisher, until_done
from connector.amqp.topology import DEAD, UNDELIVERABLE, overflow_queue
from connector.clock import Clock
from connector.events import Event
from connector.jobs.delivery import Delivery
from connector.jobs.job_state import IdempotencyKey
from connector.jobs.records import Flow
from connector.jobs.settlement import (
    Answer,
    Dead,
    DeadReason,
    Defer,
    Overflow,
    Quarantined,
    Settlement,
    as_duplicate,
)
from connector.storage.journal.journal import Records
from connector.storage.journal.record import Record
from connector.storage.replies import ReplyMemory
from connector.telemetry.metrics import Metrics
from connector.telemetry.rejections import RejectionLog
from connector.vault import Vault
from schemas.codes import JobStatus
from schemas.reply import REPLY_TYPE, Reply

ENDED_AS: Final[Mapping[type[Settlement], str]] = MappingProxyType(
    {Answer: "answer", Dead: "dead", Defer: "defer", Quarantined: "isolate", Overflow: "setaside"}
)
"""How each settlement is named in the logs, whose words readers key on: they outlive the names of the code."""
_TRACES_KEPT: Final = ("traceparent", "sentry-trace")

_log = structlog.get_logger(__name__)


class OverflowFullError(Exception):
    """A flow's overflow queue takes no more: this one is to be answered without being run."""

    def __init__(self, flow: Flow) -> None:
        super().__init__(overflow_queue(flow))
        self.flow = flow


class _FullError(Exception):
    """A queue takes no more; ``instead`` is how the message ends then."""

    def __init__(self, queue: str, instead: Settlement) -> None:
        super().__init__(queue)
        self.instead = instead


@dataclass(slots=True)
class Kept:
    """What one delivery leaves that has to be kept before it is acknowledged: the records of its calls, its reply in the memory.

    A reply is published meanwhile: whoever waits for it does not wait for a disk.
    """

    records: Records
    writes: list[tuple[Awaitable[object], tuple[Record, ...]]] = field(default_factory=list)
    """Each write to the database, which tells in the end whether the records beside it are written with it."""

    def store(self, reply: Reply, claim: IdempotencyKey, memory: ReplyMemory) -> None:
        """Have the memory keep the reply, and take the records along where that is best."""
        records = self.records.take()
        if not memory.takes_records:
            self.records.publish(records)
            records = ()
        try:
            write = memory.store(claim, reply, records)
        except Exception:
            self.records.publish(records)
            raise
        if write is not None:
            self.writes.append((write, records))

    async def confirmed(self) -> None:
        """Return once all of it is kept, or cannot be: a record is kept by the broker where the database did not write it.

        Raises ``PublishError`` when the connection to the broker ended before.
        """
        while self.writes:
            write, records = self.writes[-1]
            if not await write:
                self.records.publish(records)
            self.writes.pop()
        await self.records.confirmed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message that was taken from a queue, and what may be told the broker of it."""

    queue: str
    acknowledge: Callable[[], None]
    reject: Callable[[], None]
    """Leaves it to the broker's own dead-lettering, which has a body that was not taken in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settler:
    """Carries settlements out on one connection."""

    publisher: Publisher
    vault: Vault
    clock: Clock
    open_overflow: Callable[[Flow], Awaitable[None]]
    """Makes a flow's overflow queue. Raises ``PublishError`` when it cannot."""
    overflowing: asyncio.Semaphore
    """How many jobs overflow at once: the broker's answers to the others must not queue behind hundreds."""
    metrics: Metrics
    rejections: RejectionLog
    kept: Callable[[], Awaitable[None]]
    """Returns once what the delivery leaves is kept, as ``Kept.confirmed`` does. Raises ``PublishError`` when the connection ends."""

    async def settle(self, settlement: Settlement, delivery: Delivery, taken: Taken) -> None:
        """Carry out ``settlement``, as often as it takes, while the connection lives.

        A message that the broker does not confirm leaves the delivery unacknowledged; it is published again after a
        while, and as it may be there already, a reply then says so. Raises ``PublishError`` when the connection ends:
        the broker gives the delivery again; ``OverflowFullError`` when a job cannot overflow, with nothing published.
        """
        ending = settlement

        async def attempt() -> bool:
            nonlocal ending
            try:
                await self._settle_once(ending, delivery, taken)
            except _FullError as full:
                # It must not stay in flight: a vendor that reads nothing would fill the hands of all.
                ending = full.instead
                return await attempt()
            except PublishError as error:
                if self.publisher.has_ended:
                    raise
                _log.warning(Event.JOB_UNSETTLED, queue=taken.queue, error=str(error))
                ending = _as_repeated(ending)
                return False
            return True

        await until_done(attempt)
        self.metrics.delivery_settled(ending, delivery, self.clock())
        if isinstance(ending, Answer):
            self._note(ending, delivery)

    def _note(self, answer: Answer, delivery: Delivery) -> None:
        """Tell the operator of what a vendor's program does wrong: nobody but a vendor of the registry is answered."""
        vendor = delivery.routing_key.partition(".")[0]
        if answer.reply.status is JobStatus.REJECTED:
            self.rejections.note(vendor, answer.reply)
        elif (ahead_seconds := delivery.clock_ahead_seconds) is not None:
            self.rejections.note_clock(vendor, ahead_seconds)

    async def _settle_once(self, settlement: Settlement, delivery: Delivery, taken: Taken) -> None:
        match settlement:
            case Answer():
                confirmation = await _reply(settlement, delivery, self.publisher)
                if confirmation is not Confirmation.ROUTED:
                    self.metrics.reply_was_undeliverable(confirmation)
            case Defer(at=at, delivery=waiting):
                await _keep(deferred(waiting, at, self.clock(), self.vault), self.publisher)
            case Overflow(flow=flow, delivery=waiting):
                await self._overflow(flow, waiting)
            case Quarantined(delivery=suspect):
                await _keep(quarantined(suspect, self.vault), self.publisher)
                _log.warning(Event.JOB_ISOLATED, queue=taken.queue)
            case Dead():
                is_kept = not delivery.oversized and await self._keep_dead(settlement, delivery, taken.queue)
                if not is_kept and not delivery.oversized and settlement.when_full is not None:
                    raise _FullError(DEAD, settlement.when_full)
                _log.error(Event.JOB_DEAD, reason=settlement.reason, queue=taken.queue, lane=delivery.lane)
                if not is_kept:
                    await self.kept()
                    taken.reject()
                    return
        await self.kept()
        taken.acknowledge()
        status = settlement.reply.status if isinstance(settlement, Answer) else None
        _log.debug(Event.JOB_SETTLED, ended=ENDED_AS[type(settlement)], status=status, queue=taken.queue)

    async def _keep_dead(self, dead: Dead, delivery: Delivery, queue: str) -> bool:
        """Put a message on ``connector.dead``; False where that is full.

        Where nobody can be answered instead, the broker's own dead-lettering has the message wait where it was, in nobody's
        hand, until there is room.
        """
        letter = _dead_letter(dead, delivery, queue, self.clock())
        confirmation = await self.publisher.publish(letter)
        if confirmation is Confirmation.UNROUTABLE:
            raise PublishError(f"{DEAD} does not exist")
        return confirmation is Confirmation.ROUTED

    async def _overflow(self, flow: Flow, delivery: Delivery) -> None:
        async with self.overflowing:
            message = overflowed(delivery, flow, self.vault)
            confirmation = await self.publisher.publish(message)
            if confirmation is Confirmation.UNROUTABLE:
                await self.open_overflow(flow)
                await _keep(message, self.publisher)
            elif confirmation is Confirmation.REFUSED:
                raise OverflowFullError(flow)


def _as_repeated(settlement: Settlement) -> Settlement:
    """Return what is published again, marked: it may be there already."""
    match settlement:
        case Answer(reply=reply):
            return replace(settlement, reply=as_duplicate(reply))
        case Defer(delivery=delivery) | Quarantined(delivery=delivery) | Overflow(delivery=delivery):
            return replace(settlement, delivery=replace(delivery, redelivered=True))
        case Dead():
            return settlement


async def _reply(answer: Answer, delivery: Delivery, publisher: Publisher) -> Confirmation:
    """Publish the reply, or keep it where an operator finds it; return what its own queue did."""
    message = _reply_message(answer, delivery)
    confirmation = await publisher.publish(message)
    if confirmation is Confirmation.ROUTED:
        return confirmation
    reason = confirmation.name.lower()
    kept = Outgoing(
        queue=UNDELIVERABLE,
        body=message.body,
        properties=message.properties,
        headers={
            **_kept(message.headers),
            REASON_HEADER: reason,
            QUEUE_HEADER: answer.queue,
            SINCE_HEADER: answer.reply.completed_at.isoformat(),
        },
    )
    became = await publisher.publish(kept)
    if became is Confirmation.REFUSED:
        raise _FullError(UNDELIVERABLE, Dead(DeadReason.NOWHERE_TO_REPLY))
    if became is Confirmation.UNROUTABLE:
        raise PublishError(f"{UNDELIVERABLE} does not exist")
    _log.error(Event.REPLY_UNDELIVERABLE, reason=reason, queue=answer.queue, lane=delivery.lane)
    return confirmation


async def _keep(message: Outgoing, publisher: Publisher) -> None:
    confirmation = await publisher.publish(message)
    if confirmation is not Confirmation.ROUTED:
        raise PublishError(f"{message.queue} did not take a message ({confirmation.name.lower()})")


def _reply_message(answer: Answer, delivery: Delivery) -> Outgoing:
    candidates = (delivery.correlation_id, delivery.message_id, answer.reply.job_id)
    correlation_id = next((candidate for candidate in candidates if candidate is not None), None)
    return Outgoing(
        queue=answer.queue,
        body=answer.reply.__pydantic_serializer__.to_json(answer.reply),
        properties=_present(correlation_id=correlation_id, type=REPLY_TYPE),
        headers=delivery.trace,
    )


def _dead_letter(dead: Dead, delivery: Delivery, queue: str, now: datetime) -> Outgoing:
    """Return the message as it came, but for what would act on the broker again.

    ``CC``, ``BCC`` and ``x-death`` reroute, ``expiration`` destroys, and the broker refuses another's
    ``user_id``. It is published under an id of its own: its sender's is kept where a reply is to carry it.
    """
    correlation_id = delivery.message_id if delivery.correlation_id is None else delivery.correlation_id
    return Outgoing(
        queue=DEAD,
        body=delivery.body,
        properties=_present(
            correlation_id=correlation_id,
            reply_to=delivery.reply_to,
            timestamp=delivery.timestamp,
        ),
        headers={
            **_kept(delivery.trace),
            REASON_HEADER: dead.reason.value,
            QUEUE_HEADER: queue,
            ROUTING_KEY_HEADER: delivery.routing_key,
            SINCE_HEADER: now.isoformat(),
            **_present(**{USER_HEADER: delivery.user_id}),
        },
    )


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """Return which trace a message that lies there is of, without the texts that its vendor carries along with one.

    ``baggage`` and ``tracestate`` hold what their writers like (https://www.w3.org/TR/baggage/, section 4, Privacy).
    """
    return {name: headers[name] for name in _TRACES_KEPT if name in headers}


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
