"""What is in the broker's queues when all is over, read without taking it away."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from connector.amqp.topology import DEAD, GUARD, UNDELIVERABLE
from connector.demo.node import RabbitNode
from tests.chaos.account import Account, KeptMessage
from tests.chaos.background import connected
from tests.chaos.collector import Collector
from tests.chaos.load import Load

LOOKS: Final = 200
"""Looks at the queues before what is in them counts as stuck."""
LOOK_SECONDS: Final = 1 / 3
"""Between two looks."""
_KEEPING: Final = frozenset({DEAD, UNDELIVERABLE})
"""Queues in which a message may end."""
_COUNTS: Final = """
[begin
   {Ready, Held, Total} = try
     case amqqueue:get_type(Q) of
       rabbit_quorum_queue ->
         {ok, #{num_ready_messages := R, num_checked_out := U, num_messages := M}, _} =
           ra:consistent_query(amqqueue:get_pid(Q), {rabbit_fifo, overview, []}),
         {R, U, M};
       _ ->
         [{_, Waiting}, {_, Taken}, {_, All}] =
           rabbit_amqqueue:info(Q, [messages_ready, messages_unacknowledged, messages]),
         {Waiting, Taken, All}
     end
   catch Class:Reason ->
     case rabbit_amqqueue:lookup(amqqueue:get_name(Q)) of
       {error, not_found} -> {0, 0, 0};
       _ -> erlang:raise(Class, Reason, [])
     end
   end,
   #{name => element(4, amqqueue:get_name(Q)), ready => Ready, held => Held, total => Total}
 end || Q <- rabbit_amqqueue:list()]
"""
"""``list_queues`` shows counts of quorum queues that are up to five seconds old; these are of now. A queue that is deleted meanwhile has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How many messages a queue has."""

    ready: int
    unacknowledged: int
    total: int
    """These, and those that the broker is dead-lettering."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedMessage:
    """A message as it lies in its queue."""

    body: bytes = field(repr=False)
    headers: Mapping[str, Any]
    properties: Mapping[str, Any]

    @property
    def job_id(self) -> str | None:
        """The ``job_id`` of a request or reply, None where the body does not tell."""
        try:
            job_id = json.loads(self.body)["job_id"]
        except (ValueError, LookupError, TypeError):
            return None
        return job_id if isinstance(job_id, str) else None


def depths(node: RabbitNode) -> dict[str, Depth]:
    """Return the depth of every queue, at this instant. Raises ``NodeError``."""
    counts = node.evaluate(_COUNTS)
    return {
        count["name"]: Depth(ready=count["ready"], unacknowledged=count["held"], total=count["total"])
        for count in counts
    }


def read_all(url: str, queue: str) -> tuple[QueuedMessage, ...]:
    """Return the ready messages of a queue, and leave them in it, in their order.

    On a quorum queue each reading counts against its delivery limit. Of the workers' guard nothing can be read: RabbitMQ lets its
    single active consumer alone take from it.
    """
    if queue == GUARD:
        return ()
    with connected(url) as connection:
        channel = connection.channel()
        channel.auto_decode = False
        taken: list[Any] = []
        while (message := channel.basic_get(queue)) is not None:
            taken.append(message)
        for message in taken:
            channel.basic_reject(message.delivery_tag, requeue=True)
        # Answered after the rejections were taken in; the queue carries them out a moment later.
        for _ in range(LOOKS):
            if channel.queue_declare(queue, passive=True).message_count >= len(taken):
                break
    return tuple(
        QueuedMessage(
            body=bytes(message.body),
            headers=message.properties.get("application_headers") or {},
            properties={
                name: value for name, value in message.properties.items() if name != "application_headers"
            },
        )
        for message in taken
    )


def kept_in(url: str, queue: str) -> tuple[KeptMessage, ...]:
    """Return the ready messages of a queue, for an account."""
    return tuple(KeptMessage(queue=queue, job_id=message.job_id) for message in read_all(url, queue))


def wait_until_idle(node: RabbitNode, looks: int = LOOKS) -> dict[str, Depth]:
    """Look until every queue but those that keep messages is empty twice in a row, at most ``looks`` times.

    Returns the depths of the queues that are not empty then. The collectors must still be reading.
    """
    busy: dict[str, Depth] = {}
    calm = 0
    for _ in range(looks):
        busy = {name: depth for name, depth in depths(node).items() if depth.total and name not in _KEEPING}
        calm = 0 if busy else calm + 1
        # A message on its way from one queue to another may escape one look.
        if calm == 2:
            break
        time.sleep(LOOK_SECONDS)
    return busy


def stuck_in(url: str, busy: Mapping[str, Depth]) -> tuple[KeptMessage, ...]:
    """Return the messages of queues that should be empty; those that cannot be read tell no ``job_id``."""
    kept: list[KeptMessage] = []
    for queue, depth in busy.items():
        readable = kept_in(url, queue)
        unreadable = [KeptMessage(queue=queue)] * max(0, depth.total - len(readable))
        kept += [*readable, *unreadable]
    return tuple(kept)


def final_account(node: RabbitNode, collector: Collector, *loads: Load, looks: int = LOOKS) -> Account:
    """Return the account once the broker is idle, or ``looks`` have been taken at it. The loads have ended."""
    stuck = stuck_in(node.url(), wait_until_idle(node, looks))
    so_far = collector.account()
    return Account.of(
        so_far.published,
        [received.reply for received in collector.received],
        undeliverable=kept_in(node.url(), UNDELIVERABLE),
        dead=kept_in(node.url(), DEAD),
        stuck=stuck,
        republished=so_far.republished,
    )
