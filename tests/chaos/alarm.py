"""The broker's memory alarm, under which it reads nothing more from a connection that publishes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from connector.demo.node import RabbitNode

_NOTHING: Final = "0"
_RABBITMQS_DEFAULT: Final = "0.4"
_WATERMARK: Final = "vm_memory_monitor:set_vm_memory_high_watermark({})"


@contextmanager
def memory_alarm(node: RabbitNode) -> Iterator[None]:
    """Hold the memory alarm of ``node`` raised: publishing connections are blocked, consuming goes on.

    A connection learns of it (``connection.blocked``) when it publishes. Raises ``NodeError``.
    """
    node.evaluate(_WATERMARK.format(_NOTHING))
    try:
        yield
    finally:
        node.evaluate(_WATERMARK.format(_RABBITMQS_DEFAULT))
