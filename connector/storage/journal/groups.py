"""Records on their way to the broker: what has come while a group was waiting for its confirm goes in the next one.

A record costs a part of a message, of its seal and of its confirm, instead of one of each. Sealed, nobody on the broker
reads a record, or forges one.
"""

import asyncio
from collections import deque
from contextvars import Context
from dataclasses import dataclass, field
from typing import Final

import structlog

from connector.amqp.publisher import Confirmation, Outgoing, Publisher, PublishError, until_done
from connector.amqp.topology import JOURNAL
from connector.events import Event
from connector.storage.journal.record import Record, written
from connector.vault import Vault

PURPOSE: Final = "journal"
"""What groups are sealed for."""
LARGEST_GROUP: Final = 100
"""Records: sealed, and each as long as it may be, they are shorter than the longest body that is taken in."""
_SEALED: Final = "application/octet-stream"
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Group:
    """Records that go in one message."""

    records: list[Record] = field(default_factory=list)
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
    """Publishes records for as long as a connection lives, one message after the other's confirm."""

    def __init__(self, publisher: Publisher, vault: Vault) -> None:
        self._publisher = publisher
        self._vault = vault
        self._waiting: deque[Group] = deque()
        self._under_way: Group | None = None
        self._carrying: asyncio.Task[None] | None = None
        self._held_up_by: str | None = None
        """Why the broker did not keep the group under way, the last time that it was sent."""

    @property
    def is_held_up(self) -> bool:
        """Whether the broker did not keep the last group that it was given."""
        return self._held_up_by is not None

    def add(self, record: Record) -> Group:
        """Send a record, and return the group that it goes in."""
        if not self._waiting or len(self._waiting[-1].records) >= LARGEST_GROUP:
            self._waiting.append(Group())
        group = self._waiting[-1]
        group.records.append(record)
        if self._carrying is None:
            # It carries every job's records: its events are not those of the job that came first.
            self._carrying = asyncio.get_running_loop().create_task(self._carry(), context=Context())
        return group

    def close(self) -> None:
        """Send nothing more, and tell those who wait."""
        if self._carrying is not None:
            self._carrying.cancel()
        self._fail(PublishError("the connection ended"))

    async def _carry(self) -> None:
        try:
            while self._waiting:
                group = self._under_way = self._waiting.popleft()
                await self._publish(group)
                group.settle()
        except PublishError as error:
            self._fail(error)
        finally:
            self._carrying = self._under_way = None

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
        failed = [self._under_way, *self._waiting]
        self._waiting.clear()
        for group in failed:
            if group is not None:
                group.settle(error)
