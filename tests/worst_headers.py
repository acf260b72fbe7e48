"""Tables of headers that cost the most to decode: what a publisher can put into one frame, of each type of field."""

from struct import pack
from typing import Final

from connector.amqp.headers import MAX_HEADERS

_FRAME_BYTES: Final = 131_000
"""What RabbitMQ's ``frame_max`` leaves for a table."""
_VALUES: Final = {
    "voids": b"V",
    "booleans": b"t\x01",
    "bytes": b"b\x01",
    "shorts": b"s\x00\x01",
    "integers": b"I\x00\x00\x00\x01",
    "long integers": b"l" + bytes(8),
    "doubles": b"d" + bytes(8),
    "decimals": b"D\x02\x00\x00\x00\x01",
    "timestamps": b"T" + bytes(8),
    "texts": b"S" + pack(">I", 0),
    "arrays": b"A" + pack(">I", 0),
    "tables": b"F" + pack(">I", 0),
}


def worst_headers() -> dict[str, bytes]:
    """Return the entries of each table, by what it is full of, without their length."""
    within = {
        f"an array of {name}": b"\x01aA" + _long(value * (_FRAME_BYTES // len(value)))
        for name, value in _VALUES.items()
    }
    dead = {
        f"x-death of {name}": b"\x07x-deathA" + _long(value * (_FRAME_BYTES // len(value)))
        for name, value in _VALUES.items()
    }
    many = {
        f"{name} by name": (b"\x01a" + value) * (_FRAME_BYTES // (2 + len(value)))
        for name, value in _VALUES.items()
    }
    as_many_as_may_be = {
        "traceparent again and again": (b"\x0btraceparentS" + _long(b"x" * 256)) * MAX_HEADERS,
        "long texts": (b"\x01aS" + _long(b"x" * 500)) * MAX_HEADERS,
        "long names": (b"\xff" + b"n" * 255 + b"V") * MAX_HEADERS,
    }
    nested = {"tables in tables": _nested(20_000)}
    return {**within, **dead, **many, **as_many_as_may_be, **nested}


def _long(value: bytes) -> bytes:
    return pack(">I", len(value)) + value


def _nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = b"\x01kF" + _long(inner)
    return inner[:_FRAME_BYTES] if len(inner) <= _FRAME_BYTES else _nested(depth // 2)
