"""Reply queues: a reader that dies with a reply finds it again, and a queue declared otherwise serves until it is replaced."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from amqp.exceptions import ConsumerCancelled, PreconditionFailed
from kombu import Connection

from connector.amqp.topology import declare_reply_queue
from connector.demo.deployment import PROGRAM, DeploymentError
from connector.demo.node import RabbitNode
from connector.demo.vendor import VendorClient
from tests.deployments import Deployment
from tests.forked.start import run
from tests.jobs import job

DEATHS = 25
QUEUE = "replies.millesime"


@pytest.fixture(scope="module")
def deployed(own_node: RabbitNode) -> Iterator[Deployment]:
    with Deployment(own_node.url()) as deployment:
        deployment.command("topology", "declare")
        yield deployment


@pytest.fixture
def channel(own_node: RabbitNode) -> Iterator[Any]:
    with Connection(own_node.url()) as connection:
        yield connection.default_channel


def redeclare(channel: Any, **arguments: Any) -> None:
    """Make the queue as it was declared before its deliveries were without limit."""
    channel.queue_delete(QUEUE)
    former = {
        "x-queue-type": "quorum",
        "x-delivery-limit": 20,
        "x-overflow": "reject-publish",
        "x-dead-letter-exchange": "connector.undeliverable",
        "x-dead-letter-strategy": "at-least-once",
    }
    channel.queue_declare(QUEUE, durable=True, auto_delete=False, arguments=former | arguments)


def replace(deployed: Deployment, *options: str) -> tuple[int, str]:
    """Run the command; return its exit status and all that it says."""
    finished = run([*PROGRAM, "topology", "replace-reply-queues", *options], deployed.environment)
    return finished.returncode, finished.stdout + finished.stderr


def test_a_reader_that_dies_with_a_reply_finds_it_each_time(
    own_node: RabbitNode, deployed: Deployment, channel: Any
) -> None:
    with deployed.worker(), VendorClient(own_node.url(), "millesime") as vendor:
        vendor.publish(job(job_id="deadly"))
        taken = []
        for _ in range(DEATHS):
            with Connection(own_node.url()) as reader:
                received: list[Any] = []
                reader.default_channel.basic_consume(QUEUE, callback=received.append)
                while not received:
                    reader.drain_events(timeout=30)
                taken.append(received[0].properties["message_id"])
        (reply,) = vendor.replies(1)

    assert len(set(taken)) == 1
    assert reply.properties["message_id"] == taken[0]
    assert channel.queue_declare("connector.undeliverable", passive=True).message_count == 0


def test_a_reply_that_its_reader_rejects_is_kept(
    own_node: RabbitNode, deployed: Deployment, channel: Any
) -> None:
    with deployed.worker(), VendorClient(own_node.url(), "millesime") as vendor:
        vendor.publish(job(job_id="rejected"))
        received: list[Any] = []
        channel.basic_consume(QUEUE, callback=received.append)
        while not received:
            channel.connection.drain_events(timeout=30)
        channel.basic_reject(received[0].delivery_tag, requeue=False)
        (kept,) = vendor.replies(1, "connector.undeliverable")
    assert json.loads(kept.body)["job_id"] == "rejected"


def test_a_queue_declared_otherwise_serves_and_is_replaced_once_it_is_empty_and_nobody_may_publish(
    own_node: RabbitNode, deployed: Deployment, channel: Any
) -> None:
    redeclare(channel)
    with pytest.raises(DeploymentError, match="run: ccas-connector topology replace-reply-queues --dry-run"):
        deployed.command("topology", "declare")
    with deployed.worker() as worker, VendorClient(own_node.url(), "millesime") as vendor:
        told = [line for line in worker.said if "reply_queue.differs" in line]
        assert len(told) == 1
        assert "inequivalent arg 'x-delivery-limit'" in told[0]
        vendor.publish(job(job_id="served"))
        (reply,) = vendor.replies(1)
        assert json.loads(reply.body)["status"] == "completed"

        status, said = replace(deployed)
        assert (status, "stop them first" in said) == (2, True), said
        vendor.publish(job(job_id="waits"))
        while not vendor.depth(QUEUE):
            pass

    status, said = replace(deployed, "--dry-run")
    assert status == 1
    assert f"{QUEUE}: replies wait on it" in said
    assert "1 waiting" in said
    assert "replies.sonate-opus: as it must be" in said
    assert replace(deployed) == (status, said)

    with VendorClient(own_node.url(), "millesime") as vendor:
        (reply,) = vendor.replies(1)
        assert json.loads(reply.body)["job_id"] == "waits"
    with pytest.raises(PreconditionFailed):
        declare_reply_queue(channel, "millesime")
    status, said = replace(deployed, "--dry-run", "millesime")
    assert (status, f"{QUEUE}: to be replaced" in said, "sonate-opus" in said) == (0, True, False), said
    status, said = replace(deployed)
    assert (status, f"{QUEUE}: replaced" in said) == (0, True), said
    declare_reply_queue(channel, "millesime")
    assert replace(deployed) == (0, f"{QUEUE}: as it must be\nreplies.sonate-opus: as it must be\n")


def test_a_queue_that_is_read_is_replaced_on_demand_and_its_reader_is_told(
    own_node: RabbitNode, deployed: Deployment, channel: Any
) -> None:
    redeclare(channel)
    with Connection(own_node.url()) as reader:
        reader.default_channel.basic_consume(QUEUE, callback=lambda _message: None)
        status, said = replace(deployed)
        assert (status, "have the vendor's readers stop" in said) == (1, True), said
        status, said = replace(deployed, "--with-readers")
        assert (status, f"{QUEUE}: replaced" in said) == (0, True), said
        with pytest.raises(ConsumerCancelled):
            reader.drain_events(timeout=30)
    with deployed.worker(), VendorClient(own_node.url(), "millesime") as vendor:
        vendor.publish(job(job_id="after"))
        (reply,) = vendor.replies(1)
    assert json.loads(reply.body)["job_id"] == "after"


def test_who_is_no_vendor_is_told(deployed: Deployment) -> None:
    status, said = replace(deployed, "--dry-run", "nobody")
    assert status == 2
    assert "there is no vendor nobody" in said
