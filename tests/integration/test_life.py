"""A worker's life: it drains when told to stop, and loses nothing when it or its broker dies."""

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator

import pytest
from kombu import Connection

from connector.demo.deployment import Deployment
from connector.demo.node import RabbitNode
from connector.demo.vendor import VendorClient
from tests.brokers import guest_and
from tests.jobs import job

JOBS = 100
PATIENCE = 50_000
"""Looks at a queue before a test gives up."""


@pytest.fixture(scope="module")
def own_node() -> Iterator[RabbitNode]:
    """A node that this module may kill."""
    with RabbitNode(guest_and({})) as started:
        yield started


@pytest.fixture(scope="module")
def slow(own_node: RabbitNode) -> Iterator[Deployment]:
    """A deployment whose source takes its time, so that jobs are in hand."""
    with Deployment(own_node.url(), ["--latency", "2"]) as deployed:
        yield deployed


@pytest.fixture
def vendor(own_node: RabbitNode, slow: Deployment) -> Iterator[VendorClient]:
    slow.command("topology", "declare")
    with VendorClient(own_node.url(), "millesime") as client:
        yield client


def in_hand(vendor: VendorClient) -> None:
    """Return once every job published has been taken from its queue; fail when a worker takes none."""
    for _ in range(PATIENCE):
        if vendor.depth("verifications.interactive") == 0:
            return
    pytest.fail("the worker does not take the jobs")


def test_sigterm_answers_what_is_in_hand_and_exits_0(slow: Deployment, vendor: VendorClient) -> None:
    for number in range(JOBS):
        vendor.publish(job(job_id=f"drain-{number}"))
    worker = slow.worker()
    in_hand(vendor)

    assert worker.stop() == 0

    assert vendor.depth("replies.millesime") == JOBS
    answered = {json.loads(message.body)["job_id"] for message in vendor.replies(JOBS)}
    assert answered == {f"drain-{number}" for number in range(JOBS)}


def test_what_a_drain_does_not_finish_goes_back_to_its_queue(slow: Deployment, vendor: VendorClient) -> None:
    for number in range(JOBS):
        vendor.publish(job(job_id=f"given-back-{number}"))
    worker = slow.worker("--drain-seconds", "0")
    in_hand(vendor)

    assert worker.stop() == 0

    assert "worker.gave_back" in "".join(worker.said)
    assert vendor.depth("replies.millesime") == 0
    with slow.worker():
        replies = [json.loads(message.body) for message in vendor.replies(JOBS)]
    assert {reply["job_id"] for reply in replies} == {f"given-back-{number}" for number in range(JOBS)}
    assert {(reply["status"], reply["possible_duplicate"]) for reply in replies} == {("completed", True)}


def test_a_second_sigterm_ends_a_drain(slow: Deployment, vendor: VendorClient) -> None:
    for number in range(JOBS):
        vendor.publish(job(job_id=f"hurried-{number}"))
    worker = slow.worker("--drain-seconds", "600")
    in_hand(vendor)
    os.kill(worker.pid, signal.SIGTERM)
    worker.wait_for("worker.draining")

    assert worker.stop() == 0

    assert "worker.gave_back" in "".join(worker.said)
    with slow.worker():
        answered = {json.loads(message.body)["job_id"] for message in vendor.replies(JOBS)}
    assert answered == {f"hurried-{number}" for number in range(JOBS)}


def test_a_hundred_jobs_in_hand_survive_a_kill(slow: Deployment, vendor: VendorClient) -> None:
    for number in range(JOBS):
        vendor.publish(job(job_id=f"kill-{number}"))
    worker = slow.worker()
    in_hand(vendor)
    worker.kill()
    assert vendor.depth("replies.millesime") == 0

    with slow.worker():
        replies = [json.loads(message.body) for message in vendor.replies(JOBS)]

    assert Counter(reply["job_id"] for reply in replies) == Counter(
        f"kill-{number}" for number in range(JOBS)
    )
    assert {reply["status"] for reply in replies} == {"completed"}
    assert all(reply["possible_duplicate"] for reply in replies)


def test_jobs_in_hand_survive_the_death_of_the_broker(own_node: RabbitNode, slow: Deployment) -> None:
    with slow.worker() as worker:
        with VendorClient(own_node.url(), "millesime") as vendor:
            for number in range(JOBS):
                vendor.publish(job(job_id=f"broker-{number}"))
            in_hand(vendor)
        own_node.kill()
        own_node.start()
        worker.wait_for("worker.ready")
        with VendorClient(own_node.url(), "millesime") as vendor:
            answered = {json.loads(message.body)["job_id"] for message in vendor.replies(JOBS)}

        assert answered == {f"broker-{number}" for number in range(JOBS)}
        assert worker.stop() == 0


def test_sigterm_is_heard_while_the_broker_is_away(own_node: RabbitNode, slow: Deployment) -> None:
    worker = slow.worker()
    own_node.kill()
    try:
        worker.wait_for("Cannot connect to")
        assert worker.stop() == 0
    finally:
        own_node.start()


def redeclare(node: RabbitNode, queue: str) -> None:
    """Replace a queue of the contract by one with other arguments."""
    with Connection(node.url()) as connection:
        connection.default_channel.queue_delete(queue)
        connection.default_channel.queue_declare(queue, durable=True, auto_delete=False)


def delete(node: RabbitNode, queue: str) -> None:
    with Connection(node.url()) as connection:
        connection.default_channel.queue_delete(queue)


def test_a_reply_queue_that_exists_otherwise_is_its_vendors_trouble_alone(
    own_node: RabbitNode,
    slow: Deployment,
    vendor: VendorClient,
) -> None:
    redeclare(own_node, "replies.sonate-opus")
    try:
        with slow.start_worker() as worker:
            assert "replies.sonate-opus" in worker.wait_for("topology.refused")
            worker.wait_for("worker.ready")
            vendor.publish(job(job_id="alone"))
            (message,) = vendor.replies(1)
            assert json.loads(message.body)["job_id"] == "alone"
    finally:
        delete(own_node, "replies.sonate-opus")


def test_a_lane_that_exists_otherwise_stops_the_worker_with_its_reason(
    own_node: RabbitNode,
    slow: Deployment,
) -> None:
    redeclare(own_node, "verifications.batch")
    try:
        worker = slow.start_worker()
        assert "verifications.batch" in worker.wait_for("topology.refused")
        assert worker.wait() != 0
    finally:
        delete(own_node, "verifications.batch")


def test_a_wrong_password_stops_the_worker_with_its_reason(own_node: RabbitNode, slow: Deployment) -> None:
    worker = slow.start_worker(settings={"CONNECTOR_BROKER_URL": own_node.url("guest", "wrong")})

    assert "CONNECTOR_BROKER_URL" in worker.wait_for("broker.refused")
    assert worker.wait() != 0


def test_where_a_user_id_is_required_a_job_without_one_is_rejected(
    own_node: RabbitNode,
    slow: Deployment,
    vendor: VendorClient,
) -> None:
    with slow.worker(settings={"CONNECTOR_REQUIRE_USER_ID": "true"}):
        vendor.publish(job(job_id="anonymous"))
        (message,) = vendor.replies(1)

    reply = json.loads(message.body)
    assert reply["job_id"] == "anonymous"
    assert [error["code"] for error in reply["errors"]] == ["forbidden_user"]
