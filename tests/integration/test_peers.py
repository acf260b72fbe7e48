"""The benchmark's arms answer jobs, and the connector's is held against what it is said to do."""

import os
import sys
from collections.abc import Iterator

import pytest

from connector.demo.node import RabbitNode
from connector.demo.program import Program
from tests.bench.campaign import publish
from tests.bench.peers.arms import Arm, Order
from tests.bench.peers.connector_arms import EVERYTHING
from tests.bench.peers.ground import Ground
from tests.bench.peers.jobs import jobs
from tests.bench.peers.peer_arms import PEERS
from tests.bench.peers.replies import replies_of
from tests.bench.peers.throughput import throughput


@pytest.fixture(scope="module")
def ground(node: RabbitNode) -> Iterator[Ground]:
    with Program([sys.executable, "-m", "tests.bench.upstream"], os.environ) as upstream:
        port = upstream.wait_for("upstream ready").split()[-1]
        yield Ground(node, f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("arm", PEERS, ids=[arm.name for arm in PEERS])
def test_each_peer_answers_jobs(ground: Ground, arm: Arm) -> None:
    figures = throughput(ground, arm, 6, 2)
    assert figures.cpu_ms_per_job > 0
    assert figures.rss_mib > 1


def test_the_connectors_worker_is_held_against_what_it_should_have_counted(ground: Ground) -> None:
    with (
        ground.host() as host,
        replies_of(host.url, EVERYTHING.replies) as replies,
        EVERYTHING.start(Order(broker_url=host.url, upstream_url=ground.upstream_url)) as running,
    ):
        made = jobs(2)
        publish(host.node.port, EVERYTHING.publisher, EVERYTHING.lane, made, virtual_host=host.name)
        replies.wait_for(2)
        replies.check()
        with pytest.raises(AssertionError, match="is 2 where it should be 1"):
            running.finish(1, 1)
        running.finish(2, 2)
