"""Skimming a message's table of headers: what the connector reads of it, and nothing else, is decoded.

A publisher may send as many headers as fit into a frame, 128 KiB, of any type and depth (AMQP 0-9-1, section 4.2.5.5, and
RabbitMQ's types of fields). To decode such a table costs tens of milliseconds and megabytes; to pass by it costs nothing.
"""

from collections.abc import Iterator, Mapping
from enum import Enum, auto
from struct import unpack_from
from typing import Any, Final

from connector.jobs.delivery import TRACE_HEADERS

MAX_HEADERS: Final = 256
"""More than any client or framework sets: more are a defect, and are not looked at one by one."""
PROPERTIES_OFFSET: Final = 12  # class id, weight, body size
_HEADERS_FLAG: Final = 0x2000
_TEXT_BEFORE_HEADERS: Final = (0x8000, 0x4000)  # content_type, content_encoding
_TEXT, _VOID = b"S", b"V"
_INTEGERS: Final = b"bBsuIilL"
_LENGTHS: Final = {
    **dict.fromkeys(b"tbB", 1),
    **dict.fromkeys(b"suU", 2),
    **dict.fromkeys(b"Iif", 4),
    **dict.fromkeys(b"lLdT", 8),
    ord("D"): 5,
    ord("V"): 0,
}
"""Bytes of a value of each type that has always as many."""
_WITH_LENGTH: Final = frozenset(b"SxAF")
"""Types whose values begin with their length."""


class Read(Enum):
    """Says what is read of a header that is no text."""

    PRESENCE = auto()
    """That it is there."""
    INTEGER = auto()


Wanted = Mapping[bytes, int | Read]
"""Headers that are read, by name; of one that is a text, how many bytes it may have."""
HEADERS_READ: Final[Wanted] = {
    **{name.encode(): longest for name, longest in TRACE_HEADERS.items()},
    b"x-death": Read.PRESENCE,
    b"x-delivery-count": Read.INTEGER,
}
"""All that a worker reads of a message's headers."""


def table_of(raw: bytes) -> tuple[int, int]:
    """Return where the table of headers begins in a content header, its length included, and where it ends."""
    flags: int
    (flags,) = unpack_from(">H", raw, PROPERTIES_OFFSET)
    start = PROPERTIES_OFFSET + 2
    for flag in _TEXT_BEFORE_HEADERS:
        if flags & flag:
            start += 1 + raw[start]
    if not flags & _HEADERS_FLAG:
        return start, start
    length: int
    (length,) = unpack_from(">I", raw, start)
    return start, start + 4 + length


def with_table(raw: bytes, entries: bytes) -> bytes:
    """Return a content header with these entries in place of its own, without a table where there are none."""
    flags: int
    start, end = table_of(raw)
    (flags,) = unpack_from(">H", raw, PROPERTIES_OFFSET)
    flags = flags | _HEADERS_FLAG if entries else flags & ~_HEADERS_FLAG
    table = len(entries).to_bytes(4, "big") + entries if entries else b""
    before = raw[:PROPERTIES_OFFSET] + flags.to_bytes(2, "big") + raw[PROPERTIES_OFFSET + 2 : start]
    return before + table + raw[end:]


def only(buffer: Any, wanted: Wanted) -> bytes:
    """Return a content header with the wanted headers alone. Raises ``ValueError`` for a table that cannot be passed by.

    Of several headers of one name the first counts: it is the one that RabbitMQ writes its own value into.
    """
    raw = bytes(buffer)
    start, end = table_of(raw)
    if start == end:
        return raw
    kept: dict[bytes, bytes] = {}
    for name, kind, value in _entries(raw, start + 4, end):
        if name in wanted and name not in kept:
            kept[name] = _kept(wanted[name], kind, value)
    entries = (bytes([len(name)]) + name + value for name, value in kept.items() if value)
    return with_table(raw, b"".join(entries))


def _kept(wanted: int | Read, kind: int, value: bytes) -> bytes:
    """Return a header's type and value as they are to be read; nothing where it is not what is wanted."""
    if wanted is Read.PRESENCE:
        return _VOID
    if wanted is Read.INTEGER:
        return bytes([kind]) + value if kind in _INTEGERS else b""
    is_short = isinstance(wanted, int) and len(value) - 4 <= wanted
    return _TEXT + value if bytes([kind]) == _TEXT and is_short else b""


def _entries(raw: bytes, place: int, end: int) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield name, type and value of each entry, the value as it is written."""
    if end > len(raw):
        raise ValueError("the table is longer than its frame")
    number = 0
    while place < end:
        number += 1
        kind_at = place + 1 + raw[place]
        if kind_at >= end or number > MAX_HEADERS:
            raise ValueError("the table has too many entries, or one that does not end")
        kind = raw[kind_at]
        after = kind_at + 1 + _length(raw, kind, kind_at + 1)
        if after > end:
            raise ValueError("a value of the table does not end")
        yield raw[place + 1 : kind_at], kind, raw[kind_at + 1 : after]
        place = after


def _length(raw: bytes, kind: int, place: int) -> int:
    """Return how many bytes a value has. Raises ``ValueError`` for a type that nobody knows."""
    if kind in _WITH_LENGTH:
        return 4 + int.from_bytes(raw[place : place + 4], "big")
    length = _LENGTHS.get(kind)
    if length is None:
        raise ValueError("the table has a value of an unknown type")
    return length
