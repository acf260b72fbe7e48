"""The single-instance guard, on the broker: whether a worker process may work beside those that do.

Each worker consumes ``connector.guard``, a quorum queue with a single active consumer: RabbitMQ gives its messages to the worker that
came first, and to the next one once that one is gone, or its node. A worker that comes asks with a message there. One that is the first
has its own question back. Else the first answers of which kind it is, over RabbitMQ's direct reply-to
(https://www.rabbitmq.com/docs/consumers#single-active-consumer, https://www.rabbitmq.com/docs/direct-reply-to).

Consumers are not counted: a quorum queue counts those of a node that is down, and none at all without a majority.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, StrEnum, auto
from typing import Any, Final
from uuid import uuid4

from amqp import Message
from amqp.exceptions import AccessRefused, NotFound

from connector.amqp.topology import FORMER_GUARD, GUARD

ANSWER_SECONDS: Final = 3.0
"""How long the first worker may take to answer."""
_LOOK_SECONDS: Final = 1.0
_REPLY_TO: Final = "amq.rabbitmq.reply-to"
_EXCLUSIVE: Final = "in exclusive use"
_KEPT_MILLISECONDS: Final = "10000"
"""A question is of no use to anybody later."""


class Kind(StrEnum):
    """How a worker process works beside others."""

    ALONE = "alone"
    TOGETHER = "together"
    """It shares what quotas need."""


class Verdict(Enum):
    """What the broker, or the first worker, says to one that comes."""

    WELCOME = auto()
    EXCLUDED = auto()
    UNANSWERED = auto()
    """Somebody was first, and says nothing: it may have died, which the broker has yet to notice."""


class Guard:
    """One worker's place, for as long as its connection lives."""

    def __init__(
        self,
        connection: Any,
        kind: Kind,
        *,
        on_lost: Callable[[str], Any] = lambda _tag: None,
        is_blocked: Callable[[], bool] = lambda: False,
    ) -> None:
        """Make one of kombu's connection.

        ``on_lost`` is told when the broker has ended its consumer; ``is_blocked`` tells whether the broker reads nothing for now.
        """
        self._connection = connection
        self._kind = kind
        self._on_lost = on_lost
        self._is_blocked = is_blocked
        self._name = uuid4().hex
        self._verdict: Verdict | None = None

    def claim(self, meanwhile: Callable[[], object] = lambda: None) -> Verdict:
        """Take the place, or learn why not; another claim may follow. Nobody else may be reading the connection.

        Waits for as long as the broker reads nothing (its memory or disk alarm). ``meanwhile`` is called each second, and may raise.
        Raises the client's errors, ``NotFound`` where the queue does not exist.
        """
        former = self._open()
        if not self._passes_the_former(former):
            return Verdict.EXCLUDED
        self._verdict = None
        channel = self._open()
        channel.basic_consume(_REPLY_TO, no_ack=True, callback=self._on_answer)
        channel.basic_consume(GUARD, callback=self._on_question, on_cancel=self._on_lost)
        question = Message(b"", reply_to=_REPLY_TO, correlation_id=self._name, expiration=_KEPT_MILLISECONDS)
        channel.basic_publish(question, exchange="", routing_key=GUARD)
        verdict = self._wait(meanwhile)
        if verdict is not Verdict.WELCOME:
            # Else a further claim would find this one.
            for opened in (channel, former):
                opened.close()
        return verdict

    def _open(self) -> Any:
        # Not kombu's own, which makes another connection where this one has ended.
        return self._connection.connection.channel()

    def _wait(self, meanwhile: Callable[[], object]) -> Verdict:
        until = time.monotonic() + ANSWER_SECONDS
        while self._verdict is None and (left_seconds := until - time.monotonic()) > 0:
            with suppress(TimeoutError):
                self._connection.drain_events(timeout=min(left_seconds, _LOOK_SECONDS))
            meanwhile()
            if self._is_blocked():
                until = time.monotonic() + ANSWER_SECONDS
        return self._verdict or Verdict.UNANSWERED

    def _on_question(self, message: Any) -> None:
        """Answer as the first worker."""
        channel, properties = message.channel, message.properties
        if properties.get("correlation_id") == self._name:
            self._verdict = Verdict.WELCOME
        else:
            answer = Message(self._kind.value, correlation_id=properties.get("correlation_id", ""))
            channel.basic_publish(answer, exchange="", routing_key=properties.get("reply_to", ""))
        channel.basic_ack(message.delivery_tag)

    def _on_answer(self, message: Any) -> None:
        body = message.body if isinstance(message.body, str) else message.body.decode("ascii", "replace")
        are_together = body == self._kind.value == Kind.TOGETHER.value
        self._verdict = Verdict.WELCOME if are_together else Verdict.EXCLUDED

    def _passes_the_former(self, channel: Any) -> bool:
        """Take the place where workers of a former version look, too, as long as its queue is there."""
        try:
            # Where it is deleted, or its only node dies, nothing is lost.
            channel.basic_consume(
                FORMER_GUARD,
                exclusive=self._kind is Kind.ALONE,
                callback=lambda _message: None,
                on_cancel=lambda _tag: None,
            )
        except AccessRefused as error:
            # py-amqp opens a channel again that the broker has closed.
            channel.close()
            # A user that may not read it is refused otherwise, and excluded from nothing.
            return _EXCLUSIVE not in (error.reply_text or "")
        except NotFound:
            # Nor does it matter where its only node is down.
            channel.close()
        return True
