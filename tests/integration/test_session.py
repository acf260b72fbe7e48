"""One connection's session: what it holds while it is paused does not end it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any, Final

import pytest
from amqp.channel import Channel
from kombu import Connection

from connector.amqp.session import TRANSPORT_OPTIONS, BrokerSession, ConsumerLostError

QUEUE: Final = "held"
JOBS: Final = 20
IN_FLIGHT: Final = 4
PATIENCE_SECONDS: Final = 30.0


@pytest.fixture
def filled(own_broker: str) -> Iterator[None]:
    """A quorum queue with some messages in it."""
    with Connection(own_broker) as operator:
        channel = operator.default_channel
        channel.queue_declare(QUEUE, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
        for number in range(JOBS):
            channel.basic_publish_confirm(channel.prepare_message(str(number).encode()), "", QUEUE)
        yield
        channel.queue_delete(QUEUE)


@pytest.fixture
async def session(own_broker: str) -> AsyncIterator[BrokerSession]:
    connection = Connection(own_broker, transport_options=TRANSPORT_OPTIONS)
    connection.connect()
    made = BrokerSession(connection, asyncio.get_running_loop())
    reading = asyncio.create_task(made.read())
    # The reader begins with the loop's next turn.
    await asyncio.sleep(0)
    try:
        yield made
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        connection.release()


async def test_messages_that_are_held_through_a_pause_are_acknowledged_after_it(
    filled: None,
    session: BrokerSession,
) -> None:
    taken: asyncio.Queue[Any] = asyncio.Queue()
    session.consume({QUEUE: IN_FLIGHT}, lambda _queue, message: taken.put_nowait(message))

    async def next_ones(count: int) -> list[Any]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return [await taken.get() for _ in range(count)]

    def acknowledge(messages: list[Any]) -> set[str]:
        for message in messages:
            session.acknowledge(message.delivery_info["delivery_tag"])
        return {bytes(message.body).decode() for message in messages}

    done = acknowledge(await next_ones(IN_FLIGHT))
    held = await next_ones(IN_FLIGHT)
    session.pause()
    session.resume()
    done |= acknowledge(await next_ones(IN_FLIGHT))
    done |= acknowledge(held)
    while len(done) < JOBS:
        done |= acknowledge(await next_ones(1))

    assert done == {str(number) for number in range(JOBS)}
    assert await session.depth(QUEUE) == 0
    assert not session.publisher.has_ended


async def test_a_queue_that_is_deleted_while_the_next_is_taken_up_is_lost_alone(
    filled: None,
    session: BrokerSession,
    own_broker: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker that ends by an error there takes along what it was given of the queue that is gone."""
    taken: asyncio.Queue[Any] = asyncio.Queue()
    start = Channel.basic_consume
    with Connection(own_broker) as operator:
        others = operator.default_channel
        others.queue_declare("gone", durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})

        def start_and_delete(channel: Channel, *, queue: str, **options: Any) -> None:
            start(channel, queue=queue, **options)
            if queue == "gone":
                others.queue_delete("gone")

        monkeypatch.setattr(Channel, "basic_consume", start_and_delete)
        session.consume({"gone": 1, QUEUE: 1}, lambda _queue, message: taken.put_nowait(message))
        async with asyncio.timeout(PATIENCE_SECONDS):
            lost = await session.loss()
            await taken.get()

    assert isinstance(lost, ConsumerLostError)
    assert str(lost) == "gone"
    assert not session.publisher.has_ended
