"""Deleting every exchange, queue and binding of the topology in turn, under load.

What is deleted with a queue is gone, so a queue is deleted when nothing waits in it and nothing can come; what a worker
has in hand then, it must end. Everything else is the connector's to bring back.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from kombu import Connection

from connector.messaging.declaration import consumed_queues, recorded_topology
from connector.messaging.queue_state import queue_state
from connector.messaging.recording import BindingObject, Objects, QueueObject
from connector.messaging.topology import DEAD, UNDELIVERABLE, delay_queues
from tests.chaos.drain import depths
from tests.chaos.stage import VENDOR, Stage

FAILURES_PER_PART: Final = 2
"""Calls that are refused for a second, after each deletion, so that jobs are put off through what is missing."""
_LOW_LEVELS: Final = frozenset(delay_queues()[:5])
"""Where jobs wait that are put off for less than half a minute: all of this scenario."""
_LOOK_SECONDS: Final = 0.05
_LOOKS: Final = 3
_DELIVERED: Final = 2


def topology() -> Objects:
    """Return what is deleted."""
    return recorded_topology({VENDOR: ()})


def delete_every_part(stage: Stage) -> None:
    """Delete exchanges, then queues, then bindings, each once, and see all of them back. Raises ``TimeoutError``.

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
    for exchange in objects.exchanges:
        connection.default_channel.exchange_delete(exchange.name)
        _go_on(stage)
    _wait_for_all(stage)
    _replay(stage)
    for queue in sorted(objects.queues, key=_is_kept_last):
        _delete_queue(stage, connection, queue, consumed_queues(objects))
    _wait_for_all(stage)
    for binding in objects.bindings:
        _unbind(connection.default_channel, binding)
        _go_on(stage)
    _wait_for_all(stage)


def _is_kept_last(queue: QueueObject) -> tuple[bool, bool]:
    """Sort first what must be empty while nothing is missing, and nothing is put off: dead letters, the low delays."""
    return queue.name not in (DEAD, UNDELIVERABLE), queue.name not in _LOW_LEVELS


def _delete_queue(stage: Stage, connection: Any, queue: QueueObject, consumed: tuple[str, ...]) -> None:
    is_read = queue.name in consumed or queue.name.startswith("replies.")
    is_read = is_read and not queue.name.startswith("connector.isolated.")
    _until(stage, lambda: _was_deleted(stage, connection, queue.name, is_read=is_read), queue.name)
    _go_on(stage, fails=queue.name not in _LOW_LEVELS)


def _was_deleted(stage: Stage, connection: Any, queue: str, *, is_read: bool) -> bool:
    """Delete a queue while nothing can come into it; tell whether nothing was in it, so that it was deleted.

    RabbitMQ counts what a queue holds first and deletes it then: what it confirms in between is destroyed uncounted
    (one message or two of each of thirty queues that were deleted under load, on RabbitMQ 3.10).
    """
    # A client is not told of what is on its way out of a delay.
    if queue in _LOW_LEVELS and depths(stage.node)[queue].total:
        return False
    stage.proxy.pause()
    try:
        _have_some_delivered(stage)
        with stage.load.held():
            looks = [_is_empty(connection, queue, is_read=is_read) for _ in range(_LOOKS)]
            if not all(looks):
                return False
            destroyed = connection.default_channel.queue_delete(queue)
    finally:
        stage.proxy.resume()
    if destroyed:
        raise TimeoutError(f"{queue} was not empty any more: {destroyed} destroyed")
    return True


def _have_some_delivered(stage: Stage) -> None:
    """Wait for jobs that the broker has delivered, and the worker has not read: no queue gives them again."""
    wanted = min(len(stage.load.published) + _DELIVERED, stage.load.size)
    stage.load.wait_for(lambda: len(stage.load.published) >= wanted, stage.stall_seconds)


def _is_empty(connection: Any, queue: str, *, is_read: bool) -> bool:
    """Look a moment later, at the queue and at the delays: what the worker has sent is on its way in the broker."""
    time.sleep(_LOOK_SECONDS)
    state = queue_state(connection, queue)
    levels = [level for level in (queue_state(connection, name) for name in _LOW_LEVELS) if level is not None]
    if state is None or state.waiting or any(level.waiting for level in levels):
        return False
    return state.consumers > 0 or not is_read


def _unbind(channel: Any, binding: BindingObject) -> None:
    if binding.destination_type == "queue":
        channel.queue_unbind(binding.destination, binding.source, binding.routing_key)
    else:
        channel.exchange_unbind(binding.destination, binding.source, binding.routing_key)


def _go_on(stage: Stage, *, fails: bool = True) -> None:
    """Have some jobs put off, and wait for an answer: the load goes on meanwhile."""
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
    columns = "source_name", "destination_name", "routing_key"
    return wanted - {
        *(("exchange", name) for (name,) in _listed(stage, "list_exchanges", "name")),
        *(("queue", name) for (name,) in _listed(stage, "list_queues", "name")),
        *(("binding", *names) for names in _listed(stage, "list_bindings", *columns)),
    }


def _listed(stage: Stage, command: str, *columns: str) -> list[tuple[str, ...]]:
    lines = stage.node.ctl(command, "--no-table-headers", *columns).splitlines()
    return [tuple(line.split("\t")) for line in lines]


def _replay(stage: Stage) -> None:
    stage.deployment.command("dead", "replay", "--all", "--lane", "interactive")


def _until(stage: Stage, holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + stage.stall_seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} is not as it must be")
        time.sleep(_LOOK_SECONDS)
