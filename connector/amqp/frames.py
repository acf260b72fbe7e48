"""Reading AMQP frames so that nothing a publisher writes can stop a consumer.

py-amqp decodes a message's properties while it reads the socket: text that is not UTF-8, a header with a date
out of range or nested thousands deep raise there, close the connection and come back at the next one. Here
such a message keeps the properties that can be read, and is marked. A body longer than any job's, which the
broker lets grow to 128 MiB, is not taken in: the message comes without it, marked too. A mark is no header: those are the
publisher's.
"""

from collections.abc import Callable
from struct import unpack_from
from typing import Any, Final

from amqp import spec
from amqp.method_framing import frame_handler

from connector.amqp.headers import PROPERTIES_OFFSET, Wanted, only, with_table
from connector.jobs.delivery import MAX_ENVELOPE_BYTES, Mark

_HEADER, _BODY = 2, 3
_SIZE_OFFSET: Final = 4  # class id, weight
_DELIVER_TEXT: Final = 4  # after the method's signature
_GET_OK_EXCHANGE: Final = 4 + 8 + 1  # signature, delivery tag, redelivered

Frame = tuple[int, int, Any]


class TolerantFrames:
    """py-amqp's reader of frames, which survives what it cannot decode, and leaves out what is too long.

    A connection is given it as its ``frame_handler``.
    """

    def __init__(
        self,
        connection: Any,
        callback: Callable[..., Any],
        longest_body_bytes: float = MAX_ENVELOPE_BYTES,
        headers: Wanted | None = None,
    ) -> None:
        """``headers`` are those that are read: the others are passed by. None has all of them decoded."""
        self._callback = callback
        self._longest_body_bytes = longest_body_bytes
        self._headers = headers
        self._read = frame_handler(connection, self._dispatch)
        self._is_dispatched = False
        self._left_out: dict[int, tuple[bytes, int]] = {}
        """Per channel, the header of a message whose body is being left out, and how many bytes are to come."""
        self._marks: dict[int, Mark] = {}
        """Per channel, what is to be said of the message that is being read."""

    def __call__(self, frame: Frame) -> bool:
        """Take one frame; tell whether it completed a method or a message."""
        kind, channel, buffer = frame
        if kind == _HEADER and _body_size(buffer) > self._longest_body_bytes:
            self._left_out[channel] = (without_body(buffer), _body_size(buffer))
            self._marks[channel] = Mark.OVERSIZED
            return False
        if kind == _BODY and channel in self._left_out:
            header, remaining = self._left_out.pop(channel)
            if remaining > len(buffer):
                self._left_out[channel] = (header, remaining - len(buffer))
                return False
            return self._read_header((_HEADER, channel, header))
        return self._read_header(frame) if kind == _HEADER else bool(self._read(frame))

    def _read_header(self, frame: Frame) -> bool:
        self._is_dispatched = False
        kind, channel, buffer = frame
        try:
            if self._headers is not None:
                buffer = only(buffer, self._headers)
            return bool(self._read((kind, channel, buffer)))
        except (ValueError, OverflowError, OSError, ArithmeticError, RecursionError):
            if self._is_dispatched:
                # Decoded well, and without a body: what failed is the consumer.
                raise
        self._marks[channel] = Mark.UNREADABLE
        try:
            return bool(self._read((kind, channel, without_headers(buffer))))
        except UnicodeDecodeError:
            return bool(self._read((kind, channel, without_properties(buffer))))

    def _dispatch(self, channel: int, method: tuple[int, int], arguments: Any, content: Any) -> None:
        self._is_dispatched = True
        if content is not None and (mark := self._marks.pop(channel, None)) is not None:
            content.properties[mark] = True
        if method == spec.Basic.GetOk:
            # Beforehand: py-amqp forgets that it is waited for before it decodes it.
            arguments = _ascii_only(arguments, _GET_OK_EXCHANGE)
        try:
            self._callback(channel, method, arguments, content)
        except UnicodeDecodeError:
            if method != spec.Basic.Deliver:
                raise
            self._callback(channel, method, _ascii_deliver(arguments), content)


def without_headers(buffer: Any) -> bytes:
    """Return a content header whose table of headers is left out."""
    return with_table(bytes(buffer), b"")


def without_properties(buffer: Any) -> bytes:
    """Return a content header with no property."""
    return bytes(buffer)[:PROPERTIES_OFFSET] + bytes(2)


def without_body(buffer: Any) -> bytes:
    """Return the content header of the same message without its headers and its body."""
    raw = without_headers(buffer)
    return raw[:_SIZE_OFFSET] + bytes(8) + raw[PROPERTIES_OFFSET:]


def _body_size(buffer: Any) -> int:
    (size,) = unpack_from(">Q", buffer, _SIZE_OFFSET)
    return int(size)


def _ascii_deliver(arguments: Any) -> bytes:
    """Replace what is not ASCII in the texts of a ``basic.deliver``: consumer tag, exchange and routing key."""
    raw = bytes(arguments)
    exchange = _DELIVER_TEXT + 1 + raw[_DELIVER_TEXT] + 8 + 1  # consumer tag, delivery tag, redelivered
    return _ascii_only(_ascii_only(raw, _DELIVER_TEXT, texts=1), exchange)


def _ascii_only(arguments: Any, start: int, texts: int = 2) -> bytes:
    """Replace what is not ASCII in so many short strings, one after the other, the first at ``start``."""
    raw = bytearray(arguments)
    for _ in range(texts):
        end = start + 1 + raw[start]
        for index in range(start + 1, end):
            if raw[index] > 0x7F:  # noqa: PLR2004 - the last of ASCII
                raw[index] = ord("?")
        start = end
    return bytes(raw)
