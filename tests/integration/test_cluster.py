"""A cluster of three RabbitMQ nodes: what a worker makes of a node that dies, and who may work beside whom."""

import json
from collections.abc import Iterator

import pytest
from amqp.exceptions import AMQPError

from connector.amqp.connection import NodesConnection
from connector.amqp.guard import Guard, Kind, Verdict
from connector.amqp.topology import declare_topology
from connector.demo.install import HOW_TO_GET_ONE, install_rabbitmq
from connector.demo.vendor import VendorClient
from tests.deployments import Deployment
from tests.jobs import job
from tests.servers.rabbit_cluster import RabbitCluster

JOBS = 40
PATIENCE = 60
"""Claims before a test gives up: each waits for seconds where nobody answers."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[RabbitCluster]:
    """Three nodes."""
    if not install_rabbitmq(print):
        pytest.fail(HOW_TO_GET_ONE, pytrace=False)
    with RabbitCluster() as started:
        yield started


def test_a_lone_worker_goes_on_over_another_node_and_no_second_one_may_start(cluster: RabbitCluster) -> None:
    with (
        Deployment(cluster.url(), ["--latency", "0.05"]) as deployment,
        deployment.worker() as worker,
        VendorClient(cluster.nodes[1].url(), "millesime") as vendor,
    ):
        asked = {f"clustered-{number}" for number in range(JOBS)}
        for number, job_id in enumerate(sorted(asked)):
            vendor.publish(job(job_id=job_id, expires_at="2099-01-01T00:00:00Z"))
            if number == JOBS // 2:
                cluster.nodes[0].kill()
        answered: set[str] = set()
        for reply in vendor.replies():
            answered.add(json.loads(reply.body)["job_id"])
            if answered == asked:
                break
        worker.wait_for("worker.ready")
        second = deployment.start_worker()
        second.wait_for("worker.not_alone")
        assert second.wait() == 1
        cluster.nodes[0].start()
        assert worker.stop() == 0


def _may_work(url: str) -> bool:
    """Tell whether a worker that comes now may work alone; a queue without a leader ends its connection."""
    try:
        with NodesConnection(url) as connection:
            return Guard(connection, Kind.ALONE).claim() is Verdict.WELCOME
    except (AMQPError, OSError):
        return False


def test_the_place_of_a_worker_whose_node_has_died_is_another_s(cluster: RabbitCluster) -> None:
    """RabbitMQ counts the dead node's consumers until it is back."""
    other = cluster.nodes[1].url()
    with NodesConnection(cluster.nodes[2].url()) as first:
        declare_topology(first)
        assert Guard(first, Kind.ALONE).claim() is Verdict.WELCOME
        assert not _may_work(other)
        cluster.nodes[2].kill()
        assert any(_may_work(other) for _ in range(PATIENCE))
