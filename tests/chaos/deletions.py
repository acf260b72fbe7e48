"""Deleting every exchange, queue and binding of the topology in turn, under load.

What is deleted with a queue is gone, so a queue is deleted when nothing waits in it and nothing can come; what a worker
has in flight then, it must end. Everything else is the connector's to bring back.
"""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from kombu import Connection

from connector.amqp.declaration import consumed_queues, recorded_topology
from connector.amqp.queue_state import queue_state
from connector.amqp.recording import BindingObject, Objects
from connector.amqp.topology import (
    DEAD,
    UNDELIVERABLE,
    delay_queues,
    quarantine_queue,
    reply_queue,
)
from connector.jobs.records import Lane
from tests.chaos.drain import depths
from tests.chaos.stage import VENDOR, Stage

FAILURES_PER_PART: Final = 2
"""Calls that are refused for a second, after each deletion, so that jobs are deferred through what is missing."""
_LOW_LEVELS: Final = frozenset(delay_queues()[:5])
"""Where jobs wait that are deferred for less than half a minute: all of this scenario."""
_HIGH_LEVELS: Final = frozenset(delay_queues()[5:])
"""Queues, and exchanges of the same names, that no job of this scenario passes: they are deleted together."""
PartT = TypeVar("PartT")
_LOOK_SECONDS: Final = 0.05
_EXCHANGES: Final = '[element(4, element(2, Exchange)) || Exchange <- rabbit_exchange:list(<<"/">>)]'
_BINDINGS: Final = (
    "[[element(4, Source), element(4, Destination), Key] || "
    '{binding, Source, Key, Destination, _} <- rabbit_binding:list(<<"/">>)]'
)
_LOOKS: Final = 3
_DELIVERED: Final = 2


def topology() -> Objects:
    """Return what is deleted."""
    return recorded_topology({VENDOR: ()})


def delete_every_part(stage: Stage) -> None:
    """Delete exchanges, then queues, then bindings, and see all of them back. Raises ``TimeoutError``.

    One after the other, but for those that no job passes.

    Jobs that were published while their lane was missing are replayed from ``connector.dead``, as an operator does.
    """
    try:
        with Connection(stage.node.url()) as connection:
            _delete_all(stage, connection, topology())
    finally:
        # Where nothing has brought it back, an operator does, or what is left could not even be published.
        stage.deployment.command("topology", "declare")
        stage.load.enough()
    stage.load.wait()
    _replay(stage)


def _delete_all(stage: Stage, connection: Any, objects: Objects) -> None:
    channel = connection.default_channel
    for names in _in_turn(exchange.name for exchange in objects.exchanges):
        for name in names:
            channel.exchange_delete(name)
        _go_on(stage)
    _wait_for_all(stage)
    _replay(stage)
    for names in _in_turn(sorted((queue.name for queue in objects.queues), key=_is_kept_last)):
        delete_queues(stage, connection, names)
        _go_on(stage, fails=names[0] not in _LOW_LEVELS)
    _wait_for_all(stage)
    for bindings in _in_turn(objects.bindings, name=lambda binding: binding.source):
        for binding in bindings:
            _unbind(channel, binding)
        _go_on(stage)
    _wait_for_all(stage)


def _in_turn(
    parts: Iterable[PartT], name: Callable[[PartT], object] = lambda part: part
) -> list[tuple[PartT, ...]]:
    """Return parts one by one, and those of the high levels together, last."""
    every = tuple(parts)
    high = tuple(part for part in every if name(part) in _HIGH_LEVELS)
    return [*((part,) for part in every if part not in high), high]


def _is_kept_last(queue: str) -> tuple[bool, bool]:
    """Sort first what must be empty while nothing is missing, and nothing is deferred: dead letters, the low delays."""
    return queue not in (DEAD, UNDELIVERABLE), queue not in _LOW_LEVELS


def delete_queues(stage: Stage, connection: Any, queues: Sequence[str]) -> None:
    """Delete queues once nothing is in them, and while nothing can come. Raises ``TimeoutError``.

    RabbitMQ counts what a queue holds first and deletes it then: what it confirms in between is destroyed uncounted
    (one message or two of each of thirty queues that were deleted under load, on RabbitMQ 3.10). Where a channel publishes
    to a queue that is being deleted, it may crash, and its connection with it
    (https://github.com/rabbitmq/rabbitmq-server/issues/15333 and https://github.com/rabbitmq/rabbitmq-server/issues/3627).
    """
    read = {*consumed_queues(topology()), reply_queue(VENDOR)} - {quarantine_queue(lane) for lane in Lane}
    _until(stage, partial(_were_deleted, stage, connection, queues, read), queues[0])


def _were_deleted(stage: Stage, connection: Any, queues: Sequence[str], read: Collection[str]) -> bool:
    """Tell whether nothing was in the queues, so that they were deleted."""
    stage.proxy.pause()
    try:
        _have_some_delivered(stage)
        with stage.load.held():
            looks = [_are_empty(stage, connection, queues, read) for _ in range(_LOOKS)]
            if not all(looks):
                return False
            destroyed = sum(connection.default_channel.queue_delete(queue) for queue in queues)
    finally:
        stage.proxy.resume()
    if destroyed:
        raise TimeoutError(f"{queues[0]} was not empty any more: {destroyed} destroyed")
    return True


def _have_some_delivered(stage: Stage) -> None:
    """Wait for jobs that the broker has delivered, and the worker has not read: no queue gives them again."""
    wanted = min(len(stage.load.published) + _DELIVERED, stage.load.size)
    stage.load.wait_for(lambda: len(stage.load.published) >= wanted, stage.stall_seconds)


def _are_empty(stage: Stage, connection: Any, queues: Sequence[str], read: Collection[str]) -> bool:
    """Look a moment later, at the queues and at the delays: what the worker has sent is on its way in the broker.

    What is on its way out of a delay is in no count that a client is told of, but is the delay's until its next queue has it.
    """
    time.sleep(_LOOK_SECONDS)
    held = depths(stage.node)
    states = {queue: queue_state(connection, queue) for queue in queues}
    if any(state is not None and state.waiting for state in states.values()):
        return False
    if any(held[queue].total for queue in _LOW_LEVELS & held.keys()):
        return False
    return all(
        state is not None and (state.consumers > 0 or queue not in read) for queue, state in states.items()
    )


def _unbind(channel: Any, binding: BindingObject) -> None:
    if binding.destination_type == "queue":
        channel.queue_unbind(binding.destination, binding.source, binding.routing_key)
    else:
        channel.exchange_unbind(binding.destination, binding.source, binding.routing_key)


def _go_on(stage: Stage, *, fails: bool = True) -> None:
    """Have some jobs deferred, and wait for an answer: the load goes on meanwhile."""
    if fails:
        stage.sandbox.fail("dss", "503", times=FAILURES_PER_PART, retry_in_seconds=1)
    answered = len(stage.collector.account().answered)
    stage.collector.wait_until(
        lambda account: len(account.answered) > answered or stage.load.size == answered, stage.stall_seconds
    )


def _wait_for_all(stage: Stage) -> None:
    """Return once the broker has every part, and its workers take jobs again."""
    _until(stage, lambda: not _missing(stage), "a part")


def _missing(stage: Stage) -> set[tuple[str, ...]]:
    objects = topology()
    wanted = {
        *(("exchange", exchange.name) for exchange in objects.exchanges),
        *(("queue", queue.name) for queue in objects.queues),
        *(("binding", each.source, each.destination, each.routing_key) for each in objects.bindings),
    }
    return wanted - {
        *(("exchange", name) for name in stage.node.evaluate(_EXCHANGES)),
        *(("queue", name) for name in stage.node.queue_names()),
        *(("binding", *names) for names in stage.node.evaluate(_BINDINGS)),
    }


def _replay(stage: Stage) -> None:
    stage.deployment.command("dead", "replay", "--all", "--lane", "interactive")


def _until(stage: Stage, holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + stage.stall_seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} is not as it must be")
        time.sleep(_LOOK_SECONDS)
