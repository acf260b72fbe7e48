"""Reading the broker's socket without waiting: whole frames only, as many as have arrived.

py-amqp reads a frame in three calls of the system and, with a timeout of zero, spins on the socket until the
rest of a frame that has begun arrives. Here what has arrived is taken into py-amqp's own buffer, a chunk each
time the loop finds the socket readable, and py-amqp is asked for a frame only when a whole one is there.
"""

import ssl
from struct import unpack_from
from typing import Any, Final

_CHUNK_BYTES: Final = 256 * 1024
_FRAME_HEADER_BYTES: Final = 7
_FRAME_END_BYTES: Final = 1


class SocketReader:
    """Feeds one ``amqp.Connection`` from its socket, TLS or not."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._transport = connection.transport

    def receive(self) -> None:
        """Take in what has arrived. Raises ``OSError`` when the broker has hung up."""
        sock = self._transport.sock
        previous = sock.gettimeout()
        sock.settimeout(0)
        try:
            chunk = sock.recv(_CHUNK_BYTES)
            # What TLS has decrypted is in no socket that a loop could watch.
            while isinstance(sock, ssl.SSLSocket) and sock.pending():
                chunk += sock.recv(_CHUNK_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        finally:
            sock.settimeout(previous)
        if not chunk:
            raise ConnectionResetError("the broker has hung up")
        self._transport._read_buffer += chunk  # noqa: SLF001 - the library offers no other way in

    def handle(self, most_frames: int) -> bool:
        """Handle so many of the whole frames taken in; tell whether there are more."""
        for _ in range(most_frames):
            if not self._holds_a_frame():
                return False
            self._connection.blocking_read()
        return self._holds_a_frame()

    def _holds_a_frame(self) -> bool:
        buffer = self._transport._read_buffer  # noqa: SLF001 - likewise
        if len(buffer) < _FRAME_HEADER_BYTES:
            return False
        (size,) = unpack_from(">I", buffer, 3)
        return len(buffer) >= _FRAME_HEADER_BYTES + int(size) + _FRAME_END_BYTES
