"""The journal's queue, in one life of the connection: each group goes to the writer, and is acknowledged once written."""

import asyncio
from typing import Any, Final

import structlog

from connector.amqp.confirmed_channel import Confirmation, PublishError
from connector.amqp.kept_headers import QUEUE_HEADER, REASON_HEADER, SINCE_HEADER
from connector.amqp.publisher import Outgoing
from connector.amqp.session import BrokerSession
from connector.amqp.topology import DEAD, JOURNAL
from connector.clock import Clock
from connector.events import Event
from connector.jobs.delivery import body_of
from connector.jobs.settlement import DeadReason
from connector.storage.journal.writer import MOST_HELD, Held, JournalWriter
from connector.telemetry.metrics import Metrics

_TRY_AGAIN_SECONDS: Final = 5.0
"""Before a group that could not be put aside comes again."""
_log = structlog.get_logger(__name__)


class JournalIntake:
    """Takes groups of records from one session, where this worker has a writer for them."""

    def __init__(
        self, session: BrokerSession, writer: JournalWriter | None, clock: Clock, metrics: Metrics
    ) -> None:
        self._session = session
        self._writer = writer
        self._clock = clock
        self._metrics = metrics
        self._put_aside: set[asyncio.Task[None]] = set()

    def queues(self) -> dict[str, int]:
        """Return the queue that is consumed, and how many of its messages are held at most."""
        return {} if self._writer is None else {JOURNAL: MOST_HELD}

    def take(self, message: Any) -> None:
        """Have a group written."""
        if self._writer is None:
            raise RuntimeError("a group came without a journal")
        body, tag = body_of(message), int(message.delivery_info["delivery_tag"])
        self._writer.take(
            Held(
                body=body,
                loop=asyncio.get_running_loop(),
                written=lambda: self._session.acknowledge(tag),
                requeue=lambda: self._session.requeue(tag),
                unreadable=lambda: self._start_putting_aside(body, tag),
            )
        )

    async def finish(self) -> None:
        """Return once what was taken is written, or a few seconds later."""
        if self._writer is not None:
            await self._writer.finish()

    def _start_putting_aside(self, body: bytes, tag: int) -> None:
        task = asyncio.get_running_loop().create_task(self._put(body, tag))
        self._put_aside.add(task)
        task.add_done_callback(self._put_aside.discard)

    async def _put(self, body: bytes, tag: int) -> None:
        """Keep a group that cannot be written where an operator finds it."""
        message = Outgoing(
            queue=DEAD,
            content_type="application/octet-stream",
            body=body,
            properties={},
            headers={
                REASON_HEADER: DeadReason.UNREADABLE_JOURNAL.value,
                QUEUE_HEADER: JOURNAL,
                SINCE_HEADER: self._clock().isoformat(),
            },
        )
        try:
            confirmation = await self._session.publisher.publish(message)
        except PublishError:
            reason = "unconfirmed"
        else:
            if confirmation is Confirmation.ROUTED:
                self._session.acknowledge(tag)
                self._metrics.journal_group_died()
                return
            reason = confirmation.name.lower()
        _log.warning(Event.JOURNAL_NOT_PUT_ASIDE, queue=DEAD, reason=reason)
        await asyncio.sleep(_TRY_AGAIN_SECONDS)
        self._session.requeue(tag)
