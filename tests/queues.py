"""Queues that a test makes and takes away."""

from collections.abc import Callable

import pytest
from amqp.exceptions import NotFound
from kombu import Connection

from connector.demo.deployment import Deployment
from connector.demo.vendor import VendorClient

PATIENCE = 50_000
"""Looks at a queue before a test gives up."""


def until(condition: Callable[[], bool]) -> None:
    """Return once ``condition`` holds; fail when it does not come to."""
    for _ in range(PATIENCE):
        if condition():
            return
    pytest.fail("what was waited for did not happen")


def publish_raw(url: str, queue: str, body: bytes) -> None:
    with Connection(url, transport_options={"confirm_publish": True}) as connection:
        connection.Producer().publish(body, routing_key=queue, content_type="application/octet-stream")


def added_and_deleted(name: str, url: str, deployed: Deployment, operator: VendorClient) -> None:
    """Have a further reply queue of millesime added, then vanish from the broker."""
    deployed.command("vendors", "reply-queue", "add", "millesime", name)
    until(lambda: exists(operator, f"replies.millesime.{name}"))
    # Confirmed, so it has a leader: RabbitMQ ends the connection that declared a queue which is deleted before.
    publish_raw(url, f"replies.millesime.{name}", b"")
    with Connection(url) as connection:
        connection.default_channel.queue_delete(f"replies.millesime.{name}")


def exists(client: VendorClient, queue: str) -> bool:
    with client._connection.channel() as channel:  # noqa: SLF001 - a channel that a missing queue may close
        try:
            channel.queue_declare(queue, passive=True)
        except NotFound:
            return False
        return True
