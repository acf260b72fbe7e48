"""Reading frames: nothing that a publisher writes stops a consumer, and only whole frames are read."""

import socket
from collections.abc import Iterator
from math import inf
from struct import pack
from types import SimpleNamespace
from typing import Any

import pytest
from amqp import spec
from amqp.basic_message import Message
from amqp.serialization import dumps, loads
from amqp.transport import TCPTransport
from hypothesis import given
from hypothesis import strategies as st

from connector.amqp.frames import TolerantFrames
from connector.amqp.reader import SocketReader
from connector.jobs.delivery import MAX_ENVELOPE_BYTES, Mark

CHANNEL = 1
METHOD, HEADER, BODY = 1, 2, 3
Frame = tuple[int, int, bytes]
DELIVER_ARGUMENTS, GET_OK_ARGUMENTS = "sLbss", "Lbssl"


class _Consumer:
    """Takes what the frame handler hands over, and reads its arguments as py-amqp's channel does."""

    def __init__(self, **options: Any) -> None:
        self.taken: list[tuple[list[Any], Message]] = []
        self.attempts = 0
        self.calls: list[tuple[int, tuple[int, int]]] = []
        self._handle = TolerantFrames(SimpleNamespace(bytes_recv=0), self._on_method, **options)

    def _on_method(self, channel: int, method: tuple[int, int], arguments: bytes, content: Any) -> None:
        self.attempts += 1
        if content is not None:
            form = DELIVER_ARGUMENTS if method == spec.Basic.Deliver else GET_OK_ARGUMENTS
            read, _ = loads(form, arguments, 4)
            self.taken.append((read, content))
        self.calls.append((channel, method))

    def feed(self, *frames: Frame) -> None:
        for frame in frames:
            self._handle(frame)

    @property
    def last(self) -> Message:
        return self.taken[-1][1]


def _deliver(routing_key: bytes | str = "millesime.interactive", **texts: bytes | str) -> Frame:
    values = [texts.get("tag", "tag"), 7, True, texts.get("exchange", "verifications"), routing_key]
    return METHOD, CHANNEL, pack(">HH", *spec.Basic.Deliver) + dumps(DELIVER_ARGUMENTS, values)


def _get_ok() -> Frame:
    arguments = dumps(GET_OK_ARGUMENTS, [7, True, "verifications", "millesime.interactive", 3])
    return METHOD, CHANNEL, pack(">HH", *spec.Basic.GetOk) + arguments


def _header(size: int, **properties: Any) -> Frame:
    return HEADER, CHANNEL, pack(">HHQ", 60, 0, size) + Message(**properties)._serialize_properties()  # noqa: SLF001 - frames as py-amqp writes them


def _header_with_table(size: int, table: bytes, **texts: bytes) -> Frame:
    """Return a content header around a table written by hand: its entries, without their length."""
    flags = {"content_type": 0x8000, "content_encoding": 0x4000, "correlation_id": 0x0400, "reply_to": 0x0200}
    raw = pack(">H", 0x2000 | sum(flags[name] for name in texts))
    for name in ("content_type", "content_encoding"):
        raw += dumps("s", [texts[name]]) if name in texts else b""
    raw += pack(">I", len(table)) + table
    for name in ("correlation_id", "reply_to"):
        raw += dumps("s", [texts[name]]) if name in texts else b""
    return HEADER, CHANNEL, pack(">HHQ", 60, 0, size) + raw


def _message(header: Frame, body: bytes, deliver: Frame | None = None) -> tuple[Frame, ...]:
    return (deliver or _deliver(), header, *([(BODY, CHANNEL, body)] if body else []))


def _nested(kind: bytes, depth: int) -> bytes:
    """Return the entries of a table that holds tables (``F``) or arrays (``A``), one in another."""
    inner = b""
    for _ in range(depth):
        inner = (b"\x01k" if kind == b"F" else b"") + kind + pack(">I", len(inner)) + inner
    return inner if kind == b"F" else b"\x01k" + inner


READABLE = {
    "content_type": "application/json",
    "application_headers": {"traceparent": "00-abc", "nested": {"list": [1, "two", None]}},
    "delivery_mode": 2,
    "correlation_id": "corr-é",
    "reply_to": "replies.millesime",
    "message_id": "m-1",
    "timestamp": 1_790_000_000,
    "user_id": "millesime",
}
UNREADABLE_TABLES = {
    "timestamp beyond every calendar": b"\x01tT" + pack(">Q", 2**63),
    "timestamp after the year 9999": b"\x01tT" + pack(">Q", 253_402_300_800),
    "the same, inside a table": b"\x01kF" + pack(">I", 11) + b"\x01tT" + pack(">Q", 2**64 - 1),
    "thousands of tables in tables": _nested(b"F", 5_000),
    "thousands of arrays in arrays": _nested(b"A", 5_000),
}


HEADER_VALUES = st.sampled_from(
    [None, True, False, 1, -1, "true", "", b"\xff", [True], {"a": True}, [{"b": [1]}]]
)
"""What a publisher may write in a header."""


@pytest.fixture
def consumer() -> _Consumer:
    return _Consumer()


def _still_reads(consumer: _Consumer) -> None:
    """Check that the next message is read as if nothing had happened."""
    taken = len(consumer.taken)
    consumer.feed(*_message(_header(4, **READABLE), b"next"))
    assert len(consumer.taken) == taken + 1
    assert (consumer.last.body, consumer.last.properties) == (b"next", READABLE)


def test_a_readable_message_is_untouched(consumer: _Consumer) -> None:
    consumer.feed(*_message(_header(4, **READABLE), b"body"))
    ((arguments, message),) = consumer.taken
    assert arguments == ["tag", 7, True, "verifications", "millesime.interactive"]
    assert (message.body, message.properties) == (b"body", READABLE)


def test_a_message_without_properties_or_body_is_untouched(consumer: _Consumer) -> None:
    consumer.feed(*_message(_header(0), b""))
    assert consumer.last.properties == {}
    _still_reads(consumer)


def test_a_body_in_several_frames_is_put_together(consumer: _Consumer) -> None:
    consumer.feed(_deliver(), _header(6, **READABLE), (BODY, CHANNEL, b"abc"), (BODY, CHANNEL, b"def"))
    assert consumer.last.body == b"abcdef"


def test_a_method_without_content_is_handed_over(consumer: _Consumer) -> None:
    consumer.feed((METHOD, CHANNEL, pack(">HH", *spec.Basic.Ack) + dumps("Lb", [1, False])))
    assert consumer.calls == [(CHANNEL, spec.Basic.Ack)]


@pytest.mark.parametrize("table", UNREADABLE_TABLES.values(), ids=UNREADABLE_TABLES)
@pytest.mark.parametrize("body", [b"body", b""])
def test_unreadable_headers_cost_the_headers_alone(table: bytes, body: bytes, consumer: _Consumer) -> None:
    header = _header_with_table(
        len(body),
        table,
        content_type=b"application/json",
        content_encoding=b"utf-8",
        correlation_id="corr-é".encode(),
        reply_to=b"replies.millesime.second",
    )
    consumer.feed(*_message(header, body))
    ((arguments, message),) = consumer.taken
    assert arguments[4] == "millesime.interactive"
    assert message.properties == {
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "correlation_id": "corr-é",
        "reply_to": "replies.millesime.second",
        Mark.UNREADABLE: True,
    }
    assert not body or message.body == body
    _still_reads(consumer)


def test_unreadable_headers_alone_are_marked(consumer: _Consumer) -> None:
    consumer.feed(
        *_message(_header_with_table(4, UNREADABLE_TABLES["thousands of tables in tables"]), b"body")
    )
    assert consumer.last.properties == {Mark.UNREADABLE: True}
    assert consumer.last.body == b"body"


@pytest.mark.parametrize(
    "name", ["content_type", "content_encoding", "correlation_id", "reply_to", "message_id", "type", "app_id"]
)
@pytest.mark.parametrize("headers", [None, {"traceparent": "00-abc"}])
def test_a_property_that_is_not_utf_8_marks_the_message(
    name: str,
    headers: dict[str, Any] | None,
    consumer: _Consumer,
) -> None:
    properties = {**READABLE, "application_headers": headers, name: b"\xff\xfe"}
    consumer.feed(*_message(_header(4, **properties), b"body"))
    assert consumer.last.properties[Mark.UNREADABLE] is True
    assert "application_headers" not in consumer.last.properties
    assert b"\xff" not in repr(consumer.last.properties).encode()
    assert consumer.last.body == b"body"
    _still_reads(consumer)


def test_unreadable_headers_beside_text_that_is_not_utf_8_mark_the_message(consumer: _Consumer) -> None:
    table = UNREADABLE_TABLES["timestamp beyond every calendar"]
    consumer.feed(*_message(_header_with_table(4, table, correlation_id=b"\xff", reply_to=b"\xfe"), b"body"))
    assert consumer.last.properties == {Mark.UNREADABLE: True}
    _still_reads(consumer)


@pytest.mark.parametrize("body", [b"body", b""])
def test_a_routing_key_that_is_not_utf_8_reaches_the_consumer(body: bytes, consumer: _Consumer) -> None:
    deliver = _deliver(b"mill\xe9sime.interactive")
    consumer.feed(*_message(_header(len(body), **READABLE), body, deliver))
    ((arguments, message),) = consumer.taken
    assert arguments == ["tag", 7, True, "verifications", "mill?sime.interactive"]
    assert message.properties == READABLE
    _still_reads(consumer)


def test_a_routing_key_cannot_turn_into_a_vendors_by_being_unreadable(consumer: _Consumer) -> None:
    consumer.feed(*_message(_header(1), b"x", _deliver(b"\xffmillesime.interactive")))
    assert consumer.taken[0][0][4] == "?millesime.interactive"


def test_an_exchange_and_a_tag_that_are_not_utf_8_move_nothing(consumer: _Consumer) -> None:
    deliver = _deliver(b"\xff" * 255, tag=b"t\xfft", exchange=b"\xe9")
    consumer.feed(*_message(_header(1), b"x", deliver))
    assert consumer.taken[0][0] == ["t?t", 7, True, "?", "?" * 255]
    _still_reads(consumer)


def test_a_message_that_is_fetched_is_decoded_at_the_first_try(consumer: _Consumer) -> None:
    """py-amqp waits for it only once."""
    arguments = dumps(GET_OK_ARGUMENTS, [7, True, b"\xe9", b"mill\xe9sime.urgent", 3])
    fetched = METHOD, CHANNEL, pack(">HH", *spec.Basic.GetOk) + arguments
    consumer.feed(*_message(_header(4, **READABLE), b"body", fetched))
    assert consumer.attempts == 1
    assert consumer.taken[0][0] == [7, True, "?", "mill?sime.urgent", 3]
    _still_reads(consumer)


def test_a_sealed_job_is_taken_in_and_what_is_longer_is_not(consumer: _Consumer) -> None:
    for size, is_taken in ((MAX_ENVELOPE_BYTES, True), (MAX_ENVELOPE_BYTES + 1, False)):
        consumer.feed(*_message(_header(size, **READABLE), b"x" * size))
        assert (len(consumer.last.body) == size) is is_taken
        assert (Mark.OVERSIZED in consumer.last.properties) is not is_taken
    _still_reads(consumer)


def test_a_body_is_taken_in_whole_however_long_where_that_is_asked_for() -> None:
    consumer = _Consumer(longest_body_bytes=inf)
    body = b"x" * (2 * MAX_ENVELOPE_BYTES)
    consumer.feed(*_message(_header(len(body), **READABLE), body))
    assert (consumer.last.body, consumer.last.properties) == (body, READABLE)


def test_every_part_unreadable_at_once_still_reaches_the_consumer(consumer: _Consumer) -> None:
    table = UNREADABLE_TABLES["thousands of arrays in arrays"]
    header = _header_with_table(4, table, content_type=b"\xff", correlation_id=b"\xff")
    consumer.feed(*_message(header, b"body", _deliver(b"\xff.interactive")))
    ((arguments, message),) = consumer.taken
    assert arguments[4] == "?.interactive"
    assert message.properties == {Mark.UNREADABLE: True}
    assert message.body == b"body"
    _still_reads(consumer)


MARK_LIKE = [
    name for mark in Mark for name in (mark.name, str(mark), repr(mark), f"x-connector-{mark.name.lower()}")
]


@pytest.mark.parametrize("deliver", [_deliver(), _get_ok()], ids=["delivered", "fetched"])
@pytest.mark.parametrize("body", [b"body", b""])
@given(headers=st.dictionaries(st.sampled_from([*MARK_LIKE, "x"]), HEADER_VALUES))
def test_no_header_of_a_publisher_is_a_mark(deliver: Frame, body: bytes, headers: dict[str, Any]) -> None:
    consumer = _Consumer()
    consumer.feed(*_message(_header(len(body), application_headers=headers), body, deliver))
    assert not any(mark in consumer.last.properties for mark in Mark)


def test_a_mark_is_of_one_message_alone(consumer: _Consumer) -> None:
    consumer.feed(*_message(_header(MAX_ENVELOPE_BYTES + 1), b"x" * (MAX_ENVELOPE_BYTES + 1)))
    consumer.feed(
        *_message(_header_with_table(4, UNREADABLE_TABLES["timestamp after the year 9999"]), b"body")
    )
    assert [set(message.properties) for _, message in consumer.taken] == [{Mark.OVERSIZED}, {Mark.UNREADABLE}]
    _still_reads(consumer)


def test_header_texts_that_are_not_utf_8_are_readable_as_bytes(consumer: _Consumer) -> None:
    consumer.feed(*_message(_header(1, application_headers={b"\xff": b"\xfe"}), b"x"))
    assert consumer.last.properties == {"application_headers": {b"\xff": b"\xfe"}}


def test_a_frame_that_no_content_precedes_is_still_an_error(consumer: _Consumer) -> None:
    with pytest.raises(Exception, match="expecting type"):
        consumer.feed((BODY, CHANNEL, b"body"))


class _Line:
    """A pair of connected sockets: the broker's end, and a reader on the other over py-amqp's transport."""

    def __init__(self) -> None:
        self.broker, self._ours = socket.socketpair()
        self._ours.settimeout(3)
        self._transport = TCPTransport("broker.test")
        self._transport.sock = self._ours
        self._transport._setup_transport()  # noqa: SLF001 - what connecting would do
        self.frames: list[Frame] = []
        self.reader = SocketReader(SimpleNamespace(transport=self._transport, blocking_read=self._read))

    def _read(self) -> None:
        self.frames.append(self._transport.read_frame())

    def read_available(self) -> None:
        """Take in what has arrived, and handle all of it."""
        self.reader.receive()
        while self.reader.handle(2):
            pass

    @property
    def timeout(self) -> float | None:
        return self._ours.gettimeout()

    def close(self) -> None:
        self.broker.close()
        self._ours.close()
        self._transport.sock = None


@pytest.fixture
def line() -> Iterator[_Line]:
    opened = _Line()
    yield opened
    opened.close()


def _wire(frame: Frame) -> bytes:
    kind, channel, payload = frame
    return pack(">BHI", kind, channel, len(payload)) + payload + b"\xce"


FRAMES = (_deliver(), _header(3), (BODY, CHANNEL, b"abc"), (BODY, CHANNEL, b""))


def test_nothing_to_read_reads_nothing(line: _Line) -> None:
    line.read_available()
    assert line.frames == []


@pytest.mark.parametrize("cut", [1, 6, 7, 8, len(_wire(FRAMES[0])) - 1])
def test_a_partial_frame_waits_for_its_rest(cut: int, line: _Line) -> None:
    wire = _wire(FRAMES[0])
    line.broker.sendall(wire[:cut])
    line.read_available()
    assert line.frames == []
    line.broker.sendall(wire[cut:])
    line.read_available()
    assert line.frames == [FRAMES[0]]


def test_a_frame_is_read_byte_by_byte(line: _Line) -> None:
    for byte in b"".join(map(_wire, FRAMES)):
        line.broker.sendall(bytes([byte]))
        line.read_available()
    assert line.frames == list(FRAMES)


def test_every_frame_of_a_chunk_is_read_at_once(line: _Line) -> None:
    line.broker.sendall(b"".join(map(_wire, FRAMES * 3)))
    line.read_available()
    assert line.frames == list(FRAMES * 3)


def test_whole_frames_before_a_partial_one_do_not_wait_for_it(line: _Line) -> None:
    last = _wire(FRAMES[2])
    line.broker.sendall(_wire(FRAMES[0]) + _wire(FRAMES[1]) + last[:-1])
    line.read_available()
    assert line.frames == list(FRAMES[:2])
    line.broker.sendall(last[-1:])
    line.read_available()
    assert line.frames == list(FRAMES[:3])


def test_a_broker_that_hangs_up_is_an_error(line: _Line) -> None:
    line.broker.close()
    with pytest.raises(OSError, match="hung up"):
        line.read_available()


def test_a_broker_that_hangs_up_inside_a_frame_is_an_error(line: _Line) -> None:
    line.broker.sendall(_wire(FRAMES[0])[:9])
    line.read_available()
    line.broker.close()
    with pytest.raises(OSError, match="hung up"):
        line.read_available()


def test_the_timeout_of_writes_is_left_as_it_was(line: _Line) -> None:
    line.broker.sendall(_wire(FRAMES[0]))
    line.read_available()
    assert line.timeout == 3
    line.broker.close()
    with pytest.raises(OSError, match="hung up"):
        line.read_available()
    assert line.timeout == 3


def test_a_few_frames_are_handled_at_once_and_the_rest_told_of(line: _Line) -> None:
    frames = [(1, 0, bytes([number])) for number in range(5)]
    line.broker.sendall(b"".join(map(_wire, frames)))
    line.reader.receive()
    assert line.reader.handle(3)
    assert [bytes(payload) for _, _, payload in line.frames] == [b"\0", b"\1", b"\2"]
    assert not line.reader.handle(3)
    assert len(line.frames) == 5
