"""What a worker has in flight, or is about to, is answered when its queues are deleted one after the other."""

import json
from collections.abc import Iterator

import pytest
from kombu import Connection

from connector.amqp.topology import lane_queue
from connector.demo.node import RabbitNode
from connector.demo.vendor import VendorClient
from connector.jobs.records import Lane
from tests.chaos.proxy import TcpProxy
from tests.deployments import Deployment
from tests.jobs import job

JOBS = 20


@pytest.fixture
def deployed(own_node: RabbitNode) -> Iterator[Deployment]:
    with Deployment(own_node.url()) as deployment:
        deployment.command("topology", "declare")
        yield deployment


def test_jobs_on_their_way_to_a_worker_that_ends_are_answered_though_their_queue_goes_too(
    own_node: RabbitNode, deployed: Deployment
) -> None:
    """A worker that has lost one queue takes no more of the other; the broker, which does not know yet, gives it some."""
    with (
        TcpProxy(own_node.port) as proxy,
        Connection(own_node.url()) as operator,
        VendorClient(own_node.url(), "millesime") as vendor,
    ):
        address = {"CONNECTOR_BROKER_URL": proxy.in_front_of(own_node.url())}
        with deployed.start_worker(settings=address) as worker:
            worker.wait_for("worker.ready")
            # Until it is answered, the worker may still wait for the broker's answers to what it declares.
            vendor.publish(job(job_id="first"))
            list(vendor.replies(1))
            proxy.hold_back()
            operator.default_channel.queue_delete(lane_queue(Lane.BATCH))
            worker.wait_for("worker.draining")
            for number in range(JOBS):
                vendor.publish(job(job_id=f"job-{number}"))
            destroyed = operator.default_channel.queue_delete(lane_queue(Lane.INTERACTIVE))
            proxy.resume()

            replies = [json.loads(message.body) for message in vendor.replies(JOBS)]

            assert destroyed == 0
            assert {reply["job_id"] for reply in replies} == {f"job-{number}" for number in range(JOBS)}
            assert {reply["status"] for reply in replies} == {"completed"}
            assert worker.wait() == 1
