"""A worker's life: it drains when told to stop, and loses nothing when it or its broker dies."""

import os
import signal
from collections.abc import Iterator

import pytest
from kombu import Connection

from connector.demo.node import RabbitNode
from connector.demo.vendor import VendorClient
from tests.deployments import Deployment
from tests.jobs import job
from tests.replies import replies_to

JOBS = 100
PATIENCE = 50_000
"""Looks at a queue before a test gives up."""


@pytest.fixture(scope="module")
def slow(own_node: RabbitNode) -> Iterator[Deployment]:
    """A deployment whose source takes its time, so that jobs are in flight."""
    with Deployment(own_node.url(), ["--latency", "2"]) as deployed:
        yield deployed


@pytest.fixture
def vendor(own_node: RabbitNode, slow: Deployment) -> Iterator[VendorClient]:
    slow.command("topology", "declare")
    with Connection(own_node.url()) as connection:
        connection.default_channel.queue_purge("replies.millesime")
    with VendorClient(own_node.url(), "millesime") as client:
        yield client


def wait_until_taken(vendor: VendorClient) -> None:
    """Return once every job published has been taken from its queue; fail when a worker takes none."""
    for _ in range(PATIENCE):
        if vendor.depth("verifications.interactive") == 0:
            return
    pytest.fail("the worker does not take the jobs")


def publish(vendor: VendorClient, name: str) -> set[str]:
    job_ids = {f"{name}-{number}" for number in range(JOBS)}
    for job_id in job_ids:
        vendor.publish(job(job_id=job_id))
    return job_ids


def test_sigterm_answers_what_is_in_flight_and_exits_0(slow: Deployment, vendor: VendorClient) -> None:
    drained = publish(vendor, "drain")
    worker = slow.worker()
    wait_until_taken(vendor)

    assert worker.stop() == 0

    assert vendor.depth("replies.millesime") == JOBS
    assert set(replies_to(vendor, drained)) == drained


def test_what_a_drain_does_not_finish_goes_back_to_its_queue(slow: Deployment, vendor: VendorClient) -> None:
    given_back = publish(vendor, "given-back")
    worker = slow.worker("--drain-seconds", "0")
    wait_until_taken(vendor)

    assert worker.stop() == 0

    assert "worker.gave_back" in "".join(worker.said)
    assert vendor.depth("replies.millesime") == 0
    with slow.worker():
        replies = replies_to(vendor, given_back)
    assert {(reply["status"], reply["possible_duplicate"]) for reply in replies.values()} == {
        ("completed", True)
    }


def test_a_second_sigterm_ends_a_drain(slow: Deployment, vendor: VendorClient) -> None:
    hurried = publish(vendor, "hurried")
    worker = slow.worker("--drain-seconds", "600")
    wait_until_taken(vendor)
    os.kill(worker.pid, signal.SIGTERM)
    worker.wait_for("worker.draining")

    assert worker.stop() == 0

    assert "worker.gave_back" in "".join(worker.said)
    with slow.worker():
        assert set(replies_to(vendor, hurried)) == hurried


def test_a_hundred_jobs_in_flight_survive_a_kill(slow: Deployment, vendor: VendorClient) -> None:
    killed = publish(vendor, "kill")
    worker = slow.worker()
    wait_until_taken(vendor)
    worker.kill()
    assert vendor.depth("replies.millesime") == 0

    with slow.worker():
        replies = replies_to(vendor, killed)

    assert {(reply["status"], reply["possible_duplicate"]) for reply in replies.values()} == {
        ("completed", True)
    }
    assert vendor.depth("replies.millesime") == 0


def test_jobs_in_flight_survive_the_death_of_the_broker(own_node: RabbitNode, slow: Deployment) -> None:
    with slow.worker() as worker:
        with VendorClient(own_node.url(), "millesime") as vendor:
            in_flight = publish(vendor, "broker")
            wait_until_taken(vendor)
        own_node.kill()
        own_node.start()
        worker.wait_for("worker.ready")
        with VendorClient(own_node.url(), "millesime") as vendor:
            assert set(replies_to(vendor, in_flight)) == in_flight
        assert worker.stop() == 0


def test_sigterm_is_heard_while_the_broker_is_away(own_node: RabbitNode, slow: Deployment) -> None:
    worker = slow.worker()
    own_node.kill()
    try:
        worker.wait_for("broker.away")
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
            assert "replies.sonate-opus" in worker.wait_for("reply_queue.differs")
            worker.wait_for("worker.ready")
            vendor.publish(job(job_id="alone"))
            assert set(replies_to(vendor, {"alone"})) == {"alone"}
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
        reply = replies_to(vendor, {"anonymous"})["anonymous"]

    assert [error["code"] for error in reply["errors"]] == ["forbidden_user"]
