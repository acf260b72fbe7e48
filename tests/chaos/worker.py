"""A worker that dies where it is told to, or that works without one of its protections.

Run as ``python -m tests.chaos.worker`` with the settings of any worker. The faults are put around the parts that the
composition root builds; the code of the worker is the product's own.

Example: python -m tests.chaos.worker --die-at after_confirm --passages 20
"""

import argparse
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

from connector.amqp.confirmed_channel import Confirmation
from connector.amqp.publisher import Outgoing, Publisher
from connector.amqp.session import BrokerSession, ConsumerLostError
from connector.amqp.topology import DELIVERY_LIMIT
from connector.amqp.upkeep import EVERY_SECONDS
from connector.bootstrap.worker import build_services
from connector.catalogue.definition import Endpoint
from connector.catalogue.identity import Query
from connector.checks.retry import POLICIES
from connector.jobs.job_state import IdempotencyKey, JobState
from connector.jobs.records import Lane
from connector.pipeline.services import Services
from connector.settings.settings import load_settings
from connector.sources.exchange import Again, Exchange, Upstream, untold
from connector.sources.transport import http_transport
from connector.storage.journal.record import Record
from connector.storage.replies import ReplyMemory
from connector.telemetry.logs import configure_logs
from connector.time_limits import CONFIRM_TIMEOUT_SECONDS
from tests.chaos.journal import NOTES_VARIABLE, NotedUpstream, noting_afterwards, noting_records
from tests.fakes import NeverOpen
from workers.app import Work, make_app, start_worker

POINTS: Final = ("before_call", "after_call", "after_confirm")
POISON: Final = "POISON"
"""A birth name whose call ends the worker, each time."""
NEVER_SECONDS: Final = 1e9
PROTECTIONS: Final = (
    "acknowledging last",
    "waiting for confirms",
    "holding while blocked",
    "keeping the undeliverable",
    "retrying",
    "breakers",
    "reply memory",
    "marking duplicates",
    "doing without the database",
    "reconnecting",
    "isolation",
    "noting before the call",
    "declaring again",
    "finishing what is in flight",
)


@dataclass(slots=True)
class Fuse:
    """Ends the process, as a power cut would, the nth time that its point is passed."""

    point: str | None
    passages: int

    def passed(self, point: str) -> None:
        """Say that ``point`` is passed."""
        if point != self.point:
            return
        self.passages -= 1
        if self.passages <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class FusedUpstream:
    """A source whose calls are the points before and after."""

    upstream: Upstream
    fuse: Fuse

    async def ask(
        self, endpoint: Endpoint, query: Query, secret: str, within_seconds: float, again: Again = untold
    ) -> Exchange:
        """Ask, unless the worker ends."""
        self.fuse.passed("before_call")
        if ("nomNaissance", POISON) in query:
            os.kill(os.getpid(), signal.SIGKILL)
        exchange = await self.upstream.ask(endpoint, query, secret, within_seconds, again)
        self.fuse.passed("after_call")
        return exchange

    async def ping(self, endpoint: Endpoint, within_seconds: float) -> bool | None:
        """Ping."""
        return await self.upstream.ping(endpoint, within_seconds)


def session_of(fuse: Fuse, without: frozenset[str], every_seconds: float) -> type[BrokerSession]:
    """Return a session with the point after a reply's confirm, less the protections that are switched off."""

    class FusedPublisher(Publisher):
        confirm_timeout_seconds = 1.0 if "holding while blocked" in without else CONFIRM_TIMEOUT_SECONDS

        def block(self) -> None:
            if "holding while blocked" not in without:
                super().block()

        async def publish(self, message: Outgoing) -> Confirmation:
            if "marking duplicates" in without:
                body = message.body.replace(b'"possible_duplicate":true', b'"possible_duplicate":false')
                message = replace(message, body=body)
            if "waiting for confirms" in without:
                self._send(message).add_done_callback(lambda sent: sent.cancelled() or sent.exception())
                return Confirmation.ROUTED
            confirmation = await super().publish(message)
            if message.queue.startswith("replies."):
                fuse.passed("after_confirm")
                if "keeping the undeliverable" in without:
                    return Confirmation.ROUTED
            return confirmation

    class FusedSession(AcknowledgingFirst if "acknowledging last" in without else BrokerSession):  # type: ignore[misc] # chosen at run time
        publisher_type = FusedPublisher
        upkeep_seconds = every_seconds

    return _less_whole(FusedSession, without)


def _less_whole(session: type[BrokerSession], without: frozenset[str]) -> type[BrokerSession]:
    """Return a session that does less about a topology that is not whole."""

    class DeclaringOnce(session):  # type: ignore[misc, valid-type] # chosen at run time
        upkeep_seconds = NEVER_SECONDS

        def _want_upkeep(self) -> None:
            """Leave it as it is."""

    class EndingAtOnce(session):  # type: ignore[misc, valid-type] # chosen at run time
        def _on_cancelled(self, queue: str, tag: str) -> None:
            super()._on_cancelled(queue, tag)
            self.fail(ConsumerLostError(queue))

    if "declaring again" in without:
        return DeclaringOnce
    return EndingAtOnce if "finishing what is in flight" in without else session


class AcknowledgingFirst(BrokerSession):
    """A session that acknowledges what it takes before it is run, as most consumers do."""

    def consume(self, queues: Mapping[str, int], on_message: Callable[[str, Any], None]) -> None:
        """Take messages, and acknowledge each."""

        def acknowledged(queue: str, message: Any) -> None:
            super(AcknowledgingFirst, self).acknowledge(message.delivery_info["delivery_tag"])
            on_message(queue, message)

        super().consume(queues, acknowledged)

    def acknowledge(self, delivery_tag: int) -> None:
        """Do nothing: it was done."""

    reject = requeue = acknowledge


class Insisting(ReplyMemory):
    """A reply memory that fails where its database does."""

    def __init__(self, services: Services) -> None:
        built = services.memory
        super().__init__(built.writer, services.vault, services.clock)

    async def get(self, claim: IdempotencyKey, records: Sequence[Record] = ()) -> JobState:
        """Return where a job stands, if the database says."""
        if self.writer is not None and self.writer.is_away:
            raise RuntimeError("the database is away")
        return await super().get(claim, records)


def protected_less(services: Services, fuse: Fuse, without: frozenset[str]) -> Services:
    """Return the services with the fuse at every source, less the protections that are switched off."""
    notes = os.open(os.environ.get(NOTES_VARIABLE, os.devnull), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    upstreams = {
        source: FusedUpstream(NotedUpstream(upstream, notes), fuse)
        for source, upstream in services.upstreams.items()
    }
    journal = noting_records(services.journal, notes)
    if "noting before the call" in without:
        journal = noting_afterwards(journal)
    changed = replace(services, upstreams=upstreams, journal=journal)
    if "retrying" in without:
        once = {lane: replace(policy, most_calls=1) for lane, policy in POLICIES.items()}
        changed = replace(changed, policies=once)
    if "breakers" in without:
        changed = replace(changed, breakers=NeverOpen())
    if "doing without the database" in without:
        changed = replace(changed, memory=Insisting(services))
    if "reply memory" in without:
        changed = replace(changed, memory=ReplyMemory(None, services.vault, services.clock))
    return changed


def main() -> int:
    """Run the worker until it is told to stop, or ends by its fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--die-at", choices=POINTS)
    parser.add_argument("--passages", type=int, default=1, help="times that the point is passed before")
    parser.add_argument("--without", choices=PROTECTIONS, action="append", default=[])
    parser.add_argument("--concurrency", type=int, default=50)
    parser.add_argument("--drain-seconds", type=float, default=60.0)
    parser.add_argument("--upkeep-seconds", type=float, default=EVERY_SECONDS)
    options = parser.parse_args()
    fuse, without = Fuse(options.die_at, options.passages), frozenset(options.without)
    settings = load_settings(os.environ)
    configure_logs(settings.log_format, "INFO")
    services = protected_less(build_services(settings, http_transport(), options.concurrency), fuse, without)
    work = Work(
        lanes=tuple(Lane),
        concurrency=options.concurrency,
        services=services,
        drain_seconds=options.drain_seconds,
        open_session=session_of(fuse, without, options.upkeep_seconds),
        quarantine_deliveries=sys.maxsize if "isolation" in without else DELIVERY_LIMIT - 1,
    )
    app = make_app(settings, work)
    if "reconnecting" in without:
        app.conf.broker_connection_retry = False
    return start_worker(app, f"chaos-{uuid4().hex[:8]}@{socket.gethostname()}")


if __name__ == "__main__":
    sys.exit(main())
