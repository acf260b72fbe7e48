"""A vendor's reader of replies, which counts each reply once however often its own connection is lost."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connector.amqp.topology import reply_queue
from connector.clock import utc_now
from tests.chaos.account import Account, SeenReply
from tests.chaos.background import STALL_SECONDS, TRANSIENT, Background, connected
from tests.chaos.load import Load

_PREFETCHED: Final = 200
_LOOK_SECONDS: Final = 0.2
"""How long the socket is watched before looking whether to stop."""
_QUIET_LOOKS: Final = 25
"""Looks without a reply before consuming anew.

When a quorum queue is deleted and declared again at once, RabbitMQ 3.10 moves its consumers to the new queue
without a word, counts what comes next as delivered to them, and does not deliver it until they reconnect.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A reply, and when it came first."""

    reply: SeenReply
    message_id: str
    received_at: datetime


class Collector(Background):
    """Reads ``replies.<vendor>`` from when it is entered until it is left, across reconnections.

    A reply is acknowledged after it was recorded. One that comes again because that acknowledgement was lost
    (AMQP's ``redelivered``, with a ``message_id`` recorded before) is the same reply.
    """

    def __init__(self, url: str, *loads: Load) -> None:
        """Collect the answers to ``loads``, all of one vendor."""
        (self.vendor,) = {load.vendor for load in loads}
        super().__init__(f"collector-{self.vendor}")
        self._url = url
        self._loads = loads
        self._received: list[Received] = []
        self._message_ids: set[str] = set()
        self._redeliveries = 0

    @property
    def received(self) -> Sequence[Received]:
        """The replies recorded by now, in the order they came."""
        with self.changed:
            return tuple(self._received)

    @property
    def redeliveries(self) -> int:
        """Deliveries of a reply that was recorded before."""
        with self.changed:
            return self._redeliveries

    def account(self) -> Account:
        """Return the account so far, of replies alone: what has none yet counts as lost."""
        return Account.of(
            frozenset[str]().union(*(load.published for load in self._loads)),
            [received.reply for received in self.received],
            republished=frozenset[str]().union(*(load.republished for load in self._loads)),
        )

    def wait_until(self, predicate: Callable[[Account], bool], stall_seconds: float = STALL_SECONDS) -> None:
        """Return once ``predicate`` holds of the account so far, which is asked after each reply.

        Example: ``collector.wait_until(lambda account: len(account.answered) >= 20)``.
        Raises ``StalledError``, with that account, when no reply comes for ``stall_seconds``.
        """
        self.wait_for(lambda: predicate(self.account()), stall_seconds)

    def so_far(self) -> str:
        """Return the account so far, as JSON."""
        return json.dumps(self.account().as_dict())

    def work(self) -> None:
        """Consume, over as many connections as it takes."""
        while not self.stopping.is_set():
            try:
                with connected(self._url) as connection:
                    self._consume(connection)
            except TRANSIENT as error:
                self.trouble(error)

    def _consume(self, connection: Any) -> None:
        channel = connection.channel()
        channel.auto_decode = False
        channel.basic_qos(prefetch_size=0, prefetch_count=_PREFETCHED, a_global=False)
        tag = channel.basic_consume(reply_queue(self.vendor), callback=self._on_reply)
        quiet_looks = 0
        while not self.stopping.is_set() and quiet_looks < _QUIET_LOOKS:
            try:
                connection.drain_events(timeout=_LOOK_SECONDS)
                quiet_looks = 0
            except TimeoutError:
                quiet_looks += 1
        channel.basic_cancel(tag)

    def _on_reply(self, message: Any) -> None:
        message_id = message.properties["message_id"]
        with self.changed:
            if message.delivery_info["redelivered"] and message_id in self._message_ids:
                self._redeliveries += 1
            else:
                self._message_ids.add(message_id)
                self._received.append(
                    Received(reply=seen_reply(message.body), message_id=message_id, received_at=utc_now()),
                )
                self.progressed()
        message.channel.basic_ack(message.delivery_tag)


def seen_reply(body: bytes) -> SeenReply:
    """Return what an account keeps of a reply's JSON."""
    reply = json.loads(body)
    reasons = (check["reason"] for check in reply["checks"])
    return SeenReply(
        job_id=reply["job_id"],
        status=reply["status"],
        possible_duplicate=reply["possible_duplicate"],
        codes=tuple(defect["code"] for defect in (*reply["errors"], *reasons) if defect is not None),
    )
