"""The broker objects of the contract, declared exactly: an argument cannot be changed afterwards.

Only features of RabbitMQ 3.10 and 4.x are used.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from kombu import Exchange, Queue
from kombu.transport.native_delayed_delivery import (
    bind_queue_to_native_delayed_delivery_exchange,
    calculate_routing_key,
    declare_native_delayed_delivery_exchanges_and_queues,
    level_name,
)

from connector.jobs.records import Flow, Lane, Vendor

REQUESTS: Final = "verifications"
DEAD: Final = "connector.dead"
UNDELIVERABLE: Final = "connector.undeliverable"
DEFERRED: Final = "connector.deferred"
ISOLATED: Final = "connector.isolated"
JOURNAL: Final = "connector.journal"
"""Sealed groups of the access journal's records, on their way to SQL."""
GUARD: Final = "connector.guard"
"""Through which worker processes learn of each other (``connector.amqp.guard``)."""
FORMER_GUARD: Final = "connector.sole"
"""That of workers of a former version: it was on one node alone. No longer declared; who has upgraded all workers deletes it."""
REPLY_QUEUE_NAME: Final = r"[a-z0-9][a-z0-9-]{0,63}"
"""What ``<name>`` of ``replies.<vendor>.<name>`` may be."""
DELAY_PREFIX: Final = "connector.delay"
_HIGHEST_DELAY_LEVEL: Final = 27

DELIVERY_LIMIT: Final = 20
"""Deliveries of a job before the broker dead-letters it.

A crash counts against every job in flight: with a limit of 5 and 100 jobs in flight, the sixth crash dead-lettered
a hundred healthy jobs.
"""
OVERFLOW_PREFIX: Final = "connector.backlog."
"""What the names of the queues begin with that a worker declares as it needs them."""
_NO_DELIVERY_LIMIT: Final = 1_000_000_000
"""RabbitMQ 4 limits deliveries to 20 where nothing is said. Looking at a dead letter must not consume it, nor must the
crashes of workers lose a record of the journal, nor those of a vendor's reader take its replies away."""


def lane_queue(lane: Lane) -> str:
    """Return the name of a lane's queue."""
    return f"{REQUESTS}.{lane}"


def deferred_queue(lane: Lane) -> str:
    """Return the name of the queue on which a lane's jobs come back that were deferred."""
    return f"{DEFERRED}.{lane}"


def quarantine_queue(lane: Lane) -> str:
    """Return the name of the queue of a lane's jobs that may be what ends a worker each time: each runs alone."""
    return f"{ISOLATED}.{lane}"


def overflow_queue(flow: Flow) -> str:
    """Return the name of the overflow queue of one vendor's jobs for one tenant."""
    return f"{OVERFLOW_PREFIX}{flow.lane}.{flow.vendor}.{flow.siret}"


def delayed(queue: str, seconds: int) -> tuple[str, str]:
    """Return the exchange and the routing key that bring a message to ``queue`` after so many seconds, at least 1."""
    return level_name(_HIGHEST_DELAY_LEVEL, DELAY_PREFIX), calculate_routing_key(seconds, queue)


def delay_queues() -> tuple[str, ...]:
    """Return the broker's delay queues: what waits on the nth leaves it after 2^n seconds, for a lower one or for good."""
    return tuple(level_name(level, DELAY_PREFIX) for level in range(_HIGHEST_DELAY_LEVEL + 1))


def reply_queue(vendor: str, name: str | None = None) -> str:
    """Return the name of a vendor's default reply queue, or of a further one."""
    return f"replies.{vendor}" if name is None else f"replies.{vendor}.{name}"


def reply_queues(vendor: Vendor) -> tuple[str, ...]:
    """Return the names of a vendor's reply queues, the default one first, then those that the operator added."""
    return tuple(reply_queue(vendor.name, name) for name in (None, *vendor.reply_queues))


def is_reply_queue_of(vendor: str, queue: str) -> bool:
    """Tell whether ``queue`` is the vendor's default reply queue, or has the form of a further one's name."""
    default = reply_queue(vendor)
    prefix, _, name = queue.rpartition(".")
    return queue == default or (prefix == default and re.fullmatch(REPLY_QUEUE_NAME, name) is not None)


def _quorum(
    name: str,
    *,
    delivery_limit: int,
    dead_letters_to: str | None = None,
    has_one_reader: bool = False,
    **options: Any,
) -> Queue:
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-delivery-limit": delivery_limit,
        "x-overflow": "reject-publish",
    }
    if dead_letters_to is not None:
        arguments |= {
            "x-dead-letter-exchange": dead_letters_to,
            "x-dead-letter-strategy": "at-least-once",
        }
    if has_one_reader:
        arguments["x-single-active-consumer"] = True
    return Queue(name, durable=True, queue_arguments=arguments, **options)


def _dead_exchange() -> Exchange:
    return Exchange(DEAD, type="fanout", durable=True)


def _undeliverable_exchange() -> Exchange:
    return Exchange(UNDELIVERABLE, type="fanout", durable=True)


def requests_exchange() -> Exchange:
    """Return the exchange that vendors publish to; what it cannot route goes to ``connector.dead``."""
    return Exchange(REQUESTS, type="topic", durable=True, arguments={"alternate-exchange": DEAD})


def lane_queues() -> dict[Lane, Queue]:
    """Return the queue of each lane. The broker's own dead-lettering is the last net, after ours."""
    return {
        lane: _quorum(
            lane_queue(lane),
            delivery_limit=DELIVERY_LIMIT,
            dead_letters_to=DEAD,
            exchange=requests_exchange(),
            routing_key=f"*.{lane}",
        )
        for lane in Lane
    }


def reply_queue_of(vendor: str, name: str | None = None) -> Queue:
    """Return a vendor's default reply queue, or a further one.

    A reply that its reader gives back, or dies with, comes as often as it takes; one that it rejects is not dropped.
    """
    return _quorum(
        reply_queue(vendor, name), delivery_limit=_NO_DELIVERY_LIMIT, dead_letters_to=UNDELIVERABLE
    )


def deferred_queues() -> dict[Lane, Queue]:
    """Return the queue of each lane on which its jobs come back."""
    return {
        lane: _quorum(
            deferred_queue(lane),
            delivery_limit=DELIVERY_LIMIT,
            dead_letters_to=DEAD,
            exchange=Exchange(DEFERRED, type="topic", durable=True),
            routing_key=deferred_queue(lane),
        )
        for lane in Lane
    }


def declare_topology(connection: Any) -> None:
    """Declare every exchange, queue and binding of the contract, but for the vendors' reply queues.

    Idempotent. Raises ``amqp.exceptions.PreconditionFailed`` when one exists with other arguments.
    """
    channel = connection.channel()
    dead = _quorum(DEAD, delivery_limit=_NO_DELIVERY_LIMIT, exchange=_dead_exchange())
    undeliverable = _quorum(
        UNDELIVERABLE,
        delivery_limit=_NO_DELIVERY_LIMIT,
        exchange=_undeliverable_exchange(),
    )
    journal = _quorum(JOURNAL, delivery_limit=_NO_DELIVERY_LIMIT)
    quarantined = [
        _quorum(quarantine_queue(lane), delivery_limit=DELIVERY_LIMIT, dead_letters_to=DEAD) for lane in Lane
    ]
    guard = _quorum(GUARD, delivery_limit=_NO_DELIVERY_LIMIT, has_one_reader=True)
    jobs = (*quarantined, *lane_queues().values(), *deferred_queues().values())
    for queue in (dead, undeliverable, journal, guard, *jobs):
        queue.bind(channel).declare()
    _declare_delays(_OneChannel(channel))
    channel.close()


@dataclass(frozen=True, slots=True)
class _OneChannel:
    """Stands for a connection to kombu, whose functions open a channel each and leave it open."""

    opened: Any

    def channel(self) -> Any:
        """Return the channel."""
        return self.opened


def _declare_delays(connection: _OneChannel) -> None:
    """Declare kombu's delay queues, one per power of two of seconds, and what leads from one to the next.

    All of it each time: one binding that is gone loses the way of every job that is deferred.
    """
    declare_native_delayed_delivery_exchanges_and_queues(connection, "quorum", DELAY_PREFIX)
    for queue in deferred_queues().values():
        bind_queue_to_native_delayed_delivery_exchange(connection, queue, DELAY_PREFIX)


def declare_overflow(channel: Any, flow: Flow) -> None:
    """Declare the overflow queue of a flow."""
    _quorum(overflow_queue(flow), delivery_limit=DELIVERY_LIMIT, dead_letters_to=DEAD).bind(channel).declare()


def declare_reply_queue(channel: Any, vendor: str, name: str | None = None) -> None:
    """Declare a vendor's default reply queue, or a further one."""
    reply_queue_of(vendor, name).bind(channel).declare()
