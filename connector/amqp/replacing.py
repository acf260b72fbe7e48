"""Replacing reply queues that exist with other arguments than they must have, and losing nothing.

The broker changes no argument of a queue: it has to be deleted and declared again. RabbitMQ deletes a quorum queue with
what is in it, whatever its depth ("if-empty" is not implemented), so nobody may publish between the look and the deletion.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from amqp.exceptions import NotFound, PreconditionFailed

from connector.amqp.guard import Guard, Kind, Verdict
from connector.amqp.topology import GUARD, declare_reply_queue, reply_queue
from connector.errors import OperatorError

READERS_TOLD_SECONDS: Final = 2.0
"""Between the deletion and the declaration, where there are readers.

Their consumers end within milliseconds. A queue that is back before keeps them, mute, on RabbitMQ 3.10.
"""


class WorkersRunError(OperatorError):
    """Workers run, so that replies may come at any moment; the message says what to do."""


class Finding(StrEnum):
    """What is to be done with a reply queue."""

    RIGHT = "as it must be"
    ABSENT = "does not exist: ccas-connector topology declare"
    REPLACEABLE = "to be replaced"
    FILLED = "replies wait on it: its vendor must read them first"
    READ = "its vendor reads it: have the vendor's readers stop, or give --with-readers"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyQueue:
    """A reply queue as it is on the broker."""

    name: str
    exists: bool = True
    difference: str | None = None
    """What the broker says to its declaration; None where that is as it must be."""
    waiting: int = 0
    readers: int = 0

    def finding(self, *, with_readers: bool) -> Finding:
        """Return what is to be done; ``with_readers``, though its vendor reads it."""
        if not self.exists:
            return Finding.ABSENT
        if self.difference is None:
            return Finding.RIGHT
        if self.waiting:
            return Finding.FILLED
        return Finding.READ if self.readers and not with_readers else Finding.REPLACEABLE


def look_at(connection: Any, vendor: str, name: str | None) -> ReplyQueue:
    """Return a vendor's default or further reply queue as it is. Nothing is changed."""
    queue = reply_queue(vendor, name)
    channel = connection.channel()
    try:
        _, waiting, readers = channel.queue_declare(queue, passive=True)
    except NotFound:
        return ReplyQueue(name=queue, exists=False)
    try:
        declare_reply_queue(channel, vendor, name)
    except PreconditionFailed as error:
        return ReplyQueue(name=queue, difference=error.reply_text, waiting=waiting, readers=readers)
    channel.close()
    return ReplyQueue(name=queue, waiting=waiting, readers=readers)


def keep_workers_away(connection: Any) -> None:
    """Take the place of the only worker, for as long as ``connection`` lives. Raises ``WorkersRunError``."""
    try:
        verdict = Guard(connection, Kind.ALONE).claim()
    except NotFound:
        raise WorkersRunError(
            f"the queue {GUARD} does not exist; run: ccas-connector topology declare"
        ) from None
    if verdict is not Verdict.WELCOME:
        raise WorkersRunError(
            "workers run, and a reply that comes while its queue is replaced would be lost: stop them first"
        )


def replace(
    connection: Any, vendor: str, names: Iterable[str | None], *, with_readers: bool
) -> tuple[tuple[ReplyQueue, Finding], ...]:
    """Replace those of a vendor's reply queues that can be; return what was found, before.

    ``keep_workers_away`` comes first.
    """
    found = []
    for name in names:
        queue = look_at(connection, vendor, name)
        finding = queue.finding(with_readers=with_readers)
        if finding is Finding.REPLACEABLE:
            channel = connection.channel()
            channel.queue_delete(queue.name)
            if queue.readers:
                time.sleep(READERS_TOLD_SECONDS)
            declare_reply_queue(channel, vendor, name)
            channel.close()
        found.append((queue, finding))
    return tuple(found)
