"""One message of a queue that is consumed, on its way through the pipeline."""

import asyncio
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, Final

import structlog

from connector.amqp.confirmed_channel import PublishError
from connector.amqp.deferral import read_deferred
from connector.amqp.session import BrokerSession
from connector.amqp.topology import OVERFLOW_PREFIX, deferred_queue, lane_queue, quarantine_queue
from connector.events import Event
from connector.jobs.delivery import Delivery, read_delivery
from connector.jobs.records import EVERY_TENANT, Lane
from connector.jobs.settlement import Dead, DeadReason, Overflow, Quarantined, Settlement
from connector.limits.intake import ROOM, Door
from connector.pipeline.run_job import give_up, turn_away, verify
from connector.pipeline.settle import Kept, OverflowFullError, Settler, Taken
from connector.telemetry.tracing import Status, status_of
from workers.app import Work
from workers.overflows import Overflows
from workers.pool import AsyncioPool

RUNS_ALONE: Final = 2
"""A job that has ended the worker so often while it ran alone is answered ``failed``."""
GIVE_BACK_SECONDS: Final = 1.0
"""Before a delivery goes back that a defect of ours has kept from being settled."""
_log = structlog.get_logger(__name__)


def queues_of(lanes: tuple[Lane, ...], concurrency: int) -> dict[str, int]:
    """Return the queues that a worker of ``lanes`` consumes, and how many messages of each it holds at most."""
    vendors = {lane_queue(lane): ROOM * concurrency for lane in lanes}
    deferred = {deferred_queue(lane): concurrency for lane in lanes}
    return {**vendors, **deferred}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """One message, in the form that Celery's worker hands to a pool."""

    queue: str
    # Celery's pool logs what it is given.
    message: Any = field(repr=False)
    session: BrokerSession = field(repr=False)
    overflows: Overflows = field(repr=False)
    work: Work = field(repr=False)

    def execute_using_pool(self, pool: AsyncioPool, **_options: Any) -> None:
        """Start the pipeline on the pool's loop."""
        pool.apply_async(self._run)

    async def _run(self) -> None:
        tag = self.message.delivery_info["delivery_tag"]
        taken = Taken(
            queue=self.queue,
            acknowledge=lambda: self.session.acknowledge(tag),
            reject=lambda: self.session.reject(tag),
        )
        services = self.work.services
        kept = Kept(services.journal.open())
        status: Status = "internal_error"
        try:
            delivery, settlement = await self._decide(kept)
            settler = Settler(
                publisher=self.session.publisher,
                vault=services.vault,
                clock=services.clock,
                open_overflow=self.overflows.open,
                overflowing=self.overflows.overflowing,
                metrics=services.metrics,
                rejections=services.rejections,
                kept=kept.confirmed,
            )
            trace = services.tracer.carried_on(delivery.trace)
            if trace is not delivery.trace:
                delivery = replace(delivery, trace=trace)
            try:
                await settler.settle(settlement, delivery, taken)
            except OverflowFullError as full:
                self.overflows.tell_full(full.flow)
                settlement = await turn_away(delivery, kept, services)
                await settler.settle(settlement, delivery, taken)
            status = status_of(settlement)
        except PublishError as error:
            status = "unavailable"
            _log.warning(Event.JOB_UNSETTLED, queue=self.queue, error=str(error))
        except asyncio.CancelledError:
            status = "cancelled"
            raise
        except Exception:  # noqa: BLE001 - the delivery comes again, whatever failed
            _log.exception(Event.SETTLING_UNEXPECTED_ERROR, queue=self.queue)
            # A while later: what fails each time must not spin.
            await asyncio.sleep(GIVE_BACK_SECONDS)
            self.session.requeue(tag)
        finally:
            services.tracer.end(status)

    async def _decide(self, kept: Kept) -> tuple[Delivery, Settlement]:
        now = self.work.services.clock()
        lane = next((lane for lane in Lane if lane_queue(lane) == self.queue), None)
        if lane is not None:
            delivery = read_delivery(self.message, lane, now)
        else:
            read = read_deferred(self.message, self.work.services.vault)
            if read is None:
                forged = read_delivery(self.message, Lane.BATCH, now)
                return forged, Dead(DeadReason.UNREADABLE_DEFERRAL)
            delivery = read
        return delivery, await self._run_delivery(delivery, kept)

    async def _run_delivery(self, delivery: Delivery, kept: Kept) -> Settlement:
        if self.queue == quarantine_queue(delivery.lane):
            self.work.services.metrics.quarantined_ran_alone(delivery.lane)
            if delivery.delivery_count >= RUNS_ALONE:
                return give_up(delivery, self.work.services)
            return await verify(delivery, kept, self.work.services)
        if delivery.delivery_count >= self.work.quarantine_deliveries and not delivery.oversized:
            return Quarantined(delivery)
        if self.queue.startswith(OVERFLOW_PREFIX):
            vendor = delivery.routing_key.partition(".")[0]
            await self.work.services.intake.lanes.give_way(lane_queue(delivery.lane), vendor)
        door = self._door()
        settlement = await verify(delivery, kept, self.work.services, door=door)
        if isinstance(settlement, Overflow) and not await self.overflows.is_open(settlement.flow):
            # Later than its turn is better than in the way of all.
            waiting = settlement.delivery
            return await verify(waiting, kept, self.work.services, door=door, can_wait=False)
        return settlement

    def _door(self) -> Door | None:
        """Return the queue that the job shares with those of other flows; a flow's own is none."""
        if self.queue.startswith(OVERFLOW_PREFIX):
            return Door(self.queue, inf) if self.queue.endswith(EVERY_TENANT) else None
        messages = queues_of(self.work.lanes, self.work.concurrency).get(self.queue)
        return None if messages is None else Door(self.queue, messages)
