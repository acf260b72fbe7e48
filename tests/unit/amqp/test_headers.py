"""Passing by headers that nobody reads: what is left is decoded as it would have been, and costs nothing else."""

from struct import pack
from types import SimpleNamespace
from typing import Any

import pytest
from amqp import spec
from amqp.basic_message import Message
from amqp.serialization import dumps
from hypothesis import example, given
from hypothesis import strategies as st

from connector.amqp.frames import TolerantFrames
from connector.amqp.headers import HEADERS_READ, MAX_HEADERS, only
from connector.jobs.delivery import TRACE_HEADERS, Mark
from tests.worst_headers import worst_headers

METHOD, HEADER, CHANNEL = 1, 2, 1
DELIVER = METHOD, CHANNEL, pack(">HH", *spec.Basic.Deliver) + dumps("sLbss", ["tag", 7, True, "e", "m.batch"])
READ = [name.decode() for name in HEADERS_READ]
names = st.sampled_from([*READ, "x-other", "é"])
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**62), 2**62), st.text(max_size=5), st.floats()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=8,
)


def content_header(table: bytes, flags: int = 0) -> bytes:
    """Return a content header around the entries of a table, without their length."""
    return pack(">HHQ", 60, 0, 0) + pack(">H", 0x2000 | flags) + pack(">I", len(table)) + table


def read(header: bytes) -> Any:
    """Return the properties that a worker's reader of frames hands over."""
    taken: list[Any] = []

    def take(_channel: int, _method: Any, _arguments: Any, content: Any) -> None:
        taken.append(content)

    frames = TolerantFrames(SimpleNamespace(bytes_recv=0), take, headers=HEADERS_READ)
    frames(DELIVER)
    frames((HEADER, CHANNEL, header))
    (message,) = taken
    return message.properties


@example({"x-delivery-count": 2**31}, "")
@given(st.dictionaries(names, values, max_size=6), st.text(max_size=9))
def test_what_is_read_is_what_would_have_been_decoded(headers: dict[str, Any], content_type: str) -> None:
    message = Message(content_type=content_type, application_headers=headers, correlation_id="c")
    properties = read(pack(">HHQ", 60, 0, 0) + message._serialize_properties())  # noqa: SLF001 - as py-amqp writes them
    left = properties.pop("application_headers", {})
    assert properties == {"content_type": content_type, "correlation_id": "c"}
    assert ("x-death" in left) is ("x-death" in headers)
    count = headers.get("x-delivery-count")
    assert left.get("x-delivery-count") == (count if type(count) is int else None)
    for name, longest in TRACE_HEADERS.items():
        text = headers.get(name)
        is_kept = isinstance(text, str) and len(text.encode()) <= longest
        assert left.get(name) == (text if is_kept else None)
    assert set(left) <= set(READ)


@given(st.binary(max_size=80), st.sampled_from([0, 0x8000, 0x4000, 0xC000]))
def test_any_bytes_are_passed_by_or_refused(table: bytes, flags: int) -> None:
    texts = {0: b"", 0x8000: b"\x01t", 0x4000: b"\x01e", 0xC000: b"\x01t\x01e"}[flags]
    raw = pack(">HHQ", 60, 0, 0) + pack(">H", 0x2000 | flags) + texts + pack(">I", len(table)) + table
    try:
        left = only(raw, HEADERS_READ)
    except ValueError:
        return
    assert only(left, HEADERS_READ) == left


def test_of_headers_of_one_name_the_first_counts_which_the_broker_writes() -> None:
    """RabbitMQ puts its count in place of the first; a publisher's own may follow."""
    counts = b"".join(b"\x10x-delivery-count" + b"I" + pack(">i", count) for count in (1, 1_000_000))
    assert read(content_header(counts))["application_headers"] == {"x-delivery-count": 1}


@pytest.mark.parametrize("count", [0, 1, MAX_HEADERS])
def test_so_many_headers_are_passed_by(count: int) -> None:
    assert read(content_header(b"\x01aV" * count)) == {}


@pytest.mark.parametrize(
    "table",
    [
        b"\x01aV" * (MAX_HEADERS + 1),
        b"\x01aS\xff\xff\xff\xff",
        b"\x01a?",
        b"\xff",
        b"\x01a",
        b"\x01aT\0",
    ],
    ids=["too many", "longer than its table", "unknown type", "no name", "no type", "no value"],
)
def test_a_table_that_cannot_be_passed_by_is_unreadable(table: bytes) -> None:
    assert read(content_header(table)) == {Mark.UNREADABLE: True}


@pytest.mark.parametrize("name", list(worst_headers()))
def test_the_worst_tables_leave_nothing_to_keep(name: str) -> None:
    properties = read(content_header(worst_headers()[name]))
    kept = properties.get("application_headers", {})
    assert sum(len(str(value)) for value in kept.values()) <= sum(TRACE_HEADERS.values())
