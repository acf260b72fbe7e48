"""Reading AMQP frames so that nothing a publisher writes can stop a consumer.

py-amqp decodes a message's properties while it reads the socket: text that is not UTF-8, a header with a date
out of range or nested thousands deep raise there, close the connection and come back at the next one. Here
such a message keeps the properties that can be read, and is marked.
"""

from collections.abc import Callable
from struct import unpack_from
from typing import Any, Final

from amqp import spec
from amqp.method_framing import frame_handler

from connector.messaging.delivery import UNREADABLE_HEADERS

_METHOD, _HEADER = 1, 2
_PROPERTIES_OFFSET: Final = 12  # class id, weight, body size
_HEADERS_FLAG: Final = 0x2000
_TEXT_BEFORE_HEADERS: Final = (0x8000, 0x4000)  # content_type, content_encoding
# One entry: a short string key, then 't', a boolean, 1.
_MARK: Final = bytes([len(UNREADABLE_HEADERS)]) + UNREADABLE_HEADERS.encode("ascii") + b"t\x01"
_MARKED_TABLE: Final = len(_MARK).to_bytes(4, "big") + _MARK
_DELIVER_TEXT: Final = 4  # after the method's signature

Frame = tuple[int, int, Any]


def tolerant_frame_handler(connection: Any, callback: Callable[..., Any]) -> Callable[[Frame], bool]:
    """Return py-amqp's reader of frames, which survives what it cannot decode.

    It is given to the connection as its ``frame_handler``.
    """
    dispatched = False

    def dispatch(channel: int, method: tuple[int, int], arguments: Any, content: Any) -> None:
        nonlocal dispatched
        dispatched = True
        try:
            callback(channel, method, arguments, content)
        except UnicodeDecodeError:
            if method != spec.Basic.Deliver:
                raise
            callback(channel, method, _ascii_only(arguments), content)

    read = frame_handler(connection, dispatch)

    def on_frame(frame: Frame) -> bool:
        nonlocal dispatched
        dispatched = False
        kind, channel, buffer = frame
        if kind != _HEADER:
            return bool(read(frame))
        try:
            return bool(read(frame))
        except (ValueError, OverflowError, OSError, ArithmeticError, RecursionError):
            if dispatched:
                # Decoded well, and without a body: what failed is the consumer.
                raise
        try:
            return bool(read((kind, channel, without_headers(buffer))))
        except UnicodeDecodeError:
            return bool(read((kind, channel, without_properties(buffer))))

    return on_frame


def without_headers(buffer: Any) -> bytes:
    """Return a content header whose table of headers is replaced by the mark of an unreadable one."""
    raw = bytes(buffer)
    (flags,) = unpack_from(">H", raw, _PROPERTIES_OFFSET)
    if not flags & _HEADERS_FLAG:
        return without_properties(buffer)
    start = _PROPERTIES_OFFSET + 2
    for flag in _TEXT_BEFORE_HEADERS:
        if flags & flag:
            start += 1 + raw[start]
    (length,) = unpack_from(">I", raw, start)
    return raw[:start] + _MARKED_TABLE + raw[start + 4 + length :]


def without_properties(buffer: Any) -> bytes:
    """Return a content header with no property but the mark of an unreadable one."""
    return bytes(buffer)[:_PROPERTIES_OFFSET] + _HEADERS_FLAG.to_bytes(2, "big") + _MARKED_TABLE


def _ascii_only(arguments: Any) -> bytes:
    """Replace what is not ASCII in the texts of a ``basic.deliver``: consumer tag, exchange and routing key."""
    raw = bytearray(arguments)
    tag_end = _DELIVER_TEXT + 1 + raw[_DELIVER_TEXT]
    exchange = tag_end + 8 + 1  # delivery tag, redelivered
    for start in (_DELIVER_TEXT, exchange, exchange + 1 + raw[exchange]):
        for index in range(start + 1, start + 1 + raw[start]):
            if raw[index] > 0x7F:  # noqa: PLR2004 - the last of ASCII
                raw[index] = ord("?")
    return bytes(raw)
