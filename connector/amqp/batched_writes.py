"""Writing AMQP frames in batches: the publishes and acknowledgements of one turn of the event loop go out together.

py-amqp calls the system for every method. A worker that ends hundreds of jobs a second then calls it twice or three times for
each, and Python gives its lock away each time. Whatever waits for an answer goes at once, behind what was written before it.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Any, Final

from amqp import spec
from amqp.method_framing import frame_writer

LARGEST_BATCH_BYTES: Final = 64 * 1024
"""A batch that has grown so long does not wait for the end of the turn."""
_MAY_WAIT: Final = frozenset({spec.Basic.Publish, spec.Basic.Ack})


class BatchedWrites:
    """py-amqp's writer of frames, which a connection is given as its ``frame_writer``.

    Outside of an event loop everything goes at once.
    """

    def __init__(self, connection: Any, transport: Any) -> None:
        self._batch = _Batch(transport)
        self._write_frame = frame_writer(connection, self._batch)

    def __call__(self, kind: int, channel: int, method_sig: Any, args: Any, content: Any) -> None:
        """Write a method's frames, or have them written at the end of the loop's turn. Raises ``OSError``."""
        self._write_frame(kind, channel, method_sig, args, content)
        if method_sig in _MAY_WAIT:
            self._batch.flush_soon()
        else:
            self._batch.flush()


class _Batch:
    """Stands where py-amqp's writer expects a transport."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._frames = bytearray()
        self._is_scheduled = False
        self._failure: OSError | None = None

    def write(self, frames: bytes | memoryview) -> None:
        """Take frames in. Raises the ``OSError`` for which earlier ones could not be written."""
        if self._failure is not None:
            raise self._failure
        # The writer's own buffer is used again for the next frame.
        self._frames += frames

    def flush_soon(self) -> None:
        """Write what was taken in at the end of the loop's turn; at once where no loop runs, or it is much."""
        if len(self._frames) >= LARGEST_BATCH_BYTES:
            self.flush()
        elif not self._is_scheduled:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                self.flush()
                return
            self._is_scheduled = True
            loop.call_soon(self._flush_in_loop)

    def flush(self) -> None:
        """Write what was taken in. Raises ``OSError``."""
        if self._frames:
            frames, self._frames = self._frames, bytearray()
            self._transport.write(frames)

    def _flush_in_loop(self) -> None:
        self._is_scheduled = False
        sock = self._transport.sock
        if sock is None:
            # The connection was abandoned within the turn: the broker gives again what was not acknowledged.
            return
        try:
            self.flush()
        except OSError as error:
            # Nobody waits here. Whoever reads the connection is told by its end, and whoever writes by the error.
            self._failure = error
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
