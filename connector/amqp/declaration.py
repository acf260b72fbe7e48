"""Declaring the topology as a user that may, or making sure of it as one that may not.

RabbitMQ asks for the right to configure even of whoever declares what exists. A passive declaration shows what exists
to anybody up to RabbitMQ 4.2.5, and since then to users that have some right on it
(https://github.com/rabbitmq/rabbitmq-server/pull/16272). Bindings it shows to nobody; to make one asks for the rights to
write to its destination and to read its source, and does nothing where it exists.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from enum import Enum, auto
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from amqp.exceptions import AccessRefused, NotFound

from connector.amqp.recording import BindingObject, Objects, Recorder
from connector.amqp.topology import (
    DEAD,
    DELAY_PREFIX,
    UNDELIVERABLE,
    declare_reply_queue,
    declare_topology,
    reply_queue,
)

NO_VENDORS: Final[Mapping[str, Iterable[str]]] = MappingProxyType({})


class Power(Enum):
    """What a user may do to have the topology whole."""

    DECLARES = auto()
    """Everything."""
    BINDS = auto()
    """It makes the bindings of ``way_of_jobs``, and sees whether the queues and exchanges are there."""
    LOOKS = auto()
    """It sees whether the queues and exchanges are there; a binding may be missing."""


class UndeclaredError(AccessRefused):  # type: ignore[misc]  # py-amqp ships no types
    """An object of the broker is not there, and this user may not declare it; the message says what to do."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} does not exist and this user may not declare it: import the definitions that "
            "ccas-connector vendors definitions writes",
        )


def recorded_topology(vendors: Mapping[str, Iterable[str]] = NO_VENDORS) -> Objects:
    """Return what ``declare_topology`` and ``declare_reply_queue`` declare.

    ``vendors`` gives, by vendor, the names of its further reply queues.
    """
    recorder = Recorder()
    declare_topology(recorder)
    for vendor, names in vendors.items():
        for name in (None, *names):
            declare_reply_queue(recorder, vendor, name)
    return recorder.objects()


def consumed_queues(objects: Objects) -> tuple[str, ...]:
    """Return the queues that workers take from: those where nothing waits for a reader, or for its hour."""
    return tuple(
        queue.name
        for queue in objects.queues
        if queue.name not in (DEAD, UNDELIVERABLE) and not queue.name.startswith((DELAY_PREFIX, "replies."))
    )


def way_of_jobs(objects: Objects) -> tuple[BindingObject, ...]:
    """Return the bindings that jobs need: all but those of dead letters.

    Each dead queue is bound to an exchange of its name, so that who may make that binding may read the queue. Where it is
    missing, the broker keeps what it dead-letters, and gives back to its publisher what no lane takes.
    """
    return tuple(binding for binding in objects.bindings if binding.source not in (DEAD, UNDELIVERABLE))


def ensure_topology(connection: Any) -> Power:
    """Declare the topology, or make sure that it is there; return what this user may do for it.

    Raises ``UndeclaredError`` when something is not there, and ``amqp.exceptions.PreconditionFailed`` when it exists
    with other arguments, which a user that may not declare does not see.
    """
    try:
        declare_topology(connection)
    except AccessRefused:
        objects = recorded_topology()
        _ensure(connection, objects)
        return _bind_all(connection, way_of_jobs(objects))
    return Power.DECLARES


def declare_unanswered(channel: Any, objects: Objects, power: Power, spared: Collection[str]) -> None:
    """Declare ``objects`` again, but for the ``spared`` queues, without waiting for an answer.

    Where the broker refuses, it closes the channel.
    """
    if power is Power.DECLARES:
        for exchange in objects.exchanges:
            channel.exchange_declare(
                exchange.name,
                exchange.type,
                durable=exchange.durable,
                auto_delete=exchange.auto_delete,
                arguments=dict(exchange.arguments),
                nowait=True,
            )
        for queue in objects.queues:
            if queue.name not in spared:
                channel.queue_declare(
                    queue.name,
                    durable=queue.durable,
                    auto_delete=queue.auto_delete,
                    arguments=dict(queue.arguments),
                    nowait=True,
                )
    if power is not Power.LOOKS:
        for binding in objects.bindings if power is Power.DECLARES else way_of_jobs(objects):
            _bind(channel, binding, nowait=True)


def ensure_reply_queue(connection: Any, vendor: str, name: str | None, *, may_declare: bool) -> None:
    """Declare a vendor's default or further reply queue, or make sure that it is there. Raises as above."""
    if may_declare:
        # The broker closes the channel of a declaration that it refuses.
        channel = connection.channel()
        declare_reply_queue(channel, vendor, name)
        channel.close()
    else:
        _ensure_queue(connection, reply_queue(vendor, name))


def _bind_all(connection: Any, bindings: Iterable[BindingObject]) -> Power:
    channel = connection.channel()
    try:
        for binding in bindings:
            _bind(channel, binding, nowait=False)
    except AccessRefused:
        # The broker has closed the channel.
        return Power.LOOKS
    channel.close()
    return Power.BINDS


def _bind(channel: Any, binding: BindingObject, *, nowait: bool) -> None:
    bind = channel.queue_bind if binding.destination_type == "queue" else channel.exchange_bind
    bind(
        binding.destination,
        binding.source,
        binding.routing_key,
        arguments=dict(binding.arguments),
        nowait=nowait,
    )


def _ensure(connection: Any, objects: Objects) -> None:
    for exchange in objects.exchanges:
        _look(connection, exchange.name, partial(_look_at_exchange, exchange.name, exchange.type))
    for queue in objects.queues:
        _ensure_queue(connection, queue.name)


def _ensure_queue(connection: Any, name: str) -> None:
    _look(connection, name, lambda channel: channel.queue_declare(name, passive=True))


def _look_at_exchange(name: str, kind: str, channel: Any) -> None:
    channel.exchange_declare(name, kind, passive=True)


def _look(connection: Any, name: str, look: Callable[[Any], object]) -> None:
    channel = connection.channel()
    try:
        look(channel)
    except NotFound:
        raise UndeclaredError(name) from None
    except AccessRefused:
        # RabbitMQ does not show it to this user: whether it is there is seen when it is used.
        return
    channel.close()
