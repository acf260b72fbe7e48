"""Deleting every exchange, queue and binding of the topology in turn, under load.

What is deleted with a queue is gone, so a queue is deleted when nothing waits in it; what a worker has in hand then, it
must end. Everything else is the connector's to bring back.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import amqp
from kombu import Connection

from connector.messaging.declaration import consumed_queues, recorded_topology
from connector.messaging.recording import BindingObject, Objects, QueueObject
from connector.messaging.topology import DEAD, UNDELIVERABLE, delay_queues
from tests.chaos.drain import depths
from tests.chaos.stage import VENDOR, Stage

FAILURES_PER_PART: Final = 2
"""Calls that are refused for a second, after each deletion, so that jobs are put off through what is missing."""
_LOW_LEVELS: Final = frozenset(delay_queues()[:5])
"""Where jobs wait that are put off for less than half a minute: all of this scenario."""
_LOOK_SECONDS: Final = 0.05


def topology() -> Objects:
    """Return what is deleted."""
    return recorded_topology({VENDOR: ()})


def delete_every_part(stage: Stage) -> None:
    """Delete exchanges, then queues, then bindings, each once, and see all of them back. Raises ``TimeoutError``.

    Jobs that were published while their lane was missing are replayed from ``connector.dead``, as an operator does.
    """
    try:
        with _channel(stage) as channel:
            _delete_all(stage, channel, topology())
    finally:
        # Where nothing has brought it back, an operator does, or what is left could not even be published.
        stage.deployment.command("topology", "declare")
        stage.load.enough()
    stage.load.wait()
    _replay(stage)


def _delete_all(stage: Stage, channel: Any, objects: Objects) -> None:
    for exchange in objects.exchanges:
        channel.exchange_delete(exchange.name)
        _go_on(stage)
    _wait_for_all(stage)
    _replay(stage)
    for queue in sorted(objects.queues, key=_is_kept_last):
        _delete_queue(stage, channel, queue, consumed_queues(objects))
    _wait_for_all(stage)
    for binding in objects.bindings:
        _unbind(channel, binding)
        _go_on(stage)
    _wait_for_all(stage)


def _is_kept_last(queue: QueueObject) -> tuple[bool, bool]:
    """Sort first what must be empty while nothing is missing, and nothing is put off: dead letters, the low delays."""
    return queue.name not in (DEAD, UNDELIVERABLE), queue.name not in _LOW_LEVELS


def _delete_queue(stage: Stage, channel: Any, queue: QueueObject, consumed: tuple[str, ...]) -> None:
    if queue.name in _LOW_LEVELS:
        # The client is not told of what is on its way out.
        _until(stage, lambda: not depths(stage.node)[queue.name].total, queue.name)
    is_read = queue.name in consumed or queue.name.startswith("replies.")
    is_read = is_read and not queue.name.startswith("connector.isolated.")

    def is_ready() -> bool:
        try:
            _, waiting, readers = channel.queue_declare(queue.name, passive=True)
        except amqp.NotFound:
            return False
        return not waiting and (readers > 0 or not is_read)

    _until(stage, is_ready, queue.name)
    destroyed = channel.queue_delete(queue.name)
    if destroyed:
        raise TimeoutError(f"{queue.name} was not empty any more: {destroyed} destroyed")
    _go_on(stage, fails=queue.name not in _LOW_LEVELS)


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


@contextmanager
def _channel(stage: Stage) -> Iterator[Any]:
    with Connection(stage.node.url()) as connection:
        yield connection.default_channel
