"""Sending the paths, and waiting until each message is where it ends."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from kombu import Connection

from connector.amqp.topology import delay_queues, overflow_queue
from connector.demo.node import RabbitNode
from connector.demo.program import Program
from connector.demo.vendor import VendorClient
from connector.jobs.records import Flow, Lane
from tests.leaks.paths import (
    DEAD,
    ISOLATED,
    OVERFLOWED,
    PUT_OFF,
    RATIONED,
    REPLIES,
    UNDELIVERABLE,
    UNROUTED,
    Path,
)

_LEFT: Final = frozenset({OVERFLOWED, ISOLATED})
"""Where messages end that nobody answers, since jobs in flight wait for a quota: they are sent once the others have ended."""
_OVERFLOW: Final = overflow_queue(Flow(Lane.BATCH, "millesime", RATIONED))
_PATIENCE: Final = 100_000
"""Looks at what is waited for before a run gives up."""


def answered(node: RabbitNode, paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Publish the paths, but for those that are left; return the replies once each message is where it ends."""
    sent = [path for path in paths if path.ends_in not in _LEFT]
    ends = Counter(path.ends_in for path in sent)
    with VendorClient(node.url(), "millesime") as vendor, Connection(node.url()) as connection:
        if ends[UNDELIVERABLE]:
            connection.default_channel.queue_delete(UNROUTED)
        _publish(vendor, sent)
        replies = [json.loads(message.body) for message in vendor.replies(ends[REPLIES], timeout_seconds=60)]
        for queue in (DEAD, UNDELIVERABLE):
            _until(partial(_holds, vendor, queue, ends[queue]))
        _until(lambda: sum(map(vendor.depth, delay_queues())) >= ends[PUT_OFF])
    return replies


def left(node: RabbitNode, paths: Sequence[Path], worker: Program) -> None:
    """Publish the paths that are left, until the worker has set some aside and keeps others for when it is alone."""
    sent = [path for path in paths if path.ends_in in _LEFT]
    ends = Counter(path.ends_in for path in sent)
    with VendorClient(node.url(), "millesime") as vendor:
        _publish(vendor, sent)
        if ends[OVERFLOWED]:
            worker.wait_for("backlog.opened")
        _until(partial(_holds, vendor, ISOLATED, ends[ISOLATED]))


def have_come_back(node: RabbitNode, paths: Sequence[Path]) -> None:
    """Wait until what a worker that has ended had in flight is on its queues again."""
    if any(path.ends_in == OVERFLOWED for path in paths):
        with VendorClient(node.url(), "millesime") as vendor:
            _until(partial(_holds, vendor, _OVERFLOW, 1))


def _publish(vendor: VendorClient, paths: Sequence[Path]) -> None:
    for path in paths:
        key = path.routing_key or f"{path.vendor}.{path.lane}"
        vendor.publish(path.body, routing_key=key, headers=path.headers, **path.properties)


def _holds(vendor: VendorClient, queue: str, count: int) -> bool:
    return vendor.depth(queue) >= count


def _until(condition: Callable[[], bool]) -> None:
    for _ in range(_PATIENCE):
        if condition():
            return
    raise AssertionError("what was waited for did not happen")
