"""Declaring the topology as a user that may, or making sure of it as one that may not.

RabbitMQ asks for the right to configure even of whoever declares what exists. A passive declaration shows what exists
to anybody up to RabbitMQ 4.2.5, and since then to users that have some right on it
(https://github.com/rabbitmq/rabbitmq-server/pull/16272).
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from amqp.exceptions import AccessRefused, NotFound

from connector.messaging.recording import Objects, Recorder
from connector.messaging.topology import (
    DEAD,
    DELAY_PREFIX,
    UNDELIVERABLE,
    declare_reply_queue,
    declare_topology,
    reply_queue,
)

NO_VENDORS: Final[Mapping[str, Iterable[str]]] = MappingProxyType({})


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


def ensure_topology(connection: Any) -> bool:
    """Declare the topology, or make sure that it is there; return whether this user may declare.

    Raises ``UndeclaredError`` when something is not there, and ``amqp.exceptions.PreconditionFailed`` when it exists
    with other arguments, which a user that may not declare does not see, nor bindings.
    """
    try:
        declare_topology(connection)
    except AccessRefused:
        _ensure(connection, recorded_topology())
        return False
    return True


def ensure_reply_queue(connection: Any, vendor: str, name: str | None, *, may_declare: bool) -> None:
    """Declare a vendor's default or further reply queue, or make sure that it is there. Raises as above."""
    if may_declare:
        # The broker closes the channel of a declaration that it refuses.
        channel = connection.channel()
        declare_reply_queue(channel, vendor, name)
        channel.close()
    else:
        _ensure_queue(connection, reply_queue(vendor, name))


def _ensure(connection: Any, objects: Objects) -> None:
    for exchange in objects.exchanges:
        # An exchange of its own, the last to be declared, marks those of the delays as complete.
        if not exchange.name.startswith(DELAY_PREFIX):
            _look(connection, exchange.name, partial(_look_at_exchange, exchange.name, exchange.type))
    for queue in objects.queues:
        if not queue.name.startswith(DELAY_PREFIX):
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
