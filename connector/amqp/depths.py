"""Asking how many messages wait in queues, without waiting for the answer: whoever reads the connection resolves it.

py-amqp's own ``queue_declare`` reads the connection until its answer comes. What comes before, such as the refusal of somebody
else's declaration, is raised there, and ends what has nothing to do with it. And RabbitMQ closes the channel of whoever asks for
a queue that is gone, with every consumer on it: so this channel has none, and is opened again.
"""

import asyncio
from collections import deque
from typing import Any, Final

from amqp import spec
from amqp.channel import Channel

_DECLARE: Final = "BsbbbbbF"
"""The types of the arguments of ``queue.declare``."""


class Depths:
    """The depths of queues, on one connection."""

    def __init__(self, connection: Any, loop: asyncio.AbstractEventLoop) -> None:
        """Ask nothing yet; ``connection`` is py-amqp's."""
        self._connection = connection
        self._loop = loop
        self._channel: _DepthChannel | None = None

    def ask(self, queue: str) -> "asyncio.Future[int | None]":
        """Return what becomes the number of messages that wait in a queue; None where it does not exist, or the connection ends.

        Raises the client's error where nothing can be written.
        """
        if self._channel is None or self._channel.is_gone:
            self._channel = _DepthChannel(self._connection)
            # The broker takes a declaration behind it whether this was answered or not.
            self._channel.send_method(spec.Channel.Open, "s", ("",))
        return self._channel.ask(queue, self._loop.create_future())

    def end(self) -> None:
        """Answer whoever waits: the connection is gone."""
        if self._channel is not None:
            self._channel.answer_all()


class _DepthChannel(Channel):  # type: ignore[misc]  # py-amqp ships no types
    """A channel on which nothing but passive declarations is sent."""

    def __init__(self, connection: Any) -> None:
        self.is_gone = False
        self._asked: deque[asyncio.Future[int | None]] = deque()
        super().__init__(connection)

    def _setup_listeners(self) -> None:
        super()._setup_listeners()
        self._callbacks[spec.Queue.DeclareOk] = self._on_declared

    def ask(self, queue: str, depth: "asyncio.Future[int | None]") -> "asyncio.Future[int | None]":
        """Send a passive declaration, whose answer ``depth`` becomes."""
        passive, durable, exclusive, auto_delete, nowait = True, False, False, False, False
        self.send_method(
            spec.Queue.Declare, _DECLARE, (0, queue, passive, durable, exclusive, auto_delete, nowait, {})
        )
        # The broker answers in the order in which it was asked.
        self._asked.append(depth)
        return depth

    def answer_all(self) -> None:
        """Answer whoever waits that nothing is known."""
        while self._asked:
            self._answer(None)

    def _on_declared(self, _queue: str, messages: int, _consumers: int) -> None:
        if self._asked:
            self._answer(messages)

    def _on_close(self, *_reason: Any) -> None:
        """Take the broker's word that a queue is gone, which is no error here."""
        self.send_method(spec.Channel.CloseOk)
        self.is_gone = True
        self.collect()
        self.answer_all()

    def _answer(self, messages: int | None) -> None:
        depth = self._asked.popleft()
        if not depth.done():
            depth.set_result(messages)
