"""Publishing: a message's fate is what the broker says of it, whatever the order it says it in."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from amqp import spec
from amqp.basic_message import Message

from connector.amqp.confirmed_channel import Confirmation, PublishError
from connector.amqp.publisher import FULL_SECONDS, Outgoing, Publisher


class _Channel:
    """A channel on which the broker says what the test makes it say."""

    def __init__(self) -> None:
        self.events: dict[str, set[Callable[..., None]]] = defaultdict(set)
        self.connection = SimpleNamespace(connection_errors=(OSError,))
        self.confirming = False
        self.failure: Exception | None = None
        self.sent: list[tuple[Any, str, str, bool]] = []

        self.is_closed = False

    def confirm_select(self) -> None:
        self.confirming = True

    def send_method(self, method: tuple[int, int], *_arguments: Any) -> None:
        self.is_closed = method == spec.Channel.Close

    def prepare_message(
        self,
        body: bytes,
        *,
        content_type: str,
        headers: dict[str, Any],
        properties: dict[str, Any],
    ) -> Message:
        return Message(body, content_type=content_type, application_headers=headers, **properties)

    def basic_publish(self, message: Message, exchange: str, routing_key: str, *, mandatory: bool) -> None:
        if self.failure is not None:
            raise self.failure
        self.sent.append((message, exchange, routing_key, mandatory))

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        self._tell("basic_ack", tag, multiple)

    def nack(self, tag: int, *, multiple: bool = False) -> None:
        self._tell("basic_nack", tag, multiple)

    def requeue(self, tag: int) -> None:
        message, exchange, routing_key, _ = self.sent[tag - 1]
        self._tell("basic_return", Exception("NO_ROUTE"), exchange, routing_key, message)

    def _tell(self, event: str, *arguments: Any) -> None:
        for listener in self.events[event]:
            listener(*arguments)


class _Bench:
    """A publisher, its channels, and the publishes under way."""

    def __init__(self) -> None:
        self.channels: list[_Channel] = []
        self.publisher = Publisher(self._open, asyncio.get_running_loop())
        self.under_way: list[asyncio.Task[Confirmation]] = []

    @property
    def channel(self) -> _Channel:
        """The one that was opened last."""
        return self.channels[-1]

    def _open(self) -> _Channel:
        self.channels.append(_Channel())
        return self.channels[-1]

    async def publish(self, count: int = 1, queue: str | None = None) -> None:
        for number in range(len(self.under_way) + 1, len(self.under_way) + count + 1):
            message = Outgoing(
                queue=queue or f"queue-{number}", body=b"%d" % number, properties={}, headers={}
            )
            self.under_way.append(asyncio.create_task(self.publisher.publish(message)))
        await self.turn()

    async def turn(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    async def fates(self) -> list[Confirmation | None]:
        """Return what became of each, None for one that is still waiting."""
        await self.turn()
        return [task.result() if task.done() else None for task in self.under_way]


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> _Bench:
    """Of a publisher that takes the first refusal for the last one."""
    monkeypatch.setattr(Publisher, "pauses_seconds", ())
    return _Bench()


@pytest.fixture
async def insisting(monkeypatch: pytest.MonkeyPatch) -> _Bench:
    """Of one that tries twice more."""
    monkeypatch.setattr(Publisher, "pauses_seconds", (0.0, 0.0))
    return _Bench()


async def test_a_message_is_sent_persistent_mandatory_and_confirmed(bench: _Bench) -> None:
    message = Outgoing(
        queue="replies.millesime",
        body=b"{}",
        properties={"correlation_id": "corr-1", "type": "t"},
        headers={"traceparent": "00-abc"},
    )
    publishing = asyncio.create_task(bench.publisher.publish(message))
    await bench.turn()
    ((sent, exchange, routing_key, mandatory),) = bench.channel.sent
    assert bench.channel.confirming
    assert (exchange, routing_key, mandatory) == ("", "replies.millesime", True)
    assert sent.body == b"{}"
    assert sent.properties["delivery_mode"] == 2
    assert sent.properties["content_type"] == "application/json"
    assert sent.properties["correlation_id"] == "corr-1"
    assert sent.properties["type"] == "t"
    assert sent.properties["application_headers"] == {"traceparent": "00-abc"}
    assert sent.properties["message_id"]
    bench.channel.ack(1)
    assert await publishing is Confirmation.ROUTED


async def test_each_message_has_an_id_of_its_own(bench: _Bench) -> None:
    await bench.publish(3)
    ids = {message.properties["message_id"] for message, *_ in bench.channel.sent}
    assert len(ids) == 3
    bench.channel.ack(3, multiple=True)
    await bench.turn()


async def test_nothing_is_known_before_the_broker_says_it(bench: _Bench) -> None:
    await bench.publish()
    assert await bench.fates() == [None]
    bench.channel.ack(1)
    assert await bench.fates() == [Confirmation.ROUTED]


async def test_a_nack_is_a_refusal(bench: _Bench) -> None:
    await bench.publish(2)
    bench.channel.nack(1)
    assert await bench.fates() == [Confirmation.REFUSED, None]
    bench.channel.ack(2)
    assert await bench.fates() == [Confirmation.REFUSED, Confirmation.ROUTED]


async def test_a_returned_message_is_unroutable_though_it_is_confirmed(bench: _Bench) -> None:
    await bench.publish(3)
    bench.channel.requeue(2)
    assert await bench.fates() == [None, None, None]
    bench.channel.ack(3, multiple=True)
    assert await bench.fates() == [Confirmation.ROUTED, Confirmation.UNROUTABLE, Confirmation.ROUTED]


async def test_several_are_confirmed_at_once_up_to_the_tag(bench: _Bench) -> None:
    await bench.publish(4)
    bench.channel.ack(3, multiple=True)
    assert await bench.fates() == [Confirmation.ROUTED] * 3 + [None]
    bench.channel.nack(4, multiple=True)
    assert (await bench.fates())[3] is Confirmation.REFUSED


async def test_confirms_may_come_in_any_order(bench: _Bench) -> None:
    await bench.publish(3)
    bench.channel.ack(3)
    assert await bench.fates() == [None, None, Confirmation.ROUTED]
    bench.channel.nack(1)
    bench.channel.ack(3, multiple=True)
    assert await bench.fates() == [Confirmation.REFUSED, Confirmation.ROUTED, Confirmation.ROUTED]


async def test_a_confirm_of_nothing_is_ignored(bench: _Bench) -> None:
    bench.channel.ack(9)
    await bench.publish()
    bench.channel.ack(1)
    bench.channel.nack(1)
    assert await bench.fates() == [Confirmation.ROUTED]


async def test_a_publish_nobody_waits_for_any_more_leaves_the_others(bench: _Bench) -> None:
    await bench.publish(2)
    bench.under_way[0].cancel()
    await bench.turn()
    bench.channel.ack(2, multiple=True)
    await bench.turn()
    assert bench.under_way[0].cancelled()
    assert bench.under_way[1].result() is Confirmation.ROUTED


async def test_the_end_of_the_connection_ends_what_is_under_way_and_what_comes_later(bench: _Bench) -> None:
    await bench.publish(2)
    bench.channel.ack(1)
    bench.publisher.fail(ConnectionResetError("s3same"))
    assert await bench.under_way[0] is Confirmation.ROUTED
    with pytest.raises(PublishError, match="ConnectionResetError") as caught:
        await bench.under_way[1]
    assert "s3same" not in str(caught.value)
    later = Outgoing(queue="q", body=b"", properties={}, headers={})
    with pytest.raises(PublishError):
        await bench.publisher.publish(later)
    assert len(bench.channel.sent) == 2


async def test_a_connection_that_ends_while_sending_ends_every_publish(bench: _Bench) -> None:
    await bench.publish()
    bench.channel.failure = BrokenPipeError()
    await bench.publish()
    for task in bench.under_way:
        with pytest.raises(PublishError, match="BrokenPipeError"):
            await task


async def test_a_blocked_broker_is_sent_nothing_until_it_takes_messages_again(bench: _Bench) -> None:
    bench.publisher.block()
    await bench.publish(2)
    assert bench.channel.sent == []
    bench.publisher.unblock()
    await bench.turn()
    assert [message.body for message, *_ in bench.channel.sent] == [b"1", b"2"]
    bench.channel.ack(2, multiple=True)
    assert await bench.fates() == [Confirmation.ROUTED] * 2


async def test_a_blocked_broker_still_confirms_what_it_has(bench: _Bench) -> None:
    await bench.publish()
    bench.publisher.block()
    bench.channel.ack(1)
    assert await bench.fates() == [Confirmation.ROUTED]


async def test_a_publish_held_when_the_connection_ends_is_told(bench: _Bench) -> None:
    bench.publisher.block()
    await bench.publish()
    bench.publisher.fail(ConnectionResetError())
    with pytest.raises(PublishError):
        await bench.under_way[0]
    assert bench.channel.sent == []


def test_a_message_shows_nothing_of_its_content() -> None:
    message = Outgoing(queue="q", body=b"s3same", properties={"a": "s3same"}, headers={"b": "s3same"})
    assert "s3same" not in repr(message)


async def test_a_confirm_that_does_not_come_fails_that_publish_and_no_other(
    bench: _Bench,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Publisher, "confirm_timeout_seconds", 0.01)
    await bench.publish(2)
    monkeypatch.setattr(Publisher, "confirm_timeout_seconds", 60)
    await bench.publish()
    await asyncio.wait(bench.under_way[:2])
    assert [str(task.exception()) for task in bench.under_way[:2]] == [
        "the broker sent no confirm in time"
    ] * 2
    assert not bench.under_way[2].done()
    # A confirm that comes after all is nobody's; the next one is that of the third.
    bench.channel.ack(1)
    bench.channel.ack(3)
    await bench.turn()
    assert bench.under_way[2].result() is Confirmation.ROUTED


async def test_while_the_broker_takes_no_messages_no_confirm_is_late(
    bench: _Bench,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was sent is in the broker's socket, still to be read: to publish it again would double it."""
    monkeypatch.setattr(Publisher, "confirm_timeout_seconds", 0.0)
    await bench.publish()
    bench.publisher.block()
    bench.publisher._channel._give_up_the_late()  # noqa: SLF001 - what its timer does
    assert not bench.under_way[0].done()
    bench.publisher.unblock()
    await asyncio.wait(bench.under_way)
    assert str(bench.under_way[0].exception()) == "the broker sent no confirm in time"


async def test_what_is_refused_is_tried_on_another_channel_once_for_all(insisting: _Bench) -> None:
    """A channel that a queue has refused may be refused for good; a queue without a leader refuses too."""
    await insisting.publish(3, "replies.millesime")
    first = insisting.channel
    for tag in (1, 2, 3):
        first.nack(tag)
    await insisting.turn()
    assert (len(insisting.channels), len(insisting.channel.sent)) == (2, 1)
    insisting.channel.ack(1)
    await insisting.turn()
    assert [message.body for message, *_ in insisting.channel.sent] == [b"1", b"2", b"3"]
    insisting.channel.ack(3, multiple=True)
    assert await insisting.fates() == [Confirmation.ROUTED] * 3
    assert (first.is_closed, insisting.channel.is_closed) == (True, False)


async def test_a_channel_with_messages_of_others_is_closed_once_they_are_confirmed(insisting: _Bench) -> None:
    await insisting.publish(2)
    first = insisting.channel
    first.nack(1)
    await insisting.turn()
    insisting.channel.ack(1)
    assert await insisting.fates() == [Confirmation.ROUTED, None]
    assert not first.is_closed
    first.ack(2)
    assert await insisting.fates() == [Confirmation.ROUTED] * 2
    assert first.is_closed


async def test_a_queue_that_goes_on_refusing_is_full_and_tried_from_time_to_time(
    insisting: _Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await insisting.publish(2, "replies.millesime")
    insisting.channel.nack(2, multiple=True)
    for opened in (2, 3):
        await insisting.turn()
        assert len(insisting.channels) == opened
        insisting.channel.nack(1)
    assert await insisting.fates() == [Confirmation.REFUSED] * 2
    await insisting.publish(1, "replies.millesime")
    insisting.channel.nack(2)
    assert await insisting.fates() == [Confirmation.REFUSED] * 3
    assert len(insisting.channels) == 3
    now = asyncio.get_running_loop().time() + FULL_SECONDS
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    await insisting.publish(1, "replies.millesime")
    insisting.channel.nack(3)
    await insisting.turn()
    assert len(insisting.channels) == 4
    insisting.channel.ack(1)
    assert (await insisting.fates())[3] is Confirmation.ROUTED


async def test_who_waits_for_a_try_tries_too_where_that_one_is_given_up(insisting: _Bench) -> None:
    await insisting.publish(2, "replies.millesime")
    insisting.channel.nack(2, multiple=True)
    await insisting.turn()
    insisting.under_way[0].cancel()
    await insisting.turn()
    insisting.channel.ack(2)
    await insisting.turn()
    assert insisting.under_way[1].result() is Confirmation.ROUTED


async def test_who_has_waited_for_a_try_and_is_refused_again_tries_for_itself(insisting: _Bench) -> None:
    await insisting.publish(2, "replies.millesime")
    insisting.channel.nack(2, multiple=True)
    await insisting.turn()
    insisting.channel.ack(1)
    await insisting.turn()
    insisting.channel.nack(2)
    await insisting.turn()
    assert len(insisting.channels) == 3
    insisting.channel.ack(1)
    assert await insisting.fates() == [Confirmation.ROUTED, Confirmation.ROUTED]


async def test_a_connection_that_ends_while_it_insists_ends_the_publish(insisting: _Bench) -> None:
    await insisting.publish(2, "replies.millesime")
    insisting.channel.nack(2, multiple=True)
    await insisting.turn()
    insisting.publisher.fail(OSError("gone"))
    await asyncio.wait(insisting.under_way)
    assert [type(task.exception()) for task in insisting.under_way] == [PublishError] * 2


async def test_where_no_other_channel_can_be_opened_the_connection_is_given_up(
    insisting: _Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else every publish would fail for good on a connection that looks alive."""
    told: list[BaseException] = []
    insisting.publisher.on_failed = told.append
    await insisting.publish(1)

    def silent() -> _Channel:
        raise TimeoutError

    monkeypatch.setattr(insisting.publisher, "_open_channel", silent)
    insisting.channel.nack(1)
    await asyncio.wait(insisting.under_way)
    assert isinstance(insisting.under_way[0].exception(), PublishError)
    assert [type(error) for error in told] == [TimeoutError]
    assert insisting.publisher.has_ended
