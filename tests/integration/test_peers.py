"""Each arm of the benchmark answers jobs, is told apart from what it is not, and is watched as it is measured."""

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
from tests.bench.peers.plan import ARMS
from tests.bench.peers.replies import replies_of
from tests.bench.peers.throughput import throughput


@pytest.fixture(scope="module")
def ground(node: RabbitNode) -> Iterator[Ground]:
    with Program([sys.executable, "-m", "tests.bench.upstream"], os.environ) as upstream:
        port = upstream.wait_for("upstream ready").split()[-1]
        yield Ground(node, f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("arm", ARMS.values(), ids=ARMS)
def test_each_arm_answers_jobs_and_is_what_it_is_said_to_be(ground: Ground, arm: Arm) -> None:
    figures = throughput(ground, arm, 6, 2)
    assert figures.cpu_ms_per_job > 0
    assert figures.rss_mib > 1


def test_a_worker_that_has_counted_what_it_should_not_is_told(ground: Ground) -> None:
    with (
        ground.host() as host,
        replies_of(host.url, EVERYTHING.replies) as replies,
        EVERYTHING.start(Order(broker_url=host.url, upstream_url=ground.upstream_url)) as running,
    ):
        made = jobs(2)
        publish(host.node.port, EVERYTHING.publisher, EVERYTHING.lane, made, virtual_host=host.name)
        replies.wait_for(2)
        with pytest.raises(AssertionError, match="is 2 where it should be 1"):
            running.finish(1, 1)
