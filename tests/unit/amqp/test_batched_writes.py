"""Publishes and acknowledgements of one turn of the loop are written together, and nothing waits that is waited for."""

import asyncio
import socket
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from amqp import spec
from amqp.basic_message import Message
from amqp.serialization import dumps

from connector.amqp.batched_writes import LARGEST_BATCH_BYTES, BatchedWrites

ACK, PUBLISH = spec.Basic.Ack, spec.Basic.Publish


class Transport:
    """Keeps what is written, or fails."""

    def __init__(self, failure: OSError | None = None) -> None:
        self._failure = failure
        self.written: list[bytes] = []
        self.shut: list[int] = []
        self.sock: SimpleNamespace | None = SimpleNamespace(shutdown=self.shut.append)

    def write(self, frames: bytes) -> None:
        """Write."""
        if self._failure is not None:
            raise self._failure
        self.written.append(bytes(frames))


def writes(transport: Transport) -> BatchedWrites:
    """Return the writer of a connection whose frames are as long as RabbitMQ's."""
    return BatchedWrites(SimpleNamespace(frame_max=131_072, bytes_sent=0), transport)


def ack(write: Callable[..., None], tag: int) -> None:
    """Acknowledge a delivery."""
    write(1, 1, ACK, dumps("Lb", (tag, False)), None)


def publish(write: Callable[..., None], body: bytes) -> None:
    """Publish a message."""
    write(1, 1, PUBLISH, dumps("Bssb", (0, "", "replies", 0)), Message(body))


def alone(act: Callable[..., None], given: Any) -> bytes:
    """Return what one method is written as by itself, outside of a loop."""
    transport = Transport()
    act(writes(transport), given)
    return b"".join(transport.written)


FIRST, SECOND, ACKED = alone(publish, b"first"), alone(publish, b"second"), alone(ack, 1)


async def test_what_may_wait_is_written_at_the_end_of_the_turn_in_order() -> None:
    transport = Transport()
    write = writes(transport)
    publish(write, b"first")
    ack(write, 1)
    publish(write, b"second")
    assert transport.written == []
    await asyncio.sleep(0)
    assert transport.written == [FIRST + ACKED + SECOND]


async def test_what_is_waited_for_goes_at_once_behind_what_was_written_before() -> None:
    transport = Transport()
    write = writes(transport)
    ack(write, 1)
    write(1, 1, spec.Queue.Declare, b"", None)
    assert len(transport.written) == 1
    assert transport.written[0].startswith(ACKED)
    await asyncio.sleep(0)
    assert len(transport.written) == 1


async def test_a_heartbeat_goes_at_once() -> None:
    transport = Transport()
    writes(transport)(8, 0, None, None, None)
    assert len(transport.written) == 1


async def test_a_batch_that_has_grown_does_not_wait() -> None:
    transport = Transport()
    publish(writes(transport), b"x" * LARGEST_BATCH_BYTES)
    assert len(transport.written) == 1


def test_without_a_loop_all_goes_at_once() -> None:
    transport = Transport()
    ack(writes(transport), 1)
    assert len(transport.written) == 1


async def test_a_failure_ends_the_connection_for_whoever_reads_and_whoever_writes() -> None:
    transport = Transport(ConnectionResetError("gone"))
    write = writes(transport)
    ack(write, 1)
    await asyncio.sleep(0)
    assert transport.shut == [socket.SHUT_RDWR]
    with pytest.raises(ConnectionResetError):
        ack(write, 2)


async def test_a_connection_that_was_abandoned_within_the_turn_is_written_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    transport = Transport(OSError("closed"))
    loop = asyncio.get_running_loop()
    errors: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: errors.append(context))
    ack(writes(transport), 1)
    transport.sock = None
    await asyncio.sleep(0)
    assert errors == []
    assert capsys.readouterr().err == ""
