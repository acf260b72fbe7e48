"""Records on their way to the broker: what has come while others were waiting for their confirms goes in the next message.

A record costs a part of a message, of its seal and of its confirm, instead of one of each. Sealed, nobody on the broker
reads a record, or forges one.
"""

import asyncio
from collections import deque
from contextvars import Context
from dataclasses import dataclass, field
from typing import Final

import structlog

from connector.amqp.confirmed_channel import Confirmation, PublishError
from connector.amqp.publisher import Outgoing, Publisher, until_done
from connector.amqp.topology import JOURNAL
from connector.events import Event
from connector.storage.journal.record import Record, written
from connector.vault import Vault

PURPOSE: Final = "journal"
"""What groups are sealed for."""
LARGEST_GROUP: Final = 100
"""Records: sealed, and each as long as it may be, they are shorter than the longest body that is taken in."""
MOST_UNDER_WAY: Final = 2
"""Messages at once: a record that comes while one is under way does not wait for its confirm, and hundreds still share a message."""
LATER_SECONDS: Final = 0.02
"""How long a record that nobody waits for may wait for another to go with."""
_SEALED: Final = "application/octet-stream"
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Group:
    """Records that go in one message."""

    records: list[Record] = field(default_factory=list)
    is_due: bool = False
    """Whether somebody waits for it, or it has waited for long enough."""
    _settled: asyncio.Event = field(default_factory=asyncio.Event)
    _error: PublishError | None = None

    def settle(self, error: PublishError | None = None) -> None:
        """Say that the broker has it, or that its connection ended before."""
        self._error = error
        self._settled.set()

    async def confirmed(self) -> None:
        """Return once the broker has it. Raises ``PublishError`` when the connection ended before."""
        await self._settled.wait()
        if self._error is not None:
            raise PublishError(str(self._error))


class Groups:
    """Publishes records for as long as a connection lives, a few messages at a time."""

    def __init__(self, publisher: Publisher, vault: Vault) -> None:
        self._publisher = publisher
        self._vault = vault
        self._waiting: deque[Group] = deque()
        """What has not been sent: only the last one is filled further, and may not be due."""
        self._under_way: dict[asyncio.Task[None], Group] = {}
        self._timer: asyncio.Handle | None = None
        """For when what waits is due."""
        self._due_at = 0.0
        """When that is, on the loop's clock."""
        self._error: PublishError | None = None
        """Why nothing is sent any more."""
        self._held_up_by: str | None = None
        """Why the broker did not keep the last group, when it was sent last."""

    @property
    def is_held_up(self) -> bool:
        """Whether the broker did not keep the last group that it was given."""
        return self._held_up_by is not None

    def add(self, record: Record, *, is_urgent: bool) -> Group:
        """Send a record, and return the group that it goes in.

        One that is not urgent goes with the next that is, or a moment later: no call waits for how another has ended.
        """
        if not self._waiting or len(self._waiting[-1].records) >= LARGEST_GROUP:
            self._waiting.append(Group())
        group = self._waiting[-1]
        group.records.append(record)
        if self._error is not None:
            self._fail(self._error)
        else:
            self._send_after(0.0 if is_urgent else LATER_SECONDS)
        return group

    def close(self) -> None:
        """Send nothing more, and tell those who wait."""
        for task in self._under_way:
            task.cancel()
        self._fail(PublishError("the connection ended"))

    def _send_after(self, seconds: float) -> None:
        """Have what there is by then sent; at once means with the loop's next turn, so that what comes in this one goes along."""
        loop = asyncio.get_running_loop()
        at = loop.time() + seconds
        if self._timer is not None:
            if self._due_at <= at:
                return
            self._timer.cancel()
        self._due_at = at
        # It carries every job's records: its events are not those of the job that came first.
        self._timer = loop.call_at(at, self._send_all, context=Context())

    def _send_all(self) -> None:
        self._timer = None
        for group in self._waiting:
            group.is_due = True
        self._send()

    def _send(self) -> None:
        """Send what is due, as far as few enough messages are under way; the rest goes when one of them is confirmed."""
        while len(self._under_way) < MOST_UNDER_WAY and self._waiting and self._waiting[0].is_due:
            group = self._waiting.popleft()
            task = asyncio.get_running_loop().create_task(self._carry(group), context=Context())
            self._under_way[task] = group
            task.add_done_callback(self._on_carried, context=Context())

    async def _carry(self, group: Group) -> None:
        try:
            await self._publish(group)
        except PublishError as error:
            group.settle(error)
            self._fail(error)
        else:
            group.settle()

    def _on_carried(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._send()

    async def _publish(self, group: Group) -> None:
        """Publish a group, as often as it takes; twice is as once. Raises ``PublishError`` when the connection ends."""

        async def publish() -> bool:
            reason = await self._refused(group)
            self._tell(reason)
            return reason is None

        await until_done(publish)

    async def _refused(self, group: Group) -> str | None:
        """Publish a group once; return why the broker does not have it for certain, None where it has."""
        try:
            confirmation = await self._publisher.publish(
                Outgoing(
                    queue=JOURNAL,
                    content_type=_SEALED,
                    body=self._vault.seal_for(PURPOSE, written(group.records)),
                    properties={},
                    headers={},
                )
            )
        except PublishError:
            if self._publisher.has_ended:
                raise
            return "unconfirmed"
        except Exception:  # noqa: BLE001 - whoever waits must not wait for what nobody sends any more
            _log.exception(Event.JOURNAL_UNEXPECTED_ERROR)
            return "unconfirmed"
        return None if confirmation is Confirmation.ROUTED else confirmation.name.lower()

    def _tell(self, reason: str | None) -> None:
        """Say that nothing is called any more, once for each reason, and that calls are made again."""
        if reason == self._held_up_by:
            return
        self._held_up_by = reason
        if reason is None:
            _log.info(Event.JOURNAL_CONFIRMED_AGAIN)
        else:
            _log.critical(Event.JOURNAL_UNCONFIRMED, reason=reason)

    def _fail(self, error: PublishError) -> None:
        self._error = error
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for group in (*self._under_way.values(), *self._waiting):
            group.settle(error)
        self._waiting.clear()
