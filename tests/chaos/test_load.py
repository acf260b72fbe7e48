"""The kit's vendor counts right whatever happens to its own connections, and its looks take nothing away."""

import json
from collections import Counter
from collections.abc import Callable, Iterator

import amqp
import pytest
from kombu import Connection

from connector.amqp.topology import DEAD, UNDELIVERABLE, declare_reply_queue, declare_topology
from connector.demo.node import RabbitNode
from tests.chaos.account import KeptMessage
from tests.chaos.background import STALL_SECONDS, StalledError
from tests.chaos.collector import Collector
from tests.chaos.drain import Depth, depths, final_account, kept_in, read_all, stuck_in, wait_until_idle
from tests.chaos.durability import sync_declarations
from tests.chaos.load import Load
from tests.chaos.proxy import TcpProxy
from tests.jobs import job

LANE = "verifications.interactive"
REPLIES = "replies.millesime"
TRIES = 200
"""Times that chance is given to lose a confirm or an acknowledgement."""


@pytest.fixture
def channel(own_node: RabbitNode) -> Iterator[amqp.Channel]:
    """A channel of a broker whose queues are empty."""
    with Connection(own_node.url(), transport_options={"confirm_publish": True}) as connection:
        opened = connection.default_channel
        declare_topology(connection)
        declare_reply_queue(opened, "millesime")
        for queue in (LANE, REPLIES, DEAD, UNDELIVERABLE):
            opened.queue_purge(queue)
        yield opened


def jobs(prefix: str, count: int) -> list[dict[str, object]]:
    return [job(job_id=f"{prefix}-{number}") for number in range(count)]


def put(channel: amqp.Channel, queue: str, body: bytes, **properties: object) -> None:
    channel.basic_publish(amqp.Message(body, delivery_mode=2, **properties), "", queue)


def put_reply(channel: amqp.Channel, job_id: str, message_id: str) -> None:
    reply = {
        "job_id": job_id,
        "status": "failed",
        "possible_duplicate": False,
        "errors": [],
        "checks": [{"reason": None}, {"reason": {"code": "provider_timeout"}}],
    }
    put(channel, REPLIES, json.dumps(reply).encode(), message_id=message_id)


def in_lane(node: RabbitNode) -> Counter[str | None]:
    return Counter(message.job_id for message in kept_in(node.url(), LANE))


def until(holds: Callable[[], bool], act: Callable[[int], object]) -> None:
    """Act until it holds, a bounded number of times."""
    for number in range(TRIES):
        if holds():
            return
        act(number)
    pytest.fail(f"did not happen in {TRIES} tries")


def test_a_load_publishes_again_what_was_not_confirmed_and_says_which(
    own_node: RabbitNode, channel: amqp.Channel
) -> None:
    def lose_a_confirm(_number: int) -> None:
        confirmed = len(load.published)
        load.wait_for(lambda: len(load.published) > confirmed, STALL_SECONDS)
        proxy.pause()
        proxy.cut()
        proxy.resume()

    with (
        TcpProxy(own_node.port) as proxy,
        Load(proxy.in_front_of(own_node.url()), "millesime", jobs("cut", 2000)) as load,
    ):
        until(lambda: len(load.republished) >= 3, lose_a_confirm)
        load.wait()

    assert not load.unconfirmed
    found = in_lane(own_node)
    assert found.keys() == load.published == {f"cut-{number}" for number in range(2000)}
    assert {job_id for job_id, count in found.items() if count > 1} <= load.republished


def test_what_a_load_publishes_survives_the_death_of_the_broker(
    own_node: RabbitNode, channel: amqp.Channel
) -> None:
    sync_declarations(own_node)
    with Load(own_node.url(), "millesime", jobs("death", 2000)) as load:
        load.wait_for(lambda: len(load.published) >= 50, STALL_SECONDS)
        own_node.kill()
        assert len(load.published) < 2000
        own_node.start()
        load.wait()

    assert in_lane(own_node).keys() == load.published == {f"death-{number}" for number in range(2000)}


def test_a_load_that_is_left_early_says_what_it_published(
    own_node: RabbitNode, channel: amqp.Channel
) -> None:
    with Load(own_node.url(), "millesime", jobs("early", 2000), jobs_per_second=100) as load:
        load.wait_for(lambda: len(load.published) >= 5, STALL_SECONDS)

    assert in_lane(own_node).keys() == load.published
    assert len(load.published) < 2000


def test_a_reply_that_comes_again_to_the_collector_is_counted_once(
    own_node: RabbitNode, channel: amqp.Channel
) -> None:
    def publish_and_cut(number: int) -> None:
        for reply in range(50):
            put_reply(channel, f"job-{number}-{reply}", f"message-{number}-{reply}")
            sent.append(f"job-{number}-{reply}")
        proxy.cut()

    sent: list[str] = []
    with (
        TcpProxy(own_node.port) as proxy,
        Load(own_node.url(), "millesime", []) as load,
        Collector(proxy.in_front_of(own_node.url()), load) as collector,
    ):
        until(lambda: collector.redeliveries > 0, publish_and_cut)
        put_reply(channel, "twice", "first")
        put_reply(channel, "twice", "second")
        collector.wait_until(lambda account: account.unexpected >= len(sent) + 2)
        assert wait_until_idle(own_node).keys() <= {LANE}

    assert Counter(seen.reply.job_id for seen in collector.received) == Counter([*sent, "twice", "twice"])
    assert {seen.reply.codes for seen in collector.received} == {("provider_timeout",)}


def test_a_reply_queue_that_is_deleted_is_read_again_when_it_is_back(
    own_node: RabbitNode, channel: amqp.Channel
) -> None:
    with Load(own_node.url(), "millesime", []) as load, Collector(own_node.url(), load) as collector:
        put_reply(channel, "before", "1")
        collector.wait_until(lambda account: account.unexpected == 1)
        channel.queue_delete(REPLIES)
        declare_reply_queue(channel, "millesime")
        put_reply(channel, "after", "2")
        collector.wait_until(lambda account: account.unexpected == 2)

    assert [seen.reply.job_id for seen in collector.received] == ["before", "after"]


def test_who_waits_in_vain_is_told_the_account_so_far(own_node: RabbitNode, channel: amqp.Channel) -> None:
    with (
        Load(own_node.url(), "millesime", jobs("vain", 3)) as load,
        Collector(own_node.url(), load) as collector,
    ):
        load.wait()
        with pytest.raises(StalledError, match=r'"published": 3.*"lost": 3'):
            collector.wait_until(lambda account: not account.lost, stall_seconds=0.5)


def test_what_a_collector_cannot_read_reaches_who_waits(own_node: RabbitNode, channel: amqp.Channel) -> None:
    def collect() -> None:
        with Load(own_node.url(), "millesime", []) as load, Collector(own_node.url(), load) as collector:
            collector.wait_until(lambda account: account.unexpected > 0)

    put(channel, REPLIES, b"{", message_id="1")

    with pytest.raises(ValueError, match="Expecting property name"):
        collect()


def test_depths_are_exact_and_reading_leaves_messages_where_they_are(
    own_node: RabbitNode, channel: amqp.Channel
) -> None:
    for number in range(3):
        put(
            channel,
            LANE,
            json.dumps({"job_id": f"kept-{number}"}).encode(),
            application_headers={"x-n": number},
        )
    put(channel, LANE, b"not json")
    held = channel.basic_get(LANE)
    assert depths(own_node)[LANE] == Depth(ready=3, unacknowledged=1, total=4)
    channel.basic_reject(held.delivery_tag, requeue=True)

    first, second = read_all(own_node.url(), LANE), read_all(own_node.url(), LANE)

    assert [message.job_id for message in first] == ["kept-0", "kept-1", "kept-2", None]
    assert [message.headers["x-n"] for message in first[:3]] == [0, 1, 2]
    assert [message.body for message in second] == [message.body for message in first]
    assert depths(own_node)[LANE] == Depth(ready=4, unacknowledged=0, total=4)


def test_what_is_left_in_a_queue_is_stuck_though_it_cannot_be_read(
    own_node: RabbitNode, channel: amqp.Channel
) -> None:
    put(channel, LANE, b'{"job_id": "held"}')
    put(channel, LANE, b'{"job_id": "ready"}')
    put(channel, DEAD, b'{"job_id": "dead"}')
    channel.basic_get(LANE)

    busy = wait_until_idle(own_node, looks=1)

    assert busy == {LANE: Depth(ready=1, unacknowledged=1, total=2)}
    assert stuck_in(own_node.url(), busy) == (
        KeptMessage(queue=LANE, job_id="ready"),
        KeptMessage(queue=LANE, job_id=None),
    )


def test_a_final_account_finds_every_job_where_it_is(own_node: RabbitNode, channel: amqp.Channel) -> None:
    with (
        Load(own_node.url(), "millesime", jobs("where", 5)) as load,
        Collector(own_node.url(), load) as collector,
    ):
        load.wait()
        for queue in (DEAD, UNDELIVERABLE):
            message = channel.basic_get(LANE)
            put(channel, queue, message.body)
            channel.basic_ack(message.delivery_tag)
        channel.basic_ack(channel.basic_get(LANE).delivery_tag)
        put_reply(channel, "where-4", "1")
        account = final_account(own_node, collector, load, looks=1)

    assert account.dead == {"where-0"}
    assert account.undeliverable == {"where-1"}
    assert account.lost == {"where-2"}
    assert account.unfinished == {"where-3"}
    assert account.answered_once == {"where-4"}
    assert account.stuck == {LANE: 2}
