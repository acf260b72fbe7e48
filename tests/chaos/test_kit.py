"""The kit on real parts: a worker behind a network that is cut, another that is killed, and nothing lost."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from connector.demo.node import RabbitNode
from tests.chaos.account import Account
from tests.chaos.collector import Collector
from tests.chaos.drain import final_account
from tests.chaos.load import Load
from tests.chaos.proxy import TcpProxy
from tests.deployments import Deployment
from tests.jobs import job
from tests.servers.redis_node import RedisNode

JOBS = 200
JOBS_PER_SECOND = 50
CUTS_AFTER = (20, 60, 120)
KILL_AFTER = 90
"""Replies after which the network is cut, a worker killed."""


@pytest.fixture(scope="module")
def slow(own_node: RabbitNode) -> Iterator[Deployment]:
    """A deployment whose source takes its time, so that jobs are in flight."""
    with Deployment(own_node.url(), ["--latency", "0.5"]) as deployed:
        deployed.command("topology", "declare")
        yield deployed


def has_answered(count: int) -> Callable[[Account], bool]:
    return lambda account: len(account.answered) >= count


def test_nothing_is_lost_while_the_network_is_cut_and_a_worker_is_killed(
    own_node: RabbitNode,
    slow: Deployment,
    redis_node: RedisNode,
) -> None:
    jobs = [job(job_id=f"cut-{number:03}") for number in range(JOBS)]
    with (
        TcpProxy(own_node.port) as proxy,
        Load(own_node.url(), "millesime", jobs, jobs_per_second=JOBS_PER_SECOND) as load,
        Collector(own_node.url(), load) as collector,
        ExitStack() as workers,
    ):
        through = {
            "CONNECTOR_BROKER_URL": proxy.in_front_of(own_node.url()),
            "CONNECTOR_REDIS_URL": redis_node.url(),
        }
        options = ("--concurrency", "20")
        killed = workers.enter_context(slow.worker(*options, settings=through))
        workers.enter_context(slow.worker(*options, settings=through))
        for answered in sorted((*CUTS_AFTER, KILL_AFTER)):
            collector.wait_until(has_answered(answered))
            if answered == KILL_AFTER:
                killed.kill()
                workers.enter_context(slow.worker(*options, settings=through))
            else:
                # Both workers may be on their way back from the cut before.
                assert proxy.cut_in_use() > 0
        load.wait()
        collector.wait_until(has_answered(JOBS))
        account = final_account(own_node, collector, load)

    account.print(f"{JOBS} jobs, {len(CUTS_AFTER)} cuts, one worker killed")
    counts = account.as_dict()
    assert counts["published"] == JOBS
    assert counts["lost"] == 0
    assert counts["stuck_in"] == {}
    assert counts["by_status"] == {"completed": JOBS}
    assert counts["unexpected"] == counts["undeliverable"] == counts["dead"] == 0
    assert counts["unexplained_duplicates"] == 0
