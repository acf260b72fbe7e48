"""A vendor's side of the contract, as an integrator would write it: publish confirmed, read replies."""

import json
import time
from collections.abc import Generator, Mapping
from itertools import repeat
from types import TracebackType
from typing import Any, Final, Self

import amqp
from kombu import Connection

EXCHANGE: Final = "verifications"
_PERSISTENT: Final = 2


class NoReplyError(Exception):
    """A reply that was waited for did not come."""


def job_message(
    job: Mapping[str, Any] | bytes,
    headers: Mapping[str, Any] | None = None,
    **properties: Any,
) -> Any:
    """Return a job as a message of the contract: persistent JSON, published now.

    ``properties`` override those of the contract; None leaves one out.
    """
    body = job if isinstance(job, bytes) else json.dumps(job).encode()
    defaults: dict[str, Any] = {
        "delivery_mode": _PERSISTENT,
        "timestamp": int(time.time()),
        "content_type": "application/json",
    }
    kept = {name: value for name, value in (defaults | properties).items() if value is not None}
    return amqp.Message(body, application_headers=dict(headers or {}), **kept)


class VendorClient:
    """One vendor's connection. ``user_id`` is set where the connection is the vendor's own AMQP user."""

    def __init__(self, url: str, vendor: str) -> None:
        self.vendor = vendor
        self._connection = Connection(url, transport_options={"confirm_publish": True}, connect_timeout=10)

    def __enter__(self) -> Self:
        self._connection.connect()
        self._channel = self._connection.default_channel
        self._channel.auto_decode = False
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _exception: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._connection.release()

    def publish(
        self,
        job: Mapping[str, Any] | bytes,
        lane: str = "interactive",
        *,
        routing_key: str | None = None,
        headers: Mapping[str, Any] | None = None,
        **properties: Any,
    ) -> None:
        """Publish a job, persistent, confirmed and mandatory; ``properties`` override those of the contract."""
        self._channel.basic_publish(
            job_message(job, headers, **properties),
            EXCHANGE,
            routing_key or f"{self.vendor}.{lane}",
            mandatory=True,
        )

    def replies(
        self,
        count: int | None = None,
        queue: str | None = None,
        timeout_seconds: float = 30,
    ) -> Generator[Any]:
        """Yield messages of a reply queue, acknowledged, as the client library gives them.

        ``count`` of them, or as many as are asked for: close the generator then.

        Raises ``NoReplyError`` when one does not come in time.
        """
        name = queue or f"replies.{self.vendor}"
        received: list[Any] = []
        tag = self._channel.basic_consume(name, callback=received.append)
        try:
            for _ in repeat(None) if count is None else repeat(None, count):
                while not received:
                    self._drain(name, timeout_seconds)
                message = received.pop(0)
                self._channel.basic_ack(message.delivery_tag)
                yield message
        finally:
            self._channel.basic_cancel(tag)
            for message in received:
                self._channel.basic_reject(message.delivery_tag, requeue=True)

    def _drain(self, queue: str, timeout_seconds: float) -> None:
        try:
            self._connection.drain_events(timeout=timeout_seconds)
        except TimeoutError:
            raise NoReplyError(f"no message in {queue} within {timeout_seconds:.0f} s") from None

    def depth(self, queue: str) -> int:
        """Return how many messages wait in a queue."""
        return int(self._channel.queue_declare(queue, passive=True).message_count)
